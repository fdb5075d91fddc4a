"""Can a call log be kept where the settings say? Asked before the service starts; makes no database."""

import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from screener.errors import StoreError
from screener.store.engine import database_file

WAIT_SECONDS = 3
"""How long a database server may take to answer."""
SQLITE_HEAD = b"SQLite format 3\0"


def check_database(url: str, folder: Path) -> str:
    """Reach the database, or its folder where it is a file that is not made yet.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: where relative names begin.

    Returns:
        What was found, without a password.

    Raises:
        StoreError: says what is wrong and what to do.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _check_sqlite(parsed, folder)
        wait = {"connect_timeout": WAIT_SECONDS} if parsed.get_backend_name() == "postgresql" else {}
        engine = create_engine(parsed, connect_args=wait)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
    except (ArgumentError, ImportError) as problem:
        raise StoreError(_first_line(problem), "correct [store] url, or install its driver") from problem
    except SQLAlchemyError as problem:
        cause = getattr(problem, "orig", None) or problem
        remedy = "is the server running, and are the name and password in [store] url right?"
        raise StoreError(
            f"{parsed.render_as_string(hide_password=True)}: {_first_line(cause)}", remedy
        ) from problem
    return parsed.render_as_string(hide_password=True)


def database_at(url: str, folder: Path) -> Path | None:
    """The file of an SQLite database, None for any other and for what is no URL."""
    try:
        return database_file(make_url(url), folder)
    except ArgumentError:
        return None


def password_in(url: str) -> str:
    """The password that a database URL holds; empty when it holds none."""
    try:
        return str(make_url(url).password or "")
    except ArgumentError:
        return ""


def folder_problem(folder: Path) -> str:
    """Why no file can be made in a folder; empty when one can."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as problem:
        return problem.strerror or str(problem)


def _check_sqlite(url: URL, folder: Path) -> str:
    if not url.database or url.database == ":memory:":
        raise StoreError("in memory: the log is lost at the end", "name a file in [store] url")
    file = folder / url.database
    if problem := folder_problem(file.parent):
        raise StoreError(f"{file.parent}: {problem}", "give the folder to the service's user")
    if not file.exists():
        return f"{file} (made by serve)"
    try:
        with file.open("r+b") as log:
            head = log.read(len(SQLITE_HEAD))
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}", "give the file to the service's user") from error
    if head and head != SQLITE_HEAD:
        raise StoreError(f"{file}: not an SQLite file", "move it away or change [store] url")
    return str(file)


def _first_line(problem: object) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
