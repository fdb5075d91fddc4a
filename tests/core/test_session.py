"""What every call's session does alike, whichever way the call came."""

from dataclasses import replace

import pytest

from screener.core.actions import (
    ON_PBX,
    Decided,
    OrderOutcome,
)
from screener.core.entrances import open_session
from screener.core.evidence import Kind, Treatment, Verdict
from screener.core.flow import Flow
from screener.events import (
    CallAnswered,
    CallControl,
    EndedBy,
    Entrance,
    History,
    Ordered,
    PlaybackEnded,
    Speaker,
    Tick,
)
from tests.core.helpers import Line, answers, beside, call, offer, ordered, plain, said


def test_an_agents_steering_counts_and_never_flags_alone() -> None:
    line = call(entrance=Entrance.BESIDE)
    for number in range(12):
        line.give(said("请问您要咨询什么业务", 4.0 + number, number, speaker=Speaker.AGENT))
    assert line.decisions == []
    line.give(said("昨天那个电影你看了吗", 20.0))
    assert line.decisions[0].kind is Kind.CHITCHAT


def test_after_the_end_it_says_nothing() -> None:
    line = call().wait(1).end()
    assert [d.verdict for d in line.decisions] == [Verdict.UNDECIDED]
    assert line.session.handle(Tick(99.0)) == ()
    assert line.session.handle(CallAnswered()) == ()


def test_a_second_offer_and_a_late_playback_change_nothing() -> None:
    line = call()
    before = len(line.actions)
    line.give(line.offered)
    line.give(PlaybackEnded(1.0))
    assert len(line.actions) == before


def test_the_end_of_a_call_that_was_never_answered_is_decided() -> None:
    line = Line()
    line.give(line.offered)
    line.end(EndedBy.CALLER)
    assert len(line.decisions) == 1


def test_history_supports_what_words_begin() -> None:
    words = "你声音真好听"
    fresh = call().wait(2).say(words)
    known = replace(History(), flagged=2, confirmed=1)
    again = call(history=known).wait(2).say(words)
    assert not fresh.decisions and not again.decisions, "one compliment flags nobody, whatever the history"
    assert again.session._hearing.assessment(5).score > fresh.session._hearing.assessment(5).score


@pytest.mark.parametrize("act", [CallControl(treatment.value) for treatment in ON_PBX])
def test_what_a_person_orders_is_done_also_in_a_dry_run_and_the_log_says_who(act: CallControl) -> None:
    for line in (beside(Flow(dry_run=True)), call(Flow(dry_run=True))):
        ordered(line.wait(2).say("今天天气不错"), act).wait(1)
        assert line.decisions[-1].verdict is Verdict.HARASSMENT
        assert line.decisions[-1].reason == "ordered:王主管"
        assert next(t.treatment for t in line.treated) is Treatment(act.value)


@pytest.mark.parametrize("entrance", [Entrance.IN_PATH, Entrance.BESIDE])
def test_an_order_from_before_the_answer_is_done_at_the_answer(entrance: Entrance) -> None:
    offered = offer(entrance=entrance)
    session = open_session(offered, plain(), Flow())
    before = [*session.handle(offered), *session.handle(Ordered(CallControl.AGENTS, "王主管", 0.0))]
    assert not any(isinstance(action, Decided) for action in before)
    decided = [action.decision for action in session.handle(CallAnswered()) if isinstance(action, Decided)]
    assert [(d.verdict, d.reason) for d in decided] == [(Verdict.GENUINE, "ordered:王主管")]


def test_a_supervisor_who_is_asked_to_look_changes_nothing_for_the_caller() -> None:
    for line in (beside().wait(2), call().wait(2)):
        before = list(line.decisions), list(line.treated), list(line.transfers)
        ordered(line, CallControl.SUPERVISOR)
        assert (line.decisions, line.treated, line.transfers) == before


def test_nobody_is_warned_where_nothing_waits_and_the_answer_says_so() -> None:
    assert answers(ordered(call().wait(2), CallControl.APPROVE)) == [(CallControl.APPROVE, OrderOutcome.NOT_HERE)]


def test_an_order_says_of_which_kind_a_call_is_only_where_it_was_heard() -> None:
    plainly = ordered(call().wait(2).say("你猜"), CallControl.TERMINATE).decisions[-1]
    assert (plainly.verdict, plainly.kind, plainly.treatment) == (Verdict.HARASSMENT, None, Treatment.TERMINATE)
    dry = beside(Flow(dry_run=True)).wait(2).say("小姐陪我睡觉多少钱")
    heard = ordered(dry, CallControl.TERMINATE).decisions[-1]
    assert (heard.kind, heard.dry_run) == (Kind.LEWD, False)
