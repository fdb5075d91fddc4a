"""95 % intervals against figures from elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.intervals import poisson, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(0, 2056, 0.0, 0.00187), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)]
)
def test_wilson_interval(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 5000), st.data())
def test_an_interval_holds_its_share(total: int, data) -> None:
    hits = data.draw(st.integers(0, total))
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total + 1e-12
    assert hits / total - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.69), (1, 0.025, 5.57), (4, 1.09, 10.24), (30, 20.24, 42.83)]
)
def test_the_interval_is_that_of_a_poisson_count(count: int, low: float, high: float) -> None:
    """The exact limits (Garwood, 1936)."""
    assert poisson(count) == pytest.approx((low, high), rel=0.02, abs=0.03)
