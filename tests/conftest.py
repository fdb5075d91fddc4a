"""Which tests wait for something, and the fixtures that several rooms need."""

import faulthandler
import gc
import logging
import math
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from screener.speech import pool, slot
from tests.layout import Layout
from tests.store.databases import (
    empty_url,
    log_file,
    postgres_log,
    postgres_socket,
    postgres_url,
    url,
)
from tests.waits import PEERS, Watch, waits

__all__ = ["empty_url", "log_file", "postgres_log", "postgres_socket", "postgres_url", "url"]

# On a busy machine the time that an example takes says nothing.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

YOUNG = 50_000
"""New objects after which garbage is looked for: seldom, for there is little among what a test makes."""
OVERTIME = 60.0
"""Seconds after its own limit that a test has to tell what it hung in, before its process ends."""
_told = pytest.StashKey[int]()
"""Where a process says its last words: what standard error was before pytest took it."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_told] = os.dup(2)
    config.pluginmanager.register(Watch())
    gc.disable()  # what is collected here are tests, and stays


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Layout | None:
    return Layout(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command that starts the program's log in a test leaves its handler on a stream that pytest closes then."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if type(handler) is logging.StreamHandler]:
        root.removeHandler(handler)


def _end_in_time(item: pytest.Item) -> None:
    """End a process that hangs, every thread's stack told."""
    own = item.get_closest_marker("timeout")
    limit = float(own.args[0] if own else item.config.getini("timeout"))
    faulthandler.dump_traceback_later(limit + OVERTIME, exit=True, file=item.config.stash[_told])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _end_in_time(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Once more, for a test's first failure calls off every limit, that of pytest-timeout too.

    pytest says of each that somebody may want to look at it. What hangs after that, in a fixture's end, nothing
    would ever stop.
    """
    _end_in_time(item)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session", autouse=True)
def nothing_in_reserve() -> Iterator[None]:
    """No service here loads a model for a recogniser process to come: a test that wants one says when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "SPARE_SECONDS", math.inf)
        yield


@pytest.fixture(scope="module")
def everybody_is_heard() -> Iterator[None]:
    """Nobody gives way to callers, however busy others keep this machine: who is late is heard late."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("NEARLY_BUSY", "FULL_SECONDS", "LATE_SECONDS", "AGENT_LATE"):
            patch.setattr(slot, limit, math.inf)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if waits(item.nodeid.removeprefix("tests/")) or any(item.get_closest_marker(peer) for peer in PEERS):
            item.add_marker("waits")
