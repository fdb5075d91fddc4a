"""The file system that a file lies on: how much may still be written there, and why nothing can, whoever asks."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

FULL, READ_ONLY = os.strerror(errno.ENOSPC), os.strerror(errno.EROFS)
_FULL = (FULL, os.strerror(errno.EDQUOT), "database or disk is full")
MAKE_ROOM = "make room on that disk; the log is whole, nothing of it is to be restored"
REMOUNT = "permissions do not help: mount it for writing, or name another folder in the settings"
NOTHING = 64 * 1024
"""Bytes: with less no program that keeps a file beside its own goes on."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system.

    Attributes:
        device: its number.
        free: bytes that a user may still write.
        read_only: mounted so.
    """

    device: int
    free: int
    read_only: bool


def disk_of(path: Path) -> Disk:
    """The one on which a file or folder lies, or would.

    Raises:
        OSError: it cannot be looked at.
    """
    nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
    about = os.statvfs(nearest)
    no_file_more = about.f_files > 0 and about.f_favail == 0
    free = 0 if no_file_more else about.f_bavail * about.f_frsize
    return Disk(nearest.stat().st_dev, free, bool(about.f_flag & os.ST_RDONLY))


def hindrance(path: Path) -> str:
    """Why nothing can be written there, in the system's words; empty where its file system is no reason."""
    try:
        disk = disk_of(path)
    except OSError:
        return ""
    if disk.read_only:
        return READ_ONLY
    return FULL if disk.free < NOTHING else ""


def to_write(why: str, otherwise: str) -> str:
    """What to do so that a file can be written.

    Args:
        why: it cannot, in the words of the system or the database.
        otherwise: what to do where its file system is no reason.
    """
    if any(full in why for full in _FULL):
        return MAKE_ROOM
    return REMOUNT if READ_ONLY in why else otherwise
