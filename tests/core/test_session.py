"""The course of a call, on a line that answers like an edge."""

from dataclasses import replace

import pytest

from screener.core.actions import (
    ON_PBX,
    Decided,
    Hangup,
    Listen,
    OrderAnswered,
    OrderOutcome,
    Play,
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
    EndedBy,
    Entrance,
    History,
    LineClass,
    ListName,
    Ordered,
    PlaybackEnded,
    RecognizerLost,
    Speaker,
    Stopping,
    Target,
    Tick,
)
from tests.core.helpers import Line, offer, plain, said

QUEUE = [Prompt.ANALYSIS_ENTER, Prompt.SIGNAL_TONE, Prompt.ANALYSIS_DONE]


def call(flow: Flow | None = None, refuse=(), **changes) -> Line:
    return Line(flow or Flow(), offered=offer(**changes), refuse=list(refuse)).begin()


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


def test_by_hand_confirms_with_the_agents_name_and_plays_at_once() -> None:
    line = call(entrance=Entrance.BY_HAND, referred_by="8001")
    assert line.played == QUEUE
    assert "8001" in line.decisions[0].reason
    assert line.decisions[0].verdict is Verdict.HARASSMENT
    assert line.treated[0].by_hand
    assert not any(action.on for action in line.of(Listen))
    line.wait(60)
    assert line.treated[-1].completed


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


def test_in_a_replay_it_only_judges() -> None:
    line = call(entrance=Entrance.REPLAY)
    line.give(said("我想查一下话费", 2.0))
    line.give(said("你穿什么内裤", 8.0, 1))
    line.give(said("内裤什么颜色", 12.0, 2))
    assert line.decisions[0].verdict is Verdict.HARASSMENT
    assert not line.of(Play, Transfer, Hangup, Listen, StopPlaying)
    line.end()
    assert len(line.decisions) == 1


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


def test_playing_that_is_never_reported_ends_all_the_same() -> None:
    line = call(history=History(lists=frozenset({ListName.BLOCK})))
    line._play_ends = None
    for at in range(1, 120):
        line.give(Tick(float(at)))
        if not line.up:
            break
    assert line.of(Hangup)


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


def beside(flow: Flow | None = None, refuse=(), **changes) -> Line:
    return call(flow, refuse, entrance=Entrance.BESIDE, agent="agent1", **changes)


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


def ordered(line: Line, act: CallControl) -> Line:
    line.give(Ordered(act, "王主管", line.at))
    return line


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


def test_beside_an_agent_a_person_who_says_that_it_is_genuine_ends_the_listening() -> None:
    line = ordered(beside().wait(2), CallControl.AGENTS)
    assert line.decisions[-1].verdict is Verdict.GENUINE
    assert line.of(Hangup)
    assert line.transfers == []


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


def answers(line: Line) -> list[tuple[CallControl, OrderOutcome]]:
    return [(answer.act, answer.outcome) for answer in line.of(OrderAnswered)]


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


def test_nobody_is_warned_where_nothing_waits_and_the_answer_says_so() -> None:
    assert answers(ordered(call().wait(2), CallControl.APPROVE)) == [(CallControl.APPROVE, OrderOutcome.NOT_HERE)]


def test_an_order_says_of_which_kind_a_call_is_only_where_it_was_heard() -> None:
    plainly = ordered(call().wait(2).say("你猜"), CallControl.TERMINATE).decisions[-1]
    assert (plainly.verdict, plainly.kind, plainly.treatment) == (Verdict.HARASSMENT, None, Treatment.TERMINATE)
    dry = beside(Flow(dry_run=True)).wait(2).say("小姐陪我睡觉多少钱")
    heard = ordered(dry, CallControl.TERMINATE).decisions[-1]
    assert (heard.kind, heard.dry_run) == (Kind.LEWD, False)
