"""How often people agree with the product's own flags, by kind of harassment and by rule.

What an agent handed over or another system's log says is no flag of the product, and not counted here.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from screener.core.evidence import GRAVEST_FIRST, Kind, Verdict
from screener.intervals import wilson
from screener.reports.facts import facts
from screener.reports.follow import OWN
from screener.reports.layout import Bars, Cell, Coded, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import Marked, RuleVerdicts, Span
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.wanted import LISTENING, REVIEWS


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One kind or one rule.

    Attributes:
        name: kind or rule; `all`, or empty for flags without a kind.
        flagged: calls that the product flagged, overturned ones among them; None for a rule.
        confirmed, overturned: what people said about them; the others nobody has looked at. A call that was
            flagged twice, and of which a person confirmed one flag and took back the other, is confirmed.
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
        return wilson(self.confirmed, looked) if looked else None


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
        return count(known.marked(replace(span, kind=None)), known.judged_rules(span), span.kind)


def count(marked: Iterable[Marked], judged: Iterable[RuleVerdicts], only: Kind | None = None) -> Accuracy:
    """Rows of what `Facts` knows; with `only` of calls whose gravest own flag is of that kind."""
    found: dict[str, tuple[int, int]] = {}
    for row in marked:
        if row.verdict == Verdict.HARASSMENT and row.entrance in LISTENING:
            now = GRAVEST_FIRST.index(row.kind), REVIEWS.index(row.review)
            before = found.get(row.root, now)
            found[row.root] = min(before[0], now[0]), min(before[1], now[1])
    counts: Counter[tuple[str, str]] = Counter(
        (GRAVEST_FIRST[kind] or "", REVIEWS[review])
        for kind, review in found.values()
        if only in (None, GRAVEST_FIRST[kind])
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


def accuracy_page(answer: Accuracy, span: Span, reader: Reader) -> Page:
    """The report `accuracy`."""
    counts = ["confirmed", "overturned", "confirmed_share", "low_share", "high_share"]
    kind_keys, rule_keys = ["kind", "flagged", *counts], ["rule_name", "rule", *counts]
    kinds: list[list[Cell]] = [[reader.kind(row.name), row.flagged, *_accuracy_cells(row)] for row in answer.kinds]
    rules: list[list[Cell]] = [
        [Coded(reader.teller.evidence(row.name), row.name), row.name, *_accuracy_cells(row)]
        for row in answer.rules
    ]
    reviewed = {review: OWN | {"reviewed": review} for review in ("confirmed", "overturned")}
    reviewed["confirmed_share"] = reviewed["confirmed"]
    sheets = [
        Sheet(
            reader.word("t_accuracy"), kind_keys, reader.words(kind_keys), kinds, name="kinds",
            row_asks=[_of_kind(row.name) for row in answer.kinds], asks={"flagged": OWN, **reviewed},
        ),
        Sheet(
            reader.word("t_rules"), rule_keys, reader.words(rule_keys), rules, name="rules",
            row_asks=[{"rule": row.name} for row in answer.rules], asks=reviewed,
        ),
    ]  # fmt: skip
    shares = [(row.name, row.share) for row in answer.kinds if row.share is not None]
    bars = Bars(
        reader.word("confirmed_share"),
        [reader.kind(name) for name, _ in shares],
        [share for _, share in shares],
        share=True,
        most=1.0,
        asks=[_of_kind(name) | OWN for name, _ in shares],
    )
    return reader.page("t_accuracy", span, sheets, [bars] if shares else [], asks=OWN)


def _of_kind(name: str) -> dict[str, str]:
    return {} if name == "all" else {"kind": name or "none"}


def _accuracy_cells(row: AccuracyRow) -> list[Cell]:
    low, high = row.interval or (None, None)
    return [row.confirmed, row.overturned, row.share, low, high]
