"""Random calls in which everything that a report counts occurs, crowded so that ties and edges occur too.

Calls leave several rows: screened in path, heard beside an agent, handed over; some are imported from the PBX's
own log. Callers' numbers come in every usual writing: `SPELLINGS` says which are one.
"""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from screener.core.actions import Misconduct, WarningStep
from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import EndedBy, Entrance
from screener.numbers.identify import Lines
from screener.store.records import CallRecord, EvidenceRow, Review, TreatmentRow, WarningRow

BEGIN = datetime(2026, 2, 24, 13, 50, tzinfo=UTC)
DAYS = 45
SPELLINGS = {
    "": ("", "anonymous", "0000000000", "-", "138****8000", "Restricted"),
    "+8613800138000": ("13800138000", "+86 138-0013-8000", "008613800138000", "1795113800138000", "013800138000"),
    "+8613800138001": ("13800138001", "12593013800138001", "tel:+8613800138001"),
    "+8613912345678": ("13912345678", "１３９１２３４５６７８"),
    "+862012345678": ("020-12345678", "+86(20)12345678", "02012345678"),
    "95588": ("95588", "+8695588", "01095588", "９５５８８"),
    "+861088886666": ("88886666;phone-context=+8610", "01088886666"),
    "+862188886666": ("tel:88886666;phone-context=+8621", "02188886666"),
    "8001": ("8001",),
}
QUEUES = ("", "sales", "service")
DIALLED = ("", "+864008001234", "+861062345678")
AGENTS = ("8001", "8002", "sales-01")
_LINES = Lines()


def random_calls(seed: int, count: int = 200) -> list[CallRecord]:
    """Rows of calls in the order in which they reach the log."""
    return list(_random_calls(seed, count))


@cache
def _random_calls(seed: int, count: int) -> tuple[CallRecord, ...]:
    dice = random.Random(seed)
    rows: list[CallRecord] = []
    for number in range(count):
        call = _call(dice, f"c{number:05}")
        rows.append(call)
        if call.linkedid and dice.random() < 0.5:
            rows += [_going_on(dice, call, f"{call.id}-{leg}") for leg in range(dice.choice((1, 1, 2)))]
    return tuple(_warned(random.Random(f"warned {seed} {row.id}"), row) for row in rows)


def _warned(dice: random.Random, row: CallRecord) -> CallRecord:
    """The row, perhaps with warnings and the end after them, perhaps with a pause for its agent."""
    if row.entrance is Entrance.REPLAY or row.ended_at is None or dice.random() < 0.6:
        return row
    steps = tuple(
        WarningRow(float(n), about.value, level, step.value, "王", "请注意言辞")
        for n, (about, level) in enumerate((dice.choice(tuple(Misconduct)), level) for level in (1, 1, 2, 0))
        for step in dice.sample(tuple(WarningStep), dice.randrange(4))
    )
    return replace(row, warnings=steps, pause_offered=dice.random() < 0.5)


def spelt(dice: random.Random) -> str:
    """A number as some network or person writes it."""
    return dice.choice(dice.choice(list(SPELLINGS.values())))


def _going_on(dice: random.Random, call: CallRecord, call_id: str) -> CallRecord:
    """The same call beside an agent or handed over; what it knows of caller and queue is its own."""
    at = call.started_at + timedelta(seconds=dice.choice((0, 7, 900)))
    row = replace(_call(dice, call_id), started_at=at, ended_at=at, linkedid=call.linkedid)
    return row if row.entrance is Entrance.BY_HAND else replace(row, entrance=Entrance.BESIDE, node="")


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


def _call(dice: random.Random, call_id: str) -> CallRecord:
    at = BEGIN + timedelta(seconds=dice.randrange(DAYS * 86400), microseconds=dice.choice((0, 0, 500000)))
    if dice.random() < 0.3:
        at = at.replace(minute=dice.choice((0, 15, 45)), second=0, microsecond=0)
    caller = _LINES.identify(spelt(dice))
    entrance = dice.choice((Entrance.IN_PATH, Entrance.IN_PATH, Entrance.BESIDE, Entrance.REPLAY))
    call = CallRecord(
        id=call_id,
        started_at=at,
        ended_at=at + timedelta(seconds=30),
        ended_by=EndedBy.CALLER,
        number=caller.number,
        line=caller.line,
        region=caller.region,
        carrier=caller.carrier,
        dialled=dice.choice(DIALLED),
        queue=dice.choice(QUEUES),
        verdict=dice.choice((*Verdict, None)),
        entrance=entrance,
        node="queue_log" if entrance is Entrance.REPLAY else "",
        linkedid=dice.choice(("", f"17.{call_id[1:6]}", f"17.{call_id[1:6]}")),
    )
    if dice.random() < 0.1:
        return replace(call, ended_at=None, verdict=None)
    if call.verdict is not Verdict.HARASSMENT and dice.random() < 0.8:
        return call
    treatment = dice.choice(tuple(Treatment))
    handed = dice.random() < 0.25
    agent = dice.choice(AGENTS)
    review = dice.choice(tuple(Review))
    imported = entrance is Entrance.REPLAY
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
            TreatmentRow(
                treatment, 2.0, dice.choice((None, 3.5, 9.0, 20.0)), dice.random() < 0.4, handed or imported, agent
            ),
        ),
    )
    if handed and not imported:
        return replace(call, entrance=Entrance.BY_HAND, referred_by=agent)
    reviewer = "" if review is Review.NONE else dice.choice(("王", *AGENTS))
    return replace(call, review=review, reviewed_by=reviewer, agent=dice.choice(("", *AGENTS)))
