"""Policy: what flags, what protects, what is done and why."""

from dataclasses import replace

import pytest

from screener.core import policy
from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Reason, Source, Standing, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.scoring import assess, threshold
from screener.events import Entrance
from tests.core.helpers import Line, offer, plain
from tests.core.weighed import OVER, W, act, found, verdict


def test_what_is_no_harassment_is_what_it_stands_as() -> None:
    matter = act(Act.GRIEVANCE, -2.0)
    assert verdict(matter, standing=Standing.COMPLAINT) is Verdict.COMPLAINT
    assert verdict(matter, standing=Standing.GENUINE) is Verdict.GENUINE
    assert verdict(matter, standing=Standing.VULNERABLE) is Verdict.GENUINE
    assert verdict(act(Act.SMALLTALK, -2.0)) is Verdict.UNDECIDED, "no matter yet"
    assert verdict(act(Act.BUSINESS, 4.0)) is Verdict.UNDECIDED, "listened to further"


def test_an_abusive_complaint_is_insult_beside_a_grievance() -> None:
    insult, stands = act(Act.INSULT_AGENT, 1.0, Kind.ABUSE), Standing.ABUSIVE_COMPLAINT
    assert verdict(act(Act.GRIEVANCE, -2.0), insult, standing=stands) is Verdict.ABUSIVE_COMPLAINT
    assert verdict(act(Act.GRIEVANCE, -4.0), insult, standing=Standing.COMPLAINT) is Verdict.COMPLAINT
    assert verdict(act(Act.GRIEVANCE, -4.0), standing=stands) is Verdict.COMPLAINT, "nobody was insulted"
    assert verdict(insult, standing=stands) is Verdict.UNDECIDED, "a single insult and no matter"
    assert verdict(insult, insult, standing=stands) is Verdict.ABUSIVE_COMPLAINT


def test_who_only_insults_is_not_said_to_complain() -> None:
    insult, stands = act(Act.INSULT_AGENT, 1.0, Kind.ABUSE), Standing.ABUSIVE_COMPLAINT
    guessed = replace(act(Act.BUSINESS, 0.0), detail="1?")
    for heard, reason in (
        ([insult, insult], Reason.INSULTS),
        ([guessed, insult], Reason.INSULTS),
        ([act(Act.GRIEVANCE, -2.0), insult], Reason.ABUSIVE),
        ([act(Act.BUSINESS, -2.0), guessed, insult], Reason.ABUSIVE),
    ):
        decision = policy.decide(assess(heard, 1.0, W, stands), W, Flow())
        assert (decision.verdict, decision.reason) == (Verdict.ABUSIVE_COMPLAINT, reason)


@pytest.mark.parametrize(("above", "believed"), [(-9.0, True), (1.4, True), (1.6, False), (9.0, False)])
@pytest.mark.parametrize("first", [True, False])
def test_an_emergency_is_an_agents_case_unless_the_caller_is_far_above_a_flag(
    above: float, believed: bool, first: bool
) -> None:
    emergency, rest = found(0.0, Source.EMERGENCY, None, rule="emergency.danger.1"), act(Act.LEWD, OVER + above)
    assessment = assess([emergency, rest] if first else [rest, emergency], 1.0, W)
    decision = policy.decide(assessment, W, Flow())
    assert decision.emergency is believed
    assert decision.verdict is (Verdict.GENUINE if believed else Verdict.HARASSMENT)


def test_a_kind_may_have_its_own_threshold() -> None:
    strict = replace(W, threshold_of={Kind.PRANK: 9.0})
    assert verdict(act(Act.ABSURD, OVER, Kind.PRANK), weights=strict) is Verdict.UNDECIDED
    assert threshold(Kind.PRANK, strict) == 9.0
    undecided = policy.decide(assess([act(Act.ABSURD, OVER, Kind.PRANK)], 1.0, strict), strict, Flow())
    assert undecided.assessment.score >= strict.threshold
    assert undecided.threshold == 9.0, "it says what it was held against"


def test_thresholds_are_others_where_the_product_answers() -> None:
    weights = replace(W, threshold_of={Kind.LEWD: 3.0}, in_path=-0.5)
    answering = weights.at(Entrance.IN_PATH)
    assert threshold(Kind.LEWD, answering) == 2.5
    assert threshold(None, answering) == W.threshold - 0.5
    assert answering.at(Entrance.IN_PATH) == answering, "once"
    assert {weights.at(e).threshold for e in Entrance if e is not Entrance.IN_PATH} == {W.threshold}


@pytest.mark.parametrize(("entrance", "limit"), [(Entrance.IN_PATH, 1.5), (Entrance.BESIDE, 2.0)])
def test_a_session_judges_by_the_thresholds_of_its_entrance(entrance: Entrance, limit: float) -> None:
    judgement = replace(plain(), weights=replace(W, threshold=2.0, in_path=-0.5))
    line = Line(offered=offer(entrance=entrance), judgement=judgement).begin()
    line.end()
    assert line.decisions[-1].threshold == limit


LESS = replace(W, afterwards=-1.0, threshold_of={Kind.LEWD: W.threshold + 0.5})


def test_less_is_asked_of_a_call_that_is_over_and_nothing_is_done_about_it() -> None:
    near = assess([act(Act.LEWD, OVER - 0.3)], 3.0, LESS)
    assert policy.decide(near, LESS, Flow()).verdict is Verdict.UNDECIDED
    for flow in (Flow(), Flow(dry_run=True)):
        over = policy.decide_over(near, LESS, flow)
        assert (over.verdict, over.kind, over.treatment) == (Verdict.HARASSMENT, Kind.LEWD, Treatment.NONE)
        assert (over.reason, over.threshold, over.dry_run) == ("afterwards:lewd", W.threshold - 0.5, False)
    below = assess([act(Act.LEWD, OVER - 0.6)], 3.0, LESS)
    assert policy.decide_over(below, LESS, Flow()).verdict is Verdict.UNDECIDED
    assert policy.decide_over(near, replace(LESS, afterwards=0.0), Flow()).verdict is Verdict.UNDECIDED


def test_what_was_flagged_at_once_is_decided_as_ever_when_the_call_is_over() -> None:
    flagged = assess([act(Act.LEWD, OVER + 1.0)], 3.0, LESS)
    assert policy.decide_over(flagged, LESS, Flow()) == policy.decide(flagged, LESS, Flow())


def test_a_complaint_with_insult_and_an_emergency_stay_what_they_are_when_they_are_over() -> None:
    insult = act(Act.INSULT_AGENT, (OVER - 0.3) / 2, Kind.ABUSE)
    complaint = assess([insult, insult], 3.0, LESS, Standing.ABUSIVE_COMPLAINT)
    assert policy.decide_over(complaint, LESS, Flow()).verdict is Verdict.ABUSIVE_COMPLAINT
    assert policy.decide_over(replace(complaint, standing=None), LESS, Flow()).verdict is Verdict.HARASSMENT
    emergency = found(0.0, Source.EMERGENCY, None, rule="emergency.danger.1")
    helped = assess([emergency, act(Act.LEWD, OVER - 0.3)], 3.0, LESS)
    assert policy.decide_over(helped, LESS, Flow()).verdict is Verdict.GENUINE


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
