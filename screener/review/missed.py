"""How much is missed: a random sample of calls that were not flagged, for a person to look at.

The order of the draw is a hash of each call's id: the same for everybody, known to nobody beforehand, and as more
are looked at the sample only grows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from screener.core.evidence import Verdict
from screener.intervals import wilson
from screener.store.records import CallRecord, Review


@dataclass(frozen=True, slots=True)
class Missed:
    """What people said of the sample.

    Attributes:
        unflagged: calls that were heard and not flagged.
        looked_at: of those, the first of the draw that were all looked at.
        missed: of those, how many are harassment.
    """

    unflagged: int
    looked_at: int
    missed: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson) of the share of unflagged calls that are harassment."""
        return wilson(self.missed, self.looked_at)


def drawn(calls: Iterable[CallRecord]) -> list[CallRecord]:
    """The calls that were heard and not flagged, in the order of the draw."""
    kept = [
        c for c in calls if c.verdict not in (None, Verdict.HARASSMENT) and c.flagged_at is None and c.evidence
    ]
    return sorted(kept, key=lambda call: turn(call.id))


def turn(call_id: str) -> bytes:
    """What the draw is ordered by."""
    return sha256(call_id.encode()).digest()


def missed(calls: Iterable[CallRecord]) -> Missed:
    """Counts the sample; a call looked at for another reason, further back in the draw, is not part of it."""
    order = drawn(calls)
    looked = next((n for n, call in enumerate(order) if call.review is Review.NONE), len(order))
    return Missed(len(order), looked, sum(call.review is Review.CONFIRMED for call in order[:looked]))
