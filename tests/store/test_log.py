"""The log keeps whole calls, knows a number's past, and loses nothing while the database is away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.errors import InputError, StoreError
from screener.events import EndedBy, ListName, Speaker
from screener.store.log import CallLog, open_log
from screener.store.records import (
    CallRecord,
    DecisionRow,
    EvidenceRow,
    Segment,
    TransferRow,
    TreatmentRow,
    parse,
    serialize,
)
from screener.store.tables import Listed, Review
from screener.store.writer import LogWriter

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
FLAGGED = CallRecord(
    id="20260304T040000-1",
    started_at=NOON,
    answered_at=NOON + timedelta(seconds=1),
    ended_at=NOON + timedelta(seconds=31),
    number="+8613800138000",
    verdict=Verdict.HARASSMENT,
    kind=Kind.LEWD,
    flagged_at=6.5,
    score=3.2,
    treatment=Treatment.ANALYSIS_QUEUE,
    ended_by=EndedBy.CALLER,
    segments=(Segment(Speaker.CALLER, 1.0, 2.5, "喂你好", 0.9),),
    evidence=(EvidenceRow(6.5, "lewd.act.1", Source.WORDS, Kind.LEWD, 4.8, "陪我睡觉", "性要求"),),
    decisions=(
        DecisionRow(
            6.5, Verdict.HARASSMENT, Kind.LEWD, Treatment.ANALYSIS_QUEUE, 3.2, 2.0, False, False, "言语猥亵"
        ),
    ),
    treatments=(TreatmentRow(Treatment.ANALYSIS_QUEUE, 6.5, 20.0, True, False, ""),),
    transfers=(TransferRow(7.0, "agents", False, 404),),
)


@pytest.fixture
def log(tmp_path: Path) -> CallLog:
    return open_log("sqlite:///calls.db", tmp_path)


def test_a_whole_call_comes_back_as_it_went_in(log: CallLog) -> None:
    log.write([FLAGGED])
    assert log.call(FLAGGED.id) == FLAGGED


def test_a_record_survives_the_spool_format() -> None:
    assert parse(serialize(FLAGGED)) == FLAGGED


def test_writing_twice_changes_nothing_and_a_late_beginning_does_not_undo_the_end(log: CallLog) -> None:
    log.write([FLAGGED, FLAGGED])
    log.write([CallRecord(id=FLAGGED.id, started_at=NOON)])
    assert log.call(FLAGGED.id) == FLAGGED
    assert len(log.calls()) == 1


def test_a_review_outlives_the_record_written_again(log: CallLog) -> None:
    log.write([FLAGGED])
    log.review(FLAGGED.id, Review.OVERTURNED, "主管")
    log.write([FLAGGED])
    history = log.history(FLAGGED.number, NOON + timedelta(minutes=1))
    assert (history.flagged, history.overturned) == (0, 1)


def test_history_counts_windows_and_excludes_the_call_itself(log: CallLog) -> None:
    ages = (0, 10, 50, 600, 3000)  # minutes
    log.write(
        [replace(FLAGGED, id=f"c{age}", started_at=NOON - timedelta(minutes=age), treatments=()) for age in ages]
    )
    history = log.history(FLAGGED.number, NOON)
    assert (history.calls_15min, history.calls_60min, history.calls_24h) == (1, 2, 3)
    assert (history.flagged, history.treated, history.last_flag_age) == (4, 4, 600.0)
    assert log.history("+8613900000000", NOON).flagged == 0
    assert log.history("", NOON).flagged == 0


def test_lists_that_have_expired_do_not_count(log: CallLog) -> None:
    with Session(log.engine) as session, session.begin():
        for name, expires in ((ListName.BLOCK, NOON + timedelta(days=1)), (ListName.WATCH, NOON)):
            session.add(Listed(name=name, number="+861", reason="", added_at=NOON, expires_at=expires))
    assert log.history("+861", NOON).lists == {ListName.BLOCK}


def test_a_call_is_found_by_the_beginning_of_its_id_only_when_it_is_one(log: CallLog) -> None:
    log.write([FLAGGED, replace(FLAGGED, id="20260304T040000-2")])
    assert log.call("20260304T040000-1") == FLAGGED
    with pytest.raises(InputError, match="several"):
        log.call("20260304")
    with pytest.raises(InputError, match="no call"):
        log.call("%")


def test_the_writer_spools_while_the_database_is_away_and_catches_up(log: CallLog, tmp_path: Path) -> None:
    away = _Away(log)
    writer = LogWriter(away, 100, tmp_path / "spool")
    writer.put(FLAGGED)
    writer.close()
    assert log.calls() == []
    assert (tmp_path / "spool" / "calls.jsonl").exists()
    again = LogWriter(log, 100, tmp_path / "spool")
    again.close()
    assert log.call(FLAGGED.id) == FLAGGED
    assert not (tmp_path / "spool" / "calls.jsonl").exists()


def test_two_writers_on_one_sqlite_file_lose_nothing(tmp_path: Path) -> None:
    logs = [open_log("sqlite:///calls.db", tmp_path) for _ in range(2)]
    writers = [LogWriter(log, 1000, tmp_path / f"spool{n}") for n, log in enumerate(logs)]
    for number in range(100):
        writers[number % 2].put(replace(FLAGGED, id=f"c{number}"))
    for writer in writers:
        writer.close()
    assert len(logs[0].calls(limit=1000)) == 100


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        open_log("sqlite:///nowhere/calls.db", tmp_path)


class _Away(CallLog):
    def __init__(self, log: CallLog) -> None:
        super().__init__(log.engine)

    def write(self, records: object) -> None:
        raise StoreError("the server is away")
