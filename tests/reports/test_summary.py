"""The manager's page: each figure in its own unit, and a period that goes on is marked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from screener.reports.reader import Reader
from screener.reports.span import Span
from screener.reports.summary import Measures, measures_sheet
from screener.words.judgement import Teller

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
READER = Reader("某中心", Teller("en"), UTC, None, NOW)
BEFORE = Span(NOW - timedelta(days=60), NOW - timedelta(days=30))
THEN = Measures(1644, 45, 45, 3, 42, 2, 17, 0, 43, 6, 11.72)


def test_each_measure_in_its_own_unit() -> None:
    sheet = measures_sheet(replace(THEN, offered=1590, flagged=44), THEN, BEFORE, READER)
    column = list(sheet.keys).index("now")
    told = {row[0].code: text for row, text in zip(sheet.rows, sheet.texts(column), strict=True)}  # type: ignore[union-attr]
    assert (told["offered"], told["share"], told["stay_median"]) == ("1590", "2.8%", "11.7")


def test_a_period_up_to_now_goes_on() -> None:
    day = timedelta(days=1)
    assert READER.is_partial(Span(NOW - day, NOW)) and READER.is_partial(Span(NOW - day))
    assert not READER.is_partial(Span(NOW - 2 * day, NOW - day))
