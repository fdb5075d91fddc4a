"""Which calls a report is about, and what it sees of each marked one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from screener.core.evidence import Kind, Verdict
from screener.store.records import Review

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PREFIX_CHARACTERS = 10
"""+86 and the seven digits that name exchange and area."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which calls are asked about.

    Attributes:
        since, until: aware; `until` itself is not part of it. None is unbounded.
        kind: only flags of this kind count as flagged.
        queue: only calls of this queue of agents; empty takes any.
        dialled: only calls to this number; likewise.
    """

    since: datetime | None = None
    until: datetime | None = None
    kind: Kind | None = None
    queue: str = ""
    dialled: str = ""


class SourceBy(StrEnum):
    """What sources are counted by."""

    NUMBER = "number"
    PREFIX = "prefix"
    REGION = "region"
    CARRIER = "carrier"
    LINE = "line"
    DIALLED = "dialled"
    QUEUE = "queue"


class Marked(NamedTuple):
    """A flagged or treated row of a call. A tuple, because a report may read half a million of them.

    Enums are their plain values, which equal their members. `second` is when the caller dialled, seconds since
    1970; `root` says which rows are one call.
    """

    second: int
    root: str
    number: str
    region: str
    carrier: str
    line: str
    entrance: str
    verdict: str | None
    kind: str | None
    treatment: str
    dry_run: bool
    by_hand: bool
    review: str
    reviewed_by: str
    agent: str

    @property
    def flagged(self) -> bool:
        """Harassment that nobody overturned."""
        return self.verdict == Verdict.HARASSMENT and self.review != Review.OVERTURNED


class FlaggedCall(NamedTuple):
    """A flagged call, as far as it matters how often they come.

    Attributes:
        quarter: of an hour since 1970.
        treated: something was done about it.
        by_hand: an agent handed the caller over.
    """

    quarter: int
    kind: str | None
    treated: bool
    by_hand: bool


class SourceCalls(NamedTuple):
    """What one number did from one place: calls judged harassment.

    Attributes:
        flagged: of these, not overturned; `treated` and `by_hand` are parts of it, as of `FlaggedCall`.
        confirmed: of the flagged, by a person; `overturned`: calls of which no flag holds.
        first, last: of the flagged, seconds since 1970; None where none is.
        begun: the first of the flagged: sorts like its time.
    """

    number: str
    region: str
    carrier: str
    line: str
    dialled: str
    queue: str
    flagged: int
    treated: int
    by_hand: int
    confirmed: int
    overturned: int
    first: int | None
    last: int | None
    begun: str | None


class Totals(NamedTuple):
    """All calls judged harassment together; as in `SourceCalls`."""

    flagged: int
    treated: int
    by_hand: int
    confirmed: int
    overturned: int

    @classmethod
    def of(cls, found: Sequence[SourceCalls]) -> "Totals":
        """The sum over all places."""
        return cls(
            flagged=sum(one.flagged for one in found),
            treated=sum(one.treated for one in found),
            by_hand=sum(one.by_hand for one in found),
            confirmed=sum(one.confirmed for one in found),
            overturned=sum(one.overturned for one in found),
        )


class Stay(NamedTuple):
    """One entry into the analysis queue.

    `begun` sorts like the time of its call; `seconds` is None when its end is not known.
    """

    second: int
    number: str
    begun: str
    by_hand: bool
    seconds: float | None
    to_the_end: bool


class Stayed(NamedTuple):
    """The end of one entry; as in `Stay`."""

    seconds: float | None
    to_the_end: bool


class Return(NamedTuple):
    """What came after the first flag of a source by one treatment; `arm` is the treatment, `dry_run` or `none`.

    `first` and `again` (the next call of the number, None when there is none) are seconds since 1970.
    """

    arm: str
    first: int
    again: int | None


class RuleVerdicts(NamedTuple):
    """How often one rule spoke for harassment on flags that a person has looked at."""

    rule: str
    confirmed: int
    overturned: int


def whole_slots(
    since: datetime | None, until: datetime | None, seconds: int
) -> tuple[int | None, int | None, list[tuple[datetime, datetime]]]:
    """The slots that lie wholly in a span, and what is left of it at its edges.

    Returns:
        first slot and the one after the last, None where the span is unbounded; the edges as spans.
    """
    low = None if since is None else -((EPOCH - since) // timedelta(seconds=seconds))
    high = None if until is None else (until - EPOCH) // timedelta(seconds=seconds)
    if since is not None and until is not None and low is not None and high is not None and low >= high:
        return 0, 0, [(since, until)]
    edges: list[tuple[datetime, datetime]] = []
    if since is not None and low is not None:
        edges.append((since, EPOCH + timedelta(seconds=low * seconds)))
    if until is not None and high is not None:
        edges.append((EPOCH + timedelta(seconds=high * seconds), until))
    return low, high, [(begin, end) for begin, end in edges if begin < end]
