import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from screener.console.app import build
from screener.console.context import STRANGERS, ConsoleContext
from screener.console.hub import Hub
from screener.console.limits import RateLimit
from screener.console.logins import Logins, Role
from screener.console.slowly import Slowly
from screener.core.cards import Cards
from screener.feed.items import Heard, Over
from screener.feed.local import FeedReader, FeedServer
from screener.settings.cards import load_cards
from screener.settings.sections import Settings
from screener.speech.pinyin import syllables
from screener.store.accounts import Accounts
from screener.store.log import CallLog, open_log
from screener.words.judgement import Teller
from tests.waiting import WAIT, wait_for

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse"


@cache
def cards() -> Cards:
    """Those that are shipped."""
    return load_cards("", Path(), syllables)


def hub_of(paths: list[Path]) -> Hub:
    return Hub([str(path) for path in paths], lambda name: FeedReader(Path(name), 1.0), cards(), syllables)


def join(hub: Hub, server: FeedServer) -> None:
    """Start a hub, and wait until it hears what the server tells: it is connected a moment before that."""
    hub.start()
    probe = Heard("probe", 0.0, "caller", 0, "", final=True)
    wait_for(lambda: server.put(probe) or hub.newer(0)[0], what="word of the feed")
    server.put(Over("probe", 0.0, "caller"))
    wait_for(lambda: hub.newer(0)[1][0].over_at, what="end of the probe")
    hub._shown.clear()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def staffed_log(tmp_path_factory: pytest.TempPathFactory, log_file: Path) -> Path:
    """A call log without calls, with an account of each role."""
    path = Path(shutil.copy(log_file, tmp_path_factory.mktemp("staffed") / "log.db"))
    log = open_log(f"sqlite:///{path}")
    access = logins(log, Clock())
    for role in Role:
        access.add(role.value, role, PASSWORD, "8001" if role is Role.AGENT else "")
    log.close()
    return path


def logins(log: CallLog, clock: Clock) -> Logins:
    return Logins(Accounts(log), clock, timedelta(minutes=30), QUICK)


@contextmanager
def context_in(folder: Path, clock: Clock, staffed_log: Path) -> Iterator[ConsoleContext]:
    """What pages work with, over a log of its own in a folder."""
    settings = replace(Settings(), folder=folder)
    shutil.copy(staffed_log, folder / "log.db")
    log = open_log(f"sqlite:///{folder}/log.db")
    access = logins(log, clock)
    # However busy the machine is, the pages wait until what they show is there, and no turn comes back.
    patient, strangers = Slowly(wait=WAIT), RateLimit(1e-6, STRANGERS)
    yield ConsoleContext(settings, log, access, hub_of([]), Teller(), slowly=patient, strangers=strangers)
    log.close()


@pytest.fixture
def context(tmp_path: Path, clock: Clock, staffed_log: Path) -> Iterator[ConsoleContext]:
    with context_in(tmp_path, clock, staffed_log) as made:
        yield made


@pytest.fixture
def client(context: ConsoleContext) -> Iterator[TestClient]:
    """Of an application that runs: else each request would start a thread of its own for it."""
    with TestClient(build(context), follow_redirects=False) as running:
        yield running


def log_in(client: TestClient, context: ConsoleContext, role: Role) -> str:
    """Log in; gives the guard that the pages carry."""
    answer = client.post("/login", data={"name": role.value, "password": PASSWORD, "next": "/"})
    assert answer.status_code == 303, answer.text
    person = context.access.who(client.cookies["screener"])
    assert person is not None
    return person.guard
