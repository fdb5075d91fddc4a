"""The log keeps whole calls, knows a number's past, and loses nothing while the database is away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.core.ladder import Ladder
from screener.errors import InputError, StoreError
from screener.events import EndedBy, Entrance, ListName, Speaker
from screener.store.cut_off import cut_off
from screener.store.ladder import past
from screener.store.log import CallLog, open_log
from screener.store.records import (
    CallRecord,
    DecisionRow,
    EvidenceRow,
    ListedNumber,
    Review,
    Segment,
    TransferRow,
    TreatmentRow,
)

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
def log(url: str) -> Iterator[CallLog]:
    opened = open_log(url)
    yield opened
    opened.close()


def test_what_is_known_at_the_flag_is_kept_when_no_end_comes_and_gives_way_to_the_whole_call(log: CallLog) -> None:
    begun = CallRecord(FLAGGED.id, NOON, number=FLAGGED.number)
    at_the_flag = replace(FLAGGED, ended_at=None, ended_by=None, treatments=(), transfers=())
    log.write([begun, at_the_flag, at_the_flag])
    assert log.call(FLAGGED.id) == at_the_flag
    log.review(FLAGGED.id, Review.CONFIRMED, "wang", NOON)
    log.write([FLAGGED, at_the_flag])
    reviewed = replace(FLAGGED, review=Review.CONFIRMED, reviewed_by="wang", reviewed_at=NOON)
    assert log.call(FLAGGED.id) == reviewed, "each part once"


def test_calls_that_an_earlier_run_left_open_were_cut_off_and_may_yet_be_completed(log: CallLog) -> None:
    hour = timedelta(hours=1)
    others = [replace(FLAGGED, id=name, node="a", started_at=NOON, ended_at=None, ended_by=None) for name in "xy"]
    ours, new = others[0], replace(others[1], started_at=NOON + 2 * hour)
    elsewhere = replace(ours, id="z", node="b")
    log.write([replace(FLAGGED, node="a"), ours, new, elsewhere])
    cut_off(log, "a", NOON + hour)
    assert [log.call(name).is_cut_off for name in (FLAGGED.id, "x", "y", "z")] == [False, True, False, False]
    assert log.call("x").is_over and not log.call("y").is_over
    log.write([replace(ours, ended_at=NOON + hour, ended_by=EndedBy.CALLER)])
    assert log.call("x").ended_by is EndedBy.CALLER


def test_a_whole_call_comes_back_as_it_went_in(log: CallLog) -> None:
    log.write([FLAGGED])
    assert log.call(FLAGGED.id) == FLAGGED


def test_writing_twice_changes_nothing_and_a_late_beginning_does_not_undo_the_end(log: CallLog) -> None:
    log.write([FLAGGED, FLAGGED])
    log.write([CallRecord(id=FLAGGED.id, started_at=NOON)])
    assert log.call(FLAGGED.id) == FLAGGED
    assert len(log.calls()) == 1


def test_a_review_outlives_the_record_written_again(log: CallLog) -> None:
    log.write([FLAGGED])
    log.review(FLAGGED.id, Review.OVERTURNED, "主管", NOON)
    log.write([FLAGGED])
    history = past(log, Ladder(), FLAGGED.number, NOON + timedelta(minutes=1))
    assert (history.flagged, history.overturned) == (0, 1)


def test_history_counts_windows_and_excludes_the_call_itself(log: CallLog) -> None:
    ages = (0, 10, 50, 600, 3000)  # minutes
    log.write(
        [replace(FLAGGED, id=f"c{age}", started_at=NOON - timedelta(minutes=age), treatments=()) for age in ages]
    )
    history = past(log, Ladder(), FLAGGED.number, NOON)
    assert (history.calls_15min, history.calls_60min, history.calls_24h) == (1, 2, 3)
    assert history.flagged == 4
    assert past(log, Ladder(), "+8613900000000", NOON).flagged == 0
    assert past(log, Ladder(), "", NOON).flagged == 0


def test_lists_hold_until_they_expire(log: CallLog) -> None:
    block = ListedNumber(ListName.BLOCK, "+861", "旧", NOON, NOON + timedelta(days=1))
    log.enlist(block)
    log.enlist(replace(block, reason="新"))
    log.enlist(ListedNumber(ListName.WATCH, "+861", "", NOON - timedelta(days=1), NOON))
    log.enlist(ListedNumber(ListName.ALLOW, "+862", "", NOON))
    assert past(log, Ladder(), "+861", NOON).lists == {ListName.BLOCK}
    assert [(entry.number, entry.reason) for entry in log.listed(NOON)] == [("+862", ""), ("+861", "新")]
    assert log.delist(ListName.BLOCK, "+861")
    assert not log.delist(ListName.BLOCK, "+861")
    assert past(log, Ladder(), "+861", NOON).lists == frozenset()


def test_a_dry_run_is_a_flag_too_and_a_hand_over_of_an_unknown_call_is_a_confirmed_one(log: CallLog) -> None:
    dry = replace(FLAGGED, id="dry", dry_run=True)
    handed = replace(FLAGGED, id="hand", entrance=Entrance.BY_HAND, referred_by="8001")
    log.write([dry, handed])
    history = past(log, Ladder(), FLAGGED.number, NOON + timedelta(minutes=1))
    assert (history.calls_15min, history.flagged, history.confirmed) == (2, 2, 1)
    stored = log.call("hand")
    assert (stored.review, stored.reviewed_by, stored.reviewed_at) == (Review.CONFIRMED, "8001", NOON)


def test_a_genuine_past_is_known_too(log: CallLog) -> None:
    for number, verdict in enumerate((Verdict.GENUINE, Verdict.COMPLAINT, Verdict.UNDECIDED, None)):
        log.write([replace(FLAGGED, id=f"g{number}", verdict=verdict, kind=None)])
    history = past(log, Ladder(), FLAGGED.number, NOON + timedelta(days=2))
    assert (history.genuine, history.flagged, history.calls_24h) == (2, 0, 0)


def test_calls_are_chosen_by_time_verdict_kind_and_number(log: CallLog) -> None:
    later = replace(FLAGGED, id="later", started_at=NOON + timedelta(hours=1), kind=Kind.PRANK, number="+8610")
    plain = replace(FLAGGED, id="plain", verdict=Verdict.GENUINE, kind=None)
    log.write([FLAGGED, later, plain])
    hour = NOON + timedelta(hours=1)

    def ids(**chosen: Any) -> list[str]:
        return [call.id for call in log.calls(**chosen)]

    assert ids() == ["later", "plain", FLAGGED.id]
    assert ids(since=hour) == ["later"]
    assert ids(until=hour) == ["plain", FLAGGED.id]
    assert ids(verdict=Verdict.GENUINE) == ["plain"]
    assert ids(kind=Kind.PRANK) == ["later"]
    assert ids(number="+8610") == ["later"]
    assert ids(number="%") == []
    assert ids(limit=1) == ["later"]


def test_a_call_is_found_by_the_beginning_of_its_id_only_when_it_is_one(log: CallLog) -> None:
    log.write([FLAGGED, replace(FLAGGED, id="20260304T040000-2")])
    assert log.call("20260304T040000-1") == FLAGGED
    with pytest.raises(InputError, match="several"):
        log.call("20260304")
    with pytest.raises(InputError, match="no call"):
        log.call("%")
    with pytest.raises(InputError, match="no call"):
        log.review("20260304", Review.CONFIRMED, "", NOON)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        open_log("sqlite:///nowhere/calls.db", tmp_path)


def test_a_full_disk_says_to_make_room(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    with pytest.raises(StoreError) as told, log.faults("written"), log.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # no more than it has
        connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(1000000)")
    log.close()
    assert "disk is full" in told.value.message
    assert told.value.remedy == "make room on that disk; the log is whole, nothing of it is to be restored"
