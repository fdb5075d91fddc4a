"""Where harassment comes from and which line it hits: numbers, prefixes, regions, carriers, dialled numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import nsmallest

from screener.reports.facts import Facts, facts
from screener.reports.follow import FLAGGED, NEW, OFFERED, RETURNING, both
from screener.reports.layout import BARS_MOST, Bars, Cell, Coded, Page, Sheet, Type
from screener.reports.reader import Reader
from screener.reports.span import PREFIX_CHARACTERS, SourceBy, SourceCalls, Span
from screener.store.log import CallLog
from screener.words.places import place


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source of flagged calls.

    Attributes:
        source: the number, prefix, region, carrier, class of line, dialled number or queue; empty when not known.
        calls: all calls that came from it in the span.
        flagged: harassment that nobody overturned.
        share: its part of all flagged calls of the span, 0..1.
        numbers: different numbers among the flagged ones; withheld ones are nobody's, and none of these.
        new: of these, flagged in the span for the first time.
        returning: of these, flagged in the span after an earlier flag, whenever, of whatever kind and queue.
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
        found = known.sources(span)
        past = known.flagged_before(span.since), known.first_flags(span, found)
        return fill(known, span, by, rank(found, past, by, limit))


SourcePast = tuple[Set[str], Mapping[str, str]]
"""Numbers that were flagged before the span, and the first flag in it of each."""


def rank(found: Iterable[SourceCalls], past: SourcePast, by: SourceBy, limit: int) -> list[SourceRow]:
    """The sources in order, their calls still to be counted.

    Args:
        found: what each number did.
        past: of the numbers.
        by: what to count by.
        limit: how many sources.
    """
    key = _SOURCES[by]
    flags = [(key(one), one) for one in found if one.flagged]
    flagged: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for source, one in flags:
        flagged[source] += one.flagged
        last[source] = max(last[source], one.last or 0)
    best = nsmallest(limit, flagged, key=lambda source: (-flagged[source], -last[source], source))
    chosen: dict[str, list[SourceCalls]] = {source: [] for source in best}
    for source, one in flags:
        if source in chosen:
            chosen[source].append(one)
    return [_row(source, some, flagged.total(), past) for source, some in chosen.items()]


def _row(source: str, found: list[SourceCalls], total: int, past: SourcePast) -> SourceRow:
    before, firsts = past
    numbers: Counter[str] = Counter()
    later: set[str] = set()
    for one in found:
        numbers[one.number] += one.flagged
        if one.number and (one.flagged > 1 or one.number in before or one.begun != firsts[one.number]):
            later.add(one.number)
    persons = numbers.keys() - {""}
    return SourceRow(
        source=source,
        calls=0,
        flagged=numbers.total(),
        share=numbers.total() / total,
        numbers=len(persons),
        new=len(persons - before),
        returning=len(later),
        first=datetime.fromtimestamp(min(one.first or 0 for one in found), UTC),
        last=datetime.fromtimestamp(max(one.last or 0 for one in found), UTC),
    )


def fill(known: Facts, span: Span, by: SourceBy, ranked: list[SourceRow]) -> tuple[SourceRow, ...]:
    """The sources with their calls."""
    found = [row.source for row in ranked]
    match by:
        case SourceBy.NUMBER:
            calls = known.offered_by_number(span, found)
        case SourceBy.PREFIX:
            calls = known.offered_by_prefix(span, found)
        case _:
            calls = known.offered_by_place(span, by.value)
    return tuple(replace(row, calls=calls[row.source]) for row in ranked)


_SOURCES: dict[SourceBy, Callable[[SourceCalls], str]] = {
    SourceBy.NUMBER: lambda one: one.number,
    SourceBy.PREFIX: lambda one: one.number[:PREFIX_CHARACTERS],
    SourceBy.REGION: lambda one: one.region,
    SourceBy.CARRIER: lambda one: one.carrier,
    SourceBy.LINE: lambda one: one.line,
    SourceBy.DIALLED: lambda one: one.dialled,
    SourceBy.QUEUE: lambda one: one.queue,
}


def source_sheet(rows: Sequence[SourceRow], by: SourceBy, reader: Reader, title: str, name: str) -> Sheet:
    """Sources as a table."""
    keys = [by.value, "calls", "flagged", "share", "numbers", "new", "returning", "first", "last"]
    heads = [reader.word("flagged_share") if key == "share" else reader.word(key) for key in keys]
    cells: list[list[Cell]] = [
        [
            source_name(row.source, by, reader),
            row.calls,
            row.flagged,
            row.share,
            row.numbers,
            row.new,
            row.returning,
            reader.local(row.first),
            reader.local(row.last),
        ]
        for row in rows
    ]
    kind: Type = "phone" if by in (SourceBy.NUMBER, SourceBy.PREFIX, SourceBy.DIALLED) else "text"
    return Sheet(
        reader.word(title), keys, heads, cells, {by.value: kind}, name,
        row_asks=[reader.whole(by, row.source) for row in rows],
        asks={
            "calls": OFFERED, "flagged": FLAGGED, "share": FLAGGED,
            "numbers": FLAGGED, "new": NEW, "returning": RETURNING,
        },
    )  # fmt: skip


def source_name(source: str, by: SourceBy, reader: Reader) -> str:
    """A source as the reader may see it."""
    match by:
        case SourceBy.NUMBER | SourceBy.PREFIX:
            return reader.number(source)
        case SourceBy.DIALLED | SourceBy.QUEUE:
            return source or Coded(reader.word("unknown_source"), None)
        case SourceBy.LINE:
            return reader.coded(source)
        case SourceBy.REGION | SourceBy.CARRIER:
            known = Coded(place(source, reader.lang), source)
            return known if source else Coded(reader.word("unknown_source"), None)


def source_bars(rows: Sequence[SourceRow], by: SourceBy, reader: Reader, title: str) -> Bars:
    """Sources as bars."""
    names = [source_name(row.source, by, reader) for row in rows[:BARS_MOST]]
    asks = [both(reader.whole(by, row.source), FLAGGED) for row in rows[:BARS_MOST]]
    return Bars(reader.word(title), names, [row.flagged for row in rows[:BARS_MOST]], asks=asks)


def sources_page(rows: Sequence[SourceRow], span: Span, by: SourceBy, reader: Reader) -> Page:
    """The report `sources`."""
    sheet = source_sheet(rows, by, reader, "t_sources", "sources")
    return reader.page("t_sources", span, [sheet], [source_bars(rows, by, reader, "t_sources")])
