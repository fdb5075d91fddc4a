"""The analysis queue: who entered, who stayed to its end, how long they stayed."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from statistics import median

from screener.reports.facts import facts
from screener.reports.follow import ENTERED
from screener.reports.frequency import Bucket, BucketClock, bucket_name, gapless
from screener.reports.layout import Asks, Bars, Cell, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import Span, Stay
from screener.store.log import CallLog
from screener.store.tables import QUARTER_SECONDS


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Entries of one group. Seconds are from entering to the end of the treatment; None without entries.

    Attributes:
        entered: entries into the queue.
        to_the_end: heard its last sentence out.
        abandoned: left before; `abandoned_after` is their median stay.
        repeated: entries of a number of which an earlier call was here, of whatever kind and from whatever queue;
            withheld numbers are never counted here.
        by_hand: an agent handed the caller over.
        stay_median, stay_p95: of all entries whose end is known; the second by nearest rank.
    """

    group: str
    entered: int
    to_the_end: int
    abandoned: int
    repeated: int
    by_hand: int
    abandoned_after: float | None
    stay_median: float | None
    stay_p95: float | None


@dataclass(frozen=True, slots=True)
class QueueAnswer:
    """All entries, the automatic ones and those by hand; and the same by period, without gaps."""

    ways: tuple[QueueRow, ...]
    periods: tuple[QueueRow, ...]


def queue(log: CallLog, span: Span, by: Bucket, zone: tzinfo) -> QueueAnswer:
    """What happened in the analysis queue.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return count(known.stays(span), known.first_queued(span.until), by, zone)


def count(stays: Iterable[Stay], firsts: Mapping[str, str], by: Bucket, zone: tzinfo) -> QueueAnswer:
    """Groups of what `Facts` knows.

    Args:
        stays: oldest first.
        firsts: of each number the first call that was in the queue, as `Stay.begun`.
        by: what to count by.
        zone: whose hours and days.
    """
    clock = BucketClock(zone)
    ways: dict[str, list[tuple[Stay, bool]]] = {"all": [], "automatic": [], "by_hand": []}
    periods: defaultdict[str, list[tuple[Stay, bool]]] = defaultdict(list)
    for stay in stays:
        entry = (stay, firsts.get(stay.number, stay.begun) < stay.begun)
        ways["all"].append(entry)
        ways["by_hand" if stay.by_hand else "automatic"].append(entry)
        periods[clock.bucket(stay.second // QUARTER_SECONDS, by)].append(entry)
    return QueueAnswer(
        tuple(_row(way, entries) for way, entries in ways.items()),
        tuple(_row(bucket, periods.get(bucket, [])) for bucket in gapless(periods, by)),
    )


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` (0..1) of all are not above; `values` sorted, not empty."""
    return values[max(0, math.ceil(part * len(values)) - 1)]


def _row(group: str, entries: Sequence[tuple[Stay, bool]]) -> QueueRow:
    known = sorted(stay.seconds for stay, _ in entries if stay.seconds is not None)
    left = [stay.seconds for stay, _ in entries if stay.seconds is not None and not stay.to_the_end]
    stayed = sum(stay.to_the_end for stay, _ in entries)
    return QueueRow(
        group=group,
        entered=len(entries),
        to_the_end=stayed,
        abandoned=len(entries) - stayed,
        repeated=sum(again for _, again in entries),
        by_hand=sum(stay.by_hand for stay, _ in entries),
        abandoned_after=median(left) if left else None,
        stay_median=median(known) if known else None,
        stay_p95=percentile(known, 0.95) if known else None,
    )


_QUEUE = (
    "entered", "to_the_end", "abandoned", "abandoned_after_seconds", "repeated", "by_hand",
    "stay_median_seconds", "stay_p95_seconds",
)  # fmt: skip


def queue_page(answer: QueueAnswer, span: Span, by: Bucket, reader: Reader) -> Page:
    """The report `queue`."""
    periods = [{by.value: row.group} for row in answer.periods]
    sheets = [
        _queue_sheet(
            answer.ways, "group", reader.coded, reader, "t_queue", [{}, {"way": "automatic"}, {"way": "by_hand"}]
        ),
        _queue_sheet(
            answer.periods,
            by.value,
            lambda bucket: bucket_name(bucket, by, reader),
            reader,
            "t_queue_periods",
            periods,
        ),
    ]
    entered = [row.entered for row in answer.periods]
    bars = Bars(
        reader.word("entered"),
        [bucket_name(row.group, by, reader) for row in answer.periods],
        entered,
        upright=True,
        asks=[period | ENTERED for period in periods],
    )
    return reader.page("t_queue", span, sheets, [bars], asks=ENTERED)


def _queue_sheet(
    rows: Sequence[QueueRow],
    first: str,
    name_of: Callable[[str], str],
    reader: Reader,
    title: str,
    places: Sequence[Asks],
) -> Sheet:
    cells: list[list[Cell]] = [
        [
            name_of(row.group),
            row.entered,
            row.to_the_end,
            row.abandoned,
            row.abandoned_after,
            row.repeated,
            row.by_hand,
            row.stay_median,
            row.stay_p95,
        ]
        for row in rows
    ]
    keys = [first, *_QUEUE]
    asks = {"entered": ENTERED, "by_hand": ENTERED | {"way": "by_hand"}}
    asks |= {stay: ENTERED | {"stay": stay} for stay in ("to_the_end", "abandoned")}
    asks |= {"abandoned_after_seconds": asks["abandoned"], "repeated": ENTERED | {"repeated": "1"}}
    asks |= dict.fromkeys(("stay_median_seconds", "stay_p95_seconds"), ENTERED)
    name = title.removeprefix("t_").removeprefix("queue_")
    return Sheet(
        reader.word(title), keys, reader.words(keys), cells, {first: "text"}, name, row_asks=places, asks=asks
    )
