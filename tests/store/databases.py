"""Databases for tests: an SQLite file, and a PostgreSQL server of the tests' own in a temporary folder."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from screener.store.log import open_log

_names = itertools.count()
QUICK = ("autovacuum=off", "full_page_writes=off", "max_wal_size=4GB", "checkpoint_timeout=1h")
"""Settings of a server whose data nobody needs after a crash of the machine, and that lives for minutes."""


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


@dataclass(frozen=True)
class Postgres:
    """A server without TCP; `folder` holds its data and its socket."""

    folder: Path
    binaries: Path
    user: str | None

    def run(self, *command: str | Path) -> None:
        subprocess.run(
            [self.binaries / command[0], *command[1:]],
            check=True,
            user=self.user,
            cwd=self.folder,
            capture_output=True,
        )

    def start(self, *settings: str) -> None:
        options = " ".join([f"-k {self.folder}", "-c listen_addresses=''", *(f"-c {s}" for s in settings)])
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-m", mode, "stop")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """The server takes connections and says nothing: what a dying disk or a stalled machine looks like."""
        master = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        pids = [master, *map(int, children)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def new_database(self) -> str:
        """The URL of an empty database."""
        return _new_database(self.folder)


@contextlib.contextmanager
def running_postgres(*settings: str, parent: str | None = None) -> Iterator[Postgres]:
    """A server that is there until the block is left; skips the test where none is installed."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server here (apt-get install postgresql)")
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=parent))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    server = Postgres(folder, binaries, user)
    server.run("initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    server.start("fsync=off", *settings)
    try:
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop("immediate")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the socket of a running server."""
    with running_postgres(*QUICK) as server:
        yield server.folder


@pytest.fixture(scope="session")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A call log without calls: to migrate one costs more than most tests that want one, so they copy it."""
    path = tmp_path_factory.mktemp("template") / "calls.db"
    open_log(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_log(postgres_socket: Path) -> str:
    """The name of such a database."""
    url = _new_database(postgres_socket)
    open_log(url).close()
    return url.partition("@/")[2].partition("?")[0]


def _new_database(socket: Path, template: str = "template1") -> str:
    name = f"log{next(_names)}"
    with psycopg.connect(host=str(socket), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"postgresql://postgres@/{name}?host={socket}"


@pytest.fixture
def postgres_url(postgres_socket: Path) -> str:
    """The URL of an empty database."""
    return _new_database(postgres_socket)


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def new_log(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of a call log without calls: `sqlite`, in a folder, or `postgres`."""
    if kind == "postgres":
        template = request.getfixturevalue("postgres_log")
        return _new_database(request.getfixturevalue("postgres_socket"), template)
    shutil.copy(request.getfixturevalue("log_file"), folder / "calls.db")
    return f"sqlite:///{folder}/calls.db"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a call log without calls, of each kind of database."""
    return new_log(request, request.param, tmp_path)


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that holds nothing yet, of each kind."""
    if request.param == "postgres":
        return _new_database(request.getfixturevalue("postgres_socket"))
    return f"sqlite:///{tmp_path}/calls.db"
