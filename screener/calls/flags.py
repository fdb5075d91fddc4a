"""Flags of calls whose callers another system has to move: an observer that knows the newest decision of each.

Of a recording it has to in any case; of a call behind a proxy or of FreeSWITCH where that has refused.

What is asked for, and what is only told (a dry run, an abusive complaint, a call of mixed voices)
are one message each; `screener.webhook` carries them.
"""

import secrets
import threading
from collections.abc import Callable
from typing import Protocol

from screener.calls.listened import MoveOutcome
from screener.core.actions import ON_PBX, Action, Decided
from screener.core.evidence import URGENT, Decision, Treatment
from screener.events import CallEnded, CallOffered, Event, PartiesTold
from screener.ports import Destination
from screener.webhook import message
from screener.webhook.message import FlagAnswer, FlagMessage

_ACTS = {target: treatment for treatment, target in ON_PBX.items()}


class Poster(Protocol):
    """Who carries messages."""

    def post(self, flag: FlagMessage, answered: Callable[[FlagAnswer], None]) -> None:
        """Send one; the answer follows in any case."""
        ...


class Flags:
    """The calls that the other system is told of.

    Args:
        poster: carries the messages.
    """

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[CallOffered, Decision] | None] = {}

    def follow(self, call_id: str) -> None:
        """Tell the other system of this call too."""
        with self._lock:
            self._latest[call_id] = None

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call; on the calls thread."""
        with self._lock:
            if call_id not in self._latest:
                return
            if isinstance(item, CallEnded):
                del self._latest[call_id]
                return
            if isinstance(item, PartiesTold) and (known := self._latest[call_id]):
                self._latest[call_id] = offer, known[1]
            if not isinstance(item, Decided) or item.decision.verdict not in URGENT:
                return
            self._latest[call_id] = offer, item.decision
        if item.decision.treatment is Treatment.NONE:
            self._poster.post(_flag(offer, item.decision), lambda _answer: None)

    def ask(self, call_id: str, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        """Ask for a caller to be moved; to where no flag brings anybody, nobody is asked."""
        known = self._known(call_id)
        if known is None or to.target not in _ACTS:
            done(MoveOutcome(moved=False))
            return

        def answered(answer: FlagAnswer) -> None:
            match answer.decision:
                case message.Disposition.MOVED:
                    done(MoveOutcome(moved=True))
                case message.Disposition.GENUINE:
                    done(MoveOutcome(moved=False, genuine=answer.by))
                case message.Disposition.STAYS:
                    done(MoveOutcome(moved=False))

        self._poster.post(_flag(*known, to), answered)

    def tell(self, call_id: str) -> None:
        """Tell of a flag that asks for nothing."""
        if known := self._known(call_id):
            self._poster.post(_flag(*known), lambda _answer: None)

    def _known(self, call_id: str) -> tuple[CallOffered, Decision] | None:
        with self._lock:
            return self._latest.get(call_id)


def _flag(offer: CallOffered, decision: Decision, to: Destination | None = None) -> FlagMessage:
    return FlagMessage(
        id=secrets.token_hex(16),
        call=offer.call_id,
        session=offer.uniqueid,
        number=offer.caller.number,
        agent=offer.agent,
        queue=offer.queue or offer.dialled,
        started_at=offer.started_at.isoformat(),
        at=decision.at,
        verdict=decision.verdict,
        kind=decision.kind or "",
        reason=decision.reason,
        act=_ACTS[to.target] if to else "",
        to=to.uri if to else "",
        dry_run=decision.dry_run,
    )
