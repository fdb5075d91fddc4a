"""How often harassment comes: by hour, weekday, day, week or month, and as a map of hour and weekday."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from screener.core.evidence import Kind
from screener.reports.facts import facts
from screener.reports.follow import BY_HAND, FLAGGED, OFFERED
from screener.reports.layout import Bars, Cell, Chart, Coded, Heat, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import FlaggedCall, Span
from screener.store.log import CallLog
from screener.store.tables import QUARTER_SECONDS
from screener.words.terms import weekday


class Bucket(StrEnum):
    """What is counted by, in the site's own time zone."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class FrequencyRow:
    """One bucket.

    Attributes:
        bucket: `09`, `1` (Monday) … `7`, `2026-03-04`, `2026-W10` or `2026-03`.
        offered: calls that came.
        flagged: harassment that nobody overturned; `by_kind` splits it, None for flags without a kind.
        treated: of the flagged, those that something was done about.
        by_hand: of the flagged, those that an agent handed over.
    """

    bucket: str
    offered: int = 0
    flagged: int = 0
    treated: int = 0
    by_hand: int = 0
    by_kind: dict[Kind | None, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Flagged of offered; None when nothing was offered."""
        return self.flagged / self.offered if self.offered else None


@dataclass(frozen=True, slots=True)
class Frequency:
    """Buckets in order, those of days, weeks and months without a gap; and flags by weekday 1 … 7 and hour."""

    rows: tuple[FrequencyRow, ...]
    heat: Mapping[tuple[int, int], int]


def frequency(log: CallLog, span: Span, by: Bucket, zone: tzinfo) -> Frequency:
    """How often harassment comes.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return count(known.flags(span), known.offered_by_quarter(span), by, zone)


def count(flags: Iterable[FlaggedCall], offered: Mapping[int, int], by: Bucket, zone: tzinfo) -> Frequency:
    """Buckets of what `Facts` knows.

    Args:
        flags: flagged calls.
        offered: calls that came, by quarter of an hour since 1970.
        by: what to count by.
        zone: whose hours and days.
    """
    clock = BucketClock(zone)
    flags = list(flags)
    quarters = Counter(flag.quarter for flag in flags)
    buckets = {quarter: clock.bucket(quarter, by) for quarter in {*offered, *quarters}}
    calls: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    treated: Counter[str] = Counter()
    by_hand: Counter[str] = Counter()
    kinds: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    heat: Counter[tuple[int, int]] = Counter()
    for quarter, number in offered.items():
        calls[buckets[quarter]] += number
    alike = Counter((buckets[flag.quarter], *flag[1:]) for flag in flags)
    for (bucket, kind, was_treated, was_by_hand), number in alike.items():
        flagged[bucket] += number
        treated[bucket] += number * was_treated
        by_hand[bucket] += number * was_by_hand
        kinds[bucket][kind] += number
    for quarter, number in quarters.items():
        heat[clock.weekday_and_hour(quarter)] += number
    rows = tuple(
        FrequencyRow(
            bucket,
            calls[bucket],
            flagged[bucket],
            treated[bucket],
            by_hand[bucket],
            {Kind(kind) if kind else None: number for kind, number in kinds[bucket].items()},
        )
        for bucket in gapless(set(calls) | set(flagged), by)
    )
    return Frequency(rows, heat)


class BucketClock:
    """From quarters of an hour to local buckets; each is worked out once."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._local: dict[int, datetime] = {}
        self._buckets: dict[tuple[int, Bucket], str] = {}

    def local(self, quarter: int) -> datetime:
        """The local time at which a quarter begins."""
        if quarter not in self._local:
            self._local[quarter] = datetime.fromtimestamp(quarter * QUARTER_SECONDS, self._zone)
        return self._local[quarter]

    def bucket(self, quarter: int, by: Bucket) -> str:
        """The bucket that a quarter belongs to."""
        key = (quarter, by)
        if key not in self._buckets:
            self._buckets[key] = _BUCKETS[by](self.local(quarter))
        return self._buckets[key]

    def weekday_and_hour(self, quarter: int) -> tuple[int, int]:
        """Monday is 1."""
        local = self.local(quarter)
        return local.isoweekday(), local.hour


def gapless(buckets: Iterable[str], by: Bucket) -> list[str]:
    """The buckets in order, and those between them in which nothing happened."""
    found = sorted(buckets)
    if not found:
        return []
    match by:
        case Bucket.HOUR:
            return [f"{hour:02}" for hour in range(24)]
        case Bucket.WEEKDAY:
            return [str(day) for day in range(1, 8)]
        case Bucket.MONTH:
            first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (found[0], found[-1]))
            return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]
        case Bucket.DAY:
            return _steps(datetime.fromisoformat(found[0]), datetime.fromisoformat(found[-1]), 1, by)
        case Bucket.WEEK:
            return _steps(_monday(found[0]), _monday(found[-1]), 7, by)


def _steps(first: datetime, last: datetime, days: int, by: Bucket) -> list[str]:
    return [_BUCKETS[by](first + timedelta(days=days * step)) for step in range((last - first).days // days + 1)]


def _monday(week: str) -> datetime:
    return datetime.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year:04}-W{week:02}"


_BUCKETS: dict[Bucket, Callable[[datetime], str]] = {
    Bucket.HOUR: lambda at: f"{at:%H}",
    Bucket.WEEKDAY: lambda at: str(at.isoweekday()),
    Bucket.DAY: lambda at: at.date().isoformat(),
    Bucket.WEEK: _week,
    Bucket.MONTH: lambda at: at.date().isoformat()[:7],
}


def frequency_page(answer: Frequency, span: Span, by: Bucket, reader: Reader) -> Page:
    """The report `frequency` by a period of time."""
    kinds = (*Kind, None)
    of_kinds = [kind.value if kind else "no_kind" for kind in kinds]
    keys = [by.value, "offered", "flagged", "share", "treated", "by_hand", *of_kinds]
    rows: list[list[Cell]] = [
        [
            bucket_name(row.bucket, by, reader),
            row.offered,
            row.flagged,
            row.share,
            row.treated,
            row.by_hand,
            *(row.by_kind.get(kind, 0) for kind in kinds),
        ]
        for row in answer.rows
    ]
    title = reader.word("t_frequency")
    labels, axes = _buckets(answer, by, reader), (reader.word(by.value), reader.word("flagged_calls"))
    places = [{by.value: row.bucket} for row in answer.rows]
    flags = [place | FLAGGED for place in places]
    charts: list[Chart] = [
        Bars(title, labels, [row.flagged for row in answer.rows], upright=True, axes=axes, asks=flags)
    ]
    shares = [row.share or 0.0 for row in answer.rows]
    axes = reader.word(by.value), reader.word("m_share")
    charts.append(Bars(reader.word("t_share"), labels, shares, share=True, upright=True, axes=axes, asks=flags))
    asks = {"offered": OFFERED, "flagged": FLAGGED, "share": FLAGGED, "by_hand": BY_HAND}
    asks |= {"treated": FLAGGED | {"treated": "1"}}
    asked = [name for name in of_kinds if span.kind in (None, name)]  # of the others there are none
    asks |= {name: FLAGGED | {"kind": "none" if name == "no_kind" else name} for name in asked}
    sheet = Sheet(
        title, keys, reader.words(keys), rows, {by.value: "text"}, "frequency",
        sparse=of_kinds, row_asks=places, asks=asks,
    )  # fmt: skip
    return reader.page("t_frequency", span, [sheet], [*charts, heat_chart(answer, reader)])


def heat_page(answer: Frequency, span: Span, reader: Reader) -> Page:
    """The report `frequency` as a map of weekday and hour."""
    hours = [f"{hour:02}" for hour in range(24)]
    rows: list[list[Cell]] = [
        [Coded(weekday(day, reader.lang), str(day)), *(answer.heat.get((day, hour), 0) for hour in range(24))]
        for day in range(1, 8)
    ]
    sheet = Sheet(
        reader.word("t_heat"),
        ["weekday", *hours],
        [reader.word("weekday"), *hours],
        rows,
        name="heat",
        row_asks=[{"weekday": str(day)} for day in range(1, 8)],
        asks={hour: FLAGGED | {"hour": hour} for hour in hours},
    )
    return reader.page("t_heat", span, [sheet], [heat_chart(answer, reader)])


def heat_chart(answer: Frequency, reader: Reader) -> Heat:
    """Flags by weekday and hour."""
    values = [[answer.heat.get((day, hour), 0) for hour in range(24)] for day in range(1, 8)]
    days = [Coded(weekday(day, reader.lang), str(day)) for day in range(1, 8)]
    hours = [f"{hour:02}" for hour in range(24)]
    asks = [[FLAGGED | {"weekday": str(day), "hour": hour} for hour in hours] for day in range(1, 8)]
    return Heat(reader.word("t_heat"), days, hours, values, reader.word("flagged_calls"), asks=asks)


def _buckets(answer: Frequency, by: Bucket, reader: Reader) -> list[str]:
    return [bucket_name(row.bucket, by, reader) for row in answer.rows]


def bucket_name(bucket: str, by: Bucket, reader: Reader) -> str:
    """A weekday is a word, everywhere."""
    return Coded(weekday(int(bucket), reader.lang), bucket) if by is Bucket.WEEKDAY else bucket
