"""A call that is only listened to: beside an agent, and in a replay."""

from dataclasses import replace

import pytest

from screener.core.actions import (
    EvidenceFound,
    Hangup,
    Listen,
    OrderOutcome,
    Play,
    StopPlaying,
    Transfer,
)
from screener.core.evidence import Kind, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.session import TRANSFER_LIMIT
from screener.events import (
    CallControl,
    Deaf,
    DeafCause,
    Entrance,
    History,
    ListName,
    Speaker,
    Stopping,
)
from tests.core.helpers import Line, answers, beside, call, offer, ordered, plain, said


def test_beside_an_agent_nobody_who_was_not_heard_is_flagged_for_silence() -> None:
    for heard in (True, False):
        line = call(entrance=Entrance.BESIDE, agent="agent1")
        for n in range(6):
            line.give(said("您好请问有什么可以帮您", at=line.at + 2, utterance=n, speaker=Speaker.AGENT))
            line.wait(4)
        if not heard:
            line.give(Deaf(DeafCause.NO_MEDIA, line.at))
        line.end()
        assert (Kind.SILENT in [e.kind for e in line.evidence]) == heard


def test_how_a_call_stands_is_told_with_every_piece_long_before_a_decision() -> None:
    line = beside().wait(2).say("你好我想查一下话费").wait(2).say("你声音真好听").wait(2)
    found = line.of(EvidenceFound)
    assert not line.decisions and len(found) > 1
    assert [each.score for each in found] == pytest.approx(
        [found[0].score + sum(each.evidence.weight for each in found[1 : n + 1]) for n in range(len(found))]
    )
    assert found[0].score < found[0].threshold


def test_in_a_replay_it_only_judges() -> None:
    line = call(entrance=Entrance.REPLAY)
    line.give(said("我想查一下话费", 2.0))
    line.give(said("你穿什么内裤", 8.0, 1))
    line.give(said("内裤什么颜色", 12.0, 2))
    assert line.decisions[0].verdict is Verdict.HARASSMENT
    assert not line.of(Play, Transfer, Hangup, Listen, StopPlaying)
    line.end()
    assert len(line.decisions) == 1


def test_beside_an_agent_nothing_is_said_and_a_harasser_is_moved() -> None:
    line = beside().wait(2).say("小姐陪我睡觉多少钱").wait(2)
    assert line.played == []
    assert line.transfers == ["analysis"]
    begin, end = line.treated
    assert (begin.treatment, end.completed) == (Treatment.ANALYSIS_QUEUE, True)


@pytest.mark.parametrize("treatment", [Treatment.LINE_FAULT, Treatment.TERMINATE])
def test_beside_an_agent_every_treatment_is_on_the_pbx(treatment: Treatment) -> None:
    line = beside(Flow(treatment=treatment)).wait(2).say("小姐陪我睡觉多少钱").wait(2)
    assert line.played == []
    assert line.transfers == [treatment.value]


def test_beside_an_agent_a_genuine_caller_is_never_moved() -> None:
    line = beside().wait(2).say("我想查一下话费").wait(90)
    assert line.played == []
    assert line.transfers == []
    assert not line.of(Hangup)


def test_beside_an_agent_a_dry_run_and_an_allowed_number_move_nobody() -> None:
    words = "小姐陪我睡觉多少钱"
    dry = beside(Flow(dry_run=True)).wait(2).say(words).wait(2)
    allowed = beside(history=History(lists=frozenset({ListName.ALLOW}))).wait(2).say(words).wait(2)
    assert dry.transfers == allowed.transfers == []
    assert dry.decisions[-1].dry_run
    assert not allowed.listening


def test_beside_an_agent_a_move_that_fails_is_not_tried_for_ever() -> None:
    line = beside(refuse=["analysis"]).wait(2).say("小姐陪我睡觉多少钱").wait(60)
    assert line.transfers == ["analysis"]
    assert [t.completed for t in line.treated if t.done] == [False]
    assert line.listening
    assert line.played == []


def test_beside_an_agent_a_service_that_stops_only_stops_listening() -> None:
    line = beside().wait(2)
    line.give(Stopping(line.at))
    assert line.of(Hangup)
    assert line.transfers == []


def test_beside_an_agent_a_person_who_says_that_it_is_genuine_ends_the_listening() -> None:
    line = ordered(beside().wait(2), CallControl.AGENTS)
    assert line.decisions[-1].verdict is Verdict.GENUINE
    assert line.of(Hangup)
    assert line.transfers == []


def test_in_a_replay_harassment_takes_the_place_of_an_abusive_complaint_and_stands() -> None:
    line = call(entrance=Entrance.REPLAY)
    for number, text in enumerate(
        ["我要投诉你们乱扣费没人处理", "你这个废物", "废物", "你穿什么内裤", "我想查一下话费"]
    ):
        line.give(said(text, 4.0 * (number + 1), number))
    line.end()
    assert [d.verdict for d in line.decisions] == [Verdict.ABUSIVE_COMPLAINT, Verdict.HARASSMENT]


def test_in_a_replay_no_order_and_no_warning_is_possible() -> None:
    line = call(entrance=Entrance.REPLAY)
    for act in (CallControl.TERMINATE, CallControl.AGENTS, CallControl.WARN):
        assert answers(ordered(line, act))[-1] == (act, OrderOutcome.NOT_HERE)


def moving() -> Line:
    """A caller whom the PBX was asked to move; it never says what became of it."""
    line = beside(history=History(lists=frozenset({ListName.BLOCK})))
    line._transfer = None
    return line


def test_beside_an_agent_a_blocked_number_is_moved_at_once() -> None:
    line = beside(history=History(lists=frozenset({ListName.BLOCK})))
    assert line.transfers == ["analysis"]
    assert line.decisions[0].reason == "block_list"
    assert not line.listening


def test_beside_an_agent_a_move_that_is_never_judged_counts_as_failed() -> None:
    line = moving()
    line.wait(TRANSFER_LIMIT - 1.0)
    assert not line.listening
    line.wait(2.0)
    assert line.listening
    assert [t.completed for t in line.treated if t.done] == [False]


def test_beside_an_agent_an_order_while_the_caller_is_moved_is_done_already_or_too_late() -> None:
    line = moving()
    for act, outcome in (
        (CallControl.ANALYSIS_QUEUE, OrderOutcome.ALREADY),
        (CallControl.TERMINATE, OrderOutcome.TOO_LATE),
    ):
        assert answers(ordered(line, act))[-1] == (act, outcome)
    assert line.transfers == ["analysis"]


def test_beside_an_agent_what_a_person_decided_is_not_decided_again_at_the_end() -> None:
    line = ordered(beside(refuse=["terminate"]).wait(2), CallControl.TERMINATE).wait(2)
    assert line.listening, "the PBX could not move the caller"
    line.say("我想查一下话费").end()
    assert [d.reason for d in line.decisions] == ["ordered:王主管"]


def test_beside_an_agent_a_call_that_turned_out_otherwise_is_decided_at_its_end() -> None:
    line = beside().wait(2).say("我想查一下话费")
    assert line.decisions == []
    line.end()
    assert [d.verdict for d in line.decisions] == [Verdict.GENUINE]


@pytest.mark.parametrize("entrance", [Entrance.BESIDE, Entrance.REPLAY])
def test_a_call_that_was_nearly_flagged_is_told_at_its_end_and_nobody_is_moved(entrance: Entrance) -> None:
    """The first word weighs 3.5, so the call stands at -0.5, the second 1.5: at -2.5; 2.0 less 3.0 is asked."""
    judgement = replace(plain(), weights=replace(plain().weights, afterwards=-3.0))
    for words, verdict in (("这裙子好看", Verdict.HARASSMENT), ("看电影", Verdict.UNDECIDED)):
        line = Line(offered=offer(entrance=entrance, agent="agent1"), judgement=judgement).begin()
        line.give(said(words, 2.0))
        line.wait(3)
        assert line.decisions == []
        line.end()
        (decision,) = line.decisions
        assert decision.verdict is verdict
        assert decision.treatment is Treatment.NONE
        assert not line.of(Transfer, Hangup)
