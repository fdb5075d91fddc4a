"""One table of reports: the command line and the console offer what stands in it, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

from screener.cli.report import report
from screener.core.evidence import Kind, Verdict
from screener.errors import InputError, MissingError
from screener.reports.accuracy import Accuracy, AccuracyRow, accuracy_page
from screener.reports.every import REPORTS, TOP, ReportQuery, counted_by, span_of
from screener.reports.layout import Bars
from screener.reports.reader import Reader
from screener.reports.span import Span
from screener.reports.treatment import ArmRow, Window, treatment_page
from screener.settings.load import load
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord
from screener.words.judgement import Teller

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def reader(lang: str = "zh", tz: str = "") -> Reader:
    return Reader.of(load(None), Teller(lang), None, NOW, tz)  # type: ignore[arg-type]


def test_a_share_of_nobody_is_no_bar() -> None:
    """Nought per cent of what nobody has looked at, or watched for long enough, would be a false word."""
    rows = (AccuracyRow("all", 5, 2, 1), AccuracyRow("lewd", 3, 2, 1), AccuracyRow("prank", 2, 0, 0))
    (chart,) = accuracy_page(Accuracy(rows, ()), Span(), reader()).charts
    assert isinstance(chart, Bars) and list(chart.labels) == ["全部", "猥亵"] and len(chart.asks) == 2
    assert accuracy_page(Accuracy(rows[2:], ()), Span(), reader()).charts == ()
    watched = (Window(1, 4, 1), Window(7, 0, 0), Window(30, 0, 0))
    (chart,) = treatment_page([ArmRow("none", 4, watched)], Span(), reader()).charts
    assert isinstance(chart, Bars) and list(chart.values) == [0.25]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallLog]:
    """Written once: who asks changes nothing."""
    log = open_log("sqlite:///log.db", tmp_path_factory.mktemp("log"))
    calls = [
        CallRecord(
            f"c{n}", at, ended_at=at, number=f"+861380013{n:04}", verdict=Verdict.HARASSMENT, kind=Kind.LEWD
        )
        for n in range(TOP + 5)
        for at in [NOW - timedelta(days=1, minutes=n)]
    ]
    log.write(calls)
    yield log
    log.close()


@pytest.mark.parametrize(("name", "by"), [(name, by) for name, one in REPORTS.items() for by in one.ways or ("",)])
def test_every_report_is_made_by_whatever_it_can_count(log: CallLog, name: str, by: str) -> None:
    page = REPORTS[name].page(ReportQuery(log, Span(), reader("en"), by))
    assert page.title and page.sheets
    heat = name == "frequency" and by == "heat"
    assert page.title == ("Weekday and hour" if heat else reader("en").word(f"t_{name}"))


def test_the_command_line_offers_the_table() -> None:
    assert set(report.commands) == set(REPORTS)
    for name, one in REPORTS.items():
        by = next((option for option in report.commands[name].params if option.name == "by"), None)
        assert isinstance(by, click.Option) == bool(one.ways)
        if by is not None:
            assert isinstance(by.type, click.Choice)
            assert (tuple(by.type.choices), by.default) == (one.ways, one.usual)
            assert by.type.convert(by.default, by, None) == one.usual, "what it takes unless it is told"


def test_so_many_sources_are_listed_unless_somebody_says_another_number(log: CallLog) -> None:
    asked = ReportQuery(log, Span(), reader(), "number")
    assert len(REPORTS["sources"].page(asked).sheets[0].rows) == TOP
    assert len(REPORTS["sources"].page(replace(asked, top=3)).sheets[0].rows) == 3


def test_what_a_report_counts_by_is_one_of_its_ways() -> None:
    assert [counted_by("queue", by) for by in ("", "week")] == ["month", "week"]
    assert counted_by("agents", "") == ""
    with pytest.raises(InputError, match="there are: hour"):
        counted_by("queue", "number")
    with pytest.raises(MissingError, match="there are: summary"):
        counted_by("made-up", "")


def test_a_summary_has_both_ends_and_the_others_what_was_asked() -> None:
    assert span_of("summary", Span(), NOW) == Span(NOW - timedelta(days=30), NOW)
    assert span_of("agents", Span(), NOW) == Span()


def test_a_reader_is_made_of_the_settings_and_of_another_zone_where_one_is_asked_for() -> None:
    site, elsewhere = reader(), reader(tz="America/New_York")
    assert (site.zone, site.tz) == (ZoneInfo("Asia/Shanghai"), "")
    assert (elsewhere.zone, elsewhere.tz) == (ZoneInfo("America/New_York"), "America/New_York")
    assert site.site and site.lang == "zh" and site.now == NOW
