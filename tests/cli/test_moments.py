"""Every word of `--since` and `--until`, at a moment that is told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

from screener.cli.moments import moment, span_of
from screener.errors import InputError
from screener.reports.span import Span
from screener.reports.summary import usual_span

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 17, 30, 15, tzinfo=UTC)  # Thursday, 5 March, 01:30:15 in Shanghai


@pytest.mark.parametrize(
    ("said", "local"),
    [
        ("今天", "2026-03-05"), ("today", "2026-03-05"), ("Today ", "2026-03-05"), ("昨天", "2026-03-04"),
        ("yesterday", "2026-03-04"), ("前天", "2026-03-03"), ("本周", "2026-03-02"), ("week", "2026-03-02"),
        ("this week", "2026-03-02"), ("上周", "2026-02-23"), ("last week", "2026-02-23"), ("本月", "2026-03-01"),
        ("month", "2026-03-01"), ("this month", "2026-03-01"), ("上月", "2026-02-01"),
        ("last month", "2026-02-01"),
        ("今年", "2026-01-01"), ("year", "2026-01-01"), ("this year", "2026-01-01"), ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:00", "2026-03-01T09:00"), ("2026-03-01 09:00", "2026-03-01T09:00"),
        ("2026-03-01T01:00Z", "2026-03-01T09:00"), ("30d", "2026-02-03T01:30:15"), ("7 d", "2026-02-26T01:30:15"),
        ("3天", "2026-03-02T01:30:15"), ("12h", "2026-03-04T13:30:15"), ("2小时", "2026-03-04T23:30:15"),
        ("2w", "2026-02-19T01:30:15"), ("1周", "2026-02-26T01:30:15"), ("0d", "2026-03-05T01:30:15"),
    ],
)  # fmt: skip
def test_each_word_names_its_moment(said: str, local: str) -> None:
    found = moment(said, SHANGHAI, NOW)
    assert found is not None and found == datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


def test_the_last_month_of_january_is_december() -> None:
    assert moment("上月", UTC, datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2025, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "said", ["", "abc", "明天", "30", "d", "-3d", "99999d", "2026-13-01", "0001-01-01", "30x"]
)
def test_what_is_no_moment_is_refused_and_says_what_is(said: str) -> None:
    with pytest.raises(click.BadParameter, match="allowed: a day or time such as 2026-03-04"):
        moment(said, SHANGHAI, NOW)


def test_nothing_said_is_no_bound_and_an_end_before_the_beginning_is_refused() -> None:
    assert moment(None, SHANGHAI, NOW) is None
    span_of(NOW, None, NOW)
    with pytest.raises(click.BadParameter, match="is not before"):
        span_of(NOW, NOW, NOW)


def test_a_time_that_is_still_to_come_is_a_mistake_and_no_page_of_nothing() -> None:
    for until in (None, NOW + timedelta(days=9)):
        with pytest.raises(click.BadParameter, match="still to come"):
            span_of(NOW + timedelta(minutes=1), until, NOW)
    with pytest.raises(InputError, match="a period from"):
        usual_span(Span(since=NOW + timedelta(days=1)), NOW)
