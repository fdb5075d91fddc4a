"""Engines for SQLite and PostgreSQL that behave alike: foreign keys hold, waits end, writers take turns."""

import contextlib
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from screener.errors import StoreError
from screener.outside.database_words import in_our_words
from screener.outside.disk import hindrance, to_write
from screener.outside.files import NOT_YOURS, make_private
from screener.outside.text import visible
from screener.store.place import no_folder

log = logging.getLogger(__name__)

WRITES: Final[dict[str, Any]] = {"screener_writes": True}
"""Execution option of connections that write: on SQLite they queue at the start of their transaction, where the
busy timeout holds, and not in its middle, where it does not."""
BUSY_SECONDS = 30
"""How long a writer waits for another one on SQLite."""
NAME_IT = "name it with --db, or its settings file with --config; screener serve makes the first one"
SHARED_BYTES = 32768
"""SQLite's index of its write-ahead log is not smaller; a full disk leaves less of it behind."""
WRITE_IT = "write [store] url, or --db, as sqlite:///… or postgresql://…"
CONNECT_SECONDS = 3
SILENT_MILLISECONDS = 5000
"""After so long without a sign of the PostgreSQL server a connection is given up."""


def insert_into(connection: Connection, table: Any) -> Any:  # noqa: ANN401 - the two dialects share no type
    """An INSERT that understands `on_conflict_…`; SQLAlchemy's core does not."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def make_engine(url: str, folder: Path | None = None, read_only: bool = False) -> Engine:
    """An engine; connects to nothing yet.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: None is the current folder.
        read_only: nothing can be written through it.

    Raises:
        StoreError: the URL is wrong, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_reader(parsed, folder or Path()) if read_only else _sqlite(parsed, folder or Path())
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(parsed, read_only)
    except (ArgumentError, NoSuchModuleError) as problem:
        raise StoreError("the database URL is not one", WRITE_IT) from problem
    except ImportError as problem:
        raise StoreError(
            f"no driver for {parsed.drivername} is installed", "pip install 'screener[postgres]'"
        ) from problem
    what = f"{parsed.get_backend_name()} is not supported: SQLite and PostgreSQL are"
    raise StoreError(what, WRITE_IT)


def database_file(url: URL, folder: Path | None) -> Path | None:
    """The file of an SQLite database, None for any other database."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return (folder or Path()) / url.database


def be_there(file: Path) -> None:
    """Refuse what a database would be made for.

    Raises:
        StoreError: there is no such file, or it is not for us to see.
    """
    try:
        there = file.exists()
    except OSError as problem:
        raise StoreError(f"{file}: cannot be read ({problem.strerror})", NOT_YOURS) from problem
    if not there:
        raise StoreError(f"{file}: there is no call log", NAME_IT)


def _sqlite(url: URL, folder: Path) -> Engine:
    file = database_file(url, folder)
    if file is None:
        raise StoreError("a call log in memory is lost at the end", "name a file, as sqlite:///screener.db")
    no_folder(file)
    engine = create_engine(url.set(database=str(file)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "do_connect")
    def connecting(*_arguments: object) -> None:
        with contextlib.suppress(OSError):  # it is there, or the driver says better what is wrong
            make_private(file)  # SQLite gives its WAL the same mode

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # the driver begins nothing by itself; `began` does
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        writes = connection.get_execution_options().get("screener_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_reader(url: URL, folder: Path) -> Engine:
    """For a file that may be read only: a user without rights, or a copy on a read-only disk."""
    file = database_file(url, folder)
    if file is None:
        raise StoreError("a call log in memory is lost at the end", "name a file, as sqlite:///screener.db")
    no_folder(file)
    if file.exists() and not os.access(file, os.R_OK):
        raise StoreError(f"{file}: cannot be read (Permission denied)", NOT_YOURS)
    waiting, shared = (file.with_name(f"{file.name}-{ending}") for ending in ("wal", "shm"))
    hindered = hindrance(file.parent)
    bound = bool(hindered) or not os.access(file.parent, os.W_OK)
    if bound and _size(waiting) and _size(shared) < SHARED_BYTES:
        what = f"{file}: its newest calls wait in {waiting.name}, which only who may write can take in"
        remedy = to_write(hindered, "start the service once, or run it as the service's user")
        raise StoreError(f"{what} ({hindered})" if hindered else what, remedy)
    alone = bound and not _size(waiting) and _size(shared) < SHARED_BYTES
    # Without its helper files SQLite would have to make them; nobody has the file open then.
    target = f"file:{quote(str(file.absolute()))}?mode=ro{'&immutable=1' if alone else ''}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(target, uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    engine = create_engine(url.set(database=str(file)), creator=connect)

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _size(file: Path) -> int:
    """0 also where there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _postgresql(url: URL, read_only: bool = False) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    waits = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": SILENT_MILLISECONDS}
    said = {"application_name": "screener"} | (
        {"options": "-c default_transaction_read_only=on"} if read_only else {}
    )
    return create_engine(url, pool_pre_ping=True, connect_args=waits | said)


_OF_THE_DISK = ("disk I/O error", "unable to open database file", "readonly database")
"""What SQLite also says where it cannot make a helper file: the file system knows better what is wrong."""
_REMEDIES = {
    "readonly database": "run it as the service's user, who may write",
    "permission denied": "run it as the service's user, who may write",
}


def hindered(url: URL) -> str:
    """Why nobody can write to a log: its disk is full, or read only; empty for neither."""
    file = database_file(url, None)
    return hindrance(file.parent) if file else ""


def why(problem: BaseException, url: URL) -> str:
    """What SQLite or PostgreSQL says, in a line.

    Args:
        problem: SQLAlchemy's or the driver's.
        url: of the database.
    """
    cause = getattr(problem, "orig", None) or problem
    said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    if url.get_backend_name() == "postgresql":
        log.info("the database says: %s", visible(said))
        return in_our_words(said)
    return (hindered(url) if any(part in said for part in _OF_THE_DISK) else "") or said


def remedy_of(said: str) -> str:
    """What to do about it."""
    return to_write(
        said, next((remedy for part, remedy in _REMEDIES.items() if part in said), "run: screener doctor")
    )
