"""Is what lies where the settings say a call log, whole and of this version? Makes no database."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from screener.errors import StoreError
from screener.outside.disk import to_write
from screener.store.engine import make_engine, why
from screener.store.place import database_at
from screener.store.schema import known_revisions, look, newest_revision
from screener.store.tables import Base

CHECKED_BYTES = 1 << 30
RESTORE = "stop the service and restore a copy, or: sqlite3 FILE .recover"
DAMAGES = ("malformed", "not a database", "corrupt")
"""What SQLite says of a file that is no whole one; a disk that fails, or another program, is no damage of it."""
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
    engine = make_engine(url, folder, read_only=True)
    place = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as problem:
        remedy = "is the server running, and are the name and password in [store] url right?"
        raise StoreError(f"{place}: {why(problem, engine.url)}", remedy) from problem
    return _check_content(place, engine)


def _check_sqlite(file: Path) -> str:
    try:
        with file.open("r+b") as log:
            head = log.read(len(SQLITE_HEAD))
    except OSError as error:
        remedy = to_write(str(error.strerror), "give the file to the service's user")
        raise StoreError(f"{file}: {error.strerror}", remedy) from error
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
        said = why(problem, engine.url)
        if any(damage in said for damage in DAMAGES):
            raise StoreError(f"{place}: damaged ({said})", RESTORE) from problem
        raise StoreError(f"{place}: cannot be read ({said})", _remedy(said)) from problem
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
        raise StoreError(f"{place}: damaged ({str(found).splitlines()[0]})", RESTORE)


def _look_for_gaps(place: str, revision: str, connection: Connection) -> None:
    """A migration that was broken off may have left its number and not its columns."""
    seen = inspect(connection)
    for table in Base.metadata.sorted_tables:
        there = (
            {column["name"] for column in seen.get_columns(table.name)} if seen.has_table(table.name) else set()
        )
        if missing := sorted({column.name for column in table.columns} - there):
            lacking = f"{table.name} lacks {', '.join(missing)}"
            raise StoreError(f"{place}: the schema is not whole: {revision}: {lacking}", RESTORE)


def _remedy(said: str) -> str:
    """What to do where the file is not what is wrong."""
    if "locked" in said:
        return "another program holds it: end it, and look again"
    return to_write(said, "look at the name and at the disk")
