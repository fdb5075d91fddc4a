"""Take-backs: which flag is meant, and a database that is away loses none."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Verdict
from screener.errors import StoreError
from screener.events import Entrance
from screener.review.take_back import TakeBacks
from screener.review.verdict import Word, rule
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord, Review
from tests.waiting import wait_for

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NUMBER = "+8613800138084"


def call(name: str, minutes: int, **changes) -> CallRecord:
    at = NOW - timedelta(minutes=minutes)
    flagged = CallRecord(
        id=name, started_at=at, ended_at=at + timedelta(seconds=30), entrance=Entrance.BESIDE, agent="agent1",
        verdict=Verdict.HARASSMENT, kind=Kind.LEWD, uniqueid=f"u{name}", linkedid=f"l{name}",
    )  # fmt: skip
    return replace(flagged, **changes)


class Bench:
    def __init__(self, empty: Path, folder: Path) -> None:
        self.log = open_log(f"sqlite:///{shutil.copy(empty, folder / 'log.db')}")
        self.back: list[str] = []
        self.take_backs = TakeBacks(self.log, self.back.append, lambda: NOW)

    def overturned(self) -> set[str]:
        return {c.id for c in self.log.calls() if c.review is Review.OVERTURNED}


@pytest.fixture
def bench(log_file: Path, tmp_path: Path):
    bench = Bench(log_file, tmp_path)
    bench.take_backs.start()
    yield bench
    bench.take_backs.stop()
    bench.log.close()


def test_the_newest_flag_of_the_agent_is_meant(bench: Bench) -> None:
    others = call("3", 1, agent="agent2"), call("4", 1, verdict=Verdict.GENUINE)
    bench.log.write([call("1", 30), call("2", 5), *others])
    bench.take_backs.put("agent1", "")
    wait_for(lambda: bench.back == ["u2"], what="caller brought back")
    assert bench.overturned() == {"2"}
    (note,) = bench.log.accesses()
    assert (note.at, note.who, note.action, note.subject, note.destination) == (
        NOW, "agent1", "review overturn", "2", "agent's key",
    )  # fmt: skip


def test_a_number_that_a_confirmation_listed_goes_with_it(bench: Bench) -> None:
    bench.log.write([call("1", 5, number=NUMBER)])
    rule(bench.log, "1", Word(Review.CONFIRMED, "supervisor", NOW, "console"))
    assert [entry.number for entry in bench.log.listed(NOW)] == [NUMBER]
    bench.take_backs.put("agent1", "l1")
    wait_for(lambda: bench.back == ["u1"], what="caller brought back")
    assert bench.log.listed(NOW) == []


def test_a_named_call_that_the_agent_had_is_meant_also_while_it_goes_on(bench: Bench) -> None:
    on = call("1", 2, verdict=None, kind=None, ended_at=None)
    bench.log.write([on, call("2", 1, entrance=Entrance.BY_HAND, linkedid="l1", uniqueid="u1", agent="agent2")])
    bench.take_backs.put("agent1", "l1")
    wait_for(lambda: bench.overturned() == {"1", "2"}, what="both flags of the call taken back")
    wait_for(lambda: bench.back == ["u1"], what="caller brought back")
    bench.log.write([call("1", 2)])
    assert bench.log.call("1").review is Review.OVERTURNED, "the end of the call does not undo it"


def test_a_call_that_the_agent_never_had_is_another_s(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.log.write([call("1", 2)])
    bench.take_backs.put("agent2", "l1")
    wait_for(lambda: "none to take back" in caplog.text, what="word of it")
    assert not bench.overturned()


def test_an_old_flag_is_not_meant(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.log.write([call("1", 90)])
    bench.take_backs.put("agent1", "")
    wait_for(lambda: "none to take back" in caplog.text, what="word of it")
    assert not bench.overturned()


class Away(CallLog):
    """A log whose database comes back after a while."""

    def __init__(self, log: CallLog, failures: int) -> None:
        super().__init__(log.engine)
        self.failures = failures

    def flags_to_take_back(self, *asked):
        if self.failures:
            self.failures -= 1
            raise StoreError("the database is away")
        return super().flags_to_take_back(*asked)


def test_a_database_that_is_away_delays_it(log_file: Path, tmp_path: Path) -> None:
    bench = Bench(log_file, tmp_path)
    bench.log.write([call("1", 1)])
    take_backs = TakeBacks(Away(bench.log, 2), bench.back.append, lambda: NOW, retry_seconds=0.05)
    take_backs.start()
    take_backs.put("agent1", "")
    wait_for(lambda: bench.overturned() == {"1"}, what="flag taken back")
    take_backs.stop()
    bench.log.close()


def test_what_cannot_be_written_before_the_end_is_said(
    log_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(log_file, tmp_path)
    take_backs = TakeBacks(Away(bench.log, 99), bench.back.append, lambda: NOW)
    take_backs.start()
    take_backs.put("agent1", "l1")
    wait_for(lambda: "waits" in caplog.text, what="word of the wait")
    take_backs.stop()
    assert "screener review overturn" in caplog.text
    bench.log.close()


def test_a_fault_with_one_take_back_is_no_other_s(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.log.write([call("a", 5), call("b", 3)])
    clock, faults = bench.take_backs._clock, [OverflowError("no such day")]
    bench.take_backs._clock = lambda: clock() if not faults else _raise(faults.pop())
    bench.take_backs.put("agent1", "la")
    bench.take_backs.put("agent1", "lb")
    wait_for(lambda: bench.overturned() == {"b"})
    assert "take-backs: a fault of ours; they go on" in caplog.messages
    assert any("is lost" in line for line in caplog.messages)


def _raise(fault: Exception) -> datetime:
    raise fault
