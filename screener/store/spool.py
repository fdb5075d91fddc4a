"""Records on their way to the database, in files: what was put here survives the process and the database.

The folder holds segments, `00000001.jsonl` and so on, one record a line. The newest may be open for appending;
all others are complete. One process owns a folder at a time.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from screener.errors import StoreError
from screener.outside.disk import to_write
from screener.outside.files import PRIVATE, PRIVATE_FOLDER
from screener.store.place import GIVE_FOLDER
from screener.store.records import CallRecord, parse, serialize

REFUSED = "refused.jsonl"
"""Records that no database will take, and lines that are no records; for a person to look at."""


class Spool:
    """A durable queue of records. Safe to share between threads.

    Raises:
        StoreError: the folder cannot be written, or another process owns it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            self._owner = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError as problem:
            remedy = to_write(str(problem.strerror), GIVE_FOLDER)
            raise StoreError(f"{folder}: cannot be written ({problem.strerror})", remedy) from problem
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            os.close(self._owner)
            raise StoreError(
                f"{folder}: another process uses this spool", "stop it, or set [store] spool to another folder"
            ) from problem
        self._number = max((int(segment.stem) for segment in self._files()), default=0)
        self._open: int | None = None

    def append(self, record: CallRecord) -> None:
        """Add a record; costs one write, which a kill of the process cannot undo.

        Raises:
            OSError: the disk is full or gone; nothing was added.
        """
        line = _line(record)
        with self._mutex:
            if self._open is None:
                self._open = _appending(self._folder / f"{self._number + 1:08d}.jsonl")
                self._number += 1
            _write_whole(self._open, line)

    def segments(self) -> list[Path]:
        """Every segment, oldest first; the one that was open is closed, so all of them are complete."""
        with self._mutex:
            if self._open is not None:
                os.close(self._open)
                self._open = None
            return self._files()

    def read(self, segment: Path) -> tuple[list[CallRecord], list[bytes]]:
        """The records of a segment, and its lines that are none.

        Raises:
            OSError: the file cannot be read.
        """
        records: list[CallRecord] = []
        damaged: list[bytes] = []
        for line in segment.read_bytes().splitlines():
            try:
                records.append(parse(line))
            except ValueError:
                damaged.append(line)
        return records, damaged

    def refuse(self, item: CallRecord | bytes) -> None:
        """Put a record or a damaged line aside for a person to look at.

        Raises:
            OSError: the disk is full or gone.
        """
        line = item if isinstance(item, bytes) else _line(item)
        handle = _appending(self._folder / REFUSED)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _write_whole(handle, line.rstrip(b"\n") + b"\n")
        finally:
            os.close(handle)

    def sync(self) -> None:
        """Make what waits here survive a loss of power too.

        Raises:
            OSError: the disk failed.
        """
        for path in (*self.segments(), self._folder):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def close(self) -> None:
        """Give the folder free; what waits in it stays."""
        self.segments()
        os.close(self._owner)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.jsonl"))


def purge_refused(folder: Path, before: datetime) -> None:
    """Take the words out of refused records of calls that began before a moment; old lines that are none go whole.

    Raises:
        StoreError: the file cannot be rewritten.
    """

    def carried(line: bytes, written: datetime) -> bytes:
        record = _record(line)
        if record is None:
            return line if written >= before else b""
        return line if record.started_at >= before else _line(_without_words(record)).rstrip(b"\n")

    _rewrite(folder / REFUSED, carried)


def erase_refused(folder: Path, number: str) -> None:
    """Take number, name and words out of refused records of a number; lines that are none and have it go whole.

    Raises:
        StoreError: the file cannot be rewritten.
    """

    def carried(line: bytes, _written: datetime) -> bytes:
        record = _record(line)
        if record is None:
            return line if number.encode() not in line else b""
        if record.number != number:
            return line
        return _line(replace(_without_words(record), number="", display_name="")).rstrip(b"\n")

    _rewrite(folder / REFUSED, carried)


def _record(line: bytes) -> CallRecord | None:
    try:
        return parse(line)
    except ValueError:
        return None


def _without_words(record: CallRecord) -> CallRecord:
    return replace(record, segments=(), evidence=tuple(replace(piece, span="") for piece in record.evidence))


def _rewrite(file: Path, carried: Callable[[bytes, datetime], bytes]) -> None:
    """Every line as `carried` leaves it, in its place; empty ones go. Whoever appends meanwhile waits."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        with os.fdopen(handle, "r+b") as stream:
            fcntl.flock(handle, fcntl.LOCK_EX)
            written = datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC)
            before = stream.read()
            lines = (carried(line, written) for line in before.splitlines())
            after = b"".join(line + b"\n" for line in lines if line)
            if after == before:
                return
            stream.seek(0)
            stream.write(after.ljust(len(before), b"\n"))  # nothing of the old words stays behind the new end
            stream.flush()
            os.fsync(handle)
            stream.truncate(len(after))
    except FileNotFoundError:
        return
    except OSError as problem:
        remedy = to_write(str(problem.strerror), "run it as the service's user")
        raise StoreError(f"{file}: cannot be rewritten ({problem.strerror})", remedy) from problem


def _line(record: CallRecord) -> bytes:
    return serialize(record).encode("utf-8", "replace") + b"\n"


def _appending(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)


def _write_whole(handle: int, line: bytes) -> None:
    """All of the line or none of it: half a line would spoil the next one."""
    before = os.fstat(handle).st_size
    try:
        if os.write(handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(handle, before)
        raise
