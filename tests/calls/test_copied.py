"""Copies of voices behind a proxy: each is asked for, and asked for anew when it does not come."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace

import pytest

from screener.calls.copied import AGAIN_SECONDS, QUIET_SECONDS, CopiedCalls
from screener.calls.listened import ListenedCall
from screener.errors import PbxError, SipError
from screener.events import (
    FRAME_SECONDS,
    CallAnswered,
    CallEnded,
    EndedBy,
    Event,
    Speaker,
    Target,
    Tick,
    TransferEnded,
)
from screener.media.g711 import Law
from screener.media.stream import AudioStream
from screener.ports import Destination
from screener.proxy.dialogs import DialogParty, ProxyDialog
from screener.proxy.rtpengine import Copy
from screener.settings.proxy import Proxy
from screener.settings.sections import Settings
from screener.sip.sdp import Stream
from tests.calls.fakes import FakePool

DIALOG = ProxyDialog(
    "call-1",
    "sales",
    "8001",
    "13900001111",
    caller=DialogParty("from-tag", "sip:13900001111@pbx", "sip:c@192.0.2.1", 1),
    callee=DialogParty("to-tag", "sip:8001@pbx", "sip:a@192.0.2.2", 1),
)


class FakeLeg:
    """The sockets of one copy."""

    def __init__(self, port: int) -> None:
        self.port, self.closed = port, False
        self.stream: AudioStream | None = None
        self.pointed: tuple[str, int] | None = None

    def start(self, audio: AudioStream) -> None:
        self.stream = audio

    def point(self, host: str, port: int, *, control: int | None, muxed: bool) -> None:
        self.pointed = host, port

    def close(self) -> None:
        self.closed = True


class Engine:
    """An rtpengine, and the watch over a proxy around it, whose thread a test runs."""

    def __init__(self) -> None:
        self.there = True
        self.subscribed: list[tuple[str, int]] = []
        self.unsubscribed: list[str] = []
        self.moves: list[Callable[[bool], None]] = []
        self.tasks: list[Callable[[], None]] = []
        self.rtpengines = self

    def subscribe(self, call_id: str, tag: str, port: int) -> Copy:
        self.subscribed.append((tag, port))
        if not self.there:
            raise PbxError("rtpengine: no such call", "wait")
        stream = Stream(0, "192.0.2.7", 40000 + len(self.subscribed), Law.PCMU, 0, 101, "sendonly")
        return Copy(self, call_id, f"copy-{tag}-{len(self.subscribed)}", stream)  # type: ignore[arg-type]

    def unsubscribe(self, copy: Copy) -> None:
        self.unsubscribed.append(copy.tag)

    def move(self, dialog: ProxyDialog, uri: str, done: Callable[[bool], None]) -> None:
        assert dialog is DIALOG
        self.moves.append(done)

    def do(self, task: Callable[[], None]) -> None:
        self.tasks.append(task)

    def run(self) -> None:
        while self.tasks:
            self.tasks.pop(0)()

    def samples(self) -> Iterator[object]:
        return iter(())


class Bench:
    """A server of copies that hears one call."""

    def __init__(self, *, hear_agent: bool = True, ports: int = 9) -> None:
        self.offers, self.events, self.pool = list[ListenedCall](), list[Event](), FakePool()
        self.legs, self.ports = list[FakeLeg](), ports
        settings = Settings(proxy=Proxy(hear_agent=hear_agent))
        self.calls = CopiedCalls(settings, self.pool, self._offer, self._open)  # type: ignore[arg-type]
        self.engine = self.calls.watch = Engine()  # type: ignore[assignment]
        self.calls.begun(DIALOG)

    def _offer(self, call: ListenedCall) -> None:
        call.call_id = "a"
        call.subscribe(self.events.append)
        self.offers.append(call)

    def _open(self) -> FakeLeg:
        if len(self.legs) == self.ports:
            raise SipError("no port is free", "widen the range")
        self.legs.append(FakeLeg(30000 + 2 * len(self.legs)))
        return self.legs[-1]

    def pass_time(self, seconds: float) -> None:
        """On each stream, without a packet."""
        for leg in self.legs:
            assert leg.stream is not None
            leg.stream.ticks += round(seconds / FRAME_SECONDS)

    def hear(self) -> None:
        """A packet has just come on each stream."""
        for leg in self.legs:
            assert leg.stream is not None
            leg.stream.heard_at = leg.stream.ticks

    def figure(self, name: str) -> float:
        samples = [SimpleNamespace(name=s.name, value=s.value) for s in self.calls.samples()]
        return next(sample.value for sample in samples if sample.name == name)


def test_a_call_begins_answered_with_a_leg_for_each_voice() -> None:
    one = Bench()
    (call,) = one.offers
    assert (call.parties.number, call.parties.agent, call.parties.queue) == ("13900001111", "8001", "sales")
    assert one.events == [CallAnswered(0.0)]
    assert [leg.stream is not None for leg in one.legs] == [True, True]
    assert all(not leg.stream.sending for leg in one.legs if leg.stream), "copies only come in"
    assert [voice.speaker for voice in one.pool.open_voices] == [Speaker.AGENT]
    assert one.figure("forked_calls") == 1
    assert len(Bench(hear_agent=False).legs) == 1


def test_only_the_caller_s_stream_tells_what_happens() -> None:
    one = Bench()
    caller, agent = (leg.stream for leg in one.legs)
    assert caller and agent
    for _ in range(60):
        agent.tick()
    assert one.events == [CallAnswered(0.0)]
    for _ in range(60):
        caller.tick()
    assert {type(event) for event in one.events[1:]} == {Tick}


def test_each_voice_is_asked_for_by_its_party_and_then_left_alone_while_it_comes() -> None:
    one = Bench()
    one.calls.look(100.0)
    assert one.engine.subscribed == [("from-tag", 30000), ("to-tag", 30002)]
    assert [leg.pointed for leg in one.legs] == [("192.0.2.7", 40001), ("192.0.2.7", 40002)]
    assert one.legs[0].stream and one.legs[0].stream.law is Law.PCMU, "as rtpengine offers it"
    for _ in range(3):
        one.pass_time(60)
        one.hear()
        one.calls.look(200.0)
    assert len(one.engine.subscribed) == 2


def test_a_voice_that_stops_is_asked_for_anew_and_the_old_copy_let_go() -> None:
    one = Bench(hear_agent=False)
    one.calls.look(100.0)
    one.pass_time(QUIET_SECONDS - 0.1)
    one.calls.look(103.0)
    assert len(one.engine.subscribed) == 1, "not yet"
    one.pass_time(0.2)
    one.calls.look(103.2)
    assert len(one.engine.subscribed) == 2
    assert one.engine.unsubscribed == ["copy-from-tag-1"]
    assert one.figure("forks_again_total") == 1


def test_a_voice_that_never_comes_is_asked_for_less_and_less_often() -> None:
    one = Bench(hear_agent=False)
    one.engine.there = False
    asked = []
    for second in range(100):
        before = len(one.engine.subscribed)
        one.calls.look(float(second))
        asked += [float(second)] * (len(one.engine.subscribed) - before)
    steps = [after - before for before, after in pairwise(asked)]
    assert tuple(steps[: len(AGAIN_SECONDS)]) == AGAIN_SECONDS
    assert set(steps[len(AGAIN_SECONDS) :]) == {AGAIN_SECONDS[-1]}
    assert one.figure("forks_failed_total") == len(asked)


def test_a_voice_that_came_is_asked_for_often_again_when_it_stops() -> None:
    one = Bench(hear_agent=False)
    one.engine.there = False
    for second in range(60):
        one.calls.look(float(second))
    one.engine.there = True
    one.calls.look(100.0)
    one.hear()
    one.calls.look(101.0)
    one.pass_time(QUIET_SECONDS)
    before = len(one.engine.subscribed)
    for second in (120.0, 121.0, 122.0, 123.0):
        one.calls.look(second)
    assert len(one.engine.subscribed) == before + 2


def test_the_end_closes_every_leg_and_lets_every_copy_go() -> None:
    one = Bench()
    one.calls.look(100.0)
    one.calls.over(DIALOG)
    assert one.events[-1] == CallEnded(EndedBy.CALLER, 0.0)
    assert all(leg.closed for leg in one.legs)
    assert one.engine.unsubscribed == [], "that is the proxy thread's"
    one.engine.run()
    assert sorted(one.engine.unsubscribed) == ["copy-from-tag-1", "copy-to-tag-2"]
    assert one.figure("forked_calls") == 0
    one.calls.look(999.0)
    assert len(one.engine.subscribed) == 2


@pytest.mark.parametrize(("ok", "by"), [(True, EndedBy.TRANSFER), (False, EndedBy.CALLER)])
def test_a_call_that_is_over_while_its_caller_is_moved_waits_for_what_became_of_the_move(
    ok: bool, by: EndedBy
) -> None:
    one = Bench()
    one.offers[0].transfer(Destination(Target.ANALYSIS, "sip:analysis@pbx"))
    one.calls.over(DIALOG)
    assert one.events == [CallAnswered(0.0)]
    one.engine.moves[0](ok)
    assert one.events[1:] == [
        TransferEnded(Target.ANALYSIS, ok=ok, status=200 if ok else 503, at=0.0),
        CallEnded(by, 0.0),
    ]


def test_a_caller_who_was_not_moved_is_heard_on() -> None:
    one = Bench()
    one.offers[0].transfer(Destination(Target.ANALYSIS, "sip:analysis@pbx"))
    one.engine.moves[0](False)
    assert one.events[-1] == TransferEnded(Target.ANALYSIS, ok=False, status=503, at=0.0)
    assert not any(leg.closed for leg in one.legs)
    one.calls.over(DIALOG)
    assert one.events[-1] == CallEnded(EndedBy.CALLER, 0.0)


def test_a_call_for_which_no_port_is_free_goes_on_unheard() -> None:
    one = Bench(ports=1)
    assert one.offers == []
    assert one.legs[0].closed
    assert (one.figure("forked_calls"), one.figure("forks_failed_total")) == (0, 1)


def test_where_only_copies_come_nobody_is_spoken_to() -> None:
    one = Bench()
    one.offers[0].play([])
    assert not one.events[-1].sent
