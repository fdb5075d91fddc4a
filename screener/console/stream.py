"""Server-sent events: what somebody may see, whenever it changes, for as long as the login holds.

Nothing is queued: a browser that is slow is shown the newest, less often. An open stream is a sign of life of its
login. A login or token that has ended ends the stream with the event `ended`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.errors import StoreError

EVERY_SECONDS = 0.2
"""A page is told what changed no more often; what is urgent, and what comes after a pause, at once."""
LOOK_SECONDS = 0.5
"""So often it is looked for what nobody tells: a feed that came, a call over for long, a reader who left."""
SIGN_SECONDS = 10.0
"""Without news it is told so often that the console is there."""
CHECK_SECONDS = 15.0
"""So often it is asked whether the login still holds; a database that is away ends none."""
STREAMS = 12
"""That one login or token may have open."""
STREAMS_OF_ALL = 400

Look = Callable[[], str | None]
"""The next event's data, None when there is nothing new."""


def stream(context: ConsoleContext, person: Person, request: Request, look: Look) -> Response:
    """Tell what `look` finds; `?once` ends after the first."""
    if context.streams[person.token] >= STREAMS or context.streams.total() >= STREAMS_OF_ALL:
        return PlainTextResponse("too many streams are open", 429, {"retry-after": "5"})
    # nginx and its kin keep what they pass on for a while, unless an answer says otherwise.
    unbuffered = {"x-accel-buffering": "no"}
    return StreamingResponse(
        _told(context, person, request, look), media_type="text/event-stream", headers=unbuffered
    )


async def _told(context: ConsoleContext, person: Person, request: Request, look: Look) -> AsyncIterator[str]:
    changed, rose, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    def wake(urgent: bool) -> None:
        for event in (changed, rose) if urgent else (changed,):
            if not event.is_set():  # once, however much changes before the next look
                loop.call_soon_threadsafe(event.set)

    with _counted(context, person), context.hub.telling(wake):
        told = checked = time.monotonic()
        while not context.leaving and not await request.is_disconnected():
            now = time.monotonic()
            changed.clear()
            rose.clear()
            if (news := look()) is not None:
                yield f"data: {news}\n\n"
                told = now
                if "once" in request.query_params:
                    return
            elif now - told >= SIGN_SECONDS:
                yield ": here\n\n"
                told = now
            if now - checked >= CHECK_SECONDS:
                checked = now
                if not await _holds(context, person, request):
                    yield "event: ended\ndata: {}\n\n"
                    return
            for event, seconds in ((rose, EVERY_SECONDS), (changed, LOOK_SECONDS)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), seconds)


@contextmanager
def _counted(context: ConsoleContext, person: Person) -> Iterator[None]:
    """One more open stream of that login or token."""
    context.streams[person.token] += 1
    try:
        yield
    finally:
        context.streams[person.token] -= 1
        if not context.streams[person.token]:
            del context.streams[person.token]


async def _holds(context: ConsoleContext, person: Person, request: Request) -> bool:
    try:
        found = await run_in_threadpool(context.who, request)
    except StoreError:
        return True
    return found is not None and (found.name, found.role) == (person.name, person.role)
