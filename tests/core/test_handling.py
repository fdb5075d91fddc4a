"""A caller on our own line: treatments are heard out, transfers are tried until one succeeds."""

import pytest

from screener.core.actions import (
    Hangup,
    OrderOutcome,
    Play,
    Prompt,
    Transfer,
)
from screener.core.evidence import Kind, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.session import TRANSFER_LIMIT
from screener.events import (
    CallControl,
    History,
    ListName,
    Target,
    Tick,
    TransferEnded,
)
from tests.core.helpers import QUEUE, Line, answers, call, ordered, said


def test_harassment_hears_the_whole_queue_and_is_then_hung_up_on() -> None:
    flow = Flow(tone_seconds=8, stay_seconds=10)
    line = call(flow).wait(2).say("小姐陪我睡觉多少钱")
    assert not line.listening
    assert line.played[-3:] == QUEUE
    assert line.of(Play)[-1].prompts[1] == (Prompt.SIGNAL_TONE, 8)
    began = line.at
    line.wait(60)
    assert line.of(Hangup)
    begin, end = line.treated
    assert (begin.treatment, begin.done) == (Treatment.ANALYSIS_QUEUE, False)
    assert (end.done, end.completed) == (True, True)
    assert line.when(Hangup) - began > 8 + 10
    assert line.transfers == []


def test_who_hangs_up_in_the_queue_has_not_completed_it() -> None:
    line = call().wait(2).say("你穿什么颜色的内裤").wait(3).end()
    assert [(t.done, t.completed) for t in line.treated] == [(False, False), (True, False)]
    assert len(line.decisions) == 1


@pytest.mark.parametrize(
    ("treatment", "prompt"),
    [(Treatment.LINE_FAULT, Prompt.LINE_FAULT), (Treatment.TERMINATE, Prompt.TERMINATE)],
)
def test_other_treatments_play_and_hang_up(treatment: Treatment, prompt: Prompt) -> None:
    line = call(Flow(treatment=treatment)).wait(2).say("你猜我是谁我是孙悟空").wait(10)
    assert line.played[-1] is prompt
    assert line.of(Hangup)
    assert [(t.treatment, t.done, t.completed) for t in line.treated] == [
        (treatment, False, False),
        (treatment, True, True),
    ]


def test_each_kind_may_have_its_own_treatment() -> None:
    flow = Flow(treatment_of={Kind.PRANK: Treatment.TERMINATE})
    assert call(flow).wait(2).say("我是孙悟空").wait(5).played[-1] is Prompt.TERMINATE
    assert call(flow).wait(2).say("你穿什么内裤").wait(5).played[-3:] == QUEUE


def test_the_queue_on_the_pbx_is_a_transfer() -> None:
    line = call(Flow(queue_on_pbx=True)).wait(2).say("你穿什么内裤").wait(2)
    assert line.transfers == ["analysis"]
    assert [(t.done, t.completed) for t in line.treated] == [(False, False), (True, True)]


def test_a_failed_transfer_to_the_queue_plays_it_here() -> None:
    line = call(Flow(queue_on_pbx=True), refuse=["analysis"]).wait(2).say("你穿什么内裤").wait(2)
    assert line.transfers == ["analysis"]
    assert line.played[-3:] == QUEUE
    line.wait(60)
    assert len(line.treated) == 2


def test_a_refused_transfer_is_tried_elsewhere_with_the_caller_kept() -> None:
    line = call(refuse=["agents", "supervisor", "agents"]).wait(2).say("我想查一下话费").wait(30)
    assert line.transfers == ["agents", "supervisor", "agents", "supervisor"]
    assert line.played.count(Prompt.CONNECTING) == 3
    assert not line.of(Hangup)


def test_only_when_every_target_has_refused_often_is_the_caller_asked_to_call_again() -> None:
    line = call(refuse=["agents", "supervisor"] * 9).wait(2).say("我想查一下话费").wait(60)
    assert len(line.transfers) == 6
    assert line.played[-1] is Prompt.LINE_FAULT
    assert line.of(Hangup)
    assert line.decisions[-1].verdict is Verdict.GENUINE
    assert not line.treated


def test_a_transfer_that_is_never_judged_counts_as_failed() -> None:
    line = call().wait(2)
    line.give(said("我想查一下话费", 3.0))
    line._transfer = None
    line.at = 3.0
    for at in range(4, 60):
        line.give(Tick(float(at)))
    assert Prompt.CONNECTING in line.played


def test_playing_that_is_never_reported_ends_all_the_same() -> None:
    line = call(history=History(lists=frozenset({ListName.BLOCK})))
    line._play_ends = None
    for at in range(1, 120):
        line.give(Tick(float(at)))
        if not line.up:
            break
    assert line.of(Hangup)


def test_an_emergency_stays_marked_whoever_is_tried() -> None:
    line = call(refuse=["agents"]).wait(1).say("救命啊我家着火了快来人").wait(5)
    assert line.transfers == ["agents", "supervisor"]
    assert [transfer.marked for transfer in line.of(Transfer)] == [True, True]


def test_what_became_of_another_transfer_changes_nothing() -> None:
    line = call().wait(2).say("我想查一下话费")
    before = len(line.actions)
    line.give(TransferEnded(Target.ANALYSIS, ok=False, status=503, at=line.at))
    assert len(line.actions) == before
    line.give(TransferEnded(Target.AGENTS, ok=False, status=503, at=line.at))
    assert line.played[-1] is Prompt.CONNECTING


def test_nobody_listens_to_a_caller_who_is_treated_or_on_the_way() -> None:
    assert not call().wait(2).say("我想查一下话费").listening
    assert not call().wait(2).say("你穿什么内裤").listening


def test_only_an_emergency_is_marked() -> None:
    line = call(refuse=["agents"]).wait(2).say("我想查一下话费").wait(5)
    assert [transfer.marked for transfer in line.of(Transfer)] == [False, False]


def lasting(line: Line) -> Line:
    """The edge has not yet told of the end of the call."""
    line.end = lambda *_: line  # type: ignore[method-assign]
    return line


def test_with_a_caller_who_is_there_or_hung_up_on_nothing_happens_any_more() -> None:
    there = lasting(call()).wait(2).say("我想查一下话费").wait(1)
    gone = lasting(call(Flow(treatment=Treatment.TERMINATE))).wait(2).say("你穿什么内裤").wait(10)
    assert gone.of(Hangup)
    for line in (there, gone):
        before = len(line.actions)
        for act in (CallControl.AGENTS, CallControl.TERMINATE):
            assert answers(ordered(line, act))[-1] == (act, OrderOutcome.TOO_LATE)
        line.wait(TRANSFER_LIMIT + 10)
        assert len(line.actions) == before + 2
