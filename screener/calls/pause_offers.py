"""Pauses that agents were offered after abusive calls: an observer that knows who may take which."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from screener.core.actions import Action, PauseOffered
from screener.events import CallOffered, Event

OFFERS = 1_000
"""Offers that are kept; over that the oldest lapses."""


class PauseOffers:
    """The offers that stand; each can be taken once.

    Args:
        pause: begins a pause of an agent, of so many seconds, and tells whether it began; must not block.
        tell: takes of which call's offer a pause began, or could not; any thread; must not block.
    """

    def __init__(
        self, pause: Callable[[str, float, Callable[[bool], None]], None], tell: Callable[[str, bool], None]
    ) -> None:
        self._pause, self._tell = pause, tell
        self._lock = threading.Lock()
        self._offers: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call; on the calls thread."""
        if isinstance(item, PauseOffered) and offer.agent:
            with self._lock:
                self._offers[call_id] = offer.agent, item.seconds
                if len(self._offers) > OFFERS:
                    self._offers.popitem(last=False)

    def take(self, call_id: str) -> None:
        """The agent of a call takes the pause; from any thread."""
        with self._lock:
            offered = self._offers.pop(call_id, None)
        if offered is not None:  # else taken already, or another node's
            self._pause(*offered, partial(self._tell, call_id))
