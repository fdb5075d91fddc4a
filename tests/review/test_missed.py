"""The share that is missed: which calls are drawn, and which words count."""

import random
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Source, Verdict
from screener.review.missed import PERIOD, MissedShare, drawn, missed_in, turn
from screener.store.log import open_log
from screener.store.records import CallRecord, EvidenceRow, Review
from screener.store.unflagged import Unflagged, judged_ids, unflagged

NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
ORDER = sorted((f"call{n}" for n in range(6)), key=turn)
DAY = timedelta(days=1)


def call(place: int, days: float, review: Review = Review.NONE, looked: float | None = None) -> Unflagged:
    """The call at a place of the draw, so many days old, and how many days ago it was looked at."""
    at = NOW - days * DAY
    seen = None if looked is None else NOW - looked * DAY
    return Unflagged(ORDER[place], at, at, review, seen)


CONFIRMED, OVERTURNED = Review.CONFIRMED, Review.OVERTURNED


def missed(calls: Iterable[Unflagged], now: datetime) -> MissedShare:
    """Counts a sample of calls, in any order, of twice the period."""
    known = sorted(calls, key=lambda one: turn(one.id))
    looked = [one for one in known if one.review is not Review.NONE and one.started_at >= now - PERIOD]
    return drawn(known, looked, now, len(known))


def test_words_count_in_the_order_of_the_draw() -> None:
    known = missed([call(2, 5), call(1, 9, OVERTURNED, 1), call(0, 9, CONFIRMED, 2)], NOW)
    assert (known.looked_at, known.missed, known.waiting) == (2, 1, (ORDER[2],))
    low, high = known.interval
    assert 0 < low < 0.5 < high < 1


def test_a_call_looked_at_for_another_reason_is_not_of_the_sample() -> None:
    known = missed([call(0, 9), call(1, 9, CONFIRMED, 2)], NOW)
    assert (known.looked_at, known.missed) == (0, 0)


@pytest.mark.parametrize("age", [40.0, 31.5, 0.5])
def test_neither_an_old_call_that_was_never_drawn_nor_a_new_one_stops_the_count(age: float) -> None:
    known = missed([call(0, age), call(1, 9, CONFIRMED, 1), call(2, 9, OVERTURNED, 1)], NOW)
    assert (known.looked_at, known.missed) == (2, 1)
    assert known.waiting == ((ORDER[0],) if age < PERIOD.days else ())


def test_a_call_that_was_passed_over_while_it_could_be_drawn_stays_so() -> None:
    known = missed([call(0, 40), call(1, 25, CONFIRMED, 20)], NOW)
    assert known.looked_at == 0


def test_what_is_older_than_the_period_counts_no_more() -> None:
    assert missed([call(0, 31, CONFIRMED, 1), call(1, 3, OVERTURNED, 1)], NOW).looked_at == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_log_is_counted_as_if_every_call_were_read(
    seed: int, tmp_path: Path, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls of 80 days; some were looked at in their turn, some for another reason, some long ago."""
    monkeypatch.setattr("screener.review.missed.AT_ONCE", 5)
    dice = random.Random(seed)
    log = open_log(f"sqlite:///{shutil.copy(log_file, tmp_path / 'log.db')}")
    heard = (EvidenceRow(1.0, "act.a", Source.ACTS, None, 1.0, "", ""),)
    begun = [NOW - dice.random() * 80 * DAY for _ in range(120)]
    log.write(
        [
            CallRecord(f"c{n}", at, ended_at=at + DAY / 100, verdict=Verdict.GENUINE, evidence=heard)
            for n, at in enumerate(begun)
        ]
    )
    for days in sorted((dice.random() * 60 for _ in range(dice.choice((0, 25)))), reverse=True):
        at = NOW - days * DAY
        names = [n for n, start in enumerate(begun) if start < at - DAY / 50]
        turn_of = missed_in(log, at).waiting
        name = dice.choice([turn_of[0], turn_of[0], f"c{dice.choice(names)}"]) if turn_of else f"c{names[0]}"
        log.review(name, dice.choice((CONFIRMED, OVERTURNED)), "王", at)
    every = unflagged(log, judged_ids(log, NOW - 2 * PERIOD), NOW - 2 * PERIOD)
    known = missed(every, NOW)
    assert missed_in(log, NOW) == known
    assert missed_in(log, NOW, 3) == replace(known, waiting=known.waiting[:3])
    assert not known.looked_at or 0 < known.looked_at <= 25
    log.close()


@given(st.dictionaries(st.integers(0, 700), st.booleans(), max_size=40), st.integers(0, 10))
def test_everything_that_is_drawn_in_turn_counts(steps: dict[int, bool], seed: int) -> None:
    """Calls come over 70 days; after each one somebody may take the call whose turn it is."""
    names = count()
    held: dict[str, Unflagged] = {}
    drawn: list[str] = []
    for tenths, looks in sorted(steps.items(), reverse=True):
        at = NOW - tenths / 10 * DAY
        fresh = Unflagged(f"{seed}-{next(names)}", at, at, Review.NONE, None)
        held[fresh.id] = fresh
        if looks and (waiting := missed(held.values(), at).waiting):
            one = held[waiting[0]]
            held[one.id] = Unflagged(one.id, one.started_at, one.ended_at, Review.OVERTURNED, at)
            drawn.append(one.id)
    known = missed((one for one in held.values() if one.started_at >= NOW - 2 * PERIOD), NOW)
    assert known.looked_at == sum(held[name].started_at >= NOW - PERIOD for name in drawn)
