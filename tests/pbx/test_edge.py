"""The SIP edge itself between a caller and a real Asterisk: what happens to calls, to the network, to the PBX.

The caller (at the trunk's address) and the user agent run in this process, so that each test decides when to
answer and sees every event; the Asterisk is their own, with one line more than deploy/asterisk: holds pass it.
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from screener.events import CallAnswered, CallEnded, Dtmf, EndedBy, Target, TransferEnded
from screener.media.prompts import Clip
from screener.media.rtp import Packet, TelephoneEvent
from screener.ports import Destination
from screener.settings.sections import Registrar
from screener.sip.message import respond
from tests.pbx.network import ASTERISK, PHONE, SCREENER, TRUNK, Network, Wiretap
from tests.pbx.rig import Asterisk, missing
from tests.pbx.road import Road
from tests.sip.caller import Caller, Desk
from tests.sip.fidelity import signal, snr
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx
TONES = signal(-20)


def boot(network: Network, home: Path) -> Asterisk:
    asterisk = Asterisk(network, home)
    config = home / "etc/pjsip.conf"
    config.write_text(config.read_text().replace("[call](!)", "[call](!)\nmoh_passthrough = yes", 1))
    asterisk.rx("module reload res_pjsip.so")
    return asterisk


@pytest.fixture(scope="module")
def pbx(lan: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    asterisk = boot(lan, tmp_path_factory.mktemp("edge") / "asterisk")
    yield asterisk
    asterisk.stop()


Start = Callable[[], Desk]


def start_desk(network: Network) -> Desk:
    registrar = Registrar(ASTERISK, "screener", password="change-me-screener", expires=30)
    with network.entered():
        return Desk(
            host=SCREENER, port=5060, peers=(ASTERISK,), rtp_port_low=20000, rtp_port_high=20998,
            registrars=(registrar,),
        )  # fmt: skip


@pytest.fixture
def start(lan: Network) -> Iterator[Start]:
    """Start the user agent, which registers."""
    desks: list[Desk] = []

    def run() -> Desk:
        desks.append(start_desk(lan))
        return desks[-1]

    yield run
    for desk in desks:
        desk.stop(1)


@pytest.fixture
def desk(pbx: Asterisk, start: Start) -> Desk:
    desk = start()
    wait_for(lambda: pbx.contact("screener") == "Avail", 15, "reachable user agent")
    return desk


@contextlib.contextmanager
def calling(network: Network) -> Iterator[Caller]:
    with network.entered():
        caller = Caller(5060, "4008001234", host=TRUNK, peer=ASTERISK, own_port=5060)
    try:
        yield caller
    finally:
        caller.close()


@pytest.fixture
def caller(lan: Network, pbx: Asterisk) -> Iterator[Caller]:
    with calling(lan) as caller:
        yield caller
    pbx.rx("channel request hangup all")
    wait_for(lambda: not pbx.channels(), 10, "quiet PBX")


@pytest.fixture
def tap(lan: Network) -> Iterator[Wiretap]:
    tap = Wiretap(lan)
    yield tap
    tap.stop()


def connect(desk: Desk, caller: Caller):
    assert caller.call().status == 200
    call = desk.call()
    desk.event(CallAnswered)
    return call


def test_a_call_that_nobody_answers_is_cancelled_by_the_pbx(
    pbx: Asterisk, desk: Desk, caller: Caller, tap: Wiretap
) -> None:
    desk.answering = False
    caller.send(caller.request("INVITE", caller.sdp))
    desk.call()
    wait_for(lambda: tap.sip("CANCEL ", target=SCREENER), 5, "CANCEL of the PBX")
    assert desk.event(CallEnded).by is EndedBy.CALLER
    wait_for(lambda: tap.sip("SIP/2.0 487", source=SCREENER), 2, "487")
    wait_for(lambda: tap.sip("ACK ", target=SCREENER), 2, "ACK of the 487")
    assert not desk.agent._calls
    wait_for(lambda: "!Queue!agents" in "".join(pbx.channels()), 5, "caller in the agents' queue")


def test_a_caller_who_gives_up_is_gone_on_both_sides(desk: Desk, caller: Caller) -> None:
    desk.answering = False
    invite = caller.request("INVITE", caller.sdp)
    caller.send(invite)
    desk.call()
    caller.send(caller.request("CANCEL", cseq=invite.cseq[0], branch=invite.via.branch))
    assert desk.event(CallEnded).by is EndedBy.CALLER
    assert caller.final("INVITE").status == 487


def test_hold_and_resume_pass_through_as_re_invites(desk: Desk, caller: Caller, tap: Wiretap) -> None:
    call = connect(desk, caller)
    caller.hear(5)
    held = caller.ask("INVITE", caller.offer("0", direction="sendonly"))
    assert held.status == 200
    caller.ack(cseq=held.cseq[0])
    wait_for(lambda: call.streams[0].held, 5, "hold at the user agent")
    holds = lambda: [p for p in tap.sip("INVITE ", target=SCREENER) if b"a=sendonly" in p.data]  # noqa: E731
    wait_for(holds, 5, "hold on the wire")
    resumed = caller.ask("INVITE", caller.offer("0"))
    assert resumed.status == 200
    caller.ack(cseq=resumed.cseq[0])
    wait_for(lambda: not call.streams[0].held, 5, "end of the hold")
    caller.rtp.settimeout(5)
    assert caller.hear(20)
    assert len(desk.agent._calls) == 1, "and no second call or stream"
    assert len(desk.agent._media) == 1


def test_keys_pass_both_ways(desk: Desk, caller: Caller) -> None:
    call = connect(desk, caller)
    for n, end in enumerate((False, False, False, True, True, True)):
        payload = TelephoneEvent(7, end, 10, 160 * (n + 1)).serialize()
        caller.rtp.sendto(Packet(101, 900 + n, 5000, 7, payload, n == 0).serialize(), caller.remote_rtp)
        time.sleep(0.02)
    assert desk.event(Dtmf).digit == "7"
    assert call.press("3")
    while (heard := caller.hear(1)[0]).payload_type != 101:
        pass
    assert TelephoneEvent.parse(heard.payload).digit == "3"


def test_audio_passes_both_ways_as_g711_allows(desk: Desk, caller: Caller) -> None:
    call, inward = connect(desk, caller), bytearray()
    call.listen(lambda frame, at: inward.extend(frame))
    call.play([(Clip.of("tones", TONES), None)])
    speaking = caller.speaking(bytes(3200) + TONES + bytes(6400))
    packets = [p for p in caller.hear(70) if p.payload_type == 0]
    speaking.join()
    from screener.media.g711 import Law

    outward = b"".join(Law.PCMU.decode(p.payload) for p in packets)
    # One law in, the other out: Asterisk encodes a second time.
    wait_for(lambda: snr(TONES, bytes(inward)) > 31, 5, "what the caller says", every=0.2)
    assert snr(TONES, outward) > 31


@pytest.mark.parametrize(("target", "status"), [("nobody", 404), ("analysis", 200)])
def test_a_transfer_is_judged_by_its_notify(
    pbx: Asterisk, desk: Desk, caller: Caller, target: str, status: int
) -> None:
    call = connect(desk, caller)
    wait_for(lambda: re.search(r" 2 +basic ", pbx.rx("bridge show all")), 5, "bridge", every=0.2)  # else 500
    call.transfer(Destination(Target.AGENTS, f"sip:{target}@{ASTERISK}"))
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (status == 200, status)
    if status == 200:
        assert desk.event(CallEnded).by is EndedBy.TRANSFER
    else:
        assert len(caller.hear(10)) == 10, "the caller is still here"
        call.transfer(Destination(Target.AGENTS, f"sip:analysis@{ASTERISK}"))
        assert desk.event(TransferEnded).ok, "and goes to the next target"
    caller.rtp.settimeout(5)
    assert len(caller.hear(30)) == 30, "where somebody speaks"


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Road, Desk, Caller]]:
    """The PBX and its trunk on one side of a bad road, the user agent on the other."""
    if reason := missing():
        pytest.skip(reason)
    if not Path("/dev/net/tun").exists():
        pytest.skip("needs /dev/net/tun")
    near, far = Network(), Network()
    road = Road(near, far, (ASTERISK, TRUNK, PHONE), (SCREENER,))
    asterisk = boot(near, tmp_path_factory.mktemp("road") / "asterisk")
    desk = start_desk(far)
    wait_for(lambda: asterisk.contact("screener") == "Avail", 15, "reachable user agent")
    with calling(near) as caller:
        yield road, desk, caller
    desk.stop(1)
    asterisk.stop()
    road.stop()
    near.stop()
    far.stop()


@pytest.mark.parametrize(("loss", "delay", "jitter"), [(0.01, 0, 0), (0.05, 0, 0), (0, 0.05, 0.015)])
def test_calls_over_a_bad_road(road: tuple[Road, Desk, Caller], loss: float, delay: float, jitter: float) -> None:
    """Signalling is lost and late too: transactions bring it through."""
    way, desk, caller = road
    way.loss, way.delay, way.jitter = loss, delay, jitter
    caller.sip.settimeout(20)
    caller.call_id = f"road-{loss}-{delay}"
    caller.to, caller.uri = "<sip:4008001234@192.0.2.10>", f"sip:4008001234@{ASTERISK}:5060"
    call, inward = connect(desk, caller), bytearray()
    call.listen(lambda frame, at: inward.extend(frame))
    caller.speak(bytes(3200) + TONES * 4 + bytes(6400))
    reception, counts, heard = call.streams[0].reception, call.streams[0].jitter.counts, snr(TONES, bytes(inward))
    print(
        f"\nloss {loss:.0%}, delay {delay * 1000:.0f} ± {jitter * 1000:.0f} ms: {reception.received} packets, "
        f"{reception.lost} lost, {counts.late} late, concealed {counts.lost + counts.underruns}, "
        f"jitter {reception.jitter / 8:.1f} ms, SNR {heard:.1f} dB"
    )
    assert heard > 25, "most tenths of a second are whole, or nearly"
    call.transfer(Destination(Target.AGENTS, f"sip:analysis@{ASTERISK}"))
    assert desk.event(TransferEnded).ok
    assert desk.event(CallEnded).by is EndedBy.TRANSFER
    assert caller.ask("BYE").status == 200


def test_a_pbx_that_restarts_finds_its_screener_again(
    lan: Network, start: Start, tmp_path: Path, pbx: Asterisk
) -> None:
    """Down before we register, up, and down again in mid-call. The last test: its Asterisk goes down."""
    pbx.stop()
    desk = start()
    time.sleep(2)
    assert not desk.agent.registrations()[0].registered
    first = boot(lan, tmp_path / "first")
    wait_for(lambda: desk.agent.registrations()[0].registered, 40, "registration after the PBX has come up")
    with calling(lan) as caller:
        connect(desk, caller)
        first.stop()
        caller.send(respond(caller.wait_request("BYE"), 200))
    assert desk.event(CallEnded), "the call ends with its PBX"
    second = boot(lan, tmp_path / "second")
    try:
        wait_for(lambda: second.contact("screener") == "Avail", 60, "registration with a PBX that forgot us")
        with calling(lan) as caller:
            connect(desk, caller)
            assert len(caller.hear(20)) == 20
    finally:
        second.stop()
