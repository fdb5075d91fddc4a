"""Files that hold numbers, words or passwords: made for their owner alone, and found when they are not."""

import csv
import gzip
import json
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
_IN_OUR_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (gzip.BadGzipFile, "damaged"),
    (zlib.error, "damaged"),
    (EOFError, "cut short"),
    (json.JSONDecodeError, "not JSON"),
    (csv.Error, "no whole row of a CSV file: is a quote not closed?"),
)
"""What libraries say of a file is English, and of their own insides."""
NOT_YOURS = "run it as the service's user, or let a group of yours read it (deploy/README.md)"
"""What to do about a log or settings that another user keeps."""


def write_private(path: Path, data: bytes, *, new: bool = False) -> None:
    """Write a file that its owner alone can read; one that was open to others is closed first.

    Nothing is left of a new one that could not be written whole.

    Args:
        path: where.
        data: all of it.
        new: refuse one that is there.

    Raises:
        OSError: it cannot be written, or is there.
    """
    made = not path.exists()
    file = open_private(path, new=new)
    try:
        with file:
            file.write(data)
    except OSError:
        if made:
            path.unlink(missing_ok=True)
        raise


def open_private(path: Path, *, new: bool = False) -> BinaryIO:
    """Open such a file, empty, for what comes piece by piece; arguments and errors as of `write_private`."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if new else 0), PRIVATE)
    file = os.fdopen(handle, "wb")
    if stat.S_ISREG(os.fstat(handle).st_mode):  # not /dev/stdout, nor a pipe
        os.fchmod(handle, PRIVATE)
        os.ftruncate(handle, 0)
    return file


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone can read.

    One that is there is not touched, not even opened: whoever closes a file gives up all locks that their process
    has on it (POSIX, `fcntl`), and SQLite's are such locks.

    Raises:
        OSError: it cannot be made, or is there.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))


def open_to_others(path: Path) -> str:
    """What others than its owner and group may do with a file or folder, as `r` and `w`; empty is nothing."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    return "r" * bool(mode & stat.S_IROTH) + "w" * bool(mode & stat.S_IWOTH)


def is_everybodys(folder: Path) -> bool:
    """Whether it is a folder such as /tmp, that many write into and nobody's program may close."""
    try:
        mode = folder.stat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX and mode & stat.S_IWOTH)


def read_utf8(path: Path) -> str:
    """All of a text file; the mark that some editors put before it is left out.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text in UTF-8. One with zero bytes is none either: UTF-16 of Latin letters.
    """
    data = path.read_bytes()
    text = data.decode("utf-8-sig")
    if (zero := data.find(0)) >= 0:
        raise UnicodeDecodeError("utf-8", data, zero, zero + 1, "a zero byte")
    return text


def reason_of(problem: BaseException) -> str:
    """Why a file cannot be read or written, or another program not be asked, in a few words of ours."""
    if isinstance(problem, UnicodeDecodeError):
        return f"not a text in UTF-8, from byte {problem.start} on"
    if isinstance(inner := getattr(problem, "reason", None), BaseException):  # of urllib
        return reason_of(inner)
    if isinstance(code := getattr(problem, "code", None), int):
        return f"HTTP {code}"
    if said := getattr(problem, "strerror", None):
        return str(said)
    said = str(problem)
    for kind, words in _IN_OUR_WORDS:
        if isinstance(problem, kind):
            return "not packed by gzip" if said.startswith("Not a gzipped") else words
    return said


def to_read(problem: BaseException, absent: str) -> str:
    """What to do so that a text file can be read.

    Args:
        problem: of reading it.
        absent: what to do where there is none.
    """
    match problem:
        case UnicodeDecodeError():
            return "save it as UTF-8"
        case FileNotFoundError() | NotADirectoryError():
            return absent
        case IsADirectoryError():
            return "name the file in it"
        case PermissionError():
            return NOT_YOURS
        case _:
            return "look at the name and at the disk"
