"""No time that comes from outside stops the reckoning with it."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.outside.times import end, in_zone

ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), UTC, timezone(timedelta(hours=23, minutes=59))]


@given(st.datetimes(timezones=st.none() | st.sampled_from(ZONES)), st.sampled_from(ZONES))
def test_a_time_is_refused_or_can_be_brought_to_any_zone(found: datetime, zone: ZoneInfo) -> None:
    try:
        aware = in_zone(found, zone)
    except ValueError as problem:
        assert not 1970 <= found.year <= 8999
        assert str(problem).startswith(f"found {found.isoformat()}, allowed")
    else:
        assert aware.replace(tzinfo=None) == found.replace(tzinfo=None)
        moment = aware.astimezone(UTC)  # an hour that summer time skips equals nothing, not even itself elsewhere
        assert {aware.astimezone(other).astimezone(UTC) for other in ZONES} == {moment}


@pytest.mark.parametrize(("year", "taken"), [(1, False), (1969, False), (1970, True), (8999, True), (9999, False)])
def test_the_years_that_are_taken(year: int, taken: bool) -> None:
    try:
        assert in_zone(datetime(year, 12, 31, 23, 59), ZONES[0]).tzinfo is ZONES[0]
    except ValueError:
        assert not taken
    else:
        assert taken


NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "days"), [("90d", 90), (" 90 d ", 90), ("1天", 1), ("99999d", 99999), ("2026-03-05T20:00", 1)]
)
def test_an_end_is_a_day_a_time_or_so_many_days(said: str, days: int) -> None:
    assert end(said, ZONES[0], NOW) == NOW + timedelta(days=days)


@pytest.mark.parametrize("said", ["", " ", "0d"])
def test_no_end_is_never(said: str) -> None:
    assert end(said, ZONES[0], NOW) is None


@pytest.mark.parametrize("said", ["abc", "-3d", "999999d", "90", "30d ago", "today", "0001-01-01", "２d"])
def test_what_is_no_end_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="allowed a day or time such as 2026-12-31"):
        end(said, ZONES[0], NOW)
