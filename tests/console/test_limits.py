"""Requests are counted, come back with time, and are each one's own."""

from hypothesis import given
from hypothesis import strategies as st

from screener.console.limits import KEYS, RateLimit


def test_turns_are_taken_and_come_back() -> None:
    limit = RateLimit(2.0, 3.0)
    assert [limit.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.take("b", 0.0) == 0
    assert limit.take("a", 0.25) == 0.25
    assert limit.take("a", 0.5) == 0
    assert limit.wait("a", 100.0) == 0 and [bool(limit.take("a", 100.0)) for _ in range(4)] == [False] * 3 + [True]


def test_no_rate_is_no_limit() -> None:
    limit = RateLimit(0.0, 0.0)
    assert not any(limit.take("a", 0.0) for _ in range(1000))


def test_many_names_do_not_fill_the_memory() -> None:
    limit = RateLimit(1.0, 1.0)
    for n in range(KEYS + 50):
        limit.take(str(n), 0.0)
    assert len(limit._left) == KEYS


@given(st.lists(st.floats(0, 10), max_size=200), st.floats(0.1, 20), st.floats(1, 20))
def test_nobody_gets_more_than_the_rate(times: list[float], rate: float, most: float) -> None:
    limit = RateLimit(rate, most)
    got = sum(not limit.take("a", at) for at in sorted(times))
    assert got <= most + rate * 10 + 1e-6
