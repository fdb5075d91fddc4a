"""`screener report`: how often harassment comes, from where, and what came of it."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from screener.cli import moments
from screener.cli.known import check_known
from screener.cli.moments import time_zone
from screener.cli.output import log_options, masker, moment, output_options, teller
from screener.core.evidence import Kind
from screener.numbers.plan import lines_of
from screener.reports.every import REPORTS, TOP, ReportQuery
from screener.reports.layout import Page
from screener.reports.reader import Reader
from screener.reports.span import Span
from screener.settings.sections import Settings
from screener.store.log import CallLog


def report_options(command: Callable[..., Page]) -> Callable[..., None]:
    """Adds the options of every report; the command gets what is asked, and the page it returns is shown."""

    @click.option("--since", help="From this day or time on, such as 2026-03-01.")
    @click.option("--until", help="Up to this day or time, itself not counted.")
    @click.option("--queue", "queue_name", default="", help="Only calls of this queue of agents.")
    @click.option("--dialled", default="", help="Only calls to this number (hotline, 400 number, DID).")
    @click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind of harassment.")
    @click.option("--tz", help="IANA time zone of hours and days; default the site's.")
    @click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
    @output_options
    @log_options
    @functools.wraps(command)
    def wrapped(
        settings: Settings,
        log: CallLog,
        since: str | None,
        until: str | None,
        queue_name: str,
        kind: str | None,
        tz: str | None,
        masked: bool,
        dialled: str,
        **own: Any,  # noqa: ANN401 - click's own
    ) -> Page:
        zone = time_zone(tz or settings.site.timezone)
        begin, end = moment(settings, since, zone), moment(settings, until, zone)
        moments.span_of(begin, end, datetime.now(UTC))
        dialled = dialled and lines_of(settings).normal(dialled)
        span = Span(begin, end, Kind(kind) if kind else None, queue_name, dialled)
        check_known(log, queue=span.queue, dialled=span.dialled)
        mask = masker(settings, masked) if masked else None
        reader = Reader.of(settings, teller(settings), mask, datetime.now(UTC), tz or "")
        return command(ReportQuery(log, span, reader, **own))

    return wrapped


def _ways(name: str) -> click.Choice[str]:
    return click.Choice(REPORTS[name].ways)


@click.group()
def report() -> None:
    """Ask the call log: how often harassment comes, from where, and what came of it.

    Flagged means: judged as harassment and not overturned by a person. Calls are what callers dialled: one call,
    however many rows it left in the log, and flagged once, however often. Flagged calls are a part of the calls.
    """


@report.command(name="frequency")
@click.option("--by", type=_ways("frequency"), default=REPORTS["frequency"].usual, help="Count by what.")
@report_options
def frequency_command(ask: ReportQuery) -> Page:
    """How often: by hour, weekday, day, week or month, or a heat map of weekday and hour.

    Counts calls, flagged calls and their share, treated ones, those handed over by agents, and flagged ones by
    kind. `heat` counts flagged calls.

    Example: screener report frequency --by hour --since 2026-03-01
    """
    return REPORTS["frequency"].page(ask)


@report.command(name="sources")
@click.option("--by", type=_ways("sources"), default=REPORTS["sources"].usual, help="Count by what.")
@click.option("--top", type=click.IntRange(1, 10000), default=TOP, help="How many rows.")
@report_options
def sources_command(ask: ReportQuery) -> Page:
    """From where: numbers, prefixes, regions, carriers or classes of line, the most flagged first.

    Counts all calls of a source, its flagged ones, their part of all flagged calls; different flagged numbers,
    those flagged for the first time in the span (new), and those flagged after an earlier flag (returning).

    Example: screener report sources --by region --format xlsx -o sources.xlsx
    """
    return REPORTS["sources"].page(ask)


@report.command(name="queue")
@click.option("--by", type=_ways("queue"), default=REPORTS["queue"].usual, help="Second table by what.")
@report_options
def queue_command(ask: ReportQuery) -> Page:
    """The analysis queue: who entered and how long they stayed.

    Counts entries, those that heard the last sentence out, those that left before and their median stay, entries
    of numbers that had entered before, hand-overs, and median and 95th percentile of the stay.

    Example: screener report queue --since 2026-03-01 --format html -o queue.html
    """
    return REPORTS["queue"].page(ask)


@report.command(name="treatment")
@report_options
def treatment_command(ask: ReportQuery) -> Page:
    """What came of it: do treated sources call again?

    Counts each number once by its first flag of a treatment; of those whose flag is at least 1, 7 or 30 days older
    than the newest call of the log, how many called again within that time. Flags in dry run are the control.

    Example: screener report treatment --since 2026-01-01 --until 2026-03-01
    """
    return REPORTS["treatment"].page(ask)


@report.command(name="agents")
@report_options
def agents_command(ask: ReportQuery) -> Page:
    """The agents: who is hit, who confirms, who overturns.

    Counts flagged calls that an agent had on the line, hand-overs among them, and flags that a person confirmed or
    overturned.

    Example: screener report agents --since 2026-03-01
    """
    return REPORTS["agents"].page(ask)


@report.command(name="warnings")
@report_options
def warnings_command(ask: ReportQuery) -> Page:
    """Graded warnings: asked for, granted, heard, and the ends of calls that followed.

    Counts each step by what the warning was about and its level, and the calls after which the agent was offered a
    pause; who took one is in no log.

    Example: screener report warnings --since 2026-03-01
    """
    return REPORTS["warnings"].page(ask)


@report.command(name="accuracy")
@report_options
def accuracy_command(ask: ReportQuery) -> Page:
    """How right the flags were, by kind and by rule.

    Counts flags, overturned ones among them, and what people said about them; the share is confirmed of all that
    people looked at, with its 95 % interval (Wilson). A rule counts on every reviewed flag that it spoke for.

    Example: screener report accuracy --kind prank
    """
    return REPORTS["accuracy"].page(ask)


@report.command(name="summary")
@report_options
def summary_command(ask: ReportQuery) -> Page:
    """One page for a manager: this period against the one of the same length before it.

    Without --since the period is 30 days, without --until it ends now. Every figure counts as in its own report.

    Example: screener report summary --since 2026-03-01 --until 2026-04-01 --format html -o march.html
    """
    return REPORTS["summary"].page(ask)
