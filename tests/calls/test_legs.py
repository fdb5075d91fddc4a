"""Listening legs: each is one voice of a conversation, and none is taken that nobody asked for."""

from collections.abc import Callable

import pytest

from screener.calls.legs import LegCalls
from screener.calls.listened import ListenedCall
from screener.conversations.leg_names import leg_name
from screener.conversations.ongoing import Conversation
from screener.events import (
    CallAnswered,
    CallEnded,
    EndedBy,
    Event,
    RecognizerLost,
    Speaker,
    Target,
    Tick,
    TransferEnded,
)
from screener.ports import Destination
from tests.calls.fakes import FakeLeg, FakePool
from tests.conversations.test_ongoing import talk

TALK = Conversation("token", talk(1), heard=True)


class PhoneSystem:
    """Moves whom it is asked to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.moves, self.whispers = True, False

    def move(self, conversation: Conversation, extension: str, done: Callable[[bool], None]) -> None:
        self.asked.append(f"move {conversation.token} {extension}")
        done(self.moves)

    def release(self, conversation: Conversation) -> None:
        self.asked.append(f"release {conversation.token}")


class Bench:
    """Listens to one conversation."""

    def __init__(self) -> None:
        self.offers, self.events, self.pool = list[ListenedCall](), list[Event](), FakePool()
        self.pbx = PhoneSystem()
        self.calls = LegCalls("beside", self.pool, self.offers.append)  # type: ignore[arg-type]
        self.calls.mover = self.pbx
        self.calls.begun(TALK)
        (self.call,) = self.offers
        self.call.call_id = "a"
        self.call.subscribe(self.events.append)

    def leg(self, speaker: Speaker = Speaker.CALLER) -> FakeLeg:
        """The phone system dials the leg of a voice."""
        leg = FakeLeg(f"beside-{leg_name('token', speaker)}")
        self.calls.attach(leg)  # type: ignore[arg-type]
        return leg


@pytest.fixture
def one() -> Bench:
    return Bench()


def test_a_conversation_is_offered_with_what_the_phone_system_knows_of_it(one: Bench) -> None:
    who = one.call.parties
    assert (who.number, who.queue, who.agent, who.uniqueid, who.linkedid) == (
        *("13900001111", "agents", "agent1"),
        *("c1", "l1"),
    )


@pytest.mark.parametrize("dialled", ["beside-other-caller", "beside-token-boss", "beside-token", "token"])
def test_a_leg_that_nobody_asked_for_is_refused(one: Bench, dialled: str) -> None:
    leg = FakeLeg(dialled)
    one.calls.attach(leg)  # type: ignore[arg-type]
    assert leg.asked == ["reject 404"]


def test_each_voice_has_one_leg_and_a_second_is_refused(one: Bench) -> None:
    assert one.leg(Speaker.CALLER).asked == ["answer"]
    assert one.leg(Speaker.AGENT).asked == ["answer"]
    assert one.leg(Speaker.CALLER).asked == ["reject 486"]


def test_a_leg_that_comes_after_the_end_is_refused(one: Bench) -> None:
    one.call.hangup()
    assert one.leg().asked == ["reject 404"], "nobody knows the conversation any more"


def test_a_voice_goes_where_the_session_listens_whichever_comes_first(one: Bench) -> None:
    one.call.listen(early := lambda _pcm, _at: None)
    leg = one.leg()
    assert leg.frames is early
    one.call.listen(None)
    assert leg.frames is None


def test_the_agent_is_heard_once_their_leg_is_answered(one: Bench) -> None:
    leg = one.leg(Speaker.AGENT)
    assert leg.frames is None
    leg.tell(CallAnswered(0.0))
    (voice,) = one.pool.open_voices
    assert (voice.speaker, leg.frames) == (Speaker.AGENT, voice.feed)
    assert one.events == [], "the call is answered when the caller's leg is"


def test_what_happens_on_the_caller_s_leg_happens_in_the_call(one: Bench) -> None:
    leg = one.leg()
    for event in (CallAnswered(0.0), Tick(0.2)):
        leg.tell(event)
    assert one.events == [CallAnswered(0.0), Tick(0.2)]


def test_a_caller_is_moved_to_the_extension_that_the_settings_name(one: Bench) -> None:
    one.call.transfer(Destination(Target.ANALYSIS, "sip:analysis@pbx;transport=tcp"))
    assert one.pbx.asked[0] == "move token analysis"
    assert one.events[-1] == CallEnded(EndedBy.TRANSFER, 0.0)


def test_a_caller_who_cannot_be_moved_is_heard_on(one: Bench) -> None:
    one.pbx.moves = False
    leg = one.leg()
    one.call.transfer(Destination(Target.ANALYSIS, "sip:analysis@pbx"))
    assert one.events == [TransferEnded(Target.ANALYSIS, ok=False, status=503, at=0.0)]
    assert leg.asked == ["answer"]


def test_the_caller_is_spoken_to_only_where_the_caller_alone_hears_it(one: Bench) -> None:
    one.pbx.whispers = True
    one.call.play([])
    assert len(one.events) == 1, "no leg yet: told as not sent"
    leg = one.leg()
    one.call.play([])
    assert leg.asked == ["answer", "play []"]
    one.pbx.whispers = False
    one.call.play([])
    assert leg.asked == ["answer", "play []"]


def test_the_end_of_what_is_heard_hangs_up_every_leg_and_leaves_the_conversation_alone(one: Bench) -> None:
    legs = [one.leg(speaker) for speaker in Speaker]
    one.call.hangup()
    assert [leg.asked for leg in legs] == [["answer", "hangup"]] * 2
    assert one.pbx.asked == ["release token"]


def test_the_bye_of_the_caller_s_leg_waits_until_the_call_is_written_down(one: Bench) -> None:
    """Whichever comes first."""
    leg, agent = one.leg(), one.leg(Speaker.AGENT)
    leg.tell(CallEnded(EndedBy.CALLER, 4.0))
    agent.tell(CallEnded(EndedBy.CALLER, 4.0))
    assert one.events == [CallEnded(EndedBy.FAULT, 0.0)], "the PBX has not said who hung up"
    assert "logged" not in leg.asked
    assert "logged" in agent.asked, "nothing of it waits to be written"
    one.call.logged()
    assert leg.asked[-1] == "logged"
    late = Bench()
    leg = late.leg()
    late.call.logged()
    leg.asked.clear()
    leg.tell(CallEnded(EndedBy.CALLER, 4.0))
    assert leg.asked == ["hangup", "logged"]


def test_who_hung_up_is_what_the_phone_system_says(one: Bench) -> None:
    leg = one.leg()
    one.calls.over(TALK, EndedBy.AGENT)
    leg.tell(CallEnded(EndedBy.CALLER, 4.0))
    assert one.events == [CallEnded(EndedBy.AGENT, 0.0)]


def test_a_leg_that_is_not_dialled_leaves_the_call_unheard(one: Bench) -> None:
    one.calls.deaf(TALK, "busy")
    assert one.events == [RecognizerLost("busy", 0.0)]
    one.calls.over(TALK, EndedBy.CALLER)
    one.calls.deaf(TALK, "busy")
    one.calls.over(TALK, EndedBy.AGENT)
    assert len(one.events) == 2, "a conversation that is over is known no more"
