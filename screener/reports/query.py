"""Questions asked of the call log: how often, and from where. Pure answers; no rendering."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from screener.core.evidence import Kind, Treatment, Verdict
from screener.errors import StoreError
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.tables import Call

ROWS_AT_ONCE = 5000


class Period(StrEnum):
    """What `frequency` counts by, in the site's own time zone."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class SourceBy(StrEnum):
    """What `sources` counts by."""

    NUMBER = "number"
    PREFIX = "prefix"
    REGION = "region"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Span:
    """Which calls are asked about.

    Attributes:
        since, until: aware; `until` itself is not part of it. None is unbounded.
        kind: only flags of this kind count as flagged.
    """

    since: datetime | None = None
    until: datetime | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class FrequencyRow:
    """One bucket.

    Attributes:
        bucket: `09`, `1` (Monday) … `7`, `2026-03-04`, `2026-W10` or `2026-03`.
        offered: calls that came.
        flagged: of those, harassment that nobody overturned; `by_kind` splits them.
        treated: of the flagged, those that were not dry run.
    """

    bucket: str
    offered: int
    flagged: int
    treated: int
    by_kind: dict[Kind, int]

    @property
    def share(self) -> float:
        """Flagged of offered, 0..1."""
        return self.flagged / self.offered if self.offered else 0.0


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source of calls; `share` is its part of all flagged calls of the span, 0..1."""

    source: str
    calls: int
    flagged: int
    share: float
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    started_at: datetime
    number: str
    region: str
    line: str
    kind: Kind | None
    flagged: bool
    treated: bool


def frequency(log: CallLog, span: Span, by: Period, zone: tzinfo) -> tuple[FrequencyRow, ...]:
    """How often harassment comes, bucket by bucket in order; buckets without calls are left out.

    Raises:
        StoreError: the database is away.
    """
    bucket = _BUCKETS[by]
    offered: Counter[str] = Counter()
    treated: Counter[str] = Counter()
    kinds: defaultdict[str, Counter[Kind]] = defaultdict(Counter)
    flagged: Counter[str] = Counter()
    for call in _calls(log, span):
        key = bucket(call.started_at.astimezone(zone))
        offered[key] += 1
        flagged[key] += call.flagged
        treated[key] += call.treated
        if call.flagged and call.kind:
            kinds[key][call.kind] += 1
    return tuple(
        FrequencyRow(key, offered[key], flagged[key], treated[key], dict(kinds[key])) for key in sorted(offered)
    )


def sources(log: CallLog, span: Span, by: SourceBy, limit: int = 20) -> tuple[SourceRow, ...]:
    """Where flagged calls come from, the most flagged first; sources that were never flagged are left out.

    Raises:
        StoreError: the database is away.
    """
    grouped: defaultdict[str, list[_Seen]] = defaultdict(list)
    for call in _calls(log, span):
        grouped[_SOURCES[by](call)].append(call)
    total = sum(call.flagged for calls in grouped.values() for call in calls)
    rows = [
        SourceRow(
            source=source,
            calls=len(calls),
            flagged=flags,
            share=flags / total,
            first=min(call.started_at for call in calls),
            last=max(call.started_at for call in calls),
        )
        for source, calls in grouped.items()
        if (flags := sum(call.flagged for call in calls))
    ]
    return tuple(sorted(rows, key=lambda row: (-row.flagged, -row.calls, row.source))[:limit])


_BUCKETS: dict[Period, Callable[[datetime], str]] = {
    Period.HOUR: lambda at: f"{at:%H}",
    Period.WEEKDAY: lambda at: str(at.isoweekday()),
    Period.DAY: lambda at: f"{at:%Y-%m-%d}",
    Period.WEEK: lambda at: f"{at.isocalendar().year}-W{at.isocalendar().week:02}",
    Period.MONTH: lambda at: f"{at:%Y-%m}",
}
_SOURCES: dict[SourceBy, Callable[[_Seen], str]] = {
    SourceBy.NUMBER: lambda call: call.number,
    SourceBy.PREFIX: lambda call: call.number[:10],  # +86 and the seven digits that name exchange and area
    SourceBy.REGION: lambda call: call.region,
    SourceBy.LINE: lambda call: call.line,
}


def _calls(log: CallLog, span: Span) -> Iterator[_Seen]:
    try:
        with log.engine.connect() as connection:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(_select(span))
            for started_at, number, region, line, verdict, kind, review, treatment, dry_run in rows:
                flagged = (
                    verdict is Verdict.HARASSMENT
                    and review is not Review.OVERTURNED
                    and (span.kind is None or kind is span.kind)
                )
                treated = flagged and treatment is not Treatment.NONE and not dry_run
                yield _Seen(started_at, number, region, line.value, kind, flagged, treated)
    except SQLAlchemyError as problem:
        raise StoreError(f"the call log cannot be read: {problem}", "screener doctor") from problem


def _select(span: Span) -> Any:  # noqa: ANN401 - SQLAlchemy types nine columns one by one
    columns = (
        Call.started_at,
        Call.number,
        Call.region,
        Call.line,
        Call.verdict,
        Call.kind,
        Call.review,
        Call.treatment,
        Call.dry_run,
    )
    query: Any = select(*columns)
    if span.since:
        query = query.where(Call.started_at >= span.since)
    if span.until:
        query = query.where(Call.started_at < span.until)
    return query
