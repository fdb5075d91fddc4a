"""One page for a manager: this period against the one before it."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from statistics import median

from screener.errors import InputError
from screener.reports import frequency, sources, treatment
from screener.reports.facts import facts
from screener.reports.follow import BY_HAND, ENTERED, FLAGGED, NEW, OFFERED, OVERTURNED
from screener.reports.frequency import Bucket, Frequency, heat_chart
from screener.reports.layout import Asks, Bars, Cell, Chart, Coded, Figure, Page, Sheet, Trend, Type, shown
from screener.reports.reader import Reader
from screener.reports.sources import SourceRow, source_bars, source_sheet
from screener.reports.span import SourceBy, Span, Stayed, Totals
from screener.reports.treatment import ArmRow, treatment_sheet
from screener.store.log import CallLog

TOP = 5
"""Sources on the page."""
USUAL_DAYS = 30
"""Length of the period when none is named."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one period; each means what the report of its own says.

    Attributes:
        numbers: different numbers that were flagged; withheld ones are none.
        new: of these, never flagged before the period.
    """

    offered: int
    flagged: int
    treated: int
    by_hand: int
    numbers: int
    new: int
    confirmed: int
    overturned: int
    entered: int
    to_the_end: int
    stay_median: float | None

    @property
    def share(self) -> float | None:
        """Flagged of offered."""
        return self.flagged / self.offered if self.offered else None


@dataclass(frozen=True, slots=True)
class Summary:
    """This period and the one before, and what stands out in this one."""

    span: Span
    before: Span
    now: Measures
    then: Measures
    days: Frequency
    kinds: Mapping[str, int]
    top: tuple[SourceRow, ...]
    regions: tuple[SourceRow, ...]
    lines: tuple[SourceRow, ...]
    treatments: tuple[ArmRow, ...]


def usual_span(span: Span, now: datetime) -> Span:
    """The span with both ends: up to now, and 30 days long, where they are not said.

    Raises:
        InputError: it ends before it begins, as one does that is still to come.
    """
    until = span.until or now
    since = span.since or until - timedelta(days=USUAL_DAYS)
    if since >= until:
        raise InputError(f"a period from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}", "begin it earlier")
    return replace(span, since=since, until=until)


def summary(log: CallLog, span: Span, zone: tzinfo) -> Summary:
    """Both periods; the one before is as long as `span`, which must have both ends, and ends where it begins.

    Raises:
        StoreError: the database failed.
    """
    assert span.since is not None
    assert span.until is not None
    before = replace(span, since=span.since - (span.until - span.since), until=span.since)
    with facts(log) as known:
        flags = known.flags(span)
        found = known.sources(span)
        offered = known.offered_by_quarter(span)
        long_before = known.flagged_before(before.since)
        numbers_then = known.flagged_numbers(before)
        anybody = Span(before.since, before.until)  # of every kind, in every queue
        earlier = long_before | (numbers_then if before == anybody else known.flagged_numbers(anybody))

        past = earlier, known.first_flags(span, found)

        def worst(by: SourceBy) -> tuple[SourceRow, ...]:
            return sources.fill(known, span, by, sources.rank(found, past, by, TOP))

        return Summary(
            span=span,
            before=before,
            now=_measures(
                offered.total(),
                Totals.of(found),
                {one.number for one in found if one.flagged},
                earlier,
                known.stayed(span),
            ),
            then=_measures(
                known.offered(before),
                known.totals(before),
                numbers_then,
                long_before,
                known.stayed(before),
            ),
            days=frequency.count(flags, offered, Bucket.DAY, zone),
            kinds=Counter(flag.kind or "" for flag in flags),
            top=worst(SourceBy.NUMBER),
            regions=worst(SourceBy.REGION),
            lines=worst(SourceBy.LINE),
            treatments=treatment.count(known.returns(span), known.newest()),
        )


def _measures(
    offered: int, totals: Totals, numbers: Set[str], earlier: Set[str], stays: Sequence[Stayed]
) -> Measures:
    known = [stay.seconds for stay in stays if stay.seconds is not None]
    numbers = numbers - {""}
    return Measures(
        offered=offered,
        flagged=totals.flagged,
        treated=totals.treated,
        by_hand=totals.by_hand,
        numbers=len(numbers),
        new=len(numbers - earlier),
        confirmed=totals.confirmed,
        overturned=totals.overturned,
        entered=len(stays),
        to_the_end=sum(stay.to_the_end for stay in stays),
        stay_median=median(known) if known else None,
    )


_MEASURES: dict[str, Type] = {
    "offered": "count", "flagged": "count", "share": "share", "treated": "count", "by_hand": "count",
    "numbers": "count", "new": "count", "confirmed": "count", "overturned": "count", "entered": "count",
    "to_the_end": "count", "stay_median": "seconds",
}  # fmt: skip
_ASKS: dict[str, Asks] = {
    "offered": OFFERED, "flagged": FLAGGED, "share": FLAGGED, "treated": FLAGGED | {"treated": "1"},
    "by_hand": BY_HAND, "numbers": FLAGGED, "new": NEW, "confirmed": FLAGGED | {"reviewed": "confirmed"},
    "overturned": OVERTURNED, "entered": ENTERED, "to_the_end": ENTERED | {"stay": "to_the_end"},
    "stay_median": ENTERED,
}  # fmt: skip
"""The calls of each; of a share those that it is the share of, of a median those among which it stands."""
_FIRST = ("offered", "flagged", "share", "treated", "by_hand", "numbers", "new", "confirmed")
"""What the page begins with."""


def summary_page(answer: Summary, reader: Reader) -> Page:
    """The report `summary`: one sheet of paper."""
    days = [row.bucket[5:] for row in answer.days.rows]
    partial = reader.is_partial(answer.span)
    kinds = sorted(answer.kinds.items(), key=lambda item: -item[1])
    names = [reader.kind(kind) for kind, _ in kinds]
    of_kinds = [FLAGGED | {"kind": kind or "none"} for kind, _ in kinds]
    axes = reader.word("day"), reader.word("flagged_calls")
    charts: Sequence[Chart] = [
        Trend(reader.word("t_trend"), days, [row.flagged for row in answer.days.rows], axes=axes, partial=partial),
        Trend(
            reader.word("t_share"),
            days,
            [row.share or 0.0 for row in answer.days.rows],
            share=True,
            axes=(reader.word("day"), reader.word("m_share")),
            partial=partial,
        ),
        heat_chart(answer.days, reader),
        Bars(reader.word("t_kinds"), names, [n for _, n in kinds], asks=of_kinds),
        source_bars(answer.top, SourceBy.NUMBER, reader, "t_top"),
        source_bars(answer.regions, SourceBy.REGION, reader, "t_regions"),
        source_bars(answer.lines, SourceBy.LINE, reader, "t_lines"),
    ]
    sheets = [
        measures_sheet(answer.now, answer.then, answer.before, reader),
        treatment_sheet(answer.treatments, reader),
        source_sheet(answer.top, SourceBy.NUMBER, reader, "t_top", "top"),
    ]
    figures = tuple(_figure(name, answer.now, answer.then, reader) for name in _FIRST)
    empty = not answer.now.offered
    return reader.page(
        "t_summary", answer.span, sheets, () if empty else charts, figures=() if empty else figures, compact=True
    )


def _figure(name: str, now: Measures, then: Measures, reader: Reader) -> Figure:
    this, last, kind = getattr(now, name), getattr(then, name), _MEASURES[name]
    change = _change(this, last)
    seen = None if change is None else round(change, 2)  # as it is shown
    text = "" if seen is None else f"{'▲' if seen > 0 else '▼' if seen < 0 else '='} {abs(seen):.0%}"
    before = f"{reader.word('then')} {shown(kind, last) or '–'}"
    return Figure(reader.word(f"m_{name}"), shown(kind, this) or "–", before, text, _ASKS.get(name))


def measures_sheet(now: Measures, then: Measures, period: Span, reader: Reader) -> Sheet:
    """Every figure of both periods; `period` is the one before, which has both ends."""
    rows: list[list[Cell]] = []
    for name in _MEASURES:
        this, last = getattr(now, name), getattr(then, name)
        rows.append([Coded(reader.word(f"m_{name}"), name), this, last, _change(this, last)])
    keys = ["measure", "now", "then", "change_share"]
    numbers: dict[str, Type] = {"now": "number", "then": "number"}
    types = list(_MEASURES.values())
    assert period.since is not None
    assert period.until is not None
    before = {"from": period.since.isoformat(), "to": period.until.isoformat()}
    return Sheet(
        reader.word("t_measures"), keys, reader.words(keys), rows, numbers, "measures",
        row_types=types, row_asks=[_ASKS.get(name) for name in _MEASURES], asks={"now": {}, "then": before},
    )  # fmt: skip


def _change(now: float | None, then: float | None) -> float | None:
    """By how much, as a part of what it was; None where there is nothing to compare."""
    return now / then - 1 if then and now is not None else None
