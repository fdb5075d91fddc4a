"""The call level fitted anew to a site's own log. Proposes, and changes nothing.

What people said decides what was right: an overturned flag and a call that ended as genuine or a complaint,
abusive or not, should not be flagged, a confirmed call should. Step by step the change is taken that gains most on
top of those before it; a change that flags one more call that should not be, of the log or of the protected calls
that ship with the product, or flags it while it lasts rather than once it is over, is never taken. Nothing is
proposed for a rule or a kind that few reviewed calls have: what one caller said tells nothing of the next.
"""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter

from screener.core import policy
from screener.core.evidence import Evidence, Kind, Source, Verdict
from screener.core.judgement import Weights
from screener.core.scoring import assess, threshold
from screener.errors import SettingsError
from screener.events import Entrance
from screener.outside.files import reason_of
from screener.resources import config_folder
from screener.review.explain import known_after
from screener.store.records import CallRecord, EvidenceRow, Review

THRESHOLD_STEPS = (-1.0, -0.5, 0.5, 1.0)
"""By how much (nats) a kind's threshold is tried lower and higher."""
FACTORS = (0.0, 0.5, 0.75, 1.25, 1.5)
"""What share of its weight an act or a listed word is tried with."""
STEPS = 8
"""The most changes of one proposal."""
LEAST = 3
"""Reviewed calls that a rule or a kind must have spoken in before its weight is touched."""
MISSED, FALSE = 1.0, 3.0
"""What a confirmed call that is not flagged costs, and a flag that a person took back."""
HARMLESS = frozenset({Verdict.GENUINE, Verdict.COMPLAINT, Verdict.ABUSIVE_COMPLAINT})
"""Verdicts of calls that should not be flagged; an abusive complaint is a supervisor's case."""
TUNED = frozenset({Source.ACTS, Source.WORDS})

EvidenceHeard = Sequence[EvidenceRow]


class WhenFlagged(IntEnum):
    """When a call is flagged: the later in this list, the more is done to the caller."""

    NEVER = 0
    AFTERWARDS = 1
    """Once it was over: it is told, and nobody is treated."""
    LIVE = 2
    """While it lasted."""


_ROWS = TypeAdapter(tuple[EvidenceRow, ...])


def load_protected(path: Path | None = None) -> list[EvidenceHeard]:
    """Evidence of the protected calls that ship with the product: of the corpus those nearest to the bar.

    Raises:
        SettingsError: the file cannot be read or is none.
    """
    path = path or config_folder() / "protected.jsonl.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return [_ROWS.validate_json(line) for line in file]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as problem:
        raise SettingsError(
            f"{path}: cannot be read ({reason_of(problem)})", "install the product anew"
        ) from problem
    except ValueError as problem:  # the validator's
        raise SettingsError(f"{path}: cannot be read (damaged)", "install the product anew") from problem


@dataclass(frozen=True, slots=True)
class WeightProposal:
    """One change, and its effect on the log on top of the changes before it.

    A call that would have been flagged while it lasted rather than once it was over counts as flagged anew, and
    the other way round as no more.

    Attributes:
        key: where in `weights.toml`: `threshold_of.KIND`, `factor.RULE`.
        now, then: its value, and the one that is proposed.
        spared: overturned flags that would not have been raised.
        lost: confirmed calls that would not have been flagged any more.
        gained: confirmed calls that would have been flagged now.
        found: other calls that would have been flagged.
    """

    key: str
    now: float
    then: float
    spared: int
    lost: int
    gained: int
    found: int

    @property
    def worth(self) -> float:
        """What it sets right, less what it sets wrong."""
        return FALSE * self.spared + MISSED * (self.gained - self.lost)


def propose(
    calls: Sequence[CallRecord], weights: Weights, protected: Sequence[EvidenceHeard] = (), least: int = LEAST
) -> list[WeightProposal]:
    """Changes that together judge the log best, in the order in which they are worth making.

    Args:
        calls: with their evidence.
        weights: the site's.
        protected: evidence of calls that must never be flagged, beside the log's.
        least: reviewed calls that a change must rest on.
    """
    heard = [call for call in calls if call.evidence]
    chosen: list[WeightProposal] = []
    for _ in range(STEPS):
        before = {call.id: flagged(call.evidence, weights.at(call.entrance)) for call in heard}
        known = list(_whichever_way(protected, weights))
        tried = []
        for key, now, then, other in _changes(heard, weights, least):
            proposal, harmful = _effect(key, (now, then), heard, before, other)
            if not harmful and proposal.worth > 0:
                tried.append((proposal.worth, -abs(then - now), proposal, other))
        tried.sort(key=lambda t: t[:2], reverse=True)
        for _, _, proposal, other in tried:
            if all(now <= was for now, was in zip(_whichever_way(protected, other), known, strict=True)):
                chosen.append(proposal)
                weights = other
                break
        else:
            break
    return chosen


def flagged(evidence: Iterable[EvidenceRow], weights: Weights) -> WhenFlagged:
    """When evidence in the order of audio time flags a call, at the weights of the way it came.

    Of an utterance its listed words and its act count together, as where the call was judged.
    """
    known: list[Evidence] = []
    stands = assess(known, 0.0, weights)
    for at, moment in groupby(evidence, lambda row: row.at):
        for row in moment:
            known = known_after(known, row)
        stands = assess(known, at, weights)
        if policy.is_flagged(stands, weights):
            return WhenFlagged.LIVE
    return WhenFlagged.AFTERWARDS if policy.is_flagged(stands, weights.when_over()) else WhenFlagged.NEVER


def _whichever_way(calls: Iterable[EvidenceHeard], weights: Weights) -> Iterator[WhenFlagged]:
    """When each is flagged; the worst of both ways, since a written call may come either way."""
    ways = [weights.at(way) for way in (Entrance.IN_PATH, Entrance.BESIDE)][: 2 if weights.in_path else 1]
    return (max(flagged(rows, way) for way in ways) for rows in calls)


@dataclass(frozen=True, slots=True)
class Unproposed:
    """Why nothing is proposed.

    Attributes:
        reviewed: calls with evidence that people have reviewed.
        spoke: in how many of them one rule or kind spoke at most.
        wrong: how many of them the weights of today judge otherwise than people did.
        guarded: a change would set more right than wrong, and would flag somebody whom nothing may flag.
    """

    reviewed: int
    spoke: int
    wrong: int
    guarded: bool


def unproposed(calls: Sequence[CallRecord], weights: Weights, least: int = LEAST) -> Unproposed:
    """Why `propose` proposes nothing; its arguments."""
    heard = [call for call in calls if call.evidence]
    said = [call for call in heard if call.review is not Review.NONE]
    spoke = (*_kinds_spoken(said).values(), *_rules_spoken(said).values())
    before = {call.id: flagged(call.evidence, weights.at(call.entrance)) for call in heard}
    guarded = any(
        _effect(key, (now, then), heard, before, other)[0].worth > 0
        for key, now, then, other in _changes(heard, weights, least)
    )
    wrong = sum((before[call.id] is WhenFlagged.NEVER) is (call.review is Review.CONFIRMED) for call in said)
    return Unproposed(len(said), max(spoke, default=0), wrong, guarded)


def _kinds_spoken(reviewed: Iterable[CallRecord]) -> Counter[Kind]:
    """In how many calls each kind spoke."""
    return Counter(kind for call in reviewed for kind in {row.kind for row in call.evidence if row.kind})


def _rules_spoken(reviewed: Iterable[CallRecord]) -> Counter[str]:
    """Likewise each rule."""
    return Counter(rule for call in reviewed for rule in _weighed(call))


def _weighed(call: CallRecord) -> set[str]:
    return {row.rule for row in call.evidence if row.source in TUNED and row.weight}


def _changes(
    calls: Sequence[CallRecord], weights: Weights, least: int
) -> Iterator[tuple[str, float, float, Weights]]:
    """Key, value now, value then, and the weights that are so changed."""
    said = [call for call in calls if call.review is not Review.NONE]
    for kind in sorted(kind for kind, spoke in _kinds_spoken(said).items() if spoke >= least):
        now = threshold(Kind(kind), weights)
        for step in THRESHOLD_STEPS:
            other = replace(weights, threshold_of={**weights.threshold_of, Kind(kind): now + step})
            yield f"threshold_of.{kind}", now, now + step, other
    for rule in sorted(rule for rule, spoke in _rules_spoken(said).items() if spoke >= least):
        now = weights.factor.get(rule, 1.0)
        for factor in FACTORS:
            if factor != now:
                changed: Mapping[str, float] = {**weights.factor, rule: factor}
                yield f"factor.{rule}", now, factor, replace(weights, factor=dict(changed))


def _effect(
    key: str,
    values: tuple[float, float],
    calls: Sequence[CallRecord],
    before: Mapping[str, WhenFlagged],
    weights: Weights,
) -> tuple[WeightProposal, bool]:
    """The proposal, and whether it flags anybody who should not be."""
    after = {call.id: flagged(call.evidence, weights.at(call.entrance)) for call in calls}
    fewer = [c for c in calls if after[c.id] < before[c.id]]
    more = [c for c in calls if after[c.id] > before[c.id]]
    confirmed = [c for c in more if c.review is Review.CONFIRMED]
    proposal = WeightProposal(
        key,
        *values,
        spared=sum(c.review is Review.OVERTURNED for c in fewer),
        lost=sum(c.review is Review.CONFIRMED for c in fewer),
        gained=len(confirmed),
        found=len(more) - len(confirmed),
    )
    harmful = any(
        c.review is Review.OVERTURNED or (c.review is Review.NONE and c.verdict in HARMLESS) for c in more
    )
    return proposal, harmful
