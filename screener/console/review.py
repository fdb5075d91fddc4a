"""复核: what nobody has reviewed, newest or most doubtful first, one call after the other, by keyboard.

Among the flags come calls that were not flagged, as `review.missed` draws them: the page says how much is missed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console.body import form
from screener.console.case import parts, row, said_of
from screener.console.context import SAMPLE, ConsoleContext
from screener.console.logins import Person
from screener.errors import InputError
from screener.review.missed import PERIOD, turn
from screener.review.verdict import AnotherWordError, Word, is_flag, mark, rule
from screener.store.find import find, reviews, words_of
from screener.store.records import CallRecord, Review
from screener.store.wanted import Counted, Wanted

WAITING = 200
"""Calls that are looked at in one go; the others come up as these are done."""
SHOWN_AFTER = 12
"""Of them beside the call."""
DOUBTFUL = "doubtful"
"""Asks for what was hardly flagged before what is newest."""
SAMPLED = 5
"""About so many flags come to one unflagged call."""


async def start(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Leads to the newest call that nobody has reviewed; a page that says so when none is left."""
    said, order = request.query_params.get("said", ""), _order(request.query_params.get("order"))
    queue = await run_in_threadpool(waiting, context, order)
    if queue:
        return context.lead(_address(queue[0].id, said, order=order))
    share = await run_in_threadpool(_share, context)
    said_mark = await run_in_threadpool(lambda: mark(context.log.rows_of(said)))
    return context.page(
        "review.html", person, parts=None, said=said, said_mark=said_mark, share=share, order=order
    )


async def page(context: ConsoleContext, person: Person, request: Request) -> Response:
    """One call, and which come after it.

    `?said` names the call before, whose word can be undone; `?then` the one after a call that was drawn; `?late`:
    the word that was sent was not taken, for somebody else had spoken.

    Raises:
        InputError: there is no such call.
    """

    def made() -> Response:
        call = context.log.call(request.path_params["call"])
        rows, said = context.log.rows_of(call.id), request.query_params.get("said", "")
        order = _order(request.query_params.get("order"))
        queue = waiting(context, order)
        at = next((n for n, one in enumerate(queue) if one.id == call.id), -1)
        after = [one for one in queue[at + 1 :] if one.id != call.id]
        older = after[0].id if after else ""
        following, then = request.query_params.get("then", "") or older, ""
        if at >= 0 and turn(call.id)[0] % SAMPLED == 0 and (drawn := context.sample().waiting):
            following, then = drawn[0], older
        return context.page(
            "review.html",
            person,
            call=row(context, person, call),
            parts=parts(context, person, call),
            said=said,
            said_mark=mark(context.log.rows_of(said)) if said else "",
            mark=mark(rows),
            late="late" in request.query_params,
            words=said_of(context, person, rows),
            reason=_taken_back(context, person, rows),
            next=following,
            then=then,
            onward=_address(following, then=then, order=order),
            order=order,
            orders={one: _address("", order=one) for one in ("", DOUBTFUL)},
            after=[row(context, person, one) for one in after[:SHOWN_AFTER]],
            left=reviews(context.log).get(Review.NONE, 0),
            share=_share(context),
        )

    return await run_in_threadpool(made)


async def word(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Confirm, overturn or undo; then the next call.

    Raises:
        InputError: no such word or call, or it was never judged.
    """
    sent = await form(request)
    try:
        review = Review(sent.get("word", ""))
    except ValueError:
        raise InputError("no such word", "load the page again") from None
    call, order = request.path_params["call"], _order(sent.get("order"))
    try:
        await run_in_threadpool(say, context, person, call, review, sent.get("reason", ""), sent.get("mark"))
    except AnotherWordError:
        return context.lead(_address(call, order=order, late=True))
    if review is Review.NONE:
        return context.lead(_address(call, order=order))
    return context.lead(_address(sent.get("next", ""), call, sent.get("then", ""), order))


def say(
    context: ConsoleContext, person: Person, call: str, review: Review, reason: str, knows: str | None = None
) -> None:
    """Carry out what somebody says of a call.

    Raises:
        InputError: no such call, it was never judged, or somebody has spoken since.
    """
    said = Word(review, person.name, datetime.now(UTC), "console", reason=reason, knows=knows)
    ruling = rule(context.log, call, said, unflagged=True)
    if not is_flag(ruling.rows[0]):
        context.slowly.forget(SAMPLE)


def waiting(context: ConsoleContext, order: str = "") -> list[CallRecord]:
    """The newest flags that nobody has reviewed; with `DOUBTFUL` those of the lowest score first."""
    found = find(context.log, Wanted(counted=Counted.FLAGGED, review=Review.NONE), WAITING)
    if order != DOUBTFUL:
        return found
    return sorted(found, key=lambda call: inf if call.score is None else call.score)


def _share(context: ConsoleContext) -> str:
    """How much is missed, in a sentence; empty before anything was drawn."""
    known = context.sample()
    if not known.looked_at:
        return ""
    shares = (known.missed / known.looked_at, *known.interval)
    counts = PERIOD.days, known.looked_at, known.missed
    return context.say("share").format(*counts, *(f"{100 * share:.1f}" for share in shares))


def _taken_back(context: ConsoleContext, person: Person, rows: Sequence[CallRecord]) -> str:
    """The reason of this person's own word that was taken back last, to be said again."""
    notes = [note for note in words_of(context.log, [one.id for one in rows]) if note.by == person.name]
    undone = bool(notes) and notes[-1].review is Review.NONE
    return next((note.reason for note in reversed(notes) if note.review is not Review.NONE), "") if undone else ""


def _order(asked: str | None) -> str:
    return DOUBTFUL if asked == DOUBTFUL else ""


def _address(call: str, said: str = "", then: str = "", order: str = "", *, late: bool = False) -> str:
    path = f"/review/{quote(call, safe='')}" if call else "/review"
    given = ("said", said), ("then", then), ("order", order), ("late", "1" if late else "")
    query = urlencode({name: value for name, value in given if value})
    return f"{path}?{query}" if query else path
