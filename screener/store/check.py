"""Is what lies where the settings say a call log, whole and of this version? Makes no database."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from screener.errors import StoreError
from screener.store.engine import make_engine
from screener.store.place import database_at
from screener.store.schema import known_revisions, look, newest_revision
from screener.store.tables import Base

WAIT_SECONDS = 3
"""How long a database server may take to answer."""
CHECKED_BYTES = 1 << 30
SQLITE_HEAD = b"SQLite format 3\0"


def check_database(url: str, folder: Path) -> str:
    """Reach the database and look into it.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: where relative names begin.

    Returns:
        What was found, without a password.

    Raises:
        StoreError: says what is wrong and what to do.
    """
    if (file := database_at(url, folder)) is not None:
        return _check_sqlite(file)
    try:
        parsed = make_url(url)
        wait = {"connect_timeout": WAIT_SECONDS} if parsed.get_backend_name() == "postgresql" else {}
        engine = create_engine(parsed, connect_args=wait)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return _check_content(parsed.render_as_string(hide_password=True), engine)
    except (ArgumentError, ImportError) as problem:
        raise StoreError(_first_line(problem), "correct [store] url, or install its driver") from problem
    except SQLAlchemyError as problem:
        cause = getattr(problem, "orig", None) or problem
        remedy = "is the server running, and are the name and password in [store] url right?"
        raise StoreError(
            f"{parsed.render_as_string(hide_password=True)}: {_first_line(cause)}", remedy
        ) from problem


def _check_sqlite(file: Path) -> str:
    try:
        with file.open("r+b") as log:
            head = log.read(len(SQLITE_HEAD))
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}", "give the file to the service's user") from error
    if head and head != SQLITE_HEAD:
        raise StoreError(f"{file}: not an SQLite file", "move it away or change [store] url")
    return _check_content(str(file), make_engine(f"sqlite:///{file}", read_only=True))


def _check_content(place: str, engine: Engine) -> str:
    """Is what the database holds a log of this version, or of one that `serve` can bring up to date?"""
    try:
        with engine.connect() as connection:
            revision = look(engine, may_be_made=True)
            if engine.dialect.name == "sqlite":
                _look_for_damage(place, connection)
            if revision is None:
                return f"{place} (empty, filled by serve)"
            if revision not in known_revisions():
                remedy = "install the newer Screener that made it, or name another database"
                raise StoreError(f"{place}: the schema is {revision}, made by a newer version", remedy)
            if revision != newest_revision():
                return f"{place} (schema {revision}, brought up to date by serve)"
            _look_for_gaps(place, revision, connection)
    except SQLAlchemyError as problem:
        remedy = "stop the service and restore a copy, or: sqlite3 FILE .recover"
        cause = getattr(problem, "orig", None) or problem
        raise StoreError(f"{place}: damaged ({_first_line(cause)})", remedy) from problem
    finally:
        engine.dispose()
    return place


def _look_for_damage(place: str, connection: Connection) -> None:
    """SQLite looks through its own pages, up to `CHECKED_BYTES` of them; a large log takes minutes."""
    size = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0) * int(
        connection.exec_driver_sql("PRAGMA page_size").scalar() or 0
    )
    if size > CHECKED_BYTES:
        connection.exec_driver_sql("SELECT count(*) FROM (SELECT 1 FROM calls LIMIT 10000)")
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        remedy = "stop the service and restore a copy, or: sqlite3 FILE .recover"
        raise StoreError(f"{place}: damaged ({str(found).splitlines()[0]})", remedy)


def _look_for_gaps(place: str, revision: str, connection: Connection) -> None:
    """A migration that was broken off may have left its number and not its columns."""
    seen = inspect(connection)
    for table in Base.metadata.sorted_tables:
        there = (
            {column["name"] for column in seen.get_columns(table.name)} if seen.has_table(table.name) else set()
        )
        if missing := sorted({column.name for column in table.columns} - there):
            remedy = "stop the service and restore a copy, or: sqlite3 FILE .recover"
            lacking = f"{table.name} lacks {', '.join(missing)}"
            raise StoreError(f"{place}: the schema is not whole: {revision}: {lacking}", remedy)


def _first_line(problem: object) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
