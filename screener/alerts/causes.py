"""What is worth an alert: seen among everything that happens in all calls."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from screener.core.actions import Action, Decided
from screener.core.evidence import Kind, Verdict
from screener.events import CallControl, CallEnded, CallOffered, Event, Ordered, RecognizerLost
from screener.numbers.mask import mask
from screener.settings.alerts import Alerts


class Cause(StrEnum):
    """Why somebody is told."""

    THREAT = "threat"
    EMERGENCY = "emergency"
    BURST = "burst"
    """Many harassment calls within a short time."""
    DEAF = "deaf"
    """Recognition broke off in several calls: callers pass unheard."""
    ASKED = "asked"
    """Somebody asks a supervisor to look at a call."""
    SPOOL = "spool"
    """The spool cannot be written: calls wait in memory for the database."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told.

    Attributes:
        at: aware, UTC.
        call: id of the call that it is about; empty for none. Likewise `number`, masked, and `dialled`.
        count: of calls, for a burst; of lost recognitions.
        by: who asks.
    """

    cause: Cause
    at: datetime
    call: str = ""
    number: str = ""
    dialled: str = ""
    count: int = 0
    by: str = ""


class Causes:
    """An observer; runs on the calls thread.

    Args:
        settings: the section `[alerts]`.
        put: takes an alert; must not block.
        clock: the wall clock, aware UTC.
    """

    def __init__(self, settings: Alerts, put: Callable[[Alert], None], clock: Callable[[], datetime]) -> None:
        self._settings, self._put, self._clock = settings, put, clock
        self._flags: deque[datetime] = deque()
        self._lost: deque[datetime] = deque()
        self._told: set[tuple[str, Cause]] = set()

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call."""
        match item:
            case Decided(decision):
                if decision.emergency:
                    self._once(Cause.EMERGENCY, call_id, offer)
                if decision.verdict is Verdict.HARASSMENT:
                    if decision.kind is Kind.THREAT:
                        self._once(Cause.THREAT, call_id, offer)
                    if (call_id, Cause.BURST) not in self._told:
                        self._told.add((call_id, Cause.BURST))
                        self._many(Cause.BURST, self._flags, self._settings.burst_calls)
            case Ordered(act=CallControl.SUPERVISOR):
                number = mask(offer.caller.number)
                self._put(Alert(Cause.ASKED, self._clock(), call_id, number, offer.dialled, by=item.by))
            case RecognizerLost():
                self._many(Cause.DEAF, self._lost, self._settings.deaf_calls)
            case CallEnded():
                self._told -= {(call_id, cause) for cause in Cause}
            case _:
                pass

    def _once(self, cause: Cause, call_id: str, offer: CallOffered) -> None:
        if (call_id, cause) not in self._told:
            self._told.add((call_id, cause))
            self._put(Alert(cause, self._clock(), call_id, mask(offer.caller.number), offer.dialled))

    def _many(self, cause: Cause, times: deque[datetime], most: int) -> None:
        """Told when so many come within the window; then the window begins anew."""
        now = self._clock()
        times.append(now)
        while times and times[0] < now - timedelta(seconds=self._settings.burst_seconds):
            times.popleft()
        if len(times) >= most:
            self._put(Alert(cause, now, count=len(times)))
            times.clear()
