"""Histories are asked for without waiting for a database that does not answer."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from screener.core.ladder import Ladder
from screener.errors import StoreError
from screener.events import History, ListName
from screener.store import lookup as lookup_module
from screener.store.ladder import past
from screener.store.log import open_log
from screener.store.lookup import HistoryLookup
from screener.store.records import ListedNumber
from tests.store.databases import running_postgres

NOW = datetime(2026, 3, 4, 5, tzinfo=UTC)
KNOWN = replace(History(), flagged=3)


class Database:
    """Answers with `KNOWN`, unless it is told to fail or to hang."""

    def __init__(self) -> None:
        self.problem: Exception | None = None
        self.awake = threading.Event()
        self.awake.set()
        self.asked = self.answered = 0

    def history(self, number: str, at: datetime) -> History:
        self.asked += 1
        self.awake.wait(20)
        self.answered += 1
        if self.problem:
            raise self.problem
        return KNOWN


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def lookup(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[HistoryLookup]:
    monkeypatch.setattr(lookup_module, "AWAY_SECONDS", 0.3)
    lookup = HistoryLookup(database.history)
    yield lookup
    database.awake.set()
    lookup.stop()


def test_what_the_log_knows(lookup: HistoryLookup, database: Database) -> None:
    assert lookup.of("13800000000", NOW) == KNOWN
    assert lookup.of("", NOW) == History()
    assert database.asked == 1, "nobody asks about a withheld number"


def test_after_a_failure_calls_go_without_for_a_while(
    lookup: HistoryLookup, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.problem = StoreError("away", "start it")
    with caplog.at_level(logging.ERROR):
        assert lookup.of("13800000000", NOW) == History()
        assert lookup.of("13800000000", NOW) == History()
    assert database.asked == 1
    assert "no history for" in caplog.text
    assert "13800000000" not in caplog.text
    database.problem = None
    time.sleep(0.35)
    assert lookup.of("13800000000", NOW) == KNOWN


def test_a_number_that_cannot_be_looked_up_takes_nobody_elses_history_away(
    lookup: HistoryLookup, database: Database
) -> None:
    database.problem = UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no UTF-8")
    assert lookup.of("\udcff\udcfe", NOW) == History()
    database.problem = None
    assert lookup.of("13800000000", NOW) == KNOWN, "at once"


def test_a_database_that_hangs_costs_one_short_wait_and_is_asked_again_once_it_lives(
    lookup: HistoryLookup, database: Database
) -> None:
    database.awake.clear()
    for _ in range(20):
        assert lookup.of("13800000000", NOW) == History()
    assert (database.asked, database.answered) == (1, 0), "one waited, the others did not ask"
    time.sleep(0.35)
    assert lookup.of("13800000000", NOW) == History()
    assert database.asked == 1
    database.awake.set()
    time.sleep(0.35)
    assert lookup.of("13800000000", NOW) == KNOWN


def test_stopping_waits_for_no_database(database: Database) -> None:
    lookup = HistoryLookup(database.history)
    database.awake.clear()
    lookup.of("13800000000", NOW)
    lookup.stop()
    assert not database.answered
    database.awake.set()


@pytest.mark.postgres
def test_a_real_server_that_is_frozen() -> None:
    with running_postgres() as server:
        log = open_log(server.new_database())
        log.enlist(ListedNumber(ListName.WATCH, "13800000000", "", NOW))
        lookup = HistoryLookup(partial(past, log, Ladder()))
        assert lookup.of("13800000000", NOW).lists == {ListName.WATCH}
        with server.frozen():
            assert lookup.of("13800000000", NOW) == History()
        lookup.stop()
        log.close()
