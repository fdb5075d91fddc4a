import audioop
import contextlib
import math
import queue
import socket
import struct
import time
from itertools import pairwise

import pytest

from screener.core.session import TRANSFER_LIMIT
from screener.events import (
    FRAME_SECONDS,
    CallAnswered,
    CallEnded,
    Dtmf,
    EndedBy,
    PlaybackEnded,
    Target,
    Tick,
    TransferEnded,
)
from screener.media.g711 import Law
from screener.media.prompts import Clip
from screener.media.rtp import Packet, TelephoneEvent
from screener.ports import Destination
from screener.sip import refer
from screener.sip.call import KEEP_SECONDS
from screener.sip.message import Request, respond
from screener.sip.transaction import LIFE
from tests.sip.caller import Caller, Desk, in_background
from tests.waiting import WAIT, wait_for

TONE = struct.pack("<8000h", *(int(8000 * math.sin(i * 0.3)) for i in range(8000)))
CLIP = Clip.of("tone", TONE[:6400])  # 0.4 s


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.stop()


@pytest.fixture
def caller(desk):
    caller = Caller(desk.agent.port)
    yield caller
    caller.close()


def up(desk, caller, **extra):
    assert caller.call(**extra).status == 200
    assert desk.event(CallAnswered).at == 0.0
    return desk.call()


def test_a_call_is_answered_hears_speaks_and_ends(desk, caller):
    call = up(desk, caller)
    assert (call.invite.number, call.invite.dialled) == ("13800138000", "100")
    heard: list[tuple[bytes, float]] = []
    call.listen(lambda pcm, at: heard.append((pcm, at)))
    before = call.streams[0].at
    call.play([(CLIP, None)])
    after = call.streams[0].at
    caller.speak(TONE[:6400], pace=0.0)  # as many frames as wait for their turn
    packets = caller.hear(round(after / FRAME_SECONDS) + 60)
    assert round(before + 0.4, 3) <= desk.event(PlaybackEnded).at <= round(after + FRAME_SECONDS + 0.4, 3)
    sent = b"".join(p.payload for p in packets)
    assert CLIP.ulaw in sent, "the clip goes out byte for byte as it was packed"
    assert sent.endswith(b"\xff" * 160), "and silence is sent after it"
    assert all(b.timestamp - a.timestamp == 160 for a, b in pairwise(packets))
    expected = audioop.ulaw2lin(audioop.lin2ulaw(TONE[:6400], 2), 2)
    wait_for(lambda: expected in b"".join(frame for frame, _ in heard.copy()), what="16-bit audio, bit-exact")
    times = [at for _, at in heard.copy()]
    assert all(round(b - a, 3) == 0.02 for a, b in pairwise(times)), "one frame a tick, no gap"
    assert all(len(frame) == 320 for frame, _ in heard.copy())
    assert round(desk.event(Tick).at / 0.2, 6).is_integer()
    assert caller.ask("BYE").status == 200
    assert desk.event(CallEnded).by is EndedBy.CALLER
    assert not desk.agent._phone.calls


def test_a_bye_is_answered_once_the_end_of_the_call_is_kept(desk, caller):
    call = up(desk, caller)
    desk.keeping = False
    caller.sip.settimeout(0.1)
    with pytest.raises(TimeoutError):
        caller.ask("BYE")
    assert desk.event(CallEnded).by is EndedBy.CALLER, "whoever keeps it knows already"
    call.logged()
    caller.sip.settimeout(WAIT)
    assert caller.response().status == 200


def test_a_bye_that_is_sent_again_waits_for_the_one_answer_and_not_for_ever():
    now = [0.0]
    desk = Desk(lambda: now[0])
    caller = Caller(desk.agent.port)
    up(desk, caller)
    desk.keeping = False
    bye = caller.request("BYE")
    caller.sip.settimeout(0.1)
    for pause in (0.5, 1.0, 2.0, 4.0, 4.0, 4.0):
        caller.send(bye)
        with pytest.raises(TimeoutError):
            caller.response()
        now[0] += pause
    assert desk.event(CallEnded).by is EndedBy.CALLER
    now[0] = KEEP_SECONDS
    caller.sip.settimeout(WAIT)
    caller.send(bye)
    assert caller.response().status == 200
    caller.send(bye)
    assert caller.response().status == 200, "the same answer once more"
    assert KEEP_SECONDS < LIFE, "before the peer gives up"
    assert CallEnded not in map(type, desk.events.queue), "it ended once"
    desk.stop()


def test_a_law(desk, caller):
    caller_law = caller.call(caller.offer("8 101"))
    assert b"RTP/AVP 8 101" in caller_law.body
    call = desk.call()
    call.play([(CLIP, None)])
    sent = b"".join(p.payload for p in caller.hear(30))
    assert CLIP.alaw in sent
    assert sent.endswith(b"\xd5" * 160)


@pytest.mark.parametrize(
    ("dialled", "formats", "status"), [("555", "0", 404), ("100", "18 96", 488), ("900", "8", 200)]
)
def test_what_is_dialled_and_offered_decides(desk, dialled, formats, status):
    caller = Caller(desk.agent.port, dialled)
    assert caller.call(caller.offer(formats)).status == status
    caller.close()


def test_over_its_limit_the_pbx_is_sent_on():
    desk = Desk(max_calls=1)
    first, second = Caller(desk.agent.port), Caller(desk.agent.port)
    assert first.call().status == 200
    refused = second.call()
    assert refused.status == 503
    assert refused.headers.get("Retry-After")
    assert first.ask("BYE").status == 200
    third = Caller(desk.agent.port)
    assert third.call().status == 200, "the place is free again"
    desk.stop()


def test_a_stranger_is_not_answered():
    desk = Desk(peers=("192.0.2.1",))
    caller = Caller(desk.agent.port)
    caller.sip.settimeout(0.3)
    with pytest.raises(TimeoutError):
        caller.call()
    assert desk.agent.counts.dropped >= 1
    desk.stop()


@pytest.mark.parametrize("extra", [{}, {"Require": "100rel"}], ids=["plain", "whatever it requires"])
def test_cancel(desk, caller, extra):
    desk.answering = False
    invite = caller.request("INVITE", caller.sdp)
    caller.send(invite)
    assert [caller.response("INVITE").status for _ in range(2)] == [100, 180]
    desk.call()
    caller.send(caller.request("CANCEL", cseq=1, branch=invite.via.branch, **extra))
    statuses = {(r := caller.response()).cseq[1]: r.status for _ in range(2)}
    assert statuses == {"CANCEL": 200, "INVITE": 487}
    assert desk.event(CallEnded).by is EndedBy.CALLER


def test_a_call_that_rings_can_be_given_up_by_bye_and_not_be_changed(desk, caller):
    desk.answering = False
    caller.send(caller.request("INVITE", caller.sdp))
    ringing = next(r for r in iter(lambda: caller.response("INVITE"), None) if r.status == 180)
    caller.to = ringing.headers.get("To")
    assert "Contact" in ringing.headers
    assert caller.ask("UPDATE", caller.sdp).status == 491
    assert caller.ask("BYE").status == 200
    assert desk.event(CallEnded).by is EndedBy.CALLER


def test_the_200_is_sent_again_until_the_ack(desk, caller):
    caller.invite = caller.request("INVITE", caller.sdp)
    caller.send(caller.invite)
    first = caller.final("INVITE")
    assert caller.final("INVITE").headers.get("To") == first.headers.get("To"), "resent after T1"
    caller.send(caller.invite)  # a retransmitted INVITE is no second call
    assert caller.final("INVITE").headers.get("To") == first.headers.get("To")
    caller.connected(first)
    caller.ack()
    desk.event(CallAnswered)
    caller.sip.settimeout(1.2)
    with pytest.raises(TimeoutError):
        while True:
            caller.receive()
    assert desk.calls.qsize() == 1


def test_invite_without_sdp(desk, caller):
    caller.invite = caller.request("INVITE")
    caller.send(caller.invite)
    response = caller.final("INVITE")
    assert b"RTP/AVP 0 8 101" in response.body
    caller.connected(response)
    caller.ack(caller.offer("8"))
    desk.event(CallAnswered)
    assert caller.hear(1)[0].payload_type == 8
    heard: list[bytes] = []
    desk.call().listen(lambda pcm, _at: heard.append(pcm))
    for n in range(50):  # and is heard in the other law than it has agreed to
        caller.rtp.sendto(Packet(0, n, n * 160, 7, Law.PCMU.encode(TONE[:320])).serialize(), caller.remote_rtp)
        time.sleep(0.01)
    wait_for(lambda: sum(audioop.rms(pcm, 2) > 3000 for pcm in heard) > 10, what="the caller's voice")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_media_moves_in_place(desk, caller, method):
    call = up(desk, caller)
    caller.hear(3)
    moved = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    moved.bind(("127.0.0.1", 0))
    moved.settimeout(WAIT)
    before = Packet.parse(caller.rtp.recv(2000))
    response = caller.ask(method, caller.offer("0 101", moved))
    assert response.status == 200
    if method == "INVITE":
        caller.ack(cseq=response.cseq[0])
    after = Packet.parse(moved.recv(2000))
    assert after.ssrc == before.ssrc, "the same stream"
    assert response.body.split(b"\r\n")[1].split()[2] == b"2", "the version of the answer rises"
    heard = []
    call.listen(lambda pcm, at: heard.append(pcm))
    caller.speak(TONE[:3200], rtp=moved)
    wait_for(lambda: any(any(pcm) for pcm in heard), what="the caller's voice")
    moved.close()


def test_hold_stops_sending_and_resume_goes_on(desk, caller):
    up(desk, caller)
    response = caller.ask("INVITE", caller.offer("0", direction="sendonly"))
    assert b"a=recvonly" in response.body
    caller.ack(cseq=response.cseq[0])
    caller.rtp.settimeout(0.2)
    with pytest.raises(TimeoutError):
        caller.hear(500)  # what came before is among them
    caller.rtp.settimeout(WAIT)
    response = caller.ask("INVITE", caller.offer("0"))
    caller.ack(cseq=response.cseq[0])
    assert caller.hear(2)


def test_a_bad_reoffer_leaves_the_call_up(desk, caller):
    up(desk, caller)
    assert caller.ask("UPDATE", caller.offer("18")).status == 488
    assert caller.ask("UPDATE", b"hello", "text/plain").status == 415
    assert caller.hear(2)
    assert caller.ask("OPTIONS").status == 200


def test_keys_by_rtp_and_by_info(desk, caller):
    up(desk, caller)
    for n, end in enumerate((False, False, True, True)):
        payload = TelephoneEvent(5, end, 10, 160 * (n + 1)).serialize()
        caller.rtp.sendto(Packet(101, 900 + n, 5000, 7, payload, n == 0).serialize(), caller.remote_rtp)
    assert desk.event(Dtmf).digit == "5"
    assert caller.ask("INFO", b"Signal=#\r\nDuration=160\r\n", "application/dtmf-relay").status == 200
    assert desk.event(Dtmf).digit == "#", "one press is one key"


@pytest.mark.parametrize(("dialled", "spared"), [("100", False), ("beside-1.2-caller", True)])
def test_only_a_listening_leg_spares_its_silence(desk, dialled, spared):
    with contextlib.closing(Caller(desk.agent.port, dialled)) as caller:
        assert up(desk, caller).streams[0].sparing == spared


def test_answers_that_need_no_call(desk, caller):
    assert "INVITE" in caller.ask("OPTIONS").headers.get("Allow")
    assert caller.ask("BYE").status == 481
    assert caller.ask("REFER", Refer_To="<sip:evil@example.com>").status == 603
    assert caller.ask("MESSAGE").status == 405
    assert caller.ask("OPTIONS", Require="100rel, nothing").headers.get("Unsupported") == "100rel, nothing"
    assert caller.call(b"hello", Content_Encoding="gzip").status == 415
    wrong = caller.request("OPTIONS")
    caller.send(Request(wrong.headers, b"", "OPTIONS", caller.uri, "SIP/7.0"))
    assert caller.final("OPTIONS").status == 505
    caller.sip.sendto(b"\r\n\r\n", caller.target)
    caller.sip.sendto(bytes(range(256)), caller.target)
    assert caller.ask("OPTIONS").status == 200


def test_hangup_sends_a_bye_within_the_dialog(desk, caller):
    call = up(desk, caller)
    call.hangup()
    bye = caller.wait_request("BYE")
    caller.send(respond(bye, 200))
    assert bye.from_.tag == caller.to.rpartition("tag=")[2]
    assert bye.to.tag == "caller"
    assert desk.event(CallEnded).by is EndedBy.SCREENER


def notify(caller, line, state="terminated;reason=noresource"):
    body = f"SIP/2.0 {line}\r\n".encode()
    return caller.ask(
        "NOTIFY", body, "message/sipfrag;version=2.0", Event="refer", Subscription_State=state
    ).status


def referred(desk, caller, call, **how):
    call.transfer(Destination(Target.AGENTS, "sip:agents@127.0.0.1:5070"), **how)
    request = caller.wait_request("REFER")
    caller.send(respond(request, 202))
    return request


def test_transfer_that_succeeds(desk, caller):
    call = up(desk, caller)
    request = referred(desk, caller, call, marked=True)
    assert request.headers.get("Refer-To") == "<sip:agents@127.0.0.1:5070>"
    assert request.headers.get("Referred-By").startswith("<sip:100@127.0.0.1:")
    assert request.headers.get("Priority") == "emergency"
    assert notify(caller, "100 Trying", "active;expires=60") == 200
    with pytest.raises(queue.Empty):
        while not isinstance(desk.events.get(timeout=0.3), (TransferEnded, CallEnded)):
            if not desk.events.qsize():
                raise queue.Empty
    caller.send(caller.request("NOTIFY", b"SIP/2.0 200 OK\r\n", "message/sipfrag", Event="refer;id=1"))
    bye = caller.wait_request("BYE")
    caller.send(respond(bye, 200))
    assert bye.cseq[0] > request.cseq[0]
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (True, 200)
    assert desk.event(CallEnded).by is EndedBy.TRANSFER


def test_transfer_that_fails_keeps_the_caller(desk, caller):
    call = up(desk, caller)
    first = referred(desk, caller, call)
    assert notify(caller, "404 Not Found") == 200
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (False, 404)
    assert caller.hear(5), "the call is still up"
    second = referred(desk, caller, call)
    assert second.cseq[0] > first.cseq[0], "another target can be tried"
    assert notify(caller, "200 OK") == 200
    assert desk.event(TransferEnded).ok


def test_a_target_that_rings_for_ever_is_given_up_before_another_one_is_asked_for(desk, caller, monkeypatch):
    assert refer.FIRST_NOTIFY_SECONDS < refer.RINGING_SECONDS < TRANSFER_LIMIT
    monkeypatch.setattr(refer, "RINGING_SECONDS", 0.5)
    call = up(desk, caller)
    referred(desk, caller, call)
    for _ in range(4):
        assert notify(caller, "180 Ringing", "active") == 200
        time.sleep(0.2)
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (False, 408)
    monkeypatch.setattr(refer, "RINGING_SECONDS", WAIT)
    referred(desk, caller, call)
    assert notify(caller, "200 OK") == 200
    assert desk.event(TransferEnded).ok, "another REFER is sent, and nobody says that one is under way"


def test_an_agent_who_answers_after_it_was_given_up_has_the_caller(desk, caller, monkeypatch):
    monkeypatch.setattr(refer, "RINGING_SECONDS", 0.3)
    call = up(desk, caller)
    referred(desk, caller, call)
    assert notify(caller, "180 Ringing", "active") == 200
    assert desk.event(TransferEnded).status == 408
    assert notify(caller, "486 Busy Here") == 200, "which changes nothing"
    assert notify(caller, "200 OK") == 200
    assert desk.event(TransferEnded).ok
    assert desk.event(CallEnded).by is EndedBy.TRANSFER


def test_a_transfer_that_came_too_soon_after_the_answer_is_asked_for_again(desk, caller, monkeypatch):
    """Asterisk answers the caller first and joins both a little later."""
    monkeypatch.setattr(refer, "SETTLING_SECONDS", WAIT)
    call = up(desk, caller)
    first = referred(desk, caller, call, marked=True)
    assert notify(caller, "400 Bad Request") == 200
    second = caller.wait_request("REFER")
    caller.send(respond(second, 202))
    assert second.headers.get("Refer-To") == first.headers.get("Refer-To")
    assert second.headers.get("Priority") == "emergency"
    assert second.cseq[0] > first.cseq[0]
    assert notify(caller, "200 OK") == 200
    assert desk.event(TransferEnded).ok


def test_a_transfer_that_is_bad_for_good_is_judged(desk, caller, monkeypatch):
    monkeypatch.setattr(refer, "SETTLING_SECONDS", WAIT)
    call = up(desk, caller)
    referred(desk, caller, call)
    assert notify(caller, "400 Bad Request") == 200
    caller.send(respond(caller.wait_request("REFER"), 202))
    monkeypatch.setattr(refer, "SETTLING_SECONDS", 0.0)  # by now both ought to be joined
    assert notify(caller, "400 Bad Request") == 200
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (False, 400)


def test_transfer_that_is_refused(desk, caller):
    call = up(desk, caller)
    call.transfer(Destination(Target.AGENTS, "sip:agents@127.0.0.1:5070"))
    caller.send(respond(caller.wait_request("REFER"), 603))
    ended = desk.event(TransferEnded)
    assert (ended.ok, ended.status) == (False, 603)
    assert caller.ask("BYE").status == 200


def test_nobody_else_is_heard_or_reflected_to(desk, caller):
    call = up(desk, caller)
    caller.speak(TONE[:640])
    heard = []
    call.listen(lambda pcm, at: heard.append(pcm))
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.2", 0))
    stranger.settimeout(0.3)
    for n in range(20):
        stranger.sendto(Packet(0, n, n * 160, 9, Law.PCMU.encode(TONE[:320])).serialize(), caller.remote_rtp)
    with pytest.raises(TimeoutError):
        stranger.recv(2000)
    assert not any(audioop.rms(pcm, 2) > 1000 for pcm in heard[10:])
    stranger.close()


def test_registration_with_digest():
    pbx = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    pbx.bind(("127.0.0.1", 0))
    pbx.settimeout(WAIT)
    from screener.settings.sections import Registrar
    from screener.sip.digest import Challenge, verify
    from screener.sip.message import parse

    registrar = Registrar("127.0.0.1", "screener", pbx.getsockname()[1], "secret", expires=60)
    desk = Desk(registrars=(registrar,))
    challenge = Challenge("pbx", "n1", "SHA-256", qop=True)

    seen: set[int] = set()

    def receive() -> tuple[Request, tuple[str, int]]:
        """The next request; one that was late to be answered is sent again."""
        while True:
            data, source = pbx.recvfrom(65535)
            request = parse(data)
            assert isinstance(request, Request)
            if request.cseq[0] not in seen:
                seen.add(request.cseq[0])
                return request, source

    first, source = receive()
    stray = respond(first, 200)
    stray.headers.replace("Via", ["SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKother"])
    pbx.sendto(stray.serialize(), source)  # not an answer to the REGISTER
    unauthorized = respond(first, 401)
    unauthorized.headers.add("WWW-Authenticate", challenge.serialize())
    pbx.sendto(unauthorized.serialize(), source)
    second, source = receive()
    assert verify(second.headers.get("Authorization"), challenge, {"screener": "secret"}, "REGISTER", second.uri)
    assert not desk.agent.registrations()[0].registered
    granted = respond(second, 200)
    granted.headers.add("Contact", second.headers.get("Contact"))
    pbx.sendto(granted.serialize(), source)
    assert wait_for(lambda: desk.agent.registrations()[0].registered)
    stopping = in_background(lambda: desk.stop(3))
    last, source = receive()
    assert last.headers.get("Expires") == "0"
    pbx.sendto(respond(last, 200).serialize(), source)
    stopping.join()
    pbx.close()


def test_a_register_that_is_lost_is_sent_again():
    from screener.settings.sections import Registrar

    pbx = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    pbx.bind(("127.0.0.1", 0))
    pbx.settimeout(WAIT)
    desk = Desk(registrars=(Registrar("127.0.0.1", "screener", pbx.getsockname()[1], "secret"),))
    assert pbx.recv(65535) == pbx.recv(65535), "timer E, although nothing else happens"
    desk.stop()
    pbx.close()


def test_inbound_digest():
    from screener.sip.digest import Challenge, authorize

    desk = Desk(inbound_username="pbx", inbound_password="word")
    caller = Caller(desk.agent.port)
    refused = caller.call()
    assert refused.status == 401
    challenge = Challenge.parse(refused.headers.get("WWW-Authenticate"))
    wrong = authorize(challenge, "pbx", "guess", "INVITE", caller.uri, cnonce="c")
    assert caller.call(Authorization=wrong).status == 401
    right = authorize(challenge, "pbx", "word", "INVITE", caller.uri, cnonce="c")
    assert caller.call(Authorization=right).status == 200
    desk.stop()


def test_stop_ends_the_calls(desk, caller):
    up(desk, caller)
    stopping = in_background(lambda: desk.stop(3))
    caller.send(respond(caller.wait_request("BYE"), 200))
    stopping.join(WAIT)
    assert desk.event(CallEnded)
