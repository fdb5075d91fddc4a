"""One page for a manager: this period against the one before it."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from statistics import median

from screener.errors import InputError
from screener.reports import frequency, sources, treatment
from screener.reports.facts import facts
from screener.reports.frequency import Bucket, Frequency
from screener.reports.sources import SourceBy, SourceRow
from screener.reports.span import Span, Stayed, Totals
from screener.reports.treatment import ArmRow
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
