"""Scoring and policy: what flags, what protects, and what never flags alone."""

from dataclasses import replace

import pytest

from screener.core import policy
from screener.core.acts import Act
from screener.core.evidence import Evidence, Kind, Source, Standing, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Weights
from screener.core.scoring import assess

W = Weights()
OVER = W.threshold - W.prior


def found(weight: float, source: Source = Source.WORDS, kind: Kind | None = Kind.LEWD, rule: str = ""):
    return Evidence(rule or f"{source}.{weight}.{kind}", source, kind, weight, 0.0)


def act(does: Act, weight: float, kind: Kind = Kind.LEWD) -> Evidence:
    return Evidence(f"act.{does}", Source.ACTS, kind, weight, 0.0)


def verdict(*evidence: Evidence, standing: Standing | None = Standing.GENUINE, weights: Weights = W) -> Verdict:
    return policy.verdict(assess(evidence, 10.0, weights, standing), weights)


def test_nothing_known_is_undecided_at_the_prior() -> None:
    assert assess((), 0.0, W).score == W.prior
    assert verdict(standing=None) is Verdict.UNDECIDED


def test_acts_add_up_to_a_flag_of_the_newest_ones_kind() -> None:
    evidence = [act(Act.PERSONAL, 3.0, Kind.CHITCHAT), act(Act.STEER, 1.0), act(Act.LEWD, OVER - 4.0)]
    assert verdict(*evidence) is Verdict.HARASSMENT
    assert assess(evidence, 0.0, W).kind is Kind.LEWD
    assert verdict(*evidence[:2]) is Verdict.UNDECIDED


def test_an_agents_words_alone_never_flag() -> None:
    agent = [act(a, OVER) for a in (Act.REBUKE, Act.WARN, Act.STEER, Act.STEER)]
    assert verdict(*agent) is not Verdict.HARASSMENT
    assert verdict(*agent, act(Act.LEWD, W.carry)) is Verdict.HARASSMENT


@pytest.mark.parametrize("source", [Source.CALLER, Source.TIME, Source.HISTORY, Source.SOUND])
def test_what_only_supports_never_flags(source: Source) -> None:
    evidence = [found(9.0, source, Kind.PRANK, rule=f"r{n}") for n in range(20)]
    assert verdict(*evidence) is Verdict.UNDECIDED
    assert assess(evidence, 0.0, W).score == W.prior + W.support


def test_the_same_listed_word_again_weighs_less() -> None:
    once, twice, thrice = (assess([found(2.0, rule="r")] * n, 0.0, W).score for n in (1, 2, 3))
    assert thrice - twice < twice - once < once - W.prior


def test_a_site_says_what_an_act_weighs() -> None:
    evidence = [act(Act.LEWD, OVER)]
    assert verdict(*evidence) is Verdict.HARASSMENT
    assert verdict(*evidence, weights=replace(W, factor={"act.caller.lewd": 0.5})) is not Verdict.HARASSMENT


def test_what_is_no_harassment_is_what_it_stands_as() -> None:
    matter = act(Act.GRIEVANCE, -2.0)
    assert verdict(matter, standing=Standing.COMPLAINT) is Verdict.COMPLAINT
    assert verdict(matter, standing=Standing.GENUINE) is Verdict.GENUINE
    assert verdict(matter, standing=Standing.VULNERABLE) is Verdict.GENUINE
    assert verdict(act(Act.SMALLTALK, -2.0)) is Verdict.UNDECIDED, "no matter yet"
    assert verdict(act(Act.BUSINESS, 4.0)) is Verdict.UNDECIDED, "listened to further"


def test_an_abusive_complaint_is_sustained_insult_beside_a_grievance() -> None:
    insult = act(Act.INSULT_AGENT, 1.0, Kind.ABUSE)
    evidence = [act(Act.GRIEVANCE, -2.0), insult]
    assert verdict(*evidence, standing=Standing.ABUSIVE_COMPLAINT) is Verdict.COMPLAINT, "once is not sustained"
    assert verdict(*evidence, insult, standing=Standing.ABUSIVE_COMPLAINT) is Verdict.ABUSIVE_COMPLAINT


def test_an_emergency_ends_all_judgement() -> None:
    emergency = found(0.0, Source.EMERGENCY, None, rule="emergency.danger.1")
    assessment = assess([emergency, *(act(Act.LEWD, 6.5) for _ in range(9))], 1.0, W)
    decision = policy.decide(assessment, W, Flow())
    assert (decision.verdict, decision.emergency) == (Verdict.GENUINE, True)


def test_a_kind_may_have_its_own_threshold() -> None:
    strict = replace(W, threshold_of={Kind.PRANK: 9.0})
    assert verdict(act(Act.ABSURD, OVER, Kind.PRANK), weights=strict) is Verdict.UNDECIDED
    assert policy.threshold(Kind.PRANK, strict) == 9.0


def test_hysteresis_holds_what_was_over() -> None:
    assessment = assess([act(Act.LEWD, OVER - 0.2)], 0.0, W)
    assert not policy.is_flagged(assessment, W)
    assert policy.is_flagged(assessment, W, already=True)


def test_the_decision_says_what_is_done_and_why() -> None:
    assessment = assess([act(Act.LEWD, OVER)], 3.0, W)
    decision = policy.decide(assessment, W, Flow())
    assert (decision.kind, decision.treatment, decision.at) == (Kind.LEWD, Treatment.ANALYSIS_QUEUE, 3.0)
    assert decision.reason
    assert decision.assessment.evidence
    dry = policy.decide(assessment, W, Flow(dry_run=True))
    assert (dry.verdict, dry.treatment, dry.dry_run) == (Verdict.HARASSMENT, Treatment.NONE, True)
