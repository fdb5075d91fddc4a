"""The API's own answers; what a page does alike is done by the page's module."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console import agent, calls, health, lists, reports, review, seen
from screener.console.api import wire
from screener.console.body import adapter, taken
from screener.console.context import ConsoleContext
from screener.console.hub import Shown
from screener.console.live import changes, gap_of, is_urgent
from screener.console.logins import Person
from screener.console.stream import stream
from screener.errors import InputError
from screener.reports import filters
from screener.review.explain import explain
from screener.review.timeline import reasons
from screener.review.verdict import mark
from screener.store.find import reviews, words_of
from screener.store.ladder import standings
from screener.store.records import CallRecord, Review


def answer(value: Any) -> Response:  # noqa: ANN401 - any shape of `wire`
    """A value of `wire` as JSON."""
    return Response(adapter(type(value)).dump_json(value), media_type="application/json")


def running(context: ConsoleContext, person: Person, shown: Shown) -> wire.Running:
    """A running call, as a program may see it."""
    call = shown.call
    words, evidence = seen.of_call(context, person, call)
    began = call.began and replace(call.began, number=_masked(context, person, call.began.number))
    return wire.Running(
        call=call.call,
        at=call.at,
        zero=round(shown.zero, 1),
        began=began,
        words=tuple(words),
        evidence=tuple(evidence),
        judged=call.judged,
        warnings=tuple(call.warnings),
        treatment=call.treatment,
        unheard=call.unheard,
        asked_by=call.asked_by,
        moved=call.moved,
        orders=tuple(call.orders),
        over=call.over,
        urgent=is_urgent(call),
    )


async def myself(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """Whose token it is."""
    whole = context.sees_whole_numbers(person)
    return answer(wire.Myself(person.name, person.role.value, person.extension, whole))


async def live(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """Every call that is up."""
    _, found, _ = context.hub.newer(0)
    feeds = tuple(feed.up for feed in context.hub.feeds)
    missed = sum(feed.board.missed for feed in context.hub.feeds)
    calls_up = tuple(running(context, person, one) for one in found)
    return answer(wire.Changes(calls_up, (), feeds, missed, gap_of(context), round(time.monotonic(), 1)))


async def live_events(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The same whenever it changes."""

    def made(shown: Shown) -> str:
        return adapter(wire.Running).dump_json(running(context, person, shown)).decode()

    return stream(context, person, request, changes(context, person, made, "api"))


async def own_call(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """An agent's present call and card."""
    return answer(agent.now(context, person))


async def search(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The calls that are asked for.

    Raises:
        InputError: a filter cannot be.
    """
    query = dict(request.query_params)
    if "more" in query:
        raise InputError("there is no such filter", "ask with limit, and with after for the next ones", "more")
    found, most = await run_in_threadpool(calls.sought, context, person, query)
    more = len(found) == most
    calls_seen = tuple(_seen(context, person, one) for one in found)
    return answer(wire.Found(calls_seen, more, found[-1].id if more else ""))


async def call(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Everything that the log has of one call.

    Raises:
        InputError: there is no such call.
    """

    def made() -> Response:
        found = context.log.rows_of(context.log.call(request.path_params["call"]).id)
        rows = tuple(_seen(context, person, row) for row in found)
        told = (text for row in rows for text in reasons(row, explain(row, context.weights), context.teller))
        said = (
            replace(note, reason=seen.of_person(context, person, note.reason))
            for note in words_of(context.log, [row.id for row in found])
        )
        return answer(wire.Whole(rows, tuple(told), tuple(said), mark(found)))

    return await run_in_threadpool(made)


async def waiting(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """Flags that nobody has reviewed."""

    def made() -> Response:
        found = tuple(_seen(context, person, one) for one in review.waiting(context))
        return answer(wire.Waiting(reviews(context.log).get(Review.NONE, 0), found))

    return await run_in_threadpool(made)


async def word(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Say something of a call.

    Raises:
        InputError: there is no such call, or it was never judged.
    """
    said = await taken(request, wire.AWord)
    call = request.path_params["call"]
    await run_in_threadpool(review.say, context, person, call, said.word, said.reason, said.knows)
    return answer(wire.Done())


async def report(context: ConsoleContext, person: Person, request: Request) -> Response:
    """A report, in the form that `?form` says: `json`, `csv` or `xlsx`.

    Raises:
        InputError: no such report or form, or a filter cannot be.
    """
    query: Mapping[str, str] = {"form": "json", **request.query_params}
    return await run_in_threadpool(reports.exported, context, person, request.path_params["name"], query)


async def listed(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The lists, and what the log proposes."""

    def made() -> Response:
        now = datetime.now(UTC)
        entries, proposals = lists.look(context, person, now)
        ladder = (
            wire.OnLadder(context.number(number, person), where)
            for number, where in standings(context.log, context.settings.ladder, now).items()
        )
        return answer(wire.Lists(tuple(entries), tuple(proposals), tuple(ladder)))

    return await run_in_threadpool(made)


async def enlist(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a number on a list.

    Raises:
        InputError: the number or its end cannot be, or nobody says why.
    """
    entry = await taken(request, wire.AnEntry)
    until = filters.moment("expires", entry.expires.isoformat() if entry.expires else "", context.zone)
    await run_in_threadpool(lists.enlist, context, person, entry.name, entry.number, entry.reason, until)
    return answer(wire.Done())


async def delist(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off a list.

    Raises:
        InputError: it is not on it.
    """
    entry = await taken(request, wire.AListed)
    await run_in_threadpool(lists.delist, context, person, entry.name, entry.number)
    return answer(wire.Done())


async def accept(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a proposed number on its list.

    Raises:
        InputError: it is not proposed any more.
    """
    number = (await taken(request, wire.AProposed)).number
    await run_in_threadpool(lists.accept_proposal, context, person, number)
    return answer(wire.Done())


async def lift(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off the ladder.

    Raises:
        InputError: nobody can call from it.
    """
    number = (await taken(request, wire.AProposed)).number
    await run_in_threadpool(lists.lift_off, context, person, number)
    return answer(wire.Done())


async def state(context: ConsoleContext, _person: Person, _request: Request) -> Response:
    """Whether the site's services are heard."""
    return answer(await run_in_threadpool(health.look, context))


def _masked(context: ConsoleContext, person: Person, number: str) -> str:
    return context.number(number, person) if number else ""


def _seen(context: ConsoleContext, person: Person, record: CallRecord) -> CallRecord:
    """A row of the log; many callers' name is their number."""
    if context.sees_whole_numbers(person):
        return record
    hidden = seen.of_record(context, person, record)
    return replace(hidden, number=_masked(context, person, record.number), display_name="")
