"""Assessment to decision: who is protected, what is flagged, and what is done about it.

In this order: an emergency that is believed is an agent's case at once; a call whose score the caller's own words
and acts have carried over the threshold of its kind is harassment; what is no harassment is what it stands as: a
complaint, with insult of the agent a supervisor's case, or genuine.
"""

from dataclasses import replace

from screener.core.evidence import GUESSED, Assessment, Decision, Kind, Reason, Standing, Treatment, Verdict, Veto
from screener.core.flow import Flow
from screener.core.judgement import Weights
from screener.core.ladder import SUSPENDING
from screener.core.scoring import carries, threshold
from screener.core.signals import MATTER_RULES, OFFENCES
from screener.events import History, ListName

REASONS = {
    Verdict.GENUINE: Reason.MATTER,
    Verdict.COMPLAINT: Reason.COMPLAINT,
    Verdict.ABUSIVE_COMPLAINT: Reason.ABUSIVE,
    Verdict.UNDECIDED: Reason.UNCLEAR,
}
STANDINGS = {
    Standing.GENUINE: Verdict.GENUINE,
    Standing.COMPLAINT: Verdict.COMPLAINT,
    Standing.ABUSIVE_COMPLAINT: Verdict.COMPLAINT,
    Standing.VULNERABLE: Verdict.GENUINE,
}


def is_flagged(assessment: Assessment, weights: Weights, *, already: bool = False) -> bool:
    """Whether the call is harassment now; one that was `already` must fall by `weights.release` first."""
    kind = assessment.kind
    if kind is None or assessment.score < threshold(kind, weights) - weights.release * already:
        return False
    return Veto.EMERGENCY not in assessment.vetoes and carries(assessment.evidence, weights) >= weights.carry


def verdict(assessment: Assessment, weights: Weights) -> Verdict:
    """What kind of call it is, as far as it has been heard."""
    if Veto.EMERGENCY in assessment.vetoes:
        return Verdict.GENUINE
    if is_flagged(assessment, weights):
        return Verdict.HARASSMENT
    if is_abusive(assessment):
        return Verdict.ABUSIVE_COMPLAINT
    return standing(assessment) if is_clear(assessment, weights) else Verdict.UNDECIDED


def standing(assessment: Assessment) -> Verdict:
    """What a call is that is no harassment."""
    return STANDINGS[assessment.standing or Standing.GENUINE]


def is_abusive(assessment: Assessment) -> bool:
    """Whether a matter stands beside insult of the agent, or, where none was heard, beside more than one."""
    offences = sum(e.rule in OFFENCES for e in assessment.evidence)
    return assessment.standing is Standing.ABUSIVE_COMPLAINT and offences > (not has_matter(assessment))


def was_abused(decision: Decision | None, assessment: Assessment) -> bool:
    """Whether an agent had to bear insult, lewdness or threats."""
    offences = sum(e.rule in OFFENCES for e in assessment.evidence)
    if offences > 1:
        return True
    if decision is None or decision.verdict is not Verdict.HARASSMENT:
        return decision is not None and decision.verdict is Verdict.ABUSIVE_COMPLAINT
    if decision.kind is None:
        return offences > 0  # a person's word, of no kind
    return decision.kind in (Kind.LEWD, Kind.ABUSE, Kind.THREAT)


def is_clear(assessment: Assessment, weights: Weights) -> bool:
    """Whether the caller has a matter, and nothing speaks for harassment."""
    return assessment.score <= weights.clear and has_matter(assessment)


def waits(assessment: Assessment, weights: Weights) -> bool:
    """Whether a caller who falls silent has said what they want, and waits for somebody to see to it."""
    return assessment.score <= weights.waiting and has_matter(assessment)


def has_matter(assessment: Assessment) -> bool:
    """Whether the caller has said what is to be done."""
    return any(e.rule in MATTER_RULES for e in assessment.evidence)


def _why(found: Verdict, assessment: Assessment) -> str:
    """The standard reason of a verdict; only who surely has a matter complains."""
    heard = any(e.rule in MATTER_RULES and not e.detail.endswith(GUESSED) for e in assessment.evidence)
    return Reason.INSULTS if found is Verdict.ABUSIVE_COMPLAINT and not heard else REASONS.get(found, "")


def known(history: History, flow: Flow) -> tuple[Verdict, str] | None:
    """What is settled about a caller before a word is said, and why; None for nothing."""
    if ListName.ALLOW in history.lists:
        return Verdict.GENUINE, Reason.ALLOW_LIST
    if ListName.BLOCK in history.lists:
        return Verdict.HARASSMENT, Reason.BLOCK_LIST
    if history.rung in SUSPENDING:
        return Verdict.HARASSMENT, Reason.SUSPENDED
    if 0 < flow.repeat_offenders <= history.confirmed:
        return Verdict.HARASSMENT, Reason.REPEAT_OFFENDER.of(history.confirmed)
    return None


def decide(assessment: Assessment, weights: Weights, flow: Flow) -> Decision:
    """The decision that stands on what has been heard."""
    return given(verdict(assessment, weights), assessment, weights, flow)


def decide_over(assessment: Assessment, weights: Weights, flow: Flow) -> Decision:
    """The decision on a call that has ended, which stands on all of it and on which nothing is done.

    Protected callers whom the middle of a call makes look bad have mostly made themselves understood by its end:
    so less is asked for there. What was understood otherwise, a complaint with insult or an emergency, stays so.
    """
    decision = decide(assessment, weights, flow)
    over = weights.when_over()
    if decision.verdict is not Verdict.UNDECIDED or not is_flagged(assessment, over):
        return decision
    reason = Reason.AFTERWARDS.of(assessment.kind.value if assessment.kind else "")
    flagged = given(Verdict.HARASSMENT, assessment, over, flow, reason=reason)
    return replace(flagged, treatment=Treatment.NONE, dry_run=False)


def by_person(treatment: Treatment, assessment: Assessment, weights: Weights, flow: Flow, reason: str) -> Decision:
    """The decision of a person who has a caller treated, which a dry run does not keep from them.

    Of a kind only where what was heard would have been flagged: the leading kind of a call that says little is
    nobody's word.
    """
    decision = given(Verdict.HARASSMENT, assessment, weights, flow, reason=reason)
    kind = assessment.kind if is_flagged(assessment, weights) else None
    line = threshold(kind, weights)
    return replace(decision, kind=kind, threshold=line, treatment=treatment, dry_run=False)


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
    kind = kind or assessment.kind
    emergency = Veto.EMERGENCY in assessment.vetoes and found is Verdict.GENUINE
    decision = Decision(
        verdict=found,
        kind=None,
        treatment=Treatment.NONE,
        at=assessment.at,
        threshold=threshold(kind, weights),
        assessment=assessment,
        emergency=emergency,
        reason=reason or (Reason.EMERGENCY if emergency else _why(found, assessment)),
    )
    if found is not Verdict.HARASSMENT:
        return decision
    treatment = flow.treatment_of.get(kind, flow.treatment) if kind else flow.treatment
    return replace(
        decision,
        kind=kind,
        treatment=Treatment.NONE if flow.dry_run else treatment,
        dry_run=flow.dry_run,
        reason=reason or Reason.JUDGED.of(kind.value if kind else ""),
    )
