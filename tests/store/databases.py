"""Databases for tests: an SQLite file, and a PostgreSQL server of the tests' own in a temporary folder."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_names = itertools.count()


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the socket of a running server without TCP."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server here (apt-get install postgresql)")
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    setup = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run(setup, check=True, user=user, cwd=folder, capture_output=True)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, user=user, cwd=folder, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], user=user, cwd=folder, capture_output=True)
        shutil.rmtree(folder)


def _new_database(socket: Path) -> str:
    name = f"log{next(_names)}"
    with psycopg.connect(host=str(socket), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://postgres@/{name}?host={socket}"


@pytest.fixture
def postgres_url(postgres_socket: Path) -> str:
    """The URL of an empty database."""
    return _new_database(postgres_socket)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind."""
    if request.param == "postgres":
        return _new_database(request.getfixturevalue("postgres_socket"))
    return f"sqlite:///{tmp_path}/calls.db"
