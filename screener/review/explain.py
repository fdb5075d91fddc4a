"""Why a call in the log was judged as it was: its evidence weighed again, piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from screener.core import policy
from screener.core.evidence import Assessment, Evidence, Reason, Source, Veto
from screener.core.judgement import Weights
from screener.core.scoring import assess, counted, threshold
from screener.core.signals import taken_back
from screener.store.records import CallRecord, EvidenceRow


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """One piece of evidence, and where the call stood after it.

    Attributes:
        kind: the leading kind then, empty when there was none; the score is held against its threshold.
    """

    evidence: Evidence
    score: float
    kind: str
    threshold: float
    flagged: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a call came to its verdict.

    Attributes:
        prior: the score before anything was known.
        steps: in the order of audio time.
        tipped: the step that flagged it, the last one where the call was told once it was over; None when nothing
            that was heard did.
        needed: pieces without any one of which it would not have been flagged at that step, each with what it
            counted there.
        spare: pieces for the flag that it would have been flagged without, each alone, likewise.
        lacking: how much more it would have had to score to be flagged at its worst; None when it was flagged.
        vetoes: what protected it at its end.
    """

    prior: float
    steps: tuple[ScoreStep, ...]
    tipped: ScoreStep | None
    needed: tuple[Evidence, ...]
    spare: tuple[Evidence, ...]
    lacking: float | None
    vetoes: tuple[Veto, ...]


def explain(call: CallRecord, weights: Weights) -> Explanation:
    """Weigh a call's evidence again.

    Args:
        call: with its evidence.
        weights: the site's, as they are now; with other weights than at the time of the call the scores differ.
    """
    weights = weights.at(call.entrance)
    known: list[Evidence] = []
    steps: list[ScoreStep] = []
    tipped: ScoreStep | None = None
    tipped_by: tuple[Evidence, ...] = ()
    for at, moment in groupby(call.evidence, lambda row: row.at):
        stood: list[tuple[EvidenceRow, Assessment]] = []
        before = assess(known, at, weights).score
        for row in moment:
            known = known_after(known, row)
            stood.append((row, assess(known, at, weights)))
        # listed words and act of an utterance were judged together
        holds = policy.is_flagged(stood[-1][1], weights)
        for (row, assessment), score in zip(stood, _shares(before, stood, weights), strict=True):
            flagged = holds and policy.is_flagged(assessment, weights)
            steps.append(_step(_evidence(row), replace(assessment, score=score), weights, flagged=flagged))
            if flagged and tipped is None:
                tipped, tipped_by = steps[-1], tuple(known)
    final = assess(known, steps[-1].evidence.at if steps else 0.0, weights)
    needs = weights
    if tipped is None and steps and any(made.reason.startswith(Reason.AFTERWARDS) for made in call.decisions):
        needs = weights.when_over()
        if policy.is_flagged(final, needs):
            tipped, tipped_by = _step(steps[-1].evidence, final, needs, flagged=True), tuple(known)
    without = [
        (replace(e, weight=weight), _flagged_without(e, tipped_by, needs))
        for e, weight in zip(tipped_by, counted(tipped_by, needs), strict=True)
        if weight > 0
    ]
    lacking = min((s.threshold - s.score for s in steps), default=threshold(None, weights) - weights.prior)
    return Explanation(
        prior=assess((), 0.0, weights).score,
        steps=tuple(steps),
        tipped=tipped,
        needed=tuple(e for e, flagged in without if not flagged),
        spare=tuple(e for e, flagged in without if flagged),
        lacking=None if tipped else lacking,
        vetoes=final.vetoes,
    )


def _shares(before: float, stood: Sequence[tuple[EvidenceRow, Assessment]], weights: Weights) -> list[float]:
    """The score after each piece of a moment, each with what it counts beside the others of its moment.

    A curse counts only beside what its utterance does, which comes after it.
    """
    end = stood[-1][1]
    counts = dict(zip(map(id, end.evidence), counted(end.evidence, weights), strict=True))
    score, alone, told = before, before, []
    for row, assessment in stood[:-1]:
        by_itself = assessment.score - alone
        score += by_itself if taken_back(row.rule) else counts.get(id(assessment.evidence[-1]), by_itself)
        alone = assessment.score
        told.append(score)
    return [*told, end.score]


def known_after(known: Sequence[Evidence], row: EvidenceRow) -> list[Evidence]:
    """What is known once a row of the log is: one more piece, or one less where it was taken back."""
    if not (rule := taken_back(row.rule)):
        return [*known, _evidence(row)]
    newest = max((i for i, e in enumerate(known) if e.rule == rule), default=None)
    return [e for i, e in enumerate(known) if i != newest]


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(row.rule, Source(row.source), row.kind, row.weight, row.at, row.span, row.detail)


def _step(evidence: Evidence, assessment: Assessment, weights: Weights, *, flagged: bool) -> ScoreStep:
    kind = assessment.kind
    return ScoreStep(evidence, assessment.score, kind.value if kind else "", threshold(kind, weights), flagged)


def _flagged_without(piece: Evidence, known: Sequence[Evidence], weights: Weights) -> bool:
    rest = [e for e in known if e is not piece]
    return policy.is_flagged(assess(rest, max((e.at for e in known), default=0.0), weights), weights)
