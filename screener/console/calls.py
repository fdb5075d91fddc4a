"""来电记录: the log, searched and filtered; one call's page; its package of evidence."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console import seen
from screener.console.case import parts, row, said_of
from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.core.actions import WarningStep
from screener.core.evidence import Kind, Treatment, Verdict
from screener.errors import InputError
from screener.events import LineClass
from screener.outside.text import file_name
from screener.reports import filters
from screener.review import package
from screener.review.by import By
from screener.review.case import Exhibit
from screener.review.dossier import zipped
from screener.review.verdict import is_flag
from screener.store.find import find
from screener.store.records import CallRecord, Review
from screener.store.wanted import DRY_RUN, Past, QueueEntry, QueueStay
from screener.words.terms import weekday

SHOWN = 50
"""The newest so many; `?more` shows more."""
MORE = 500
USUAL = ("number", "verdict", "kind", "reviewed", "text", "flagged")
"""Filters that stand open; the others are folded away until one of them is asked for."""


async def search(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The calls that are asked for, newest first.

    Raises:
        InputError: a filter cannot be, or somebody asks for a number who may not see any whole.
    """
    query = dict(request.query_params)

    def made() -> Response:
        found, most = sought(context, person, query)
        return context.page(
            "calls.html",
            person,
            calls=[row(context, person, call) for call in found],
            asked=query,
            full=len(found) == most,
            most=most,
            whole=context.sees_whole_numbers(person),
            more="" if most == MORE else str(request.url.include_query_params(more=1).query),
            older=str(request.url.include_query_params(after=found[-1].id).query) if len(found) == most else "",
            verdicts=list(Verdict),
            kinds=[*Kind, filters.NO_KIND],
            reviews=[Review.CONFIRMED, Review.OVERTURNED, Review.NONE],
            lines=list(LineClass),
            treatments=[*Treatment, DRY_RUN],
            ways=list(QueueEntry),
            stays=list(QueueStay),
            steps=list(WarningStep),
            pasts=list(Past),
            filters=filters.FILTERS,
            usual=USUAL,
            weekdays={str(day): weekday(day, context.teller.lang) for day in range(1, 8)},
            hours={str(hour): f"{hour:02}" for hour in range(24)},
        )

    return await run_in_threadpool(made)


def sought(context: ConsoleContext, person: Person, query: Mapping[str, str]) -> tuple[list[CallRecord], int]:
    """The calls that a query asks for, and how many it would have got at most.

    Raises:
        InputError: a filter cannot be, or somebody asks for a number who may not see any whole.
    """
    seen.check_search(context, person, query.get("number", ""), query.get("text", ""))
    wanted = filters.wanted(query, *filters.days(query, context.zone), context.lines, context.zone)
    most = MORE if "more" in query else SHOWN
    if asked := query.get("limit", ""):
        if not (asked.isascii() and asked.isdecimal() and 0 < int(asked) <= MORE):
            remedy = "ask for as many calls, and for the next after"
            raise InputError(f"{asked!r} is no number from 1 to {MORE}", remedy, "limit")
        most = int(asked)
    return find(context.log, wanted, most, query.get("after", "")), most


async def page(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Everything that the log has of one call.

    Raises:
        InputError: there is no such call.
    """

    def made() -> Response:
        call = context.log.call(request.path_params["call"])
        rows = context.log.rows_of(call.id)
        return context.page(
            "call.html",
            person,
            call=row(context, person, call),
            parts=parts(context, person, call),
            flag=next((one.id for one in rows if is_flag(one)), ""),
            words=said_of(context, person, rows),
            harassment=Exhibit(tuple(rows)).holds,
            whole=context.sees_whole_numbers(person),
        )

    return await run_in_threadpool(made)


async def evidence(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The package of evidence of one call as a ZIP file, made and put on record as `screener calls export` does.

    Raises:
        InputError: there is no such call, or somebody asks who may not see numbers whole.
    """
    if not context.sees_whole_numbers(person):
        raise InputError("a package of evidence has whole numbers in it", "ask somebody who may see them")

    def made() -> Response:
        chosen = package.of_calls(context.log, [request.path_params["call"]])
        [rows] = chosen.calls
        name = f"{file_name(rows[0].id)}.zip"
        by = By(person.name, datetime.now(UTC), "console evidence")
        mere = not Exhibit(rows).holds
        made = package.make(context.log, context.settings, context.teller, chosen, by, name, record=mere)
        return Response(
            zipped(made.files),
            media_type="application/zip",
            headers={"content-disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}"},
        )

    return await run_in_threadpool(made)
