"""Every report by its name: what it can count by, and what makes its page, whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from screener.errors import InputError, MissingError
from screener.reports.accuracy import accuracy, accuracy_page
from screener.reports.agents import agents, agents_page
from screener.reports.frequency import Bucket, frequency, frequency_page, heat_page
from screener.reports.layout import Page
from screener.reports.queue import queue, queue_page
from screener.reports.reader import Reader
from screener.reports.sources import sources, sources_page
from screener.reports.span import SourceBy, Span
from screener.reports.summary import summary, summary_page, usual_span
from screener.reports.treatment import treatment, treatment_page
from screener.reports.warnings import warnings, warnings_page
from screener.store.log import CallLog

TOP = 50
"""Sources that are listed, unless somebody wants more or fewer."""
HEAT = "heat"
"""Frequency as a map of weekday and hour."""


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a report is asked: of which log, about which calls, for whom.

    Attributes:
        by: what it counts by, one of its report's.
        top: sources that are listed.
    """

    log: CallLog
    span: Span
    reader: Reader
    by: str = ""
    top: int = TOP


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report.

    Attributes:
        page: makes it.
        ways: what it can count by; `usual` unless somebody says another.
    """

    page: Callable[[ReportQuery], Page]
    ways: tuple[str, ...] = ()
    usual: str = ""


def _summary(asked: ReportQuery) -> Page:
    span = span_of("summary", asked.span, asked.reader.now)
    return summary_page(summary(asked.log, span, asked.reader.zone), asked.reader)


def _frequency(asked: ReportQuery) -> Page:
    if asked.by == HEAT:
        answer = frequency(asked.log, asked.span, Bucket.HOUR, asked.reader.zone)
        return heat_page(answer, asked.span, asked.reader)
    by = Bucket(asked.by)
    return frequency_page(frequency(asked.log, asked.span, by, asked.reader.zone), asked.span, by, asked.reader)


def _sources(asked: ReportQuery) -> Page:
    by = SourceBy(asked.by)
    return sources_page(sources(asked.log, asked.span, by, asked.top), asked.span, by, asked.reader)


def _queue(asked: ReportQuery) -> Page:
    by = Bucket(asked.by)
    return queue_page(queue(asked.log, asked.span, by, asked.reader.zone), asked.span, by, asked.reader)


def _treatment(asked: ReportQuery) -> Page:
    return treatment_page(treatment(asked.log, asked.span), asked.span, asked.reader)


def _agents(asked: ReportQuery) -> Page:
    return agents_page(agents(asked.log, asked.span), asked.span, asked.reader)


def _warnings(asked: ReportQuery) -> Page:
    return warnings_page(warnings(asked.log, asked.span), asked.span, asked.reader)


def _accuracy(asked: ReportQuery) -> Page:
    return accuracy_page(accuracy(asked.log, asked.span), asked.span, asked.reader)


_PERIODS = tuple(period.value for period in Bucket)
REPORTS: Mapping[str, ReportKind] = {
    "summary": ReportKind(_summary),
    "frequency": ReportKind(_frequency, (*_PERIODS, HEAT), Bucket.DAY.value),
    "sources": ReportKind(_sources, tuple(by.value for by in SourceBy), SourceBy.NUMBER.value),
    "queue": ReportKind(_queue, _PERIODS, Bucket.MONTH.value),
    "treatment": ReportKind(_treatment),
    "agents": ReportKind(_agents),
    "warnings": ReportKind(_warnings),
    "accuracy": ReportKind(_accuracy),
}


def counted_by(name: str, by: str) -> str:
    """What a report counts by: as somebody says, else as usual.

    Raises:
        MissingError: there is no such report.
        InputError: it cannot count by that.
    """
    if name not in REPORTS:
        raise MissingError("there is no such report", f"there are: {', '.join(REPORTS)}", "name")
    report = REPORTS[name]
    if by and report.ways and by not in report.ways:
        raise InputError(f"{by!r} is not known", f"there are: {', '.join(report.ways)}", "by")
    return by or report.usual


def span_of(name: str, span: Span, now: datetime) -> Span:
    """The calls that a report tells of: a summary's time has both ends, whatever was asked."""
    return usual_span(span, now) if name == "summary" else span
