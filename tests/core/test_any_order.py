"""A session survives any order of events, and keeps its promises in all of them."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.actions import (
    Answer,
    Decided,
    Hangup,
    Listen,
    Misconduct,
    OrderAnswered,
    PauseOffered,
    Play,
    Prompt,
    StopPlaying,
    Transfer,
    Treated,
    Warned,
    WarningStep,
)
from screener.core.entrances import open_session
from screener.core.evidence import Kind, Reason, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.warnings import ENDING, RULE, Warnings
from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    Caller,
    Cue,
    CueKind,
    Deaf,
    DeafCause,
    Dtmf,
    EndedBy,
    Entrance,
    History,
    ListName,
    Ordered,
    PartiesTold,
    PlaybackEnded,
    RecognizerLost,
    Speaker,
    Stopping,
    Target,
    Tick,
    TransferEnded,
)
from tests.core.helpers import offer, plain, said

TEXTS = (
    "",
    "喂",
    "我想查一下话费",
    "你穿什么内裤",
    "陪我睡觉",
    "傻逼你去死",
    "我要投诉没人处理退款",
    "救命啊",
    "昨天的电影真好看啊",
)

times = st.floats(0, 120)
events = st.one_of(
    st.builds(lambda: offer()),
    st.builds(CallAnswered, times),
    st.builds(
        PartiesTold, st.builds(Caller), *[st.just("8001")] * 3, times, st.sampled_from(["", "mixed", "order"])
    ),
    st.builds(
        lambda text, at, number, final, speaker: said(text, at, number, final=final, speaker=speaker),
        st.sampled_from(TEXTS),
        times,
        st.integers(0, 4),
        st.booleans(),
        st.sampled_from(Speaker),
    ),
    st.builds(Cue, st.sampled_from(CueKind), times, st.floats(0, 3), st.floats(0, 1), st.sampled_from(Speaker)),
    st.builds(Dtmf, st.sampled_from("0123456789*#"), times),
    st.builds(PlaybackEnded, times, st.booleans()),
    st.builds(
        TransferEnded, st.sampled_from(["agents", "supervisor", "analysis"]), st.booleans(), st.just(200), times
    ),
    st.builds(RecognizerLost, st.just("overrun"), times),
    st.builds(Deaf, st.sampled_from(DeafCause), times),
    st.builds(Stopping, times),
    st.builds(Ordered, st.sampled_from(CallControl), st.just("王主管"), times),
    st.builds(Tick, times, st.booleans()),
    st.builds(CallEnded, st.sampled_from(EndedBy), times),
)
flows = st.builds(
    Flow,
    dry_run=st.booleans(),
    treatment=st.sampled_from([t for t in Treatment if t is not Treatment.NONE]),
    queue_on_pbx=st.booleans(),
    record_notice=st.booleans(),
    repeat_offenders=st.integers(0, 2),
    pause_seconds=st.sampled_from([0.0, 300.0]),
    warnings=st.one_of(
        st.just(Warnings()),
        st.builds(
            Warnings,
            by=st.sampled_from([("agent", "supervisor"), ("rule",), ("agent", "supervisor", "rule")]),
            approve=st.sampled_from(["supervisor", "agent", "nobody"]),
            levels=st.integers(1, 3),
            offences=st.integers(1, 3),
            interval_seconds=st.sampled_from([1.0, 10.0]),
            then=st.sampled_from(["supervisor", "terminate", "line_fault", "nothing"]),
            notice_seconds=st.sampled_from([0.0, 20.0]),
            end_seconds=st.sampled_from([0.0, 40.0]),
        ),
    ),
)
offers = st.builds(
    lambda entrance, lists, confirmed: offer(
        entrance=entrance, history=History(lists=frozenset(lists), confirmed=confirmed)
    ),
    st.sampled_from(Entrance),
    st.sets(st.sampled_from(ListName)),
    st.integers(0, 3),
)


def drive(offered, flow, given_events):
    session = open_session(offered, plain(), flow)
    return [(event, session.handle(event)) for event in (*given_events, CallEnded(EndedBy.CALLER, 200.0))]


@settings(max_examples=150)
@given(offers, flows, st.lists(events, max_size=40))
def test_promises_hold_in_any_order(offered, flow, given_events) -> None:
    steps = drive(offered, flow, given_events)
    actions = [action for _, done in steps for action in done]
    decided = [a.decision for a in actions if isinstance(a, Decided)]
    treated = [a for a in actions if isinstance(a, Treated)]

    ends = [index for index, (event, _) in enumerate(steps) if isinstance(event, CallEnded)]
    assert all(isinstance(a, Decided | Treated | Warned | PauseOffered | OrderAnswered) for a in steps[ends[0]][1])
    assert all(done == () for _, done in steps[ends[0] + 1 :])
    orders = [e for e, _ in steps[: ends[0]] if isinstance(e, Ordered) and e.act is not CallControl.PAUSE]
    answers = [a.act for a in actions if isinstance(a, OrderAnswered)]
    assert sorted(answers) == sorted(order.act for order in orders), "no order is swallowed"
    assert decided, "every call is decided"
    assert sum(isinstance(a, Answer) for a in actions) <= 1
    assert sum(isinstance(a, Hangup) for a in actions) <= 1
    assert [t.done for t in treated] == [False, True] * (len(treated) // 2), "what begins ends before the call has"
    warned = [a for a in actions if isinstance(a, Warned)]
    check_warnings(flow, warned)
    by_person = any(d.reason.startswith((Reason.ORDERED, Reason.WARNED, Reason.IDLE)) for d in decided)
    assert len(treated) <= 2 or by_person, "the judgement treats once"
    assert all(0 <= d.at <= 200 for d in decided)
    if offered.entrance is Entrance.REPLAY:
        silent = Answer | Play | StopPlaying | Transfer | Hangup | Listen | Treated | Warned | PauseOffered
        assert not any(isinstance(a, silent) for a in actions)
    if offered.entrance is Entrance.BESIDE:
        begun = sum(w.step is WarningStep.BEGUN for w in warned)
        assert not any(isinstance(a, Answer | StopPlaying) for a in actions), "nobody hears us"
        assert sum(isinstance(a, Play) for a in actions) == begun, "but for a warning"
        moves = [a for a in actions if isinstance(a, Transfer)]
        away = {Target.ANALYSIS, Target.LINE_FAULT, Target.TERMINATE}
        assert {m.target for m in moves} <= away | ({Target.SUPERVISOR} if flow.warnings.by else set())
        assert len(moves) <= 1 or by_person
        assert not (moves and flow.dry_run) or by_person
    if flow.dry_run and offered.entrance is Entrance.IN_PATH:
        assert not treated or by_person
    flags = [d for d in decided if d.verdict is Verdict.HARASSMENT]
    assert len(flags) <= 1 or by_person
    if flags and not by_person:
        assert decided[-1] is flags[0], "harassment stands unless a person says otherwise"


def check_warnings(flow, warned) -> None:
    """Nothing begins before it is granted where somebody has to, and no call ends before it was warned enough."""
    graded = [w for w in warned if w.kind is not Misconduct.IDLE]
    heard = 0
    for before, now in zip([None, *graded], graded, strict=False):
        heard += now.step is WarningStep.HEARD
        if now.step is WarningStep.BEGUN and now.by == RULE and flow.warnings.by:
            assert before and before.step is WarningStep.GRANTED
        if now.level == ENDING:
            assert heard >= flow.warnings.levels
    ended = [w for w in warned if w.level == ENDING and w.step is WarningStep.GRANTED]
    if ended and flow.warnings.approve != "nobody":
        assert ended[-1].by == "王主管"
    asked = sum(w.step is WarningStep.ASKED for w in warned)
    assert sum(w.step in (WarningStep.REFUSED, WarningStep.LAPSED, WarningStep.GRANTED) for w in warned) == asked
    assert sum(w.step in (WarningStep.HEARD, WarningStep.UNHEARD) for w in warned) == sum(
        w.step is WarningStep.BEGUN for w in warned
    )


@settings(max_examples=100)
@given(st.lists(events, max_size=40), st.integers(0, 3))
def test_nobody_is_left_alone(given_events, refusals) -> None:
    """Whatever happened before, time alone brings every answered call to a transfer or its end."""
    session = open_session(offer(), plain(), Flow())
    history = (offer(), CallAnswered(), *(e for e in given_events if not isinstance(e, CallEnded | TransferEnded)))
    actions = [a for event in history for a in session.handle(event)]
    at = 120.0
    while at < 1200 and not any(isinstance(a, Hangup) for a in actions):
        at += 0.5
        new = session.handle(Tick(at))
        actions += new
        for action in new:
            if isinstance(action, Transfer):
                ok = refusals <= 0
                refusals -= 1
                actions += session.handle(TransferEnded(action.target, ok, 200 if ok else 503, at))
                if ok:
                    return
    assert any(isinstance(a, Hangup | Transfer) for a in actions)


@settings(max_examples=100)
@given(offers, flows, st.lists(events, max_size=40))
def test_nobody_whose_voice_does_not_arrive_is_flagged_for_silence(offered, flow, given_events) -> None:
    unheard = [replace(e, heard=False) if isinstance(e, Tick) else e for e in given_events]
    waiting = [Tick(0.2 * n, heard=False) for n in range(600, 1000)]
    heard = [e for e in (*unheard, Deaf(DeafCause.NO_MEDIA, 120.0), *waiting) if not isinstance(e, CallEnded)]
    actions = [action for _, done in drive(offered, flow, heard) for action in done]
    assert not any(isinstance(a, Decided) and a.decision.kind is Kind.SILENT for a in actions)
    assert Prompt.SILENT_CLOSING not in [p for a in actions if isinstance(a, Play) for p, _ in a.prompts]
