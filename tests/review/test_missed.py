"""The share that is missed: which calls are drawn, and which words count."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.review.missed import PERIOD, missed, turn
from screener.store.find import Unflagged
from screener.store.records import Review

NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
ORDER = sorted((f"call{n}" for n in range(6)), key=turn)
DAY = timedelta(days=1)


def call(place: int, days: float, review: Review = Review.NONE, looked: float | None = None) -> Unflagged:
    """The call at a place of the draw, so many days old, and how many days ago it was looked at."""
    at = NOW - days * DAY
    seen = None if looked is None else NOW - looked * DAY
    return Unflagged(ORDER[place], at, at, review, seen)


CONFIRMED, OVERTURNED = Review.CONFIRMED, Review.OVERTURNED


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
