"""No record is lost, none is written twice, and whoever puts one in never waits."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.backoff import Backoff
from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.core.ladder import Ladder
from screener.errors import StoreError
from screener.events import EndedBy, Entrance, LineClass, Speaker
from screener.store import writer as writer_module
from screener.store.ladder import past
from screener.store.log import CallLog, open_log
from screener.store.records import (
    CallRecord,
    EvidenceRow,
    RefusedRecord,
    Review,
    Segment,
    TransferRow,
    parse,
    serialize,
)
from screener.store.spool import REFUSED, Spool
from screener.store.writer import LogWriter
from tests.waiting import ENOUGH, wait_for

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def finished(call_id: str, **changes: object) -> CallRecord:
    record = CallRecord(
        id=call_id,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=9),
        ended_by=EndedBy.CALLER,
        segments=(Segment(Speaker.CALLER, 0.5, 1.5, "喂"),),
        transfers=(TransferRow(3.0, "agents", True, 200),),
    )
    return replace(record, **changes)  # type: ignore[arg-type]


class Unsteady(CallLog):
    """A log whose database is away when told so; `away` may be changed at any moment."""

    def __init__(self, log: CallLog) -> None:
        super().__init__(log.engine)
        self.away = threading.Event()

    def write(self, records: Sequence[CallRecord]) -> list[RefusedRecord]:
        if self.away.is_set():
            raise StoreError("the server is away")
        return super().write(records)


@pytest.fixture
def log(url: str) -> Unsteady:
    return Unsteady(open_log(url))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "RETRY", Backoff(0.05, 0.5))


def ids(log: CallLog) -> list[str]:
    return sorted(call.id for call in log.calls(limit=None))


def test_what_is_put_in_is_in_the_log_and_the_spool_is_empty(log: Unsteady, tmp_path: Path) -> None:
    writer = LogWriter(log, 100, tmp_path / "spool")
    for number in range(500):
        writer.put(finished(f"c{number:03}"))
    assert writer.flush(ENOUGH)
    assert len(ids(log)) == 500
    writer.close()
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


def test_it_says_once_that_what_an_earlier_process_left_is_written(log: Unsteady, tmp_path: Path) -> None:
    earlier = Spool(tmp_path / "spool")
    earlier.append(finished("left"))
    earlier.close()
    told: list[list[str]] = []
    writer = LogWriter(log, 100, tmp_path / "spool", caught_up=lambda: told.append(ids(log)))
    wait_for(lambda: told, what="what was left")
    writer.put(finished("new"))
    writer.close()
    assert told == [["left"]]


def test_a_call_leaves_a_row_at_its_beginning_that_its_end_completes(log: Unsteady, tmp_path: Path) -> None:
    writer = LogWriter(log, 100, tmp_path / "spool")
    writer.put(CallRecord(id="c", started_at=NOON, number="+861"))
    assert writer.flush(ENOUGH)
    assert log.call("c").ended_at is None
    writer.put(finished("c", number="+861"))
    writer.put(finished("c", number="+861"))
    writer.put(CallRecord(id="c", started_at=NOON))
    writer.close()
    assert log.call("c") == finished("c", number="+861")


def test_a_database_that_is_away_delays_nobody_and_loses_nothing(log: Unsteady, tmp_path: Path) -> None:
    writer = LogWriter(log, 10, tmp_path / "spool")
    log.away.set()
    for number in range(50):
        writer.put(finished(f"a{number:02}"))
    assert not writer.flush(0.3)
    assert ids(log) == []
    assert writer.waiting == 50
    log.away.clear()
    assert writer.flush(ENOUGH)
    assert len(ids(log)) == 50
    writer.close()


def test_what_waits_at_the_end_is_written_by_the_next_process(log: Unsteady, tmp_path: Path) -> None:
    log.away.set()
    writer = LogWriter(log, 10, tmp_path / "spool")
    writer.put(finished("c1"))
    writer.put(finished("c2"))
    writer.close()
    assert ids(log) == []
    log.away.clear()
    LogWriter(log, 10, tmp_path / "spool").close()
    assert ids(log) == ["c1", "c2"]


CHILD = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.store.test_writer import finished
from screener.store.log import open_log
from screener.store.writer import LogWriter
log = open_log(sys.argv[1])
writer = LogWriter(log, 1000, Path(sys.argv[2]))
number = 0
while True:
    call_id = f"c{number:06}"
    writer.put(finished(call_id))
    print(call_id, flush=True)  # from here on the call counts as over
    number += 1
"""


def test_a_kill_loses_no_call_and_doubles_none(url: str, tmp_path: Path) -> None:
    tests = Path(__file__).parents[2]
    told = tmp_path / "told"
    with told.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, url, str(tmp_path / "spool"), str(tests)], stdout=out
        )
        try:
            wait_for(lambda: told.stat().st_size > 300 * 8 or child.poll() is not None)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    over = [line for line in told.read_text().splitlines() if len(line) == 7]
    assert len(over) >= 300
    log = open_log(url)
    writer = LogWriter(log, 10, tmp_path / "spool")
    assert writer.flush(ENOUGH)
    writer.close()
    found = ids(log)
    assert set(over) <= set(found)
    assert len(found) - len(over) <= 1  # the one that was put in but not told yet
    assert log.call(over[-1]) == finished(over[-1])
    assert log.call(over[0]) == finished(over[0])
    log.close()


def test_a_disk_that_is_full_costs_no_call_while_memory_and_database_hold(
    log: Unsteady, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: Spool, record: CallRecord) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "append", full)
    log.away.set()
    writer = LogWriter(log, 3, tmp_path / "spool")
    for number in range(5):
        writer.put(finished(f"c{number}"))
    assert "No space left" in caplog.text
    assert "call c3 is lost" in caplog.text
    log.away.clear()
    assert writer.flush(ENOUGH)
    writer.close()
    assert ids(log) == ["c0", "c1", "c2"]


def test_a_record_that_the_database_refuses_holds_up_no_other(log: Unsteady, tmp_path: Path) -> None:
    writer = LogWriter(log, 10, tmp_path / "spool")
    bad = finished("bad", started_at=NOON.replace(tzinfo=None))
    log_records = [finished("c1"), finished("c2")]
    assert [refusal.record.id for refusal in log.write([log_records[0], bad, log_records[1]])] == ["bad"]
    assert ids(log) == ["c1", "c2"]
    writer.put(bad)
    writer.put(finished("c3"))
    assert writer.flush(ENOUGH)
    writer.close()
    assert ids(log) == ["c1", "c2", "c3"]
    assert parse((tmp_path / "spool" / REFUSED).read_text().strip()).id == "bad"


def test_a_damaged_line_is_put_aside_and_the_rest_is_written(log: Unsteady, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "00000007.jsonl").write_text(
        serialize(finished("c1")) + '\n{"id": "half\n' + serialize(finished("c2")) + "\n"
    )
    LogWriter(log, 10, spool).close()
    assert ids(log) == ["c1", "c2"]
    assert (spool / REFUSED).read_text() == '{"id": "half\n'


def test_a_write_that_ends_in_the_middle_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.append(finished("c1"))
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:10]))
    with pytest.raises(OSError, match="No space"):
        spool.append(finished("c2"))
    monkeypatch.undo()
    spool.append(finished("c3"))
    records, damaged = spool.read(spool.segments()[0])
    assert ([record.id for record in records], damaged) == (["c1", "c3"], [])
    spool.close()


def test_a_spool_has_one_owner(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(StoreError, match="another process"):
        Spool(tmp_path)
    first.close()
    Spool(tmp_path).close()


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/spool.*cannot be written"):
        Spool(tmp_path / "file" / "spool")


def test_two_writers_and_a_reader_at_once(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logs = [open_log(url) for _ in range(2)]
    writers = [LogWriter(log, 1000, tmp_path / f"spool{n}") for n, log in enumerate(logs)]
    writers[0].put(finished("first", number="+861"))
    assert writers[0].flush(ENOUGH)
    for number in range(299):
        writers[number % 2].put(CallRecord(id=f"c{number:03}", started_at=NOON, number="+861"))
        writers[number % 2].put(finished(f"c{number:03}", number="+861"))
        if number % 30 == 0:
            past(logs[0], Ladder(), "+861", NOON + timedelta(seconds=1))
            logs[1].review("first", Review.CONFIRMED, "主管", NOON)
    assert all(writer.flush(ENOUGH) for writer in writers)
    for writer in writers:
        writer.close()
    assert len(ids(logs[0])) == 300
    assert all(call.ended_at for call in logs[0].calls(limit=None))
    assert caplog.text == ""
    for log in logs:
        log.close()


def test_what_the_network_sends_is_stored_whatever_it_is(log: Unsteady) -> None:
    log.write([finished("c", display_name="a\0b\ud800c😀")])
    assert log.call("c").display_name == "a\ufffdb?c😀"


floats = st.floats(0, 1e6)
texts = st.text(max_size=20)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
segments = st.builds(Segment, st.sampled_from(Speaker), floats, floats, texts, st.none() | floats)
kinds = st.none() | st.sampled_from(Kind)
pieces = st.builds(EvidenceRow, floats, texts, st.sampled_from(Source), kinds, floats, texts, texts)
records = st.builds(
    CallRecord,
    id=st.text(min_size=1, max_size=20),
    started_at=times,
    answered_at=st.none() | times,
    ended_at=st.none() | times,
    number=texts,
    display_name=texts,
    line=st.sampled_from(LineClass),
    entrance=st.sampled_from(Entrance),
    verdict=st.none() | st.sampled_from(Verdict),
    kind=kinds,
    flagged_at=st.none() | floats,
    treatment=st.sampled_from(Treatment),
    dry_run=st.booleans(),
    ended_by=st.none() | st.sampled_from(EndedBy),
    segments=st.lists(segments, max_size=3).map(tuple),
    evidence=st.lists(pieces, max_size=3).map(tuple),
)


@given(records)
def test_a_record_survives_the_spool_whatever_is_in_it(record: CallRecord) -> None:
    line = serialize(record)
    assert "\n" not in line
    assert parse(line) == record
