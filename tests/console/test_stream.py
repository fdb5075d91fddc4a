"""An event stream: what changes is told when it changes, not at the next look."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.requests import Request

from screener.console import stream
from screener.console.context import ConsoleContext
from screener.console.hub import Feed
from screener.console.logins import Person, Role
from screener.feed.items import Began, Judged
from tests.waiting import ENOUGH

BEGAN = Began("a", "n1", datetime(2026, 3, 4, tzinfo=UTC), "+8613800138000", "mobile", "", "95500", "beside", "")
FLAGGED = Judged(
    "a", 3.0, "harassment", "lewd", 7.0, 2.0, "analysis_queue", "judged:lewd", emergency=False, dry_run=False
)
PERSON = Person("王芳", Role.SUPERVISOR, extension="", guard="", token="t")


async def _connected() -> dict[str, str]:
    await asyncio.sleep(ENOUGH)
    return {"type": "http.disconnect"}


def told(context: ConsoleContext) -> AsyncIterator[str]:
    """What a page is told of the hub's version."""
    seen = 0

    def look() -> str | None:
        nonlocal seen
        seen, changed, _ = context.hub.newer(seen)
        return f"{seen}" if changed else None

    request = Request({"type": "http", "query_string": b"", "headers": []}, _connected)
    return stream._told(context, PERSON, request, look)


def test_a_change_is_told_when_it_comes(context: ConsoleContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else would let it look again."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", ENOUGH)

    async def run() -> None:
        events = told(context)
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(2 * stream.EVERY_SECONDS)
        assert not first.done(), "nothing is up"
        for version in ("1", "2"):
            await asyncio.to_thread(context.hub._take, Feed("f"), BEGAN)
            assert await asyncio.wait_for(first, ENOUGH / 2) == f"data: {version}\n\n"
            first = asyncio.ensure_future(anext(events))
        first.cancel()
        await asyncio.wait([first])
        assert not context.streams, "one that is left is counted no more"

    asyncio.run(run())


@pytest.mark.parametrize("item", [FLAGGED, replace(FLAGGED, verdict="genuine", emergency=True)])
def test_what_is_urgent_waits_for_nothing(
    context: ConsoleContext, monkeypatch: pytest.MonkeyPatch, item: Judged
) -> None:
    """Though the page was told something just before, as it is when a word decides."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", ENOUGH)
    monkeypatch.setattr(stream, "EVERY_SECONDS", ENOUGH)
    feed = Feed("f")

    async def run() -> None:
        context.hub._take(feed, BEGAN)
        events = told(context)
        assert await anext(events) == "data: 1\n\n"
        after = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(context.hub._take, feed, item)
        assert await asyncio.wait_for(after, ENOUGH / 2) == "data: 2\n\n"

    asyncio.run(run())
