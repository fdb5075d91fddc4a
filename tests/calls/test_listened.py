"""A call that an agent has: what a session asks for is asked of its source, and comes to pass or does not."""

from collections.abc import Callable

import pytest

from screener.calls.listened import ListenedCall, MoveOutcome, Parties
from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    Dtmf,
    EndedBy,
    Event,
    Ordered,
    PlaybackEnded,
    RecognizerLost,
    Speaker,
    Target,
    Tick,
    TransferEnded,
)
from screener.ports import Destination
from tests.calls.fakes import FakePool

QUEUE = Destination(Target.ANALYSIS, "sip:analysis@pbx")


class Source:
    """Two voices, and a way to move the caller that answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.taps: dict[Speaker, object] = {}
        self.outcome = MoveOutcome(moved=True)
        self.speaks = False

    def tap(self, speaker: Speaker, frames: object) -> None:
        self.taps[speaker] = frames

    def move(self, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        self.asked.append(f"act {to.uri}")
        done(self.outcome)

    def play(self, clips: object) -> bool:
        return self.speaks

    def release(self) -> None:
        self.asked.append("release")

    def logged(self) -> None:
        self.asked.append("logged")


class Bench:
    def __init__(self, **parties: str) -> None:
        self.source, self.pool, self.events = Source(), FakePool(), list[Event]()
        self.call = ListenedCall(self.source, Parties("token", **parties), self.pool)  # type: ignore[arg-type]
        self.call.call_id = "a"
        self.call.subscribe(self.events.append)


def test_it_is_an_invitation_to_the_queue_or_else_to_the_agent() -> None:
    assert Bench(queue="sales", agent="8001", number="139").call.invite.dialled == "sales"
    assert Bench(agent="8001").call.invite.dialled == "8001"
    assert Bench(number="139", name="王").call.invite.number == "139"


def test_the_caller_s_voice_goes_where_the_session_listens() -> None:
    one = Bench()
    one.call.listen(frames := lambda _pcm, _at: None)
    assert one.source.taps == {Speaker.CALLER: frames}
    one.call.listen(None)
    assert one.source.taps == {Speaker.CALLER: None}


def test_a_caller_who_was_moved_ends_the_call_and_one_who_was_not_stays() -> None:
    moved, stays = Bench(), Bench()
    stays.source.outcome = MoveOutcome(moved=False)
    for one in (moved, stays):
        one.call.heard(Tick(7.0))
        one.events.clear()
        one.call.transfer(QUEUE)
    assert moved.events == [TransferEnded(Target.ANALYSIS, True, 200, 7.0), CallEnded(EndedBy.TRANSFER, 7.0)]
    assert stays.events == [TransferEnded(Target.ANALYSIS, False, 503, 7.0)]
    assert (moved.source.asked, stays.source.asked) == (
        ["act sip:analysis@pbx", "release"],
        ["act sip:analysis@pbx"],
    )


def test_whom_the_source_cannot_move_another_may_and_whom_it_can_nobody_else_is_asked_for() -> None:
    asked: list[Destination] = []

    def other(to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        asked.append(to)
        done(MoveOutcome(moved=True))

    for moves, others in ((True, []), (False, [QUEUE])):
        one = Bench()
        one.source.outcome, one.call.otherwise = MoveOutcome(moved=moves), other
        one.call.transfer(QUEUE)
        assert one.events == [TransferEnded(Target.ANALYSIS, True, 200, 0.0), CallEnded(EndedBy.TRANSFER, 0.0)]
        assert asked == others


def test_a_person_there_who_says_that_it_is_genuine_orders_it() -> None:
    one = Bench()
    one.source.outcome = MoveOutcome(moved=False, genuine="")
    one.call.transfer(QUEUE)
    assert one.events[1:] == [Ordered(CallControl.AGENTS, "", 0.0)], "also one whom nobody names"


def test_what_cannot_be_said_to_the_caller_is_told_as_not_sent() -> None:
    one = Bench()
    one.call.play([])
    assert one.events == [PlaybackEnded(0.0, sent=False)]
    one.events.clear()
    one.source.speaks = True
    one.call.play([])
    assert one.events == [], "the source tells when it has been heard"


def test_it_ends_once_whoever_says_so_first() -> None:
    one = Bench()
    one.call.agent_is_there()
    one.call.hangup()
    one.call.over(EndedBy.CALLER)
    assert one.events == [CallEnded(EndedBy.SCREENER, 0.0)]
    assert one.source.asked == ["release"]
    assert [voice.speaker for voice in one.pool.closed] == [Speaker.AGENT]
    assert one.pool.open_voices == []


def test_the_agent_is_heard_once_and_only_in_a_call_of_ours_that_goes_on() -> None:
    one, nameless, over = Bench(), Bench(), Bench()
    nameless.call.call_id = ""
    over.call.hangup()
    for bench in (one, one, nameless, over):
        bench.call.agent_is_there()
    (voice,) = one.pool.open_voices
    assert (voice.call_id, voice.speaker) == ("a", Speaker.AGENT)
    assert one.source.taps == {Speaker.AGENT: voice.feed}
    assert nameless.pool.open_voices == over.pool.open_voices == []


@pytest.mark.parametrize("event", [CallAnswered(2.0), Tick(2.0), PlaybackEnded(2.0)])
def test_what_happens_on_the_caller_s_voice_is_told(event: Event) -> None:
    one = Bench()
    one.call.heard(event)
    assert one.events == [event]


def test_keys_mean_nothing_and_time_never_goes_back() -> None:
    one = Bench()
    for event in (Tick(9.0), Tick(4.0), Dtmf("7", 9.0)):
        one.call.heard(event)
    one.call.deaf("no leg")
    assert one.events == [Tick(9.0), Tick(4.0), RecognizerLost("no leg", 9.0)]


def test_the_source_learns_that_the_call_is_written_down() -> None:
    one = Bench()
    one.call.logged()
    assert one.source.asked == ["logged"]
