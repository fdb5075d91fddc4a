"""Scoring and policy: what flags, what protects, and what never flags alone."""

from dataclasses import replace

import pytest

from screener.core import policy
from screener.core.evidence import Evidence, Kind, Source, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Weights
from screener.core.scoring import assess

W = Weights()


def found(
    weight: float, source: Source = Source.WORDS, kind: Kind | None = Kind.LEWD, rule: str = "", at: float = 0.0
):
    return Evidence(rule or f"{source}.{weight}.{kind}", source, kind, weight, at)


def verdict(*evidence: Evidence) -> Verdict:
    return policy.verdict(assess(evidence, 10.0, W), W)


def test_nothing_known_is_undecided_at_the_prior() -> None:
    assert assess((), 0.0, W).score == W.prior
    assert verdict() is Verdict.UNDECIDED


def test_a_decisive_word_flags_and_a_strong_one_alone_does_not() -> None:
    assert verdict(found(6.5)) is Verdict.HARASSMENT
    assert verdict(found(4.0)) is Verdict.UNDECIDED
    assert verdict(found(4.0), found(4.0, rule="another")) is Verdict.HARASSMENT


@pytest.mark.parametrize("source", [Source.CALLER, Source.TIME, Source.HISTORY, Source.SOUND])
def test_what_only_supports_never_flags(source: Source) -> None:
    evidence = [found(9.0, source, Kind.PRANK, rule=f"r{n}") for n in range(20)]
    assert verdict(*evidence) is Verdict.UNDECIDED
    assert assess(evidence, 0.0, W).score == W.prior + W.support
    assert verdict(*evidence, found(3.9)) is Verdict.UNDECIDED, "words must carry it"


def test_the_same_word_again_weighs_less() -> None:
    once, twice, thrice = (assess([found(2.0, rule="r")] * n, 0.0, W).score for n in (1, 2, 3))
    assert thrice - twice < twice - once < once - W.prior


def test_a_word_fades_as_talk_goes_on_and_not_in_silence() -> None:
    old = found(6.5, at=0.0)
    assert assess([old], 999.0, W).score == assess([old], 0.0, W).score
    later = found(0.1, rule="later", at=W.half_life)
    assert assess([old, later], W.half_life, W).score == pytest.approx(W.prior + 6.5 / 2 + 0.1)


def test_a_matter_excuses_insult_but_not_lewdness() -> None:
    matter = found(-4.0, Source.BUSINESS, None)
    assert (
        verdict(matter, *(found(6.5, kind=Kind.ABUSE, rule=f"r{n}") for n in range(4))) is not Verdict.HARASSMENT
    )
    assert verdict(matter, found(6.5), found(6.5, rule="again")) is Verdict.HARASSMENT
    assert verdict(matter, found(6.5)) is Verdict.GENUINE


def test_a_grievance_is_never_harassment() -> None:
    grievance = [found(-4.0, Source.GRIEVANCE, None, rule=f"g{n}") for n in range(2)]
    bad = [
        found(6.5, kind=kind, rule=f"{kind}{n}") for n in range(5) for kind in (Kind.LEWD, Kind.ABUSE, Kind.THREAT)
    ]
    assert verdict(*grievance) is Verdict.COMPLAINT
    assert verdict(*grievance, found(6.5, kind=Kind.ABUSE)) is Verdict.COMPLAINT, "one insult is not sustained"
    assert verdict(*grievance, *bad) is Verdict.ABUSIVE_COMPLAINT


def test_who_needs_care_is_excused_until_it_is_grave_and_goes_on() -> None:
    care = found(-4.0, Source.VULNERABLE, None, rule="vulnerable.care.1")
    assert verdict(care, *(found(6.5, kind=Kind.PRANK, rule=f"r{n}") for n in range(4))) is Verdict.GENUINE
    assert verdict(care, *(found(6.5, rule=f"r{n}") for n in range(4))) is Verdict.HARASSMENT


def test_an_emergency_ends_all_judgement() -> None:
    emergency = found(-6.5, Source.VULNERABLE, None, rule="emergency.danger.1")
    assessment = assess([emergency, *(found(6.5, rule=f"r{n}") for n in range(9))], 1.0, W)
    decision = policy.decide(assessment, W, Flow())
    assert (decision.verdict, decision.emergency) == (Verdict.GENUINE, True)


def test_a_kind_may_have_its_own_threshold() -> None:
    strict = replace(W, threshold_of={Kind.PRANK: 9.0})
    assessment = assess([found(6.5, kind=Kind.PRANK)], 0.0, strict)
    assert policy.verdict(assessment, strict) is Verdict.UNDECIDED
    assert policy.threshold(Kind.PRANK, strict) == 9.0


def test_hysteresis_holds_what_was_over() -> None:
    assessment = assess([found(W.threshold - W.prior - 0.2)], 0.0, W)
    assert not policy.is_flagged(assessment, W)
    assert policy.is_flagged(assessment, W, already=True)


def test_the_decision_says_what_is_done_and_why() -> None:
    assessment = assess([found(6.5)], 3.0, W)
    decision = policy.decide(assessment, W, Flow())
    assert (decision.kind, decision.treatment, decision.at) == (Kind.LEWD, Treatment.ANALYSIS_QUEUE, 3.0)
    assert decision.reason
    assert decision.assessment.evidence
    dry = policy.decide(assessment, W, Flow(dry_run=True))
    assert (dry.verdict, dry.treatment, dry.dry_run) == (Verdict.HARASSMENT, Treatment.NONE, True)
