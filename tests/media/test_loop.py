import audioop
import contextlib
import queue
import socket
import threading
import time

import pytest

from screener.errors import SipError
from screener.events import Dtmf, PlaybackEnded, Tick
from screener.media import rtcp
from screener.media.g711 import Law
from screener.media.leg import PROVISIONAL_SECONDS
from screener.media.loop import SLOTS, MediaLoop
from screener.media.prompts import Clip
from screener.media.rtp import Packet, TelephoneEvent
from screener.media.stream import FADING, AudioStream, Playlist
from tests.server import free_port
from tests.waiting import WAIT, wait_for, wait_until_equal

PORTS = (20000, 29998)
LOUD = b"\x00\x40" * 160
CLIP = Clip.of("clip", b"".join(n.to_bytes(2, "little") * 160 for n in (1000, 2000, 3000)))


def stream(law=Law.PCMU):
    events = []
    audio = AudioStream(events.append, law, law.payload_type, 101)
    heard = []
    audio.listener = lambda pcm, at: heard.append((pcm, at))
    return audio, events, heard


def feed(audio, *numbers):
    for n in numbers:
        audio.receive(Packet(0, n, n * 160, 5, Law.PCMU.encode(LOUD)).serialize())


def rms(pcm):
    return audioop.rms(pcm, 2)


def test_every_tick_gives_one_frame_and_loss_fades_to_silence():
    audio, _, heard = stream()
    feed(audio, 1, 2)
    for _ in range(8):
        audio.tick()
    assert [at for _, at in heard] == [0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14]
    levels = [rms(pcm) / rms(heard[0][0]) for pcm, _ in heard]
    assert levels[:2] == [1, 1]
    assert levels[2:5] == pytest.approx(FADING, abs=0.01)
    assert levels[5:] == [0, 0, 0]


def test_a_playlist_repeats_cuts_and_ends():
    playlist = Playlist([(CLIP, None), (CLIP, 0.1), (CLIP, 0.02)], Law.PCMU)
    first = [Law.PCMU.encode(n.to_bytes(2, "little") * 160) for n in (1000, 2000, 3000)]
    frames = []
    while (frame := playlist.next()) is not None:
        frames.append(frame)
    assert frames == [*first, *first, *first[:2], first[0]]


@pytest.mark.parametrize("law", Law)
def test_what_plays_is_sent_and_its_end_is_told(law):
    audio, events, _ = stream(law)
    audio.play([(CLIP, None)])
    sent = [Packet.parse(audio.tick()) for _ in range(5)]
    assert b"".join(p.payload for p in sent) == (CLIP.ulaw if law is Law.PCMU else CLIP.alaw) + 2 * law.silence
    assert [p.marker for p in sent] == [True, False, False, False, False]
    assert events == [PlaybackEnded(0.06)]
    audio.play([])
    audio.tick()
    assert events[-1] == PlaybackEnded(0.1), "nothing to play ends at once"


def test_stopping_is_silent_and_not_told():
    audio, events, _ = stream()
    audio.play([(CLIP, 5.0)])
    audio.tick()
    audio.playlist = None
    assert Packet.parse(audio.tick()).payload == Law.PCMU.silence
    assert events == []


def test_keys_are_told_once_and_stand_in_the_place_of_audio():
    audio, events, heard = stream()
    for n, end in enumerate((False, False, True, True)):
        payload = TelephoneEvent(1, end, 10, 160 * n).serialize()
        audio.receive(Packet(101, n, 777, 5, payload).serialize())
    audio.receive(Packet(101, 9, 999, 5, TelephoneEvent(16, False, 0, 0).serialize()).serialize())
    audio.receive(Packet(101, 10, 1000, 5, b"x").serialize())
    audio.receive(b"")
    assert events == [Dtmf("1", 0.0)]
    assert audio.malformed == 2
    audio.tick()
    assert rms(heard[0][0]) <= 8


def test_ticks_and_time_since_the_peer_was_heard():
    audio, events, _ = stream()
    feed(audio, 1)
    for _ in range(25):
        audio.tick()
    assert events == [Tick(0.2, heard=False), Tick(0.4, heard=False)], "one packet is nobody who is heard"
    assert audio.silent_for == pytest.approx(0.5)


def test_silence_that_nobody_hears_is_spared_but_for_two_packets_a_second():
    audio, _, _ = stream()
    audio.sparing = True
    sent = []
    for tick in range(300):
        feed(audio, tick)
        if tick == 200:
            audio.play([(CLIP, None)])
        sent.append(audio.tick())
    assert all(sent[:100]), "the peer and whatever lies between learn where we are"
    warned = [*range(200, 204)]
    assert [tick for tick in range(100, 300) if sent[tick]] == [100, 125, 150, 175, *warned, 225, 250, 275]
    packets = {tick: Packet.parse(data) for tick, data in enumerate(sent) if data}
    assert [p.sequence - packets[0].sequence for p in packets.values()] == list(range(len(packets))), (
        "none is lost"
    )
    assert [packets[tick].marker for tick in warned] == [True, False, False, False]
    assert packets[275].timestamp - packets[0].timestamp == 275 * 160, "time goes on"


def test_nothing_is_spared_where_the_peer_sends_only_while_we_do():
    audio, _, _ = stream()
    audio.sparing = True
    sent = []
    for tick in range(400):
        if tick <= 100 or sent[-1]:
            feed(audio, tick)
        sent.append(audio.tick() is not None)
    assert sent.index(False) == 101
    assert all(sent[130:]), "it was without us once, for less than half a second"


def test_a_call_that_nobody_listens_to_ticks_once_a_second():
    audio, events, _ = stream()
    audio.listener = None
    for _ in range(120):
        audio.tick()
    assert events == [Tick(1.0, heard=False), Tick(2.0, heard=False)]


def test_a_listener_that_fails_stops_nobody():
    audio, _, _ = stream()
    audio.listener = lambda pcm, at: 1 / 0
    assert audio.tick()
    assert audio.listener is None
    assert audio.tick()


def test_keys_of_ours_go_out_as_events():
    audio, _, _ = stream()
    assert audio.press("5#")
    sent = [Packet.parse(audio.tick()) for _ in range(20)]
    assert [p.payload_type for p in sent] == ([101] * 7 + [0] * 3) * 2
    for keys, digit in ((sent[:7], "5"), (sent[10:17], "#")):
        events = [TelephoneEvent.parse(p.payload) for p in keys]
        assert {(e.digit, p.timestamp) for e, p in zip(events, keys, strict=True)} == {(digit, keys[0].timestamp)}
        assert [p.marker for p in keys] == [True] + [False] * 6
        assert [e.end for e in events] == [False] * 4 + [True] * 3
        assert events[-1].duration == 800
    assert [p.sequence for p in sent] == [(sent[0].sequence + n) & 0xFFFF for n in range(20)]


def test_keys_that_cannot_be_sent_are_refused():
    audio, _, _ = stream()
    assert not audio.press("5x")
    assert not audio.press("1" * 33)
    assert audio.press("1" * 32)
    assert not audio.press("1"), "no room for one more"
    for _ in range(9):
        audio.tick()
    assert not audio.press("1"), "the first is not over yet"
    audio.tick()
    assert audio.press("1")
    audio.event_type = None
    assert not audio.press("5")


def test_who_listens_later_hears_from_then_on():
    audio, _, heard = stream()
    listener, audio.listener = audio.listener, None
    for n in range(20):
        feed(audio, n)
        audio.tick()
    audio.listener = listener
    feed(audio, 20, 21, 22)
    for _ in range(3):
        audio.tick()
    assert [rms(pcm) > 1000 for pcm, _ in heard] == [True] * 3
    assert audio.reception.received == 23, "loss and jitter are known all the time"


# The loop, with real sockets.


@pytest.fixture
def loop():
    loop = MediaLoop("127.0.0.1", *PORTS)
    yield loop
    loop.stop()


def peer():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(WAIT)
    return sock


def speak(sock, leg, ssrc):
    for n in range(10):
        sock.sendto(Packet(0, n, n * 160, ssrc, Law.PCMU.encode(LOUD)).serialize(), ("127.0.0.1", leg.port))


def test_many_calls_are_paced_without_drift_and_spread(loop):
    ends = []
    began = time.monotonic()
    for _ in range(30):
        sock, leg = peer(), loop.open()
        audio, _, heard = stream()
        leg.point(*sock.getsockname())
        leg.start(audio)
        ends.append((sock, leg, audio, heard))
    time.sleep(1.0)
    counts = []

    def by_the_clock() -> bool:
        due = (time.monotonic() - began) * 50 - loop.counts.skipped / SLOTS  # given up after a standstill
        counts[:] = [audio.ticks for _, _, audio, _ in ends]
        return max(counts) - min(counts) <= 3 and abs(counts[0] - due) <= 4

    wait_for(by_the_clock, what="50 a second by the clock, whatever the load did in between")
    assert {leg.slot for _, leg, _, _ in ends} == set(range(10))
    assert all(Packet.parse(sock.recv(2000)).payload == Law.PCMU.silence for sock, *_ in ends)
    for sock, leg, _, heard in ends:
        assert len(heard) >= counts[0] - 3
        leg.close()
        sock.close()


def speak_on(sock, leg, ssrc, seconds, start=0):
    """At the speed of speech; the number of the next packet."""
    due, number = time.monotonic(), start
    while number < start + seconds * 50:
        sock.sendto(
            Packet(0, number, number * 160, ssrc, Law.PCMU.encode(LOUD)).serialize(), ("127.0.0.1", leg.port)
        )
        number += 1
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))
    return number


def test_only_the_pinned_peer_is_heard(loop):
    sock, other, leg = peer(), peer(), loop.open()
    audio, _, heard = stream()
    leg.point(*sock.getsockname())
    leg.start(audio)
    sock.sendto(b"junk", ("127.0.0.1", leg.port))
    assert sock.recv(2000)
    speak(sock, leg, ssrc=5)
    wait_for(lambda: loop.counts.received == 11)
    speak(other, leg, ssrc=6)
    speak_on(sock, leg, 5, 0.5, start=10)
    wait_for(lambda: loop.counts.received >= 36, what="all that the peer has sent")
    assert audio.jitter.counts.strays == 0
    assert loop.counts.received == 36, "the kernel keeps everybody else out"
    wait_for(lambda: any(rms(pcm) for pcm, _ in heard), what="sound")
    sock.close()
    other.close()


def test_a_peer_behind_a_nat_is_heard_at_once_and_pinned_after_a_while(loop):
    negotiated, real, leg = peer(), peer(), loop.open()
    audio, _, heard = stream()
    leg.point(*negotiated.getsockname())
    leg.start(audio)
    number = speak_on(real, leg, 5, 0.5)
    wait_for(lambda: any(rms(pcm) for pcm, _ in heard), what="sound")
    assert real.recv(2000), "symmetric RTP"
    other, refused = peer(), loop.counts.refused
    threading.Timer(0.5, speak, (other, leg, 7)).start()
    number = speak_on(real, leg, 5, PROVISIONAL_SECONDS, start=number)
    assert loop.counts.refused > refused, "no other port of that host, while this one is heard"
    wait_until_equal(lambda: loop.counts.received, number)
    speak(negotiated, leg, ssrc=6)
    number = speak_on(real, leg, 5, 0.2, start=number)
    wait_for(lambda: loop.counts.received >= number, what="all that the peer has sent")
    assert loop.counts.received == number
    assert audio.jitter.counts.strays == 0, "nobody else is heard from then on"
    other.close()
    negotiated.close()
    real.close()


def test_a_stranger_on_the_peers_host_that_speaks_first_does_not_shut_the_caller_out(loop):
    caller, stranger, leg = peer(), peer(), loop.open()
    audio, _, heard = stream()
    leg.point(*caller.getsockname())
    leg.start(audio)
    speak(stranger, leg, ssrc=6)
    wait_until_equal(lambda: loop.counts.received, 10)
    speak(caller, leg, ssrc=5)
    wait_until_equal(lambda: audio.reception.ssrc, 5)
    speak(stranger, leg, ssrc=6)
    speak_on(caller, leg, 5, 0.3, start=10)
    wait_for(lambda: loop.counts.received >= 10 + 10 + 15, what="all that the caller has sent")
    assert audio.reception.ssrc == 5
    assert loop.counts.received == 10 + 10 + 15
    wait_for(lambda: any(rms(pcm) for pcm, _ in heard))
    caller.close()
    stranger.close()


def test_what_is_no_rtp_turns_our_audio_to_nobody(loop):
    negotiated, other, leg = peer(), peer(), loop.open()
    audio, _, _ = stream()
    leg.point(*negotiated.getsockname())
    leg.start(audio)
    other.sendto(b"junk", ("127.0.0.1", leg.port))
    wait_for(lambda: audio.malformed)
    sent = loop.counts.sent
    wait_for(lambda: loop.counts.sent > sent + 3)
    assert negotiated.recv(2000)
    other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.recv(2000)
    negotiated.close()
    other.close()


def test_one_stray_packet_does_not_shut_a_peer_behind_a_nat_out(loop):
    negotiated, stray, real, leg = peer(), peer(), peer(), loop.open()
    audio, _, _ = stream()
    leg.point(*negotiated.getsockname())
    leg.start(audio)
    stray.sendto(Packet(0, 1, 1, 6, bytes(160)).serialize(), ("127.0.0.1", leg.port))
    number = 0

    def is_heard() -> bool:
        nonlocal number
        number = speak_on(real, leg, 5, 0.1, start=number)
        return audio.reception.ssrc == 5

    wait_for(is_heard, what="word of the peer")
    for sock in (negotiated, stray, real):
        sock.close()


def test_a_pinned_peer_that_falls_silent_is_looked_for_anew(loop):
    sock, moved, leg = peer(), peer(), loop.open()
    audio, _, _ = stream()
    leg.point(*sock.getsockname())
    leg.start(audio)
    speak(sock, leg, ssrc=5)
    wait_for(lambda: audio.reception.ssrc == 5)
    wait_for(lambda: speak(moved, leg, ssrc=6) or audio.reception.ssrc == 6)
    speak(sock, leg, ssrc=5)
    wait_until_equal(lambda: audio.reception.ssrc, 5)
    sock.close()
    moved.close()


def test_strangers_that_spoke_before_the_peer_are_refused(loop):
    sock, stranger, leg = peer(), peer(), loop.open()
    audio, _, _ = stream()
    leg.point("127.0.0.2", 9)
    leg.start(audio)
    speak(stranger, leg, ssrc=6)
    wait_for(lambda: loop.counts.refused == 10)
    leg.point(*sock.getsockname())
    speak(sock, leg, ssrc=5)
    wait_for(lambda: loop.counts.received == 10)
    assert loop.counts.refused == 10
    sock.close()
    stranger.close()


def test_a_peer_that_has_moved_is_heard_on_the_same_port(loop):
    before, after, leg = peer(), peer(), loop.open()
    audio, _, _ = stream()
    leg.point(*before.getsockname())
    leg.start(audio)
    speak(before, leg, ssrc=5)
    wait_for(lambda: loop.counts.received == 10)
    leg.point(*after.getsockname())
    assert after.recv(2000)
    speak(after, leg, ssrc=6)
    wait_for(lambda: loop.counts.received == 20)
    assert audio.reception.ssrc == 6
    before.close()
    after.close()


@pytest.mark.parametrize("muxed", [False, True])
def test_reports_go_to_a_peer_that_offers_to_take_them(muxed):
    loop = MediaLoop("127.0.0.1", *PORTS, report_seconds=0.1)
    sock, control, leg = peer(), peer(), loop.open()
    audio, _, _ = stream()
    host, port = sock.getsockname()
    leg.point(host, port, control=port if muxed else control.getsockname()[1], muxed=muxed)
    leg.start(audio)
    for n in (1, 2, 4):
        sock.sendto(Packet(0, n, n * 160, 5, Law.PCMU.encode(LOUD)).serialize(), (host, leg.port))

    def reports():
        while True:
            data = (sock if muxed else control).recv(2000)
            if 192 <= data[1] <= 223:
                yield rtcp.parse(data)[0]

    report = next(r for r in reports() if r.blocks and r.blocks[0].highest >= 4)
    assert (report.blocks[0].ssrc, report.blocks[0].lost) == (5, 1)
    assert report.packets > 0
    theirs = rtcp.Report(5, (rtcp.ReportBlock(report.ssrc, 25, 3, 9, 40),)).serialize("peer")
    target = leg.port if muxed else leg.port + 1
    (sock if muxed else control).sendto(theirs, (host, target))
    wait_for(lambda: audio.heard_of_us)
    assert audio.heard_of_us == rtcp.ReportBlock(report.ssrc, 25, 3, 9, 40)
    loop.stop()


def test_ports_are_even_bounded_and_given_back():
    for _ in range(20):  # a free pair somewhere
        low = free_port() & ~1
        loop = MediaLoop("127.0.0.1", low, low + 3)
        try:
            legs = [loop.open(), loop.open()]
            break
        except SipError:
            loop.stop()
    else:
        pytest.skip("no four free ports in a row")
    assert {leg.port for leg in legs} == {low, low + 2}
    with pytest.raises(SipError, match="no RTP port is free"):
        loop.open()
    legs[0].close()

    def again():
        with contextlib.suppress(SipError):  # the loop closes it in its own time
            return loop.open()

    assert wait_for(again).port == legs[0].port
    loop.stop()


def test_opening_and_closing_from_many_threads(loop):
    failures = queue.Queue()

    def churn():
        try:
            for _ in range(50):
                leg = loop.open()
                leg.start(stream()[0])
                leg.close()
                leg.close()
        except Exception as problem:
            failures.put(problem)

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: not len(loop))
    assert failures.empty()


def test_a_task_that_fails_costs_the_others_nothing(loop):
    done = threading.Event()
    ready = threading.Event()
    loop.post(lambda: ready.wait(WAIT))  # the two that follow are taken together
    loop.post(lambda: 1 / 0)
    loop.post(done.set)
    ready.set()
    assert done.wait(WAIT)
