"""How much is missed: a random sample of calls that were not flagged, for a person to look at.

The draw is among the calls of the last 30 days. Its order is a hash of each call's id: the same for everybody, and
known to nobody beforehand. The review room and `screener sample` draw in this order and count by this module.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from screener.intervals import wilson
from screener.store.find import Unflagged, unflagged
from screener.store.log import CallLog
from screener.store.records import Review

PERIOD = timedelta(days=30)
"""Older calls are not drawn: they have no transcript any more, or nobody remembers."""


@dataclass(frozen=True, slots=True)
class MissedShare:
    """What people said of the sample.

    Attributes:
        waiting: calls of the period that nobody has looked at, in the order of the draw.
        looked_at: calls of the period that were looked at when it was their turn.
        missed: of those, how many are harassment.
    """

    waiting: tuple[str, ...]
    looked_at: int
    missed: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson) of the share of unflagged calls that are harassment."""
        return wilson(self.missed, self.looked_at)


def turn(call_id: str) -> bytes:
    """What the draw is ordered by."""
    return sha256(call_id.encode()).digest()


def missed_in(log: CallLog, now: datetime) -> MissedShare:
    """Counts the sample of a log.

    Raises:
        StoreError: the database failed.
    """
    return missed(unflagged(log, now - 2 * PERIOD), now)


def missed(calls: Iterable[Unflagged], now: datetime) -> MissedShare:
    """Counts the sample.

    A call that somebody looked at for another reason is not part of it: chance did not choose it. It was a call's
    turn if nothing before it in the order was waiting then, so neither a call that comes later nor one that grew
    too old to be drawn stops the count.

    Args:
        calls: of twice the period, since what was looked at 30 days ago was drawn among calls up to 30 days older.
        now: aware.
    """
    passed: list[Unflagged] = []
    words: list[Review] = []
    for call in sorted(calls, key=lambda one: turn(one.id)):
        if call.review is Review.NONE:
            passed.append(call)
        elif call.started_at >= now - PERIOD:
            then = call.reviewed_at or now
            if not any(one.ended_at <= then <= one.started_at + PERIOD for one in passed):
                words.append(call.review)
    waiting = tuple(one.id for one in passed if one.started_at >= now - PERIOD)
    return MissedShare(waiting, len(words), words.count(Review.CONFIRMED))
