"""A call that comes to us first, on a line that answers like an edge."""

from dataclasses import replace

import pytest

from screener.core.actions import (
    Hangup,
    OrderOutcome,
    Prompt,
    Reject,
    StopPlaying,
    Transfer,
)
from screener.core.entrances import open_session
from screener.core.evidence import Kind, Treatment, Verdict
from screener.core.flow import Flow
from screener.events import (
    CallAnswered,
    CallControl,
    Caller,
    Deaf,
    DeafCause,
    History,
    LineClass,
    ListName,
    RecognizerLost,
    Stopping,
    Target,
)
from tests.core.helpers import QUEUE, Line, answers, call, offer, ordered, plain


def test_a_clear_request_goes_to_the_agents_soon_after_its_end_and_not_in_a_breath() -> None:
    line = call().wait(2)
    began = line.at
    line.say("我想查一下话费")
    spoken = began + 0.2 * 7
    assert line.transfers == ["agents"]
    assert 0.5 <= line.when(Transfer) - spoken <= 0.7
    assert line.decisions[0].verdict is Verdict.GENUINE
    assert not line.treated
    assert not line.wait(1).up


def test_the_caller_may_speak_over_the_greeting() -> None:
    line = call()
    assert line.played == [Prompt.GREETING]
    assert line.listening
    line.say("我的快递到哪里了")
    assert line.of(StopPlaying)
    assert line.transfers == ["agents"]


def test_a_recording_notice_is_played_to_its_end() -> None:
    line = call(Flow(record_notice=True))
    assert line.played == [Prompt.NOTICE, Prompt.GREETING]
    line.wait(0.5).say("我有个问题")
    assert not line.of(StopPlaying)


def test_a_pretext_is_not_yet_a_request() -> None:
    line = call().wait(2).say("喂你好我想咨询一下").wait(2)
    assert line.transfers == []
    line.say("你穿什么内裤")
    assert line.decisions[-1].kind is Kind.LEWD
    assert line.transfers == []


def test_a_listed_word_that_weighs_enough_flags_before_the_sentence_is_over() -> None:
    line = call().wait(2)
    began = line.at
    line.say("我要你现在陪我睡觉然后我们再说别的事情好不好啊")
    assert line.decisions[0].verdict is Verdict.HARASSMENT
    assert line.decisions[0].at - (began + 0.2 * 9) <= 0.5


def test_an_insult_waits_for_the_rest_of_the_sentence() -> None:
    line = call().wait(2).say("你们是不是傻逼啊我的快递丢了三天没人处理")
    assert line.decisions[0].verdict is Verdict.COMPLAINT
    assert line.transfers == ["agents"]


def test_dry_run_decides_and_treats_nobody() -> None:
    line = call(Flow(dry_run=True)).wait(2).say("你穿什么内裤")
    decision = line.decisions[0]
    assert (decision.verdict, decision.dry_run, decision.treatment) == (Verdict.HARASSMENT, True, Treatment.NONE)
    assert line.transfers == ["agents"]
    assert not line.treated


def test_an_emergency_goes_to_an_agent_at_once_and_marked() -> None:
    line = call().wait(1).say("救命啊我家着火了快来人")
    assert line.of(Transfer)[0].marked
    assert line.decisions[0].emergency
    assert line.when(Transfer) < 1 + 0.2 * 4


def test_an_abusive_complainant_is_warned_and_given_to_a_supervisor() -> None:
    line = call().wait(2).say("我要投诉你们乱扣费没人处理你这个废物").wait(0.1).say("废物").wait(5)
    assert line.decisions[0].verdict is Verdict.ABUSIVE_COMPLAINT
    assert line.played[-1] is Prompt.WARNING
    assert line.transfers == ["supervisor"]
    assert not line.treated


def test_a_lost_recogniser_opens_the_way_to_the_agents() -> None:
    line = call().wait(2)
    line.give(RecognizerLost("overrun", 2.0))
    assert line.transfers == ["agents"]
    assert line.decisions[0].verdict is Verdict.UNDECIDED


def test_a_caller_who_is_not_understood_goes_to_the_agents_in_time() -> None:
    line = call(Flow(listen_seconds=30)).wait(3)
    for _ in range(8):
        line.say("明天早上那个事情怎么样呢").wait(1.5)
    assert line.transfers == ["agents"]
    assert 29 <= line.when(Transfer) <= 31
    assert line.decisions[0].verdict is Verdict.UNDECIDED


def test_talk_without_a_matter_is_steered_back() -> None:
    line = call(Flow(listen_seconds=60)).wait(2)
    for _ in range(4):
        line.say("今天外面的人可真是多啊").wait(3)
    assert line.played.count(Prompt.STEER) == 2


def test_talk_that_ignores_two_steers_is_chitchat() -> None:
    line = call(Flow(listen_seconds=60)).wait(2)
    for _ in range(4):
        line.say("昨天的球赛你看了没有").wait(3)
        line.say("我跟你说那个前锋踢得真好").wait(3)
    assert line.decisions[0].kind is Kind.CHITCHAT


@pytest.mark.parametrize(("waiting", "waits"), [(-5.0, True), (-9.0, False)])
def test_a_caller_who_has_said_what_they_want_and_waits_is_not_asked_whether_anybody_is_there(
    waiting: float, waits: bool
) -> None:
    """The matter is known, the score is above that of a clear request: −5.5 here."""
    weights = replace(plain().weights, clear=-9.0, waiting=waiting)
    line = Line(judgement=replace(plain(), weights=weights)).begin().wait(1)
    line.say("我想查一下话费").wait(30)
    assert line.transfers == ["agents"]
    assert (line.when(Transfer) < 6.0) is waits
    assert (line.decisions[0].verdict is Verdict.GENUINE) is waits
    assert (Prompt.STILL_THERE in line.played) is not waits


def test_a_silent_caller_is_asked_twice_told_goodbye_and_hung_up_on() -> None:
    line = call().wait(60)
    assert line.played == [Prompt.GREETING, Prompt.STILL_THERE, Prompt.STILL_THERE, Prompt.SILENT_CLOSING]
    decision = line.decisions[0]
    assert (decision.verdict, decision.kind, decision.treatment) == (
        Verdict.HARASSMENT,
        Kind.SILENT,
        Treatment.TERMINATE,
    )
    # greeting 2 s, then three prompts of 2 s and four silences of 5 s
    assert 27 <= line.when(Hangup) <= 30
    assert line.transfers == []


def test_a_word_after_the_closing_sentence_brings_the_caller_back() -> None:
    line = call().wait(24)
    assert line.played[-1] is Prompt.SILENT_CLOSING
    line.say("喂我想查一下话费")
    assert line.transfers == ["agents"]


def test_a_silent_call_in_dry_run_goes_to_the_agents() -> None:
    line = call(Flow(dry_run=True)).wait(60)
    assert line.transfers == ["agents"]
    assert not line.of(Hangup)


@pytest.mark.parametrize("cause", DeafCause)
def test_a_caller_who_cannot_be_heard_goes_to_the_agents_and_is_not_flagged(cause) -> None:
    line = call()
    line.heard = False
    line.wait(25)
    assert line.played == [Prompt.GREETING], "nobody is asked whom we could not hear answer"
    line.give(Deaf(cause, line.at))
    assert line.transfers == ["agents"]
    assert line.decisions[0].verdict is Verdict.UNDECIDED
    assert line.decisions[0].reason == f"deaf:{cause}"
    assert [e for e in line.evidence if e.kind is Kind.SILENT] == []


def test_a_caller_who_cannot_be_heard_any_more_is_not_hung_up_on_after_the_closing_sentence() -> None:
    line = call().wait(24)
    assert line.played[-1] is Prompt.SILENT_CLOSING
    line.heard = False
    line.wait(15)
    assert not line.of(Hangup)
    line.give(Deaf(DeafCause.NO_MEDIA, line.at))
    assert line.transfers == ["agents"]


def test_the_clock_of_silence_stands_still_on_hold() -> None:
    line = call().wait(5)
    line.heard = False
    line.wait(20)
    line.heard = True
    line.wait(1.8)
    assert line.played == [Prompt.GREETING]
    line.wait(1.0)
    assert line.played == [Prompt.GREETING, Prompt.STILL_THERE], "5 s of silence, those before the hold counted"


def test_a_caller_who_stays_on_hold_goes_to_the_agents_in_the_end() -> None:
    line = call()
    line.heard = False
    line.wait(40)
    assert line.transfers == ["agents"]
    assert line.decisions[0].verdict is Verdict.UNDECIDED


def test_lists_in_the_order_of_the_procedure() -> None:
    both = frozenset({ListName.ALLOW, ListName.BLOCK})
    assert call(history=History(lists=both)).transfers == ["agents"]
    blocked = call(history=History(lists=frozenset({ListName.BLOCK})))
    assert blocked.played == QUEUE
    watched = call(history=History(lists=frozenset({ListName.WATCH})))
    assert watched.played == [Prompt.GREETING]


def test_history_alone_never_flags_unless_the_site_says_so() -> None:
    past = History(flagged=5, confirmed=3, calls_15min=9, calls_24h=20)
    line = call(history=past, caller=Caller("+862012345678", line=LineClass.PUBLIC)).wait(2).say("喂你好").wait(1)
    assert line.decisions == []
    straight = call(Flow(repeat_offenders=3), history=past)
    assert straight.played == QUEUE
    assert "3" in straight.decisions[0].reason


def test_a_service_that_stops_moves_who_is_being_screened_to_the_agents() -> None:
    line = call().wait(2)
    line.give(Stopping(2.0))
    assert line.transfers == ["agents"]
    assert line.decisions[-1].verdict is Verdict.UNDECIDED


def test_a_service_that_stops_refuses_who_is_not_answered_or_moves_them_after_all() -> None:
    session = open_session(offer(), plain(), Flow())
    session.handle(offer())
    assert session.handle(Stopping(0.0)) == (Reject(503),)
    assert [a.target for a in session.handle(CallAnswered(0.0)) if isinstance(a, Transfer)] == [Target.AGENTS]


def test_a_service_that_stops_sends_nobody_who_is_being_treated_to_an_agent() -> None:
    line = call().wait(2).say("小姐陪我睡觉多少钱")
    line.give(Stopping(line.at))
    assert line.transfers == []
    assert line.up


def test_in_path_who_is_genuine_by_a_persons_word_goes_to_the_agents_also_out_of_the_queue() -> None:
    assert ordered(call().wait(2), CallControl.AGENTS).wait(1).transfers == ["agents"]
    line = call().wait(2).say("小姐陪我睡觉多少钱").wait(1)
    assert line.decisions[-1].verdict is Verdict.HARASSMENT
    ordered(line, CallControl.AGENTS).wait(1)
    assert line.transfers == ["agents"]
    assert line.decisions[-1].verdict is Verdict.GENUINE
    assert [t.completed for t in line.treated if t.done] == [False]


def test_an_order_about_a_caller_who_is_on_the_way_changes_nothing() -> None:
    line = ordered(call().wait(2), CallControl.AGENTS)
    before = len(line.actions)
    for act, outcome in (
        (CallControl.LINE_FAULT, OrderOutcome.TOO_LATE),
        (CallControl.WARN, OrderOutcome.TOO_LATE),
        (CallControl.AGENTS, OrderOutcome.ALREADY),
    ):
        assert answers(ordered(line, act))[-1] == (act, outcome)
    assert len(line.actions) == before + 3


@pytest.mark.parametrize("seconds", [1, 20])
def test_a_person_may_order_another_treatment_while_one_goes_on(seconds: float) -> None:
    line = call(Flow(tone_seconds=8, stay_seconds=60)).wait(2).say("小姐陪我睡觉多少钱").wait(seconds)
    ordered(line, CallControl.ANALYSIS_QUEUE)
    ordered(line, CallControl.LINE_FAULT)
    assert line.played[-1] is Prompt.LINE_FAULT
    assert answers(line) == [
        (CallControl.ANALYSIS_QUEUE, OrderOutcome.ALREADY),
        (CallControl.LINE_FAULT, OrderOutcome.DONE),
    ]
    line.wait(10)
    heard = seconds == 20
    assert [(t.treatment, t.completed) for t in line.treated if t.done] == [
        (Treatment.ANALYSIS_QUEUE, heard),
        (Treatment.LINE_FAULT, True),
    ]
    last = line.decisions[-1]
    assert (last.reason, last.treatment) == ("ordered:王主管", Treatment.LINE_FAULT)
    assert line.of(Hangup)


def test_an_order_while_a_warning_or_a_second_try_goes_on_is_carried_out() -> None:
    warned = call().wait(2).say("我要投诉你们乱扣费没人处理你这个废物").wait(0.1).say("废物").wait(1)
    tried = call(refuse=["agents"]).wait(2).say("我想查一下话费").wait(0.5)
    for line, before in ((warned, Prompt.WARNING), (tried, Prompt.CONNECTING)):
        assert line.played[-1] is before
        ordered(line, CallControl.LINE_FAULT).wait(5)
        assert line.played[-1] is Prompt.LINE_FAULT
        assert line.of(Hangup)


def test_a_caller_who_hangs_up_while_we_listen_is_told_by_how_the_call_stood() -> None:
    judgement = replace(plain(), weights=replace(plain().weights, afterwards=-3.0))
    for words, verdict in (("这裙子好看", Verdict.HARASSMENT), ("看电影", Verdict.UNDECIDED)):
        line = Line(judgement=judgement).begin().wait(3).say(words)
        assert line.decisions == []
        line.end()
        (decision,) = line.decisions
        assert (decision.verdict, decision.treatment) == (verdict, Treatment.NONE)
