"""实时: every call that is heard, as it goes on, and what a supervisor may do about it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from screener.console.access import Person
from screener.console.context import Context
from screener.console.hub import Shown
from screener.core.evidence import Reason, Verdict
from screener.errors import InputError
from screener.events import Act
from screener.feed.board import LiveCall
from screener.feed.items import Order
from screener.words.terms import word

EVERY_SECONDS = 0.2
"""A page is told what changed no more often."""
SIGN_SECONDS = 10.0
"""Without news a page is told so often that the console is there."""
URGENT = {Verdict.HARASSMENT.value, Verdict.ABUSIVE_COMPLAINT.value}


async def page(context: Context, person: Person, request: Request) -> Response:
    """The page; its calls come over the event stream. `?wall` shows large tiles without buttons."""
    return context.page("live.html", person, wall="wall" in request.query_params, acts=[act.value for act in Act])


async def events(context: Context, person: Person, request: Request) -> Response:
    """What changed since the last look, as server-sent events; a slow page is shown the newest less often.

    `?once` ends after the first: what is up now.
    """
    return StreamingResponse(_stream(context, person, request), media_type="text/event-stream")


async def order(context: Context, person: Person, request: Request) -> Response:
    """Carry out what a button says.

    Raises:
        InputError: no such act, or the call is over.
    """
    try:
        data = await request.json()
        act = Act(data["act"])
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError("no such act", "load the page again") from problem
    context.hub.order(Order(request.path_params["call"], act, person.name))
    return JSONResponse({"ok": True})


async def _stream(context: Context, person: Person, request: Request) -> AsyncIterator[str]:
    version, known, quiet = 0, frozenset[str](), 0.0
    feeds: list[bool] | None = None
    while not await request.is_disconnected():
        version, changed, ids = context.hub.newer(version)
        up = [feed.up for feed in context.hub.feeds]
        if changed or ids != known or up != feeds:
            told = {
                "calls": [view(context, person, shown) for shown in changed],
                "gone": sorted(known - ids),
                "feeds": up,
                "missed": sum(feed.board.missed for feed in context.hub.feeds),
            }
            yield f"data: {json.dumps(told, ensure_ascii=False)}\n\n"
            known, feeds, quiet = ids, up, 0.0
            if "once" in request.query_params:
                return
        elif quiet >= SIGN_SECONDS:
            yield ": here\n\n"
            quiet = 0.0
        await asyncio.sleep(EVERY_SECONDS)
        quiet += EVERY_SECONDS


def view(context: Context, person: Person, shown: Shown) -> dict[str, Any]:
    """A running call as a page or a program sees it: words for people, by role."""
    call, teller = shown.call, context.teller
    began, judged = call.began, call.judged
    return {
        "id": call.call,
        "number": context.number(began.number, person) if began else "?",
        "where": " ".join(p for p in (word(began.line, teller.lang), began.region) if p) if began else "",
        "dialled": began.dialled if began else "",
        "agent": began.agent if began else "",
        "entrance": began.entrance if began else "",
        "node": began.node if began else "",
        "began": began.started_at.isoformat() if began else "",
        "seconds": round(call.at, 1),
        "words": [
            {"who": heard.speaker, "text": heard.text, "final": heard.final}
            for heard in sorted(call.words.values(), key=lambda heard: heard.at)[-12:]
        ],
        "evidence": [
            {"weight": e.weight, "text": teller.evidence(e.rule, e.detail), "span": e.span}
            for e in call.evidence[-8:]
        ],
        "verdict": teller.verdict(Verdict(judged.verdict)) if judged else teller.verdict(None),
        "kind": teller.kind(judged.kind) if judged else "",
        "reason": teller.reason(judged.reason) if judged else "",
        "score": judged.score if judged else None,
        "threshold": judged.threshold if judged else None,
        "treatment": word(call.treatment, teller.lang) if call.treatment else "",
        "unheard": call.unheard,
        "moved_to": word(call.moved_to, teller.lang) if call.moved_to else "",
        "over": word(call.over, teller.lang) if call.over else "",
        "urgent": is_urgent(call),
    }


def is_urgent(call: LiveCall) -> bool:
    """Whether somebody should look at once: flagged, abusive, an emergency, or not heard any more."""
    judged = call.judged
    by_person = judged is not None and judged.reason.startswith(Reason.ORDERED)
    return bool(call.unheard) or (
        judged is not None and (judged.verdict in URGENT or judged.emergency) and not by_person
    )
