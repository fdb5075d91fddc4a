"""坐席: an agent's own page: the present call and its cue card, which nobody else sees; no score is kept."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from screener.console import seen
from screener.console.body import adapter, among, taken
from screener.console.context import ConsoleContext
from screener.console.hub import PauseState, Shown
from screener.console.live import answer
from screener.console.logins import Person
from screener.console.orders import give
from screener.console.stream import stream
from screener.core.cards import Card
from screener.errors import InputError
from screener.events import CallControl
from screener.feed.items import Order
from screener.outside.text import visible

FEW = 40
"""Syllables under which nobody's share of the talk is shown."""


MAY = (CallControl.ANALYSIS_QUEUE, CallControl.SUPERVISOR)
"""What an agent may order."""


@dataclass(frozen=True, slots=True)
class Button:
    """What an agent's button says."""

    act: CallControl


@dataclass(frozen=True, slots=True)
class CueCard:
    """A cue card."""

    id: str
    name: str
    sign: str
    do: tuple[str, ...]
    avoid: tuple[str, ...]
    say: str


@dataclass(frozen=True, slots=True)
class Said:
    """What `caller` or `agent` said, perhaps not to its end yet."""

    who: str
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Present:
    """What an agent sees.

    Attributes:
        call: id; empty while there is none.
        listening: percent of the talk that is the caller's, once enough was said.
        words: the newest few utterances.
        may_warn: the site lets agents warn.
        warned: the steps of this call's warnings so far, in words.
        answer: what the PBX said to the last transfer of the call, in words.
        waits: what waits for this agent's word; empty is nothing.
        pause_minutes: minutes of the pause that is offered after the last call, or was taken; 0 is none.
        pause: what came of it, once it was taken: `ordered`, `begun`, or `refused` by the PBX.
        heard: whether every service is heard: else there may be a call of which nothing is known here.
    """

    call: str = ""
    number: str = ""
    card: CueCard | None = None
    listening: int | None = None
    words: tuple[Said, ...] = ()
    may_warn: bool = False
    warned: tuple[str, ...] = ()
    answer: str = ""
    waits: str = ""
    pause_minutes: float = 0.0
    pause: PauseState = PauseState.OFFERED
    heard: bool = True


async def page(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The page; a CRM may show it in a frame where the site says so."""
    return context.page("agent.html", person)


async def events(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The present call and card, whenever they change, as server-sent events; `?once` ends after the first."""
    told = ""

    def look() -> str | None:
        nonlocal told
        before, told = told, adapter(Present).dump_json(now(context, person)).decode()
        return told if told != before else None

    return stream(context, person, request, look)


async def order(context: ConsoleContext, person: Person, request: Request) -> Response:
    """The agent's buttons: harassment, a supervisor, a warning, an answer to the rule. Only about the own call.

    Raises:
        InputError: no such act, not an agent's here, or the agent has no call.
    """
    act = (await taken(request, Button)).act
    warnings = context.settings.flow.warnings
    warns = (CallControl.WARN,) if "agent" in warnings.by else ()
    approves = (CallControl.APPROVE, CallControl.REFUSE) if warnings.approve == "agent" else ()
    among(act, (*MAY, *warns, *approves), "see [flow.warnings] by and approve in the settings")
    shown = context.hub.of_agent(person.extension)
    if shown is None or shown.over_at is not None:
        raise InputError("there is no call of yours", "use the PBX: transfer the caller by hand")
    return await give(context, Order(shown.call.call, act, person.name))


async def pause(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The agent takes the pause that is offered; nobody writes down who did.

    Raises:
        InputError: none is offered any more.
    """
    context.hub.pause(person.extension, person.name)
    return JSONResponse({"ok": True})


def now(context: ConsoleContext, person: Person) -> Present:
    """What an agent sees now."""
    heard = all(feed.up for feed in context.hub.feeds)
    present = replace(view(context, person, context.hub.of_agent(person.extension)), heard=heard)
    offered = context.hub.pause_of(person.extension)
    return (
        replace(present, pause_minutes=offered.call.pause_seconds / 60, pause=offered.pause)
        if offered
        else present
    )


def view(context: ConsoleContext, person: Person, shown: Shown | None) -> Present:
    """What the agent sees: who calls, what was said, the card, and who speaks how much."""
    if shown is None or shown.over_at is not None:
        return Present()
    began = shown.call.began
    spoken = shown.chooser.spoken
    words, _ = seen.of_call(context, person, shown.call)
    total = sum(spoken.values())
    warnings, teller, asked = context.settings.flow.warnings, context.teller, shown.call.waits
    grants = warnings.approve == "agent"
    return Present(
        call=shown.call.call,
        number=context.number(began.number, person) if began else "?",
        card=_cue(shown.chooser.shown),
        listening=round(100 * spoken["caller"] / total) if total >= FEW else None,
        words=tuple(Said(heard.speaker, visible(heard.text), heard.final) for heard in words[-6:]),
        may_warn="agent" in warnings.by,
        warned=tuple(teller.warned(w.about, w.level, w.step, w.by) for w in shown.call.warnings[-4:]),
        answer=answer(context, shown.call),
        waits=teller.warning(asked.about, asked.level) if asked and grants else "",
    )


def _cue(card: Card | None) -> CueCard | None:
    return CueCard(card.id, card.name, card.sign, card.do, card.avoid, card.say) if card else None
