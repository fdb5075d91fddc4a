"""What other weights would have done to the calls of a site's own log. Proposes, and changes nothing.

Supervisors' words decide what was right: an overturned flag and a call that ended as genuine or a complaint should
not be flagged, a confirmed flag should. A proposal that flags one more call that should not be is never made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from screener.core import policy
from screener.core.evidence import Evidence, Kind, Verdict
from screener.core.judgement import Weights
from screener.core.scoring import assess
from screener.review.explain import known_after
from screener.store.records import CallRecord, EvidenceRow, Review

THRESHOLD_STEPS = (-1.0, -0.5, 0.5, 1.0, 2.0)
"""By how much (nats) a kind's threshold is tried lower and higher."""
RULE_FACTORS = (0.5, 0.0)
"""To what share of its weight a rule that was overturned is tried."""
HARMLESS = frozenset({Verdict.GENUINE, Verdict.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change, and its effect on the log.

    Attributes:
        key: where: `threshold_of.KIND` of the weights, or a rule of the lexicon.
        now, then: its value, and the one that is proposed; of a rule the share of its weight.
        spared: overturned flags that would not have been raised.
        lost: confirmed flags that would not have been raised either.
        found: other calls that would have been flagged.
    """

    key: str
    now: float
    then: float
    spared: int
    lost: int
    found: int


def propose(calls: Sequence[CallRecord], weights: Weights) -> list[Proposal]:
    """Every change that would have spared a caller, or found more; the best first.

    Args:
        calls: with their evidence; those that ended with words.
        weights: the site's.
    """
    heard = [call for call in calls if call.evidence]
    before = {call.id: is_flagged(call.evidence, weights) for call in heard}
    proposals = [
        _effect(key, now, then, heard, before, after)
        for key, now, then, after in (*_thresholds(heard, weights), *_rules(heard, weights))
    ]
    useful = [p for p, harmful in proposals if not harmful and (p.spared > p.lost or (p.found and not p.lost))]
    return sorted(useful, key=lambda p: (p.lost - p.spared, -p.found, abs(p.then - p.now)))


def is_flagged(evidence: Iterable[EvidenceRow], weights: Weights) -> bool:
    """Whether evidence in the order of audio time flags a call at any moment."""
    known: list[Evidence] = []
    for row in evidence:
        known = known_after(known, row)
        if policy.is_flagged(assess(known, row.at, weights), weights):
            return True
    return False


Change = tuple[str, float, float, dict[str, bool]]
"""Key, value now, value then, and which calls that would flag."""


def _thresholds(calls: Sequence[CallRecord], weights: Weights) -> Iterator[Change]:
    for kind in Kind:
        now = policy.threshold(kind, weights)
        for step in THRESHOLD_STEPS:
            other = replace(weights, threshold_of={**weights.threshold_of, kind: now + step})
            yield f"threshold_of.{kind}", now, now + step, {c.id: is_flagged(c.evidence, other) for c in calls}


def _rules(calls: Sequence[CallRecord], weights: Weights) -> Iterator[Change]:
    overturned = [call for call in calls if call.review is Review.OVERTURNED]
    for rule in sorted({row.rule for call in overturned for row in call.evidence if row.kind and row.weight > 0}):
        for factor in RULE_FACTORS:
            yield rule, 1.0, factor, {c.id: is_flagged(_scaled(c.evidence, rule, factor), weights) for c in calls}


def _scaled(evidence: Iterable[EvidenceRow], rule: str, factor: float) -> list[EvidenceRow]:
    return [replace(row, weight=row.weight * factor) if row.rule == rule else row for row in evidence]


def _effect(
    key: str, now: float, then: float, calls: Sequence[CallRecord], before: dict[str, bool], after: dict[str, bool]
) -> tuple[Proposal, bool]:
    """The proposal, and whether it flags anybody who should not be."""
    fewer = [c for c in calls if before[c.id] and not after[c.id]]
    more = [c for c in calls if after[c.id] and not before[c.id]]
    proposal = Proposal(
        key,
        now,
        then,
        spared=sum(c.review is Review.OVERTURNED for c in fewer),
        lost=sum(c.review is Review.CONFIRMED for c in fewer),
        found=len(more),
    )
    return proposal, any(c.review is Review.OVERTURNED or c.verdict in HARMLESS for c in more)
