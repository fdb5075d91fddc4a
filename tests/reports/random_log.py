"""Random calls in which everything that a report counts occurs, crowded so that ties and edges occur too."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import EndedBy, Entrance, LineClass
from screener.store.records import CallRecord, EvidenceRow, Review, TreatmentRow

BEGIN = datetime(2026, 2, 24, 13, 50, tzinfo=UTC)
DAYS = 45
NUMBERS = (
    "", "+8613800138000", "+8613800138001", "+8613800139999", "+8613912345678", "+862012345678", "10086", "8001",
    "+861380013", "+8618600000000",
)  # fmt: skip
REGIONS = ("", "北京市", "广东省广州市")
CARRIERS = ("", "中国移动", "中国电信")
QUEUES = ("100", "101", "900")
ON = "on"


def random_calls(seed: int, count: int = 240) -> list[CallRecord]:
    """Some calls go on beside an agent: `ON` begins the ids of what they leave there."""
    dice = random.Random(seed)
    calls: list[CallRecord] = []
    for number in range(count):
        call = _call(dice, number)
        calls.append(call)
        if call.linkedid and call.entrance is not Entrance.BY_HAND and dice.random() < 0.3:
            calls += [_going_on(dice, call, f"{ON}{number:05}{leg}") for leg in range(dice.choice((1, 1, 2)))]
    return calls


def _going_on(dice: random.Random, call: CallRecord, call_id: str) -> CallRecord:
    at = call.started_at + timedelta(seconds=dice.choice((0, 7, 900)))
    beside = replace(
        _call(dice, 0), id=call_id, started_at=at, ended_at=at, number=call.number, region=call.region
    )
    beside = replace(beside, line=call.line, carrier=call.carrier, dialled=call.dialled, linkedid=call.linkedid)
    return beside if beside.entrance is Entrance.BY_HAND else replace(beside, entrance=Entrance.BESIDE)


def edge(dice: random.Random) -> datetime | None:
    """An end of a span: often on a full quarter, hour or day, sometimes anywhere, sometimes none."""
    at = BEGIN + timedelta(seconds=dice.randrange(DAYS * 86400))
    match dice.randrange(5):
        case 0:
            return None
        case 1:
            return at
        case 2:
            return at.replace(minute=dice.choice((0, 15, 30, 45)), second=0)
        case 3:
            return at.replace(hour=16, minute=0, second=0)
        case _:
            return at.replace(hour=0, minute=0, second=0)


def _call(dice: random.Random, number: int) -> CallRecord:
    at = BEGIN + timedelta(seconds=dice.randrange(DAYS * 86400), microseconds=dice.choice((0, 0, 500000)))
    if dice.random() < 0.3:
        at = at.replace(minute=dice.choice((0, 15, 45)), second=0, microsecond=0)
    call = CallRecord(
        id=f"c{number:05}",
        started_at=at,
        ended_at=at + timedelta(seconds=30),
        ended_by=EndedBy.CALLER,
        number=dice.choice(NUMBERS),
        line=dice.choice((LineClass.MOBILE, LineClass.FIXED, LineClass.UNKNOWN)),
        region=dice.choice(REGIONS),
        carrier=dice.choice(CARRIERS),
        dialled=dice.choice(QUEUES),
        verdict=dice.choice((*Verdict, None)),
        entrance=dice.choice((Entrance.IN_PATH, Entrance.REPLAY, Entrance.BESIDE)),
        linkedid=dice.choice(("", f"17.{number}")),
    )
    if dice.random() < 0.1:
        return replace(call, ended_at=None, verdict=None)
    if call.verdict is not Verdict.HARASSMENT and dice.random() < 0.9:
        return call
    treatment = dice.choice(tuple(Treatment))
    by_hand = dice.random() < 0.2
    agent = dice.choice(("8001", "8002")) if by_hand else ""
    review = dice.choice(tuple(Review))
    call = replace(
        call,
        kind=dice.choice((*Kind, None)),
        treatment=treatment,
        dry_run=dice.random() < 0.2,
        evidence=tuple(
            EvidenceRow(1.0, f"rule.{dice.randrange(4)}", Source.WORDS, None, dice.choice((1.0, -1.0)), "", "")
            for _ in range(dice.randrange(4))
        ),
        treatments=()
        if treatment is Treatment.NONE
        else (
            TreatmentRow(treatment, 2.0, dice.choice((None, 3.5, 9.0, 20.0)), dice.random() < 0.4, by_hand, agent),
        ),
    )
    if by_hand:
        return replace(call, entrance=Entrance.BY_HAND, referred_by=agent)
    reviewer = "" if review is Review.NONE else dice.choice(("王", "8001"))
    return replace(call, review=review, reviewed_by=reviewer, agent=dice.choice(("", "8003")))
