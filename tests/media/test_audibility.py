"""Silence is a caller whom we hear and who says nothing; whoever cannot be heard is not silent."""

import audioop

import pytest

from screener.events import Deaf, DeafCause, Tick
from screener.media.g711 import Law
from screener.media.rtp import Packet, TelephoneEvent
from screener.media.stream import AudioStream

VOICE = b"".join(n.to_bytes(2, "little", signed=True) for n in ([9000] * 8 + [-9000] * 8) * 10)
QUIET = Law.PCMU.silence


class Line:
    """A call's audio, one frame at a time."""

    def __init__(self) -> None:
        self.events: list = []
        self.heard: list[bytes] = []
        self.audio = AudioStream(self.events.append, Law.PCMU, 0, 101)
        self.audio.listener = lambda pcm, _at: self.heard.append(pcm)
        self.number = 0

    def run(self, seconds: float, *sources) -> "Line":
        """So long, every source gives for each frame's number the packets that come."""
        for _ in range(round(seconds * 50)):
            for source in sources:
                for packet in source(self.number):
                    self.audio.receive(packet)
            self.audio.tick()
            self.number += 1
        return self

    @property
    def deaf(self) -> list[Deaf]:
        return [event for event in self.events if isinstance(event, Deaf)]

    @property
    def ticks(self) -> list[Tick]:
        return [event for event in self.events if isinstance(event, Tick)]


def rtp(payload_type: int = 0, payload: bytes = QUIET, ssrc: int = 5, step: int = 1, lost=lambda _n: False):
    def source(n: int):
        if not lost(n):
            yield Packet(payload_type, n * step & 0xFFFF, n * 160, ssrc, payload).serialize()

    return source


def nothing(_n: int):
    return ()


def junk(_n: int):
    yield b"no RTP at all"


def twice_as_fast(n: int):
    for number in (2 * n, 2 * n + 1):
        yield from rtp()(number)


UNHEARD = [
    pytest.param([nothing], DeafCause.NO_MEDIA, id="nothing, or one-way audio"),
    pytest.param([rtp(18, bytes(20))], DeafCause.OTHER_FORMAT, id="another payload type than agreed"),
    pytest.param([rtp(), rtp(18, bytes(20), ssrc=6)], DeafCause.OTHER_FORMAT, id="and silence beside it"),
    pytest.param([junk], DeafCause.OTHER_FORMAT, id="no RTP"),
    pytest.param([rtp(ssrc=1), rtp(ssrc=2)], DeafCause.SEVERAL_STREAMS, id="two senders at once"),
    pytest.param([rtp(ssrc=n) for n in range(4)], DeafCause.SEVERAL_STREAMS, id="four senders at once"),
    pytest.param([rtp(step=500)], DeafCause.OUT_OF_STEP, id="numbers that jump"),
    pytest.param([twice_as_fast], DeafCause.OUT_OF_STEP, id="a buffer that is always full"),
    pytest.param([rtp(lost=lambda n: n % 2)], DeafCause.OUT_OF_STEP, id="half of it lost"),
    pytest.param([rtp(payload=b"")], DeafCause.OUT_OF_STEP, id="packets of nothing"),
]


@pytest.mark.parametrize(("sources", "cause"), UNHEARD)
def test_a_caller_who_cannot_be_heard_is_deaf_for_a_cause_and_never_silent(sources, cause):
    line = Line().run(8, *sources)
    assert [event.cause for event in line.deaf] == [cause]
    assert 4.9 <= line.deaf[0].at <= 6, "after five seconds of it"
    assert sum(tick.heard for tick in line.ticks) <= 2
    assert line.audio.audibility.told[cause] == 1


HEARD = [
    pytest.param([rtp()], id="silence"),
    pytest.param([rtp(8, Law.PCMA.silence)], id="silence in the other law"),
    pytest.param([rtp(lost=lambda n: n % 10 == 3)], id="a tenth lost"),
    pytest.param([rtp(101, TelephoneEvent(5, False, 10, 160).serialize())], id="keys"),
    pytest.param([lambda n: rtp(13, b"\x40")(n) if n % 250 == 0 else ()], id="comfort noise every five seconds"),
    pytest.param([lambda n: rtp(ssrc=n // 100)(n)], id="a sender that begins anew every two seconds"),
]


@pytest.mark.parametrize("sources", HEARD)
def test_a_caller_who_is_heard_and_says_nothing_is_silent(sources):
    line = Line().run(12, *sources)
    assert line.deaf == []
    assert sum(not tick.heard for tick in line.ticks) <= 6


def test_comfort_noise_does_not_stand_for_a_caller_for_ever():
    line = Line().run(1, rtp()).run(0.02, rtp(13, b"\x40")).run(9, nothing)
    assert line.deaf == []
    assert line.run(10, nothing).deaf[0].cause is DeafCause.NO_MEDIA


@pytest.mark.parametrize(("agreed", "sent"), [(a, b) for a in Law for b in Law])
def test_both_laws_are_understood_whichever_was_agreed(agreed, sent):
    line = Line()
    line.audio.law, line.audio.payload_type = agreed, agreed.payload_type
    line.run(1, rtp(sent.payload_type, sent.encode(VOICE)))
    plain = sent.decode(sent.encode(VOICE))
    noise = audioop.rms(audioop.add(line.heard[30], audioop.mul(plain, 2, -1), 2), 2)
    assert noise * 30 < audioop.rms(plain, 2)
    assert line.ticks[-1].heard


def test_what_comes_on_hold_is_not_the_caller_and_no_fault():
    line = Line().run(1, rtp(payload=Law.PCMU.encode(VOICE)))
    line.audio.held = True
    line.run(20, rtp(payload=Law.PCMU.encode(VOICE)))
    assert line.deaf == []
    assert not any(tick.heard for tick in line.ticks[6:])
    assert not any(any(pcm) for pcm in line.heard[51:]), "music on hold is not listened to"
    line.audio.held = False
    line.run(1, rtp(payload=Law.PCMU.encode(VOICE)))
    assert line.ticks[-1].heard
    assert any(line.heard[-1])


def test_a_caller_who_is_heard_again_can_be_found_deaf_again():
    line = Line().run(6, nothing).run(8, rtp()).run(6, nothing)
    assert len(line.deaf) == 2
