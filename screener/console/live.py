"""实时: every call that is heard, as it goes on, and what a supervisor may do about it."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from screener.console import seen
from screener.console.api.wire import AnOrder
from screener.console.body import among, taken
from screener.console.context import ConsoleContext
from screener.console.hub import Shown
from screener.console.logins import Person
from screener.console.orders import give
from screener.console.stream import Look, stream
from screener.core.evidence import URGENT, Kind, Reason, Verdict
from screener.core.signals import taken_back
from screener.events import CallControl
from screener.feed.board import LiveCall
from screener.feed.items import Order, Weighed
from screener.outside.text import visible
from screener.words.places import place
from screener.words.terms import headed, word
from screener.words.told import told

EMERGENCY = 4
"""Rank of the calls that come before all others."""
ACTS = (
    CallControl.ANALYSIS_QUEUE,
    CallControl.LINE_FAULT,
    CallControl.TERMINATE,
    CallControl.WARN,
    CallControl.SUPERVISOR,
    CallControl.AGENTS,
)
"""What has a button."""
NO_ANSWER = 408
"""SIP's status of what nothing was heard of."""
GAP_TOLD = timedelta(minutes=10)
"""So long a page says that a service was not heard."""


async def page(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The page; its calls come over the event stream. `?wall` shows large tiles without buttons."""
    acts = [
        act.value
        for act in ACTS
        if act is not CallControl.WARN or "supervisor" in context.settings.flow.warnings.by
    ]
    return context.page("live.html", person, wall="wall" in request.query_params, acts=acts)


async def events(context: ConsoleContext, person: Person, request: Request) -> Response:
    """What changed since the last look, as server-sent events; `?once` ends after the first: what is up now."""

    def made(shown: Shown) -> str:
        return json.dumps(view(context, person, shown), ensure_ascii=False)

    return stream(context, person, request, changes(context, person, made, "page"))


async def order(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Carry out what a button says.

    Raises:
        InputError: no such act, or the call is over.
    """
    act = (await taken(request, AnOrder)).act
    without = {CallControl.PAUSE}
    if "supervisor" not in context.settings.flow.warnings.by:
        without.add(CallControl.WARN)
    among(act, [may for may in CallControl if may not in without], "see [flow.warnings] by in the settings")
    return await give(context, Order(request.path_params["call"], act, person.name))


def changes(context: ConsoleContext, person: Person, made: Callable[[Shown], str], form: str) -> Look:
    """What looks for changes; everybody who sees the same of a call shares one text of it.

    Args:
        context: of the console.
        person: who looks.
        made: a call as JSON.
        form: name of what `made` makes.
    """
    version, known = 0, frozenset[str]()
    feeds: list[object] | None = None
    key = f"{form} {context.sees_whole_numbers(person)}"

    def text(shown: Shown) -> str:
        if (kept := shown.texts.get(key)) is None or kept[0] != shown.version:
            kept = shown.texts[key] = shown.version, made(shown)
        return kept[1]

    def look() -> str | None:
        nonlocal version, known, feeds
        version, changed, ids = context.hub.newer(version)
        up = [feed.up for feed in context.hub.feeds]
        state = [up, missed := sum(feed.board.missed for feed in context.hub.feeds), gap := gap_of(context)]
        if not changed and ids == known and state == feeds:
            return None
        now = round(time.monotonic(), 1)
        rest = json.dumps({"gone": sorted(known - ids), "feeds": up, "missed": missed, "gap": gap, "now": now})
        known, feeds = ids, state
        return f'{{"calls": [{", ".join(map(text, changed))}], {rest[1:]}'

    return look


def gap_of(context: ConsoleContext) -> dict[str, str | int] | None:
    """The last time that a service was not heard, for a while after it is heard again."""
    ended = [
        (since + timedelta(seconds=seconds), since, seconds)
        for feed in context.hub.feeds
        for since, seconds in [(feed.away_since, feed.away_seconds)]  # the feed's thread may change them meanwhile
        if feed.up and since is not None and seconds is not None
    ]
    recent = [gap for gap in ended if datetime.now(UTC) - gap[0] < GAP_TOLD]
    if not recent:
        return None
    _, since, seconds = max(recent)
    return {"since": since.astimezone(context.zone).isoformat(timespec="seconds"), "seconds": round(seconds)}


def view(context: ConsoleContext, person: Person, shown: Shown) -> dict[str, Any]:
    """A running call as a page or a program sees it: words for people, by role."""
    call, teller = shown.call, context.teller
    began, judged = call.began, call.judged
    words, evidence = seen.of_call(context, person, call)
    verdict = Verdict(judged.verdict) if judged else None
    return {
        "id": call.call,
        "number": context.number(began.number, person) if began else "?",
        "where": " ".join(filter(None, (word(began.line, teller.lang), place(began.region, teller.lang))))
        if began
        else "",
        "dialled": visible(began.dialled) if began else "",
        "agent": visible(began.agent) if began else "",
        "entrance": began.entrance if began else "",
        "node": began.node if began else "",
        "began": began.started_at.isoformat() if began else "",
        "zero": round(shown.zero, 1),
        "words": [
            {"who": heard.speaker, "text": visible(heard.text), "final": heard.final} for heard in words[-12:]
        ],
        "evidence": [
            {"weight": e.weight, "text": visible(teller.piece(e.rule, e.detail, e.span, e.kind))}
            for e in standing(evidence)[-8:]
        ],
        "verdict": _stands(context, call, verdict),
        "kind": teller.kind(judged.kind) if judged else "",
        "reason": headed(teller.reason(judged.reason)) if judged else "",
        "score": call.stands.score if call.stands else None,
        "threshold": call.stands.threshold if call.stands else None,
        "warnings": [teller.warned(w.about, w.level, w.step, w.by) for w in call.warnings[-4:]],
        "orders": [teller.ordered(o.act, o.by, o.outcome) for o in call.orders[-4:]],
        "waits": teller.warning(call.waits.about, call.waits.level) if call.waits else "",
        "treatment": word(call.treatment, teller.lang) if call.treatment else "",
        "unheard": told(call.unheard, teller.lang),
        "answer": answer(context, call),
        "over": word(f"by_{call.over}", teller.lang) if call.over else "",
        "asked": context.say("asked").replace("{}", call.asked_by) if call.asked_by else "",
        "urgent": is_urgent(call),
        "rank": rank(call),
    }


def answer(context: ConsoleContext, call: LiveCall) -> str:
    """What the PBX said to the last transfer; empty before it said anything."""
    if (moved := call.moved) is None:
        return ""
    said = "pbx_did" if moved.ok else "pbx_silent" if moved.status == NO_ANSWER else "pbx_refused"
    return context.say(said).format(context.word(f"to_{moved.target}"))


def standing(evidence: Sequence[Weighed]) -> list[Weighed]:
    """Without what was taken back when the recogniser heard more."""
    left: list[Weighed] = []
    for piece in evidence:
        rule = taken_back(piece.rule)
        meant = [n for n, one in enumerate(left) if one.rule == rule]
        if meant:
            del left[meant[-1]]
        else:
            left.append(piece)
    return left


def _stands(context: ConsoleContext, call: LiveCall, verdict: Verdict | None) -> str:
    """In a word, why one would look at it."""
    if rank(call) == EMERGENCY:
        return context.say("emergency")
    if call.asked_by and (verdict is None or verdict not in URGENT):
        return context.say("wanted")
    return headed(context.teller.verdict(verdict))


def is_urgent(call: LiveCall) -> bool:
    """Whether somebody should look at once: flagged, abusive, an emergency, asked for, or not heard any more."""
    return rank(call) > 0


def rank(call: LiveCall) -> int:
    """What rises to the top: an emergency, a threat, what somebody asks to look at, whatever else is urgent."""
    judged = call.judged
    by_person = judged is not None and judged.reason.startswith(Reason.ORDERED)
    heard = None if by_person else judged
    if heard is not None and heard.emergency:
        return EMERGENCY
    if heard is not None and heard.verdict in URGENT and heard.kind == Kind.THREAT:
        return 3
    if call.asked_by or call.waits:
        return 2
    return int(bool(call.unheard) or (heard is not None and heard.verdict in URGENT))
