"""报表: the reports of the command line as pages: filters, bars that open their calls, exports."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.core.evidence import Kind
from screener.errors import InputError, MissingError
from screener.reports import filters, follow, pages
from screener.reports.accuracy import accuracy
from screener.reports.agents import agents
from screener.reports.facts import facts
from screener.reports.frequency import Bucket, frequency
from screener.reports.layout import Page, alike
from screener.reports.queue import queue
from screener.reports.reader import Reader
from screener.reports.render import XLSX, Format, render
from screener.reports.sources import SourceBy, sources
from screener.reports.span import Span
from screener.reports.summary import USUAL_DAYS, summary, usual_span
from screener.reports.summary_page import summary_page
from screener.reports.treatment import treatment
from screener.reports.warnings import warnings
from screener.reports.web import STYLE, HrefOf, body
from screener.store.log import CallLog

TOP = 50
"""Sources that are listed."""
THAN = ("than_since", "than_until")
"""Of an address: the second period, beside the first."""
FORMS: Mapping[Format, str] = {"csv": "text/csv", "xlsx": XLSX, "json": "application/json"}
Make = Callable[[CallLog, Span, str, Reader], Page]


def _summary(log: CallLog, span: Span, _by: str, reader: Reader) -> Page:
    return summary_page(summary(log, span, reader.zone), reader)


def _frequency(log: CallLog, span: Span, by: str, reader: Reader) -> Page:
    period = Bucket(by)
    return pages.frequency_page(frequency(log, span, period, reader.zone), span, period, reader)


def _sources(log: CallLog, span: Span, by: str, reader: Reader) -> Page:
    return pages.sources_page(sources(log, span, SourceBy(by), TOP), span, SourceBy(by), reader)


def _queue(log: CallLog, span: Span, by: str, reader: Reader) -> Page:
    return pages.queue_page(queue(log, span, Bucket(by), reader.zone), span, Bucket(by), reader)


def _treatment(log: CallLog, span: Span, _by: str, reader: Reader) -> Page:
    return pages.treatment_page(treatment(log, span), span, reader)


def _warnings(log: CallLog, span: Span, _by: str, reader: Reader) -> Page:
    return pages.warnings_page(warnings(log, span), span, reader)


def _agents(log: CallLog, span: Span, _by: str, reader: Reader) -> Page:
    return pages.agents_page(agents(log, span), span, reader)


def _accuracy(log: CallLog, span: Span, _by: str, reader: Reader) -> Page:
    return pages.accuracy_page(accuracy(log, span), span, reader)


_PERIODS = tuple(period.value for period in Bucket)
REPORTS: Mapping[str, tuple[Make, tuple[str, ...], str]] = {
    "summary": (_summary, (), ""),
    "frequency": (_frequency, _PERIODS, Bucket.DAY),
    "sources": (_sources, tuple(by.value for by in SourceBy), SourceBy.NUMBER),
    "queue": (_queue, _PERIODS, Bucket.MONTH),
    "treatment": (_treatment, (), ""),
    "agents": (_agents, (), ""),
    "warnings": (_warnings, (), ""),
    "accuracy": (_accuracy, (), ""),
}
"""What makes each report, what it can count by, and what it counts by unless said."""


async def start(_context: ConsoleContext, _person: Person, _request: Request) -> Response:
    """The manager's page comes first."""
    return RedirectResponse("/reports/summary", 303)


async def page(context: ConsoleContext, person: Person, request: Request) -> Response:
    """A report; its address keeps the view. One that says no time opens with the last 30 days.

    One that takes long is made in the background; the page says so, and comes again by itself.

    Raises:
        InputError: no such report, or a filter cannot be.
    """

    def shown() -> Response:
        name, query = request.path_params["name"], dict(request.query_params)
        if name != "summary" and not {"since", "until"} & query.keys():
            query["since"] = f"{datetime.now(context.zone) - timedelta(days=USUAL_DAYS):%Y-%m-%d}"
        key = "report", name, context.sees_whole_numbers(person), *sorted(query.items())
        found = context.slowly.ask(key, lambda: _sides(context, person, name, query))
        if found is None:
            return context.page(
                "problem.html", person, 202, message=context.say("counting"), remedy="", again=True, back=""
            )
        by, sides = found
        span, report, _ = sides[0]
        with facts(context.log) as known:
            queues, dialled = (sorted(known.known(place) - {""}) for place in ("queue", "dialled"))
        return context.page(
            "report.html",
            person,
            name=name,
            names={one: context.word(f"t_{one}") for one in REPORTS},
            title=report.title,
            sides=[
                {
                    "body": Markup(body(page, _links(context, of))),  # noqa: S704 - it escapes all
                    "query": urlencode({key: value for key, value in asked_for.items() if key not in THAN}),
                }
                for of, page, asked_for in sides
            ],
            compact=report.compact and len(sides) == 1,
            asked=query,
            by=by,
            ways=REPORTS[name][1],
            queues=queues,
            dialled=dialled,
            kinds=list(Kind),
            before=_before(context, query, span),
        )

    return await run_in_threadpool(shown)


Side = tuple[Span, Page, Mapping[str, str]]
"""Of one period: the calls, the report, and what was asked for."""


def _sides(context: ConsoleContext, person: Person, name: str, query: Mapping[str, str]) -> tuple[str, list[Side]]:
    """What it counts by; the report, and that of a second period beside it where one is asked for."""
    by, span, report = made(context, person, name, query)
    if not (query.get("than_since") or query.get("than_until")):
        return by, [(span, report, query)]
    other = {**query, "since": query.get("than_since", ""), "until": query.get("than_until", "")}
    _, than, second = made(context, person, name, other)
    report, second = alike(report, second)
    return by, [(span, report, query), (than, second, other)]


async def export(context: ConsoleContext, person: Person, request: Request) -> Response:
    """A report as a file, in the form that `?form` says: `csv`, `xlsx` or `json`.

    Raises:
        InputError: no such report or form, or a filter cannot be.
    """
    query = dict(request.query_params)
    return await run_in_threadpool(exported, context, person, request.path_params["name"], query)


def exported(context: ConsoleContext, person: Person, name: str, query: Mapping[str, str]) -> Response:
    """A report as a file.

    Raises:
        InputError: no such report or form, or a filter cannot be.
    """
    wanted = query.get("form", "csv")
    form = next((form for form in FORMS if form == wanted), None)
    if form is None:
        raise InputError("there is no such form", f"there are: {', '.join(FORMS)}")
    _, _, report = made(context, person, name, query)
    headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(f'{name}.{form}', safe='')}"}
    return Response(render(report, form), media_type=FORMS[form], headers=headers)


async def style(_request: Request) -> Response:
    """The sheet of the charts, which a report on paper carries inside."""
    return Response(STYLE, media_type="text/css")


def made(context: ConsoleContext, person: Person, name: str, query: Mapping[str, str]) -> tuple[str, Span, Page]:
    """What it counts by, of which calls, and the report."""
    if name not in REPORTS:
        raise MissingError("there is no such report", f"there are: {', '.join(REPORTS)}")
    make, ways, usual = REPORTS[name]
    by = query.get("by") or usual
    if ways and by not in ways:
        raise InputError(f"{by!r} is not known", f"there are: {', '.join(ways)}")
    now = datetime.now(UTC)
    span = filters.span(query, context.zone, context.lines)
    span = usual_span(span, now) if name == "summary" else span
    reader = Reader(
        context.site_name,
        context.teller,
        context.zone,
        mask=None if context.sees_whole_numbers(person) else context.mask,
        now=now,
    )
    return by, span, make(context.log, span, by, reader)


def _before(context: ConsoleContext, query: Mapping[str, str], span: Span) -> str:
    """The view with the period of the same length before beside it; one that goes on ends with today."""
    if span.since is None:
        return ""
    tomorrow = datetime.combine(datetime.now(context.zone) + timedelta(days=1), time(), context.zone)
    until = span.until or tomorrow
    days = [at.astimezone(context.zone) for at in (span.since - (until - span.since), span.since, until)]
    first, start, end = (f"{at:%Y-%m-%d}" if at.time() == time() else f"{at:%Y-%m-%dT%H:%M}" for at in days)
    return urlencode({**query, "since": start, "until": end, "than_since": first, "than_until": start})


def _links(context: ConsoleContext, span: Span) -> HrefOf:
    """From a figure to its calls; figures of a masked number lead nowhere."""
    return lambda asks: f"/calls?{urlencode(follow.asked(span, asks, context.zone))}"
