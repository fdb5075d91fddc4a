"""The site's calendar; weights by entrance are tried with the thresholds that they move, in `test_policy`."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from screener.core.evidence import Kind
from screener.core.judgement import STRENGTH, Calendar, Weights
from screener.core.scoring import threshold
from tests.core.helpers import lexicon, shipped

NIGHT = Calendar(night=(22, 7), noon=(12, 14), holidays=frozenset({date(2026, 10, 1)}))


def at(hour: int, day: int = 2) -> datetime:
    return datetime(2026, 10, day, hour, 59)


@pytest.mark.parametrize(
    ("hour", "night"), [(21, False), (22, True), (23, True), (0, True), (6, True), (7, False), (12, False)]
)
def test_a_night_passes_midnight_and_its_last_hour_is_day(hour: int, night: bool) -> None:
    assert NIGHT.is_night(at(hour)) is night


@pytest.mark.parametrize(("hour", "noon"), [(11, False), (12, True), (13, True), (14, False)])
def test_a_noon_break_ends_where_its_last_hour_begins(hour: int, noon: bool) -> None:
    assert NIGHT.is_noon(at(hour)) is noon


def test_a_night_within_one_day_is_one_too() -> None:
    early = Calendar(night=(1, 5))
    assert [hour for hour in range(24) if early.is_night(at(hour))] == [1, 2, 3, 4]


def test_a_holiday_is_a_whole_day_at_the_site() -> None:
    assert [NIGHT.is_holiday(at(hour, 1)) for hour in (0, 23)] == [True, True]
    assert not NIGHT.is_holiday(at(0, 2))


def test_no_listed_phrase_flags_alone_and_the_strengths_are_in_order() -> None:
    kinds = {phrase.kind for phrase in lexicon().phrases}
    for weights in (Weights(), shipped().weights):
        decisive, strong, weak = (weights.strength[s] for s in ("decisive", "strong", "weak"))
        assert decisive > strong > weak > 0
        assert weights.prior + decisive < min(threshold(kind, weights) for kind in kinds)
    assert Weights().strength is not STRENGTH, "a site's own strengths change nobody else's"


def test_once_over_less_is_asked_for_but_of_the_kinds_that_say_otherwise() -> None:
    weights = Weights(threshold=2.0, threshold_of={Kind.LEWD: 3.0}, afterwards=-0.8)
    weights = replace(weights, afterwards_of={Kind.PRANK: -0.2, Kind.LEWD: 0.0})
    over = weights.when_over()
    asked = {kind: round(threshold(kind, over), 3) for kind in (Kind.ABUSE, Kind.PRANK, Kind.LEWD)}
    assert asked == {Kind.ABUSE: 1.2, Kind.PRANK: 1.8, Kind.LEWD: 3.0}
    assert over.when_over() == over
