"""Where harassment comes from: numbers, prefixes, regions, carriers, classes of line; new sources and old ones."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from screener.reports.facts import Facts, facts
from screener.reports.span import PREFIX_CHARACTERS, Marked, Span
from screener.store.log import CallLog


class SourceBy(StrEnum):
    """What is counted by."""

    NUMBER = "number"
    PREFIX = "prefix"
    REGION = "region"
    CARRIER = "carrier"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source of flagged calls.

    Attributes:
        source: the number, prefix, region, carrier or class of line; empty when it is not known.
        calls: all calls that came from it in the span.
        flagged: harassment that nobody overturned.
        share: its part of all flagged calls of the span, 0..1.
        numbers: different numbers among the flagged ones; withheld ones are one.
        new: of these, flagged in the span for the first time.
        returning: of these, flagged in the span after an earlier flag, in the span or before it.
        first, last: its first and last flagged call of the span, to the second.
    """

    source: str
    calls: int
    flagged: int
    share: float
    numbers: int
    new: int
    returning: int
    first: datetime
    last: datetime


def sources(log: CallLog, span: Span, by: SourceBy, limit: int = 20) -> tuple[SourceRow, ...]:
    """Where flagged calls come from, the most flagged first; sources that were never flagged are left out.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return fill(known, span, by, rank(known.marked(span), known.flagged_before(span.since), by, limit))


def rank(marked: Iterable[Marked], before: Set[str], by: SourceBy, limit: int) -> list[SourceRow]:
    """The sources in order, their calls still to be counted.

    Args:
        marked: marked calls, oldest first.
        before: numbers that were flagged before the span.
        by: what to count by.
        limit: how many sources.
    """
    key = _SOURCES[by]
    flagged: Counter[str] = Counter()
    numbers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for call in marked:
        if call.flagged:
            source = key(call)
            flagged[source] += 1
            numbers[source][call.number] += 1
            first.setdefault(source, call.second)
            last[source] = call.second
    total = flagged.total()
    best = sorted(flagged, key=lambda source: (-flagged[source], -last[source], source))[:limit]
    return [
        SourceRow(
            source=source,
            calls=0,
            flagged=flagged[source],
            share=flagged[source] / total,
            numbers=len(numbers[source]),
            new=sum(number not in before for number in numbers[source]),
            returning=sum(number in before or flags > 1 for number, flags in numbers[source].items()),
            first=datetime.fromtimestamp(first[source], UTC),
            last=datetime.fromtimestamp(last[source], UTC),
        )
        for source in best
    ]


def fill(known: Facts, span: Span, by: SourceBy, ranked: list[SourceRow]) -> tuple[SourceRow, ...]:
    """The sources with their calls."""
    found = [row.source for row in ranked]
    match by:
        case SourceBy.NUMBER:
            calls = known.offered_by_number(span, found)
        case SourceBy.PREFIX:
            calls = known.offered_by_prefix(span, found)
        case SourceBy.REGION | SourceBy.CARRIER | SourceBy.LINE:
            calls = known.offered_by_place(span, by.value)
    return tuple(replace(row, calls=calls[row.source]) for row in ranked)


_SOURCES: dict[SourceBy, Callable[[Marked], str]] = {
    SourceBy.NUMBER: lambda call: call.number,
    SourceBy.PREFIX: lambda call: call.number[:PREFIX_CHARACTERS],
    SourceBy.REGION: lambda call: call.region,
    SourceBy.CARRIER: lambda call: call.carrier,
    SourceBy.LINE: lambda call: call.line,
}
