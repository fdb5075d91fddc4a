"""The calls that are up, folded from the feed: what a page or a terminal shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from screener.core.actions import WarningStep
from screener.feed.items import (
    Asked,
    Began,
    Cautioned,
    Handled,
    Heard,
    Item,
    Judged,
    Missed,
    Moved,
    Node,
    Obeyed,
    Over,
    Paused,
    PauseOffer,
    Unheard,
    Weighed,
)

UTTERANCES = 60
"""Utterances of a call that are kept, the newest; likewise pieces of evidence."""
CALLS = 2_000
"""Calls that are kept; over that the oldest is forgotten."""


@dataclass(slots=True)
class LiveCall:
    """One call as the feed has told it so far.

    Attributes:
        began: None when the feed was joined in its middle.
        words: by speaker and utterance, in the order of their beginning.
        stands: what told the score last.
        treatment: that goes on.
        warnings: their steps, the newest ones.
        pause_seconds: seconds of the pause that the agent is offered; 0 is none.
        unheard: why nobody listens, empty while somebody does.
        asked_by: who asks a supervisor to look, empty while nobody does.
        moved: the last transfer, whatever came of it.
        orders: what people ordered and what came of it, the newest ones.
        over: by whom the call was ended, empty while it goes on.
    """

    call: str
    began: Began | None = None
    at: float = 0.0
    words: dict[tuple[str, int], Heard] = field(default_factory=dict)
    evidence: list[Weighed] = field(default_factory=list)
    judged: Judged | None = None
    stands: Weighed | Judged | None = None
    treatment: str = ""
    warnings: list[Cautioned] = field(default_factory=list)
    pause_seconds: float = 0.0
    unheard: str = ""
    asked_by: str = ""
    moved: Moved | None = None
    orders: list[Obeyed] = field(default_factory=list)
    over: str = ""

    @property
    def waits(self) -> Cautioned | None:
        """The warning, or the end after the warnings, that waits for somebody's word while the call goes on."""
        newest = self.warnings[-1] if self.warnings and not self.over else None
        return newest if newest and newest.step == WarningStep.ASKED else None

    def items(self) -> Iterator[Item]:
        """What tells a newcomer all that is known of the call."""
        if self.began:
            yield self.began
        yield from self.words.values()
        if self.judged and self.stands is not self.judged:
            yield self.judged
        yield from self.evidence
        if self.judged and self.stands is self.judged:
            yield self.judged
        if self.treatment:
            yield Handled(self.call, self.at, self.treatment, done=False, completed=False)
        yield from self.warnings
        if self.unheard:
            yield Unheard(self.call, self.at, self.unheard)
        if self.asked_by:
            yield Asked(self.call, self.at, self.asked_by)
        yield from self.orders


class Board:
    """All calls that are up; a call that is over leaves with the next item of another call."""

    def __init__(self) -> None:
        self.calls: dict[str, LiveCall] = {}
        self.missed = 0
        """Lines that this reader never saw."""
        self.nodes: dict[str, Node] = {}
        """Services by host, as they said last."""

    def items(self) -> Iterator[Item]:
        """What tells a newcomer all that is known."""
        yield from list(self.nodes.values())
        for call in list(self.calls.values()):
            yield from call.items()

    def take(self, item: Item) -> LiveCall | None:
        """Take one item; the call that it is about, None when it is about none."""
        if isinstance(item, Missed):
            self.missed += item.lines
            return None
        if isinstance(item, Node):
            self.nodes[item.node] = item
            return None
        call = self.calls.get(item.call)
        if call is None:
            if isinstance(item, Over | Paused):
                return None
            call = self.calls[item.call] = LiveCall(item.call)
            if len(self.calls) > CALLS:
                del self.calls[next(iter(self.calls))]
        _fold(call, item)
        if call.over:
            del self.calls[item.call]
        return call


def _fold(call: LiveCall, item: Item) -> None:
    match item:
        case Began():
            call.began = item
        case Heard():
            call.words[item.speaker, item.utterance] = item
            if len(call.words) > UTTERANCES:
                del call.words[next(iter(call.words))]
        case Weighed():
            call.evidence = [*call.evidence, item][-UTTERANCES:]
            call.stands = item
        case Judged():
            call.judged = call.stands = item
        case Handled():
            call.treatment = "" if item.done else item.treatment
        case Cautioned():
            call.warnings = [*call.warnings, item][-UTTERANCES:]
        case PauseOffer():
            call.pause_seconds = item.seconds
        case Moved():
            call.moved = item
        case Unheard():
            call.unheard = item.why
        case Asked():
            call.asked_by = item.by
        case Obeyed():
            call.orders = [*call.orders, item][-UTTERANCES:]
        case Over():
            call.over = item.by
        case _:
            pass
    call.at = max(call.at, getattr(item, "at", 0.0))
