"""Pauses double, and end somewhere."""

from hypothesis import given
from hypothesis import strategies as st

from screener.backoff import Backoff


def test_each_is_twice_the_one_before_up_to_the_longest() -> None:
    assert [Backoff(2.0, 30.0).after(failures) for failures in range(1, 7)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@given(st.floats(0.01, 100), st.floats(100, 10_000), st.integers(1, 10**9))
def test_however_often_it_fails_the_pause_is_one(first: float, longest: float, failures: int) -> None:
    assert first <= Backoff(first, longest).after(failures) <= longest
