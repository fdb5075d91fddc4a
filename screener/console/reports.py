"""报表: the reports of the command line as pages: filters, bars that open their calls, exports."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.core.evidence import Kind
from screener.errors import InputError
from screener.reports import filters, follow
from screener.reports.every import REPORTS, ReportQuery, counted_by, span_of
from screener.reports.facts import facts
from screener.reports.layout import Page, alike
from screener.reports.reader import Reader
from screener.reports.render import XLSX, Format, render
from screener.reports.span import Span
from screener.reports.summary import USUAL_DAYS
from screener.reports.web import STYLE, HrefOf, body

THAN = ("than_since", "than_until")
"""Of an address: the second period, beside the first."""
FORMS: Mapping[Format, str] = {"csv": "text/csv", "xlsx": XLSX, "json": "application/json"}


async def start(context: ConsoleContext, _person: Person, _request: Request) -> Response:
    """The manager's page comes first."""
    return context.lead("/reports/summary")


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
            ways=REPORTS[name].ways,
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
        raise InputError(f"{wanted!r} is not known", f"there are: {', '.join(FORMS)}", "form")
    _, _, report = made(context, person, name, query)
    headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(f'{name}.{form}', safe='')}"}
    return Response(render(report, form), media_type=FORMS[form], headers=headers)


async def style(_request: Request) -> Response:
    """The sheet of the charts, which a report on paper carries inside."""
    return Response(STYLE, media_type="text/css")


def made(context: ConsoleContext, person: Person, name: str, query: Mapping[str, str]) -> tuple[str, Span, Page]:
    """What it counts by, of which calls, and the report."""
    by, now = counted_by(name, query.get("by", "")), datetime.now(UTC)
    span = span_of(name, filters.span(query, context.zone, context.lines), now)
    mask = None if context.sees_whole_numbers(person) else context.mask
    reader = Reader.of(context.settings, context.teller, mask, now)
    return by, span, REPORTS[name].page(ReportQuery(context.log, span, reader, by))


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
    return lambda asks: f"{context.root}/calls?{urlencode(follow.asked(span, asks, context.zone))}"
