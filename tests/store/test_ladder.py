"""Who stands on the ladder by the log: complaints and the allow list protect, a lift ends it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from screener.core.evidence import Kind, Reason, Treatment, Verdict
from screener.core.ladder import Ladder, LadderStep
from screener.events import ListName, Rung
from screener.store.ladder import lift, past, standings
from screener.store.log import CallLog, open_log
from screener.store.privacy import erase
from screener.store.records import CallRecord, DecisionRow, ListedNumber, Review

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
BAD, OTHER = "+8613800138000", "+8613912345678"
SITE = Ladder((LadderStep(Rung.SUSPENDED, 2, 30, 7), LadderStep(Rung.REPORTED, 4, 30, 7)), complaint_days=90)


def flag(name: str, day: float, number: str = BAD, reason: str = "judged:lewd", **changes) -> CallRecord:
    at = NOON + day * DAY
    decision = DecisionRow(
        1.0, Verdict.HARASSMENT, Kind.LEWD, Treatment.ANALYSIS_QUEUE, 4.0, 2.0,
        dry_run=False, emergency=False, reason=reason,
    )  # fmt: skip
    call = CallRecord(
        id=name, started_at=at, ended_at=at, number=number, verdict=Verdict.HARASSMENT, kind=Kind.LEWD,
        linkedid=f"l{name}", review=Review.CONFIRMED, reviewed_by="王", reviewed_at=at, decisions=(decision,),
    )  # fmt: skip
    return replace(call, **changes)


@pytest.fixture
def log(url: str):
    opened = open_log(url)
    yield opened
    opened.close()


def rungs(log: CallLog, day: float = 1) -> dict[str, Rung]:
    return {number: where.rung for number, where in standings(log, SITE, NOON + day * DAY).items()}


def test_a_confirmed_source_goes_up_once_for_each_call(log: CallLog) -> None:
    second = flag("b2", 0.1, linkedid="lb")
    log.write([flag("a", 0), flag("b", 0.1), second, flag("c", 0, OTHER), flag("d", 0, ""), flag("e", 0, "")])
    assert rungs(log) == {BAD: Rung.SUSPENDED}, "withheld callers are nobody"
    assert past(log, SITE, BAD, NOON + DAY).rung is Rung.SUSPENDED
    assert past(log, Ladder(), BAD, NOON + DAY).rung is None, "off by default"
    assert past(log, SITE, OTHER, NOON + DAY).rung is past(log, SITE, "", NOON + DAY).rung is None
    assert rungs(log, 7.2) == {}, "it ends by itself"


def test_what_was_suspended_was_not_heard_and_takes_nobody_up(log: CallLog) -> None:
    log.write([flag("a", 0), flag("b", 0.1), *(flag(f"s{n}", 1 + n, reason=Reason.SUSPENDED) for n in range(3))])
    assert rungs(log, 5) == {BAD: Rung.SUSPENDED} and rungs(log, 7.2) == {}


@pytest.mark.parametrize("verdict", [Verdict.COMPLAINT, Verdict.ABUSIVE_COMPLAINT])
def test_an_open_complaint_protects(log: CallLog, verdict: Verdict) -> None:
    complaint = flag("c", -80, verdict=verdict, review=Review.NONE, decisions=())
    log.write([flag("a", 0), flag("b", 0.1), complaint])
    assert rungs(log) == {} and past(log, SITE, BAD, NOON + DAY).rung is None
    old = standings(log, replace(SITE, complaint_days=10), NOON + DAY)
    assert set(old) == {BAD}


def test_allowed_overturned_and_lifted(log: CallLog) -> None:
    log.write([flag("a", 0), flag("b", 0.1)])
    log.enlist(ListedNumber(ListName.ALLOW, BAD, "", NOON))
    assert rungs(log) == {}
    log.delist(ListName.ALLOW, BAD)
    log.review("b", Review.OVERTURNED, "王", NOON + DAY)
    assert rungs(log) == {}
    log.review("b", Review.CONFIRMED, "王", NOON + DAY)
    assert rungs(log) == {BAD: Rung.SUSPENDED}
    assert lift(log, SITE, BAD, "李", NOON + 1.5 * DAY)
    assert rungs(log, 2) == {}
    log.write([flag("c", 2), flag("d", 2.1)])
    assert rungs(log, 3) == {BAD: Rung.SUSPENDED}, "what comes after a lift counts anew"
    assert lift(log, SITE, BAD, "李", NOON + 4 * DAY)
    assert rungs(log, 5) == {}


def test_what_does_not_stand_there_is_not_lifted(log: CallLog) -> None:
    log.write([flag("a", 0)])
    assert not lift(log, SITE, BAD, "李", NOON + DAY)
    log.write([flag("b", 0.1)])
    assert rungs(log) == {BAD: Rung.SUSPENDED}


def test_who_is_forgotten_is_forgotten_here_too(log: CallLog) -> None:
    log.write([flag("a", 0), flag("b", 0.1)])
    assert lift(log, SITE, BAD, "李", NOON + DAY)
    erase(log, BAD, "+861********00")
    with log.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM lifts").scalar() == 0
