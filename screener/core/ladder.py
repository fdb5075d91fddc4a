"""What a number may expect that keeps harassing: a ladder of steps, as data.

A step holds for so many days once people have confirmed so many of the number's calls within so many days; then it
ends by itself. A call that was treated because of the ladder was not heard, and takes nobody further up it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from screener.events import Rung

SUSPENDING = frozenset({Rung.SUSPENDED, Rung.REPORTED})
"""Rungs whose calls are treated at once."""
HEIGHT = {rung: height for height, rung in enumerate(Rung)}


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step.

    Attributes:
        rung: what follows.
        confirmed: so many confirmed calls …
        within_days: … that lie within so many days of each other.
        days: how long it holds, from the last confirmation on.
    """

    rung: Rung
    confirmed: int
    within_days: int
    days: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """`[ladder]`: off while it has no steps.

    Attributes:
        steps: in any order; of those that hold the highest rung counts, and of two the one that ends last.
        complaint_days: a number with a complaint within so many days is never touched.
    """

    steps: tuple[LadderStep, ...] = ()
    complaint_days: int = 90


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed call: when it came, and when a person confirmed it; aware."""

    called_at: datetime
    said_at: datetime


@dataclass(frozen=True, slots=True)
class LadderPlace:
    """Where a number stands.

    Attributes:
        since, until: aware; `until` itself is not part of it.
        confirmed: calls that brought it there.
    """

    rung: Rung
    since: datetime
    until: datetime
    confirmed: int


def standing(calls: Sequence[Confirmed], ladder: Ladder, at: datetime) -> LadderPlace | None:
    """Where a number stands at a moment; None for on no step.

    Args:
        calls: its confirmed calls, in any order.
        ladder: the site's.
        at: aware.
    """
    ordered = sorted((call for call in calls if call.said_at <= at), key=lambda call: call.called_at)
    reached = [found for step in ladder.steps if (found := _reached(ordered, step)) and found.until > at]
    return max(reached, key=lambda found: (HEIGHT[found.rung], found.until), default=None)


def _reached(calls: Sequence[Confirmed], step: LadderStep) -> LadderPlace | None:
    """When a step was reached last."""
    spans = (calls[first : first + step.confirmed] for first in range(len(calls) - step.confirmed + 1))
    within = timedelta(days=step.within_days)
    since = [max(call.said_at for call in s) for s in spans if s[-1].called_at - s[0].called_at <= within]
    if not since:
        return None
    return LadderPlace(step.rung, max(since), max(since) + timedelta(days=step.days), len(calls))
