"""How often people agree with the flags, by kind of harassment and by rule."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from screener.core.evidence import Kind, Verdict
from screener.reports.facts import facts
from screener.reports.span import Judged, Marked, Span
from screener.store.log import CallLog
from screener.store.records import Review

Z = 1.96
"""Of the 95 % interval."""


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One kind or one rule.

    Attributes:
        name: kind or rule; `all`, or empty for flags without a kind.
        flagged: flags, overturned ones among them; None for a rule.
        confirmed, overturned: what people said about them; the others nobody has looked at.
    """

    name: str
    flagged: int | None
    confirmed: int
    overturned: int

    @property
    def share(self) -> float | None:
        """Confirmed of looked at."""
        looked = self.confirmed + self.overturned
        return self.confirmed / looked if looked else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share (Wilson)."""
        looked = self.confirmed + self.overturned
        if not looked:
            return None
        share = self.confirmed / looked
        middle = share + Z * Z / (2 * looked)
        reach = Z * math.sqrt(share * (1 - share) / looked + Z * Z / (4 * looked * looked))
        scale = 1 + Z * Z / looked
        return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All flags and each kind; each rule that spoke on reviewed flags, the most looked at first."""

    kinds: tuple[AccuracyRow, ...]
    rules: tuple[AccuracyRow, ...]


def accuracy(log: CallLog, span: Span) -> Accuracy:
    """What people say about the flags.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return count(known.marked(span), known.judged_rules(span))


def count(marked: Iterable[Marked], judged: Iterable[Judged]) -> Accuracy:
    """Rows of what `Facts` knows."""
    counts: Counter[tuple[str, str]] = Counter(
        (call.kind or "", call.review) for call in marked if call.verdict == Verdict.HARASSMENT
    )
    kinds = [name for name in (*Kind, "") if any((name, review) in counts for review in Review)]
    rules = [AccuracyRow(rule, None, confirmed, overturned) for rule, confirmed, overturned in judged]
    return Accuracy(
        (_row("all", kinds, counts), *(_row(kind, [kind], counts) for kind in kinds)),
        tuple(sorted(rules, key=lambda row: (-row.confirmed - row.overturned, row.name))),
    )


def _row(name: str, kinds: list[str], counts: Counter[tuple[str, str]]) -> AccuracyRow:
    def total(*reviews: Review) -> int:
        return sum(counts[kind, review] for kind in kinds for review in reviews)

    return AccuracyRow(str(name), total(*Review), total(Review.CONFIRMED), total(Review.OVERTURNED))
