"""坐席: an agent's own page: the present call and its cue card, which nobody else sees; no score is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from screener.console.access import Person
from screener.console.context import Context
from screener.console.hub import Shown
from screener.core.cards import Card
from screener.errors import InputError
from screener.events import Act
from screener.feed.items import Order

EVERY_SECONDS = 0.25
SIGN_SECONDS = 10.0
FEW = 40
"""Syllables under which nobody's share of the talk is shown."""


async def page(context: Context, person: Person, _request: Request) -> Response:
    """The page; a CRM may show it in a frame where the site says so."""
    return context.page("agent.html", person)


async def events(context: Context, person: Person, request: Request) -> Response:
    """The present call and card, whenever they change, as server-sent events; `?once` ends after the first."""
    return StreamingResponse(_stream(context, person, request), media_type="text/event-stream")


async def order(context: Context, person: Person, _request: Request) -> Response:
    """The agent's button: this is harassment. Only about the own call.

    Raises:
        InputError: the agent has no call.
    """
    shown = context.hub.of_agent(person.extension)
    if shown is None or shown.over_at is not None:
        raise InputError("there is no call of yours", "use the PBX: transfer the caller by hand")
    context.hub.order(Order(shown.call.call, Act.ANALYSIS_QUEUE, person.name))
    return JSONResponse({"ok": True})


async def _stream(context: Context, person: Person, request: Request) -> AsyncIterator[str]:
    told: dict[str, Any] | None = None
    quiet = 0.0
    while not await request.is_disconnected():
        now = view(context, person, context.hub.of_agent(person.extension))
        if now != told:
            yield f"data: {json.dumps(now, ensure_ascii=False)}\n\n"
            told, quiet = now, 0.0
            if "once" in request.query_params:
                return
        elif quiet >= SIGN_SECONDS:
            yield ": here\n\n"
            quiet = 0.0
        await asyncio.sleep(EVERY_SECONDS)
        quiet += EVERY_SECONDS


def view(context: Context, person: Person, shown: Shown | None) -> dict[str, Any]:
    """What the agent sees: who calls, what was said, the card, and who speaks how much."""
    if shown is None or shown.over_at is not None:
        return {"call": "", "card": None, "listening": None, "words": []}
    began = shown.call.began
    spoken = shown.prompter.spoken
    total = sum(spoken.values())
    return {
        "call": shown.call.call,
        "number": context.number(began.number, person) if began else "?",
        "card": card_view(shown.prompter.shown),
        "listening": round(100 * spoken["caller"] / total) if total >= FEW else None,
        "words": [
            {"who": heard.speaker, "text": heard.text, "final": heard.final}
            for heard in sorted(shown.call.words.values(), key=lambda heard: heard.at)[-6:]
        ],
    }


def card_view(card: Card | None) -> dict[str, Any] | None:
    """A card as the page shows it."""
    if card is None:
        return None
    return {
        "id": card.id,
        "name": card.name,
        "sign": card.sign,
        "do": list(card.do),
        "avoid": list(card.avoid),
        "say": card.say,
    }
