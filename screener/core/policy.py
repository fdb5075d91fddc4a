"""Assessment to decision: who is protected, what is flagged, and what is done about it.

In this order: an emergency is an agent's case at once; a grievance is a complaint, or with sustained insult a
supervisor's case, never harassment; somebody who needs care, and an insult beside a matter of business, are not
harassment; what is left is harassment when its words and behaviour carry it over the threshold of its kind.
"""

from dataclasses import replace

from screener.core.evidence import Assessment, Decision, Kind, Reason, Source, Treatment, Verdict, Veto
from screener.core.flow import Flow
from screener.core.judgement import Weights
from screener.core.scoring import carries, matter

REASONS = {
    Verdict.GENUINE: Reason.MATTER,
    Verdict.COMPLAINT: Reason.COMPLAINT,
    Verdict.ABUSIVE_COMPLAINT: Reason.ABUSIVE,
    Verdict.UNDECIDED: Reason.UNCLEAR,
}
RUDE = frozenset({Kind.ABUSE, Kind.THREAT})
"""Kinds that a caller with a matter of business may commit without being a harasser."""
GRAVE = frozenset({Kind.LEWD, Kind.THREAT})
"""Kinds that need of care does not excuse when they go on."""


def threshold(kind: Kind | None, weights: Weights) -> float:
    """The score (log-odds) at which a kind is flagged."""
    return weights.threshold_of.get(kind, weights.threshold) if kind else weights.threshold


def is_flagged(assessment: Assessment, weights: Weights, *, already: bool = False) -> bool:
    """Whether the call is harassment now; one that was `already` must fall by `weights.release` first."""
    kind = assessment.kind
    if kind is None or assessment.score < threshold(kind, weights) - weights.release * already:
        return False
    carried = _carried(assessment, kind, weights)
    if carried < weights.carry:
        return False
    vetoes = assessment.vetoes
    if Veto.EMERGENCY in vetoes or Veto.GRIEVANCE in vetoes:
        return False
    if Veto.MATTER in vetoes and kind in RUDE:
        return False
    return Veto.VULNERABLE not in vetoes or (kind in GRAVE and carried >= 2 * weights.carry)


def verdict(assessment: Assessment, weights: Weights) -> Verdict:
    """What kind of call it is, as far as it has been heard."""
    if is_flagged(assessment, weights):
        return Verdict.HARASSMENT
    if Veto.EMERGENCY in assessment.vetoes:
        return Verdict.GENUINE
    grievance = matter(assessment.evidence, Source.GRIEVANCE)
    business = matter(assessment.evidence, Source.BUSINESS)
    vulnerable = Veto.VULNERABLE in assessment.vetoes
    if grievance >= weights.veto or (grievance >= max(weights.clear, business) and not vulnerable):
        return Verdict.ABUSIVE_COMPLAINT if is_abusive(assessment, weights) else Verdict.COMPLAINT
    if is_clear(assessment, weights) or vulnerable:
        return Verdict.GENUINE
    return Verdict.UNDECIDED


def is_abusive(assessment: Assessment, weights: Weights) -> bool:
    """Whether insult, threat or lewdness beside the grievance is sustained: heavy, and found more than once."""
    bad = RUDE | GRAVE
    finds = [e for e in assessment.evidence if e.kind in bad and e.source in (Source.WORDS, Source.MODEL)]
    weight = sum(_carried(assessment, kind, weights) for kind in bad)
    return len(finds) > 1 and weight >= weights.sustained and Veto.VULNERABLE not in assessment.vetoes


def is_clear(assessment: Assessment, weights: Weights) -> bool:
    """Whether the caller has said what the call is about."""
    return matter(assessment.evidence) >= weights.clear


def decide(assessment: Assessment, weights: Weights, flow: Flow) -> Decision:
    """The decision that stands on what has been heard."""
    return given(verdict(assessment, weights), assessment, weights, flow)


def given(
    found: Verdict,
    assessment: Assessment,
    weights: Weights,
    flow: Flow,
    *,
    kind: Kind | None = None,
    reason: str = "",
) -> Decision:
    """The decision that follows from a verdict, weighed or known without weighing (a list, an agent's word).

    `kind` is the leading one of the assessment and `reason` a standard one, unless told.
    """
    emergency = Veto.EMERGENCY in assessment.vetoes and found is Verdict.GENUINE
    decision = Decision(
        verdict=found,
        kind=None,
        treatment=Treatment.NONE,
        at=assessment.at,
        threshold=weights.threshold,
        assessment=assessment,
        emergency=emergency,
        reason=reason or (Reason.EMERGENCY if emergency else REASONS.get(found, "")),
    )
    if found is not Verdict.HARASSMENT:
        return decision
    kind = kind or assessment.kind
    treatment = flow.treatment_of.get(kind, flow.treatment) if kind else flow.treatment
    return replace(
        decision,
        kind=kind,
        treatment=Treatment.NONE if flow.dry_run else treatment,
        threshold=threshold(kind, weights),
        dry_run=flow.dry_run,
        reason=reason or Reason.JUDGED.of(kind.value if kind else ""),
    )


def _carried(assessment: Assessment, kind: Kind, weights: Weights) -> float:
    return carries(assessment.evidence, kind, weights)
