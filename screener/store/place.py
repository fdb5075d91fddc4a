"""Where the settings say that the call log is, told without loading the library that opens it."""

import contextlib
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote

from screener.errors import StoreError
from screener.outside.disk import to_write

_PASSWORD = re.compile(r"[\w+]+://[^:/]*:([^@]*)@")
_SERVER = re.compile(
    r"\w+(?:\+\w+)?://(?:[^@/]*@)?(?P<host>\[[^\]]*\]|[^:/?]*)(?::(?P<port>\d+))?/(?P<name>[^?]*)"
)
POSTGRESQL_PORT = 5432
GIVE_FOLDER = "give the folder to the service's user"
_SQLITE = re.compile(r"sqlite(?:\+\w+)?://(?:/([^?]*))?(?:\?.*)?", re.DOTALL)


def password_in(url: str) -> str:
    """The password that a database URL holds; empty when it holds none."""
    found = _PASSWORD.match(url)
    return found[1] if found else ""


def database_at(url: str, folder: Path) -> Path | None:
    """The file of an SQLite database, None for any other and for what is no URL."""
    found = _SQLITE.fullmatch(url)
    name = unquote(found[1] or "") if found else ""
    return folder / name if name and name != ":memory:" else None


def place_of(url: str, folder: Path) -> str:
    """What all URLs of one log have in common, however they are written: its file, or host and name."""
    if (file := database_at(url, folder)) is not None:
        return str(file.resolve())
    found = _SERVER.match(url)
    if not found:
        return url
    host = (found["host"] or "localhost").lower()
    host = "localhost" if host in ("127.0.0.1", "[::1]") else host
    return f"{host}:{found['port'] or POSTGRESQL_PORT}/{found['name']}"


def folder_problem(folder: Path) -> str:
    """Why no file can be made in a folder; empty when one can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:  # a name may be free where no block is
            trial.write(bytes(4096))
            trial.flush()
            return ""
    except OSError as problem:
        return problem.strerror or str(problem)


def no_folder(file: Path) -> None:
    """Refuse a folder where a database should be.

    Raises:
        StoreError: it is one.
    """
    with contextlib.suppress(OSError):  # whoever opens it says better what is wrong
        if file.is_dir():
            raise StoreError(f"{file}: is a folder, and no database", "name a file, as sqlite:///screener.db")


def to_be_made(url: str, folder: Path) -> Path | None:
    """The file of an SQLite database that `serve` has still to make; None where there is one to look into.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: where relative names begin.

    Raises:
        StoreError: says what is wrong with the place and what to do.
    """
    if not _SQLITE.fullmatch(url):
        return None
    file = database_at(url, folder)
    if file is None:
        raise StoreError("in memory: the log is lost at the end", "name a file in [store] url")
    no_folder(file)
    if problem := folder_problem(file.parent):
        raise StoreError(f"{file.parent}: {problem}", to_write(problem, GIVE_FOLDER))
    return None if file.exists() else file
