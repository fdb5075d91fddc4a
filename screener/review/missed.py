"""How much is missed: a random sample of calls that were not flagged, for a person to look at.

The draw is among the calls of the last 30 days. Its order is a hash of each call's id: the same for everybody, and
known to nobody beforehand. The review room and `screener sample` draw in this order and count by this module.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from heapq import heapify, heappop

from screener.intervals import wilson
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.unflagged import AT_ONCE, Unflagged, judged_ids, looked_at, unflagged

PERIOD = timedelta(days=30)
"""Older calls are not drawn: they have no transcript any more, or nobody remembers."""
WAITING = 1000
"""Of the calls that nobody has looked at so many are told."""


@dataclass(frozen=True, slots=True)
class MissedShare:
    """What people said of the sample.

    Attributes:
        waiting: the first calls of the period that nobody has looked at, in the order of the draw.
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


def missed_in(log: CallLog, now: datetime, most: int = WAITING) -> MissedShare:
    """Counts the sample of a log.

    Of the calls, which may be half a million, the ids alone are read; the calls themselves in the order of the
    draw, until enough wait and every word is counted.

    Raises:
        StoreError: the database failed.
    """
    since = now - 2 * PERIOD
    looked = [one for one in looked_at(log, since) if one.started_at >= now - PERIOD]
    # What was drawn was drawn among calls up to 30 days older; without a word those can be left alone.
    ids = judged_ids(log, since if looked else now - PERIOD)
    return drawn(_in_turn(log, ids, since), looked, now, most)


def drawn(ordered: Iterable[Unflagged], looked: Iterable[Unflagged], now: datetime, most: int) -> MissedShare:
    """Counts the sample.

    A call that somebody looked at for another reason is not part of it: chance did not choose it. It was a call's
    turn if nothing before it in the order was waiting then, so neither a call that comes later nor one that grew
    too old to be drawn stops the count.

    Args:
        ordered: calls of twice the period in the order of the draw, since what was looked at 30 days ago was drawn
            among calls up to 30 days older. Read no further than is needed.
        looked: those of the period of which somebody has said something.
        now: aware.
        most: waiting calls that are wanted.
    """
    open_ = {one.id: one for one in looked}
    waiting: list[str] = []
    words: list[Review] = []
    for call in ordered:
        if call.review is Review.NONE:
            if call.started_at >= now - PERIOD:
                waiting.append(call.id)
            open_ = {name: one for name, one in open_.items() if not _waited(call, one.reviewed_at or now)}
        elif open_.pop(call.id, None):
            words.append(call.review)
        if not open_ and len(waiting) >= most:
            break
    return MissedShare(tuple(waiting[:most]), len(words), words.count(Review.CONFIRMED))


def _waited(call: Unflagged, then: datetime) -> bool:
    """Whether a call that nobody has looked at could be drawn at a moment."""
    return call.ended_at <= then <= call.started_at + PERIOD


def _in_turn(log: CallLog, ids: Iterable[str], since: datetime) -> Iterator[Unflagged]:
    order = [(turn(name), name) for name in ids]
    heapify(order)
    while order:
        some = [heappop(order)[1] for _ in range(min(len(order), AT_ONCE))]
        yield from sorted(unflagged(log, some, since), key=lambda one: turn(one.id))
