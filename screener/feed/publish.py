"""From what a call's session sees and asks for to the lines of the feed: an observer of every call."""

from collections.abc import Callable

from screener.core.actions import (
    Action,
    Decided,
    EvidenceFound,
    OrderAnswered,
    PauseOffered,
    Treated,
    Warned,
)
from screener.events import (
    CallControl,
    CallEnded,
    CallOffered,
    Event,
    Ordered,
    PartiesTold,
    RecognizerLost,
    Transcript,
    TransferEnded,
)
from screener.feed.items import (
    TEXT_LIMIT,
    Asked,
    Began,
    Cautioned,
    Handled,
    Heard,
    Item,
    Judged,
    Moved,
    Obeyed,
    Over,
    PauseOffer,
    Unheard,
    Weighed,
)


class Publisher:
    """Tells what happens. Runs on the calls thread.

    Args:
        put: takes an item; must not block.
        node: name of this host.
    """

    def __init__(self, put: Callable[[Item], None], node: str) -> None:
        self._put, self._node = put, node
        self._known: dict[str, Began] = {}

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, at: float) -> None:
        """See one event or action of a call."""
        if call_id not in self._known or isinstance(item, PartiesTold):
            now = began(offer, self._node)
            if now != self._known.get(call_id):
                self._known[call_id] = now
                self._put(now)
        told = _told(call_id, item, at)
        if told is not None:
            self._put(told)
        if isinstance(item, CallEnded):
            self._known.pop(call_id, None)


def began(offer: CallOffered, node: str) -> Began:
    """A call, from its offer."""
    caller = offer.caller
    return Began(
        call=offer.call_id,
        node=node,
        started_at=offer.started_at,
        number=caller.number,
        line=caller.line.value,
        region=caller.region,
        dialled=offer.dialled,
        entrance=offer.entrance.value,
        agent=offer.agent,
    )


def _told(call: str, item: Event | Action, at: float) -> Item | None:
    match item:
        case Transcript() if item.text:
            text = item.text[:TEXT_LIMIT]
            return Heard(call, item.at, item.speaker.value, item.utterance, text, item.final)
        case EvidenceFound(e):
            return Weighed(
                call=call,
                at=e.at,
                rule=e.rule,
                detail=e.detail,
                kind=e.kind.value if e.kind else "",
                weight=round(e.weight, 3),
                span=e.span[:TEXT_LIMIT],
                score=round(item.score, 3),
                threshold=item.threshold,
            )
        case Decided(d):
            return Judged(
                call=call,
                at=d.at,
                verdict=d.verdict.value,
                kind=d.kind.value if d.kind else "",
                score=round(d.assessment.score, 3),
                threshold=d.threshold,
                treatment=d.treatment.value,
                reason=d.reason,
                emergency=d.emergency,
                dry_run=d.dry_run,
            )
        case Treated():
            return Handled(call, item.at, item.treatment.value, item.done, item.completed)
        case Warned():
            return Cautioned(call, item.at, item.kind.value, item.level, item.step.value, item.by)
        case PauseOffered():
            return PauseOffer(call, item.at, item.seconds)
        case TransferEnded():
            return Moved(call, item.at, item.target.value, item.ok, item.status)
        case RecognizerLost():
            return Unheard(call, at, item.reason)
        case Ordered(act=CallControl.SUPERVISOR):
            return Asked(call, at, item.by)
        case OrderAnswered():
            return Obeyed(call, item.at, item.act.value, item.by, item.outcome.value)
        case CallEnded():
            return Over(call, at, item.by.value)
        case _:
            return None
