"""SRTP: what was sealed is opened once, by whoever has the key, unaltered; nothing else is heard as anything."""

import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.events import Deaf, DeafCause
from screener.media.audibility import DEAF_FRAMES
from screener.media.g711 import Law
from screener.media.leg import Leg, LoopCounts
from screener.media.rtcp import Report
from screener.media.rtp import Packet
from screener.media.srtp import Keys, MasterKey, Srtp, Suite
from screener.media.stream import AudioStream
from tests.server import free_port

A, B, C = (MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80) for _ in range(3))


def packet(number: int, payload: bytes = bytes(160)) -> bytes:
    return Packet(0, number & 0xFFFF, number * 160 & 0xFFFFFFFF, 7, payload).serialize()


@pytest.mark.parametrize("suite", Suite)
def test_both_ways_in_every_suite(suite: Suite) -> None:
    one, other = MasterKey.new(suite), MasterKey.new(suite)
    here, there = Srtp(Keys(one, other)), Srtp(Keys(other, one))
    report = Report(7).serialize("x")
    for number in (65534, 65535, 65536, 65537):
        sealed = here.seal(packet(number))
        assert bytes(160) not in sealed
        assert there.open(sealed) == packet(number)
        assert there.open(sealed) is None, "sent again"
    assert here.open(there.seal(packet(1))) == packet(1)
    assert there.open_control(here.seal_control(report)) == report
    assert repr(one.secret) not in repr(here.__dict__ | {"key": one})


def test_a_wrong_key_a_clear_packet_and_an_altered_one_are_not_opened() -> None:
    here, there, stranger = Srtp(Keys(A, B)), Srtp(Keys(B, A)), Srtp(Keys(C, B))
    assert there.open(stranger.seal(packet(1))) is None
    assert there.open(packet(1)) is None
    assert there.open_control(Report(7).serialize("x")) is None
    sealed = bytearray(here.seal(packet(2)))
    sealed[100] ^= 1
    assert there.open(bytes(sealed)) is None


@given(st.binary(max_size=1600))
def test_any_datagram(data: bytes) -> None:
    srtp = Srtp(Keys(A, B))
    assert srtp.open(data) is None
    assert srtp.open_control(data) is None


def test_another_key_of_one_side_leaves_the_other_side_as_it_was() -> None:
    here, there = Srtp(Keys(A, B)), Srtp(Keys(B, A))
    before = there.seal(packet(1))
    assert here.open(before)
    here.rekey(Keys(C, B))
    there.rekey(Keys(B, C))
    assert here.open(before) is None, "its window of replays goes on"
    assert there.open(here.seal(packet(2))) == packet(2)


class Loop:
    """Does at once what a media loop does next."""

    def post(self, task):
        task()

    def schedule(self, leg):
        pass

    def discard(self, leg):
        pass


def bound() -> socket.socket:
    """Bound to a port by its number, as a media loop does: it keeps it when it is disconnected."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", free_port()))
    return sock


class Line:
    """A leg with keys, a peer on loopback, and what is heard of it."""

    def __init__(self) -> None:
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind(("127.0.0.1", 0))
        sock = bound()
        sock.setblocking(False)
        self.events, self.heard = [], bytearray()
        self.counts = LoopCounts()
        self.stream = AudioStream(self.events.append, Law.PCMU, 0, None)
        self.stream.listener = lambda pcm, _at: self.heard.extend(pcm)
        self.leg = Leg(Loop(), sock, None, 10**9)
        self.leg.point(*self.peer.getsockname(), keys=Keys(A, B))
        self.leg.start(self.stream)
        self.now = 0.0

    def give(self, *datagrams: bytes) -> None:
        for data in datagrams:
            self.peer.sendto(data, ("127.0.0.1", self.leg.port))
            self.leg.read(self.counts, self.now)
        self.leg.tick(self.counts, self.now, lambda: 0.0)
        self.now += 0.02

    @property
    def causes(self) -> list[DeafCause]:
        return [event.cause for event in self.events if isinstance(event, Deaf)]

    def close(self) -> None:
        self.peer.close()
        self.leg.shut()


@pytest.fixture
def line():
    line = Line()
    yield line
    line.close()


VOICE = random.Random(3).randbytes(160)


def test_the_peer_is_heard_and_hears_us(line: Line) -> None:
    peer = Srtp(Keys(B, A))
    for number in range(DEAF_FRAMES):
        line.give(peer.seal(packet(number, VOICE)))
        assert peer.open(line.peer.recv(2000))
    assert not line.causes
    assert line.heard.count(Law.PCMU.decode(VOICE)) > DEAF_FRAMES - 5


def test_another_key_is_silence_with_its_cause_and_never_noise(line: Line) -> None:
    stranger = Srtp(Keys(C, A))
    for number in range(2 * DEAF_FRAMES):
        line.give(stranger.seal(packet(number, VOICE)))
    assert line.causes == [DeafCause.NOT_AUTHENTIC]
    assert not any(line.heard)


def test_media_in_clear_on_an_encrypted_call_is_not_heard(line: Line) -> None:
    for number in range(2 * DEAF_FRAMES):
        line.give(packet(number, VOICE))
    assert line.causes == [DeafCause.NOT_AUTHENTIC]
    assert not any(line.heard)


def test_packets_that_are_sent_again_are_not_heard_again(line: Line) -> None:
    peer = Srtp(Keys(B, A))
    said = [peer.seal(packet(number, VOICE)) for number in range(50)]
    for data in said:
        line.give(data)
    line.heard.clear()
    for data in said * 20:
        line.give(data)
    assert line.causes == [DeafCause.NOT_AUTHENTIC]
    assert not any(line.heard[8000:]), "after what was still on its way"


def test_who_is_heard_is_not_disturbed_by_what_anybody_may_send_beside(line: Line) -> None:
    peer, stranger = Srtp(Keys(B, A)), Srtp(Keys(C, A))
    for number in range(2 * DEAF_FRAMES):
        data = peer.seal(packet(number, VOICE))
        line.give(data, data, stranger.seal(packet(number)), packet(number))
    assert not line.causes
    assert line.heard.count(Law.PCMU.decode(VOICE)) > 2 * DEAF_FRAMES - 5
