"""The rules of review: what a word does to the flag, the lists and the access record, whoever says it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Verdict
from screener.errors import InputError, StoreError
from screener.events import Entrance, ListName
from screener.review.verdict import Word, rule
from screener.store.log import CallLog, open_log
from screener.store.records import Access, CallRecord, ListedNumber, Review

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NUMBER = "+8613800138084"
WATCHED = (ListName.WATCH, NUMBER)


def call(name: str, **changes) -> CallRecord:
    at = NOW - timedelta(minutes=int(name))
    flagged = CallRecord(
        id=name, number=NUMBER, started_at=at, ended_at=at + timedelta(seconds=30), entrance=Entrance.IN_PATH,
        verdict=Verdict.HARASSMENT, kind=Kind.LEWD,
    )  # fmt: skip
    return replace(flagged, **changes)


def word(review: Review, **changes) -> Word:
    return replace(Word(review, "supervisor", NOW, "screener review"), **changes)


def entries(log: CallLog) -> list[tuple[ListName, str]]:
    return [(entry.name, entry.number) for entry in log.listed(NOW)]


def reviews(log: CallLog) -> dict[str, Review]:
    return {row.id: row.review for row in log.calls()}


@pytest.fixture
def log(tmp_path: Path, log_file: Path) -> Iterator[CallLog]:
    log = open_log(f"sqlite:///{shutil.copy(log_file, tmp_path / 'log.db')}")
    yield log
    log.close()


@pytest.mark.parametrize("review", [Review.CONFIRMED, Review.OVERTURNED, Review.NONE])
def test_every_word_is_on_record_with_who_when_and_by_what_way(log: CallLog, review: Review) -> None:
    log.write([call("1")])
    rule(log, "1", word(review, reason="heard it"))
    said = {Review.CONFIRMED: "confirm", Review.OVERTURNED: "overturn", Review.NONE: "undo"}[review]
    assert log.accesses() == [Access(NOW, "supervisor", f"review {said}", "1 (heard it)", "screener review")]
    row = log.call("1")
    assert (row.review, row.reviewed_by, row.reviewed_at) == (review, "supervisor", NOW)


def test_what_cannot_be_put_on_record_is_not_done(log: CallLog) -> None:
    class NoRecord(CallLog):
        def note_access(self, access: Access) -> None:
            raise StoreError("the database is away")

    log = NoRecord(log.engine)
    log.write([call("1")])
    with pytest.raises(StoreError):
        rule(log, "1", word(Review.CONFIRMED))
    assert (reviews(log), entries(log)) == ({"1": Review.NONE}, [])
    log.close()


def test_a_word_is_about_every_flagged_row_of_the_call(log: CallLog) -> None:
    beside = call("2", entrance=Entrance.BESIDE, linkedid="l")
    other = call("1", verdict=Verdict.GENUINE, kind=None, linkedid="l")
    log.write([call("3", linkedid="l"), beside, other])
    assert {row.id for row in rule(log, "2", word(Review.OVERTURNED)).rows} == {"2", "3"}
    assert reviews(log) == {"1": Review.NONE, "2": Review.OVERTURNED, "3": Review.OVERTURNED}


def test_a_call_without_a_flag_is_for_the_sample_only(log: CallLog) -> None:
    log.write([call("1", verdict=Verdict.GENUINE, kind=None), call("2", verdict=None, kind=None)])
    with pytest.raises(InputError, match="not flagged"):
        rule(log, "1", word(Review.CONFIRMED))
    with pytest.raises(InputError, match="never judged"):
        rule(log, "2", word(Review.CONFIRMED), unflagged=True)
    assert log.accesses() == []
    assert rule(log, "1", word(Review.CONFIRMED), unflagged=True).rows[0].id == "1"


def test_a_confirmed_number_is_watched(log: CallLog) -> None:
    log.write([call("1")])
    assert rule(log, "1", word(Review.CONFIRMED)).listed == NUMBER
    assert (entries(log), log.listed(NOW)[0].reason) == ([WATCHED], "confirmed:1")


@pytest.mark.parametrize(
    ("row", "said", "listed"),
    [
        (call("1"), word(Review.CONFIRMED, watch=False), None),
        (call("1", number=""), word(Review.CONFIRMED), None),
        (call("1"), word(Review.CONFIRMED), ListName.ALLOW),
    ],
    ids=["not wanted", "withheld", "listed already"],
)
def test_a_confirmed_number_is_not_always_watched(
    log: CallLog, row: CallRecord, said: Word, listed: ListName | None
) -> None:
    log.write([row])
    if listed:
        log.enlist(ListedNumber(listed, NUMBER, "by hand", NOW))
    assert rule(log, "1", said).listed == ""
    assert entries(log) == ([(listed, NUMBER)] if listed else [])


@pytest.mark.parametrize("review", [Review.OVERTURNED, Review.NONE])
def test_the_entry_goes_with_the_last_confirmation(log: CallLog, review: Review) -> None:
    log.write([call("1"), call("2")])
    for name in ("1", "2"):
        rule(log, name, word(Review.CONFIRMED))
    assert (rule(log, "1", word(review)).delisted, entries(log)) == ("", [WATCHED]), "the other is still confirmed"
    assert (rule(log, "2", word(review)).delisted, entries(log)) == (NUMBER, [])


def test_what_a_person_listed_stays(log: CallLog) -> None:
    log.write([call("1")])
    log.enlist(ListedNumber(ListName.WATCH, NUMBER, "known at the front desk", NOW))
    rule(log, "1", word(Review.CONFIRMED))
    assert (rule(log, "1", word(Review.OVERTURNED)).delisted, entries(log)) == ("", [WATCHED])


def test_a_hand_over_confirms_itself_and_lists_nothing(log: CallLog) -> None:
    log.write([call("1", entrance=Entrance.BY_HAND, referred_by="8001")])
    row = log.call("1")
    assert (row.review, row.reviewed_by, row.reviewed_at) == (Review.CONFIRMED, "8001", row.started_at)
    assert (log.accesses(), entries(log)) == ([], [])
    assert rule(log, "1", word(Review.CONFIRMED)).listed == NUMBER, "a person who looks afterwards does"
    assert (len(log.accesses()), entries(log)) == (1, [WATCHED])


def test_a_hand_over_keeps_the_number_that_another_call_listed(log: CallLog) -> None:
    log.write([call("1", entrance=Entrance.BY_HAND, referred_by="8001"), call("2")])
    rule(log, "2", word(Review.CONFIRMED))
    rule(log, "2", word(Review.OVERTURNED))
    assert entries(log) == [WATCHED]
