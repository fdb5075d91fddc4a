"""What peers may do, and what must not come of it: nobody's call is touched by somebody else's message."""

import contextlib
import random
import socket
import time
from collections import Counter

import pytest

from screener.errors import SipParseError
from screener.events import CallAnswered, CallEnded, EndedBy, Target, TransferEnded
from screener.ports import Destination
from screener.settings.sections import Registrar, Sip
from screener.sip import layer, refer, sdp
from screener.sip.address import NameAddr, Uri
from screener.sip.digest import Challenge, authorize
from screener.sip.framing import SipFramer
from screener.sip.message import Headers, Request, parse, respond
from screener.sip.registration import MOST_ANSWERS, SHORTEST_REFRESH, Registration
from screener.sip.tcp import HALF_MESSAGE_SECONDS, Ends, TcpConnection
from screener.sip.transport import TcpAddress
from screener.sip.useragent import ACK_SECONDS
from screener.sip.wire import Wire
from tests.sip.caller import Caller, Desk
from tests.waiting import WAIT, wait_for


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.stop()


def lines(message) -> list[str]:
    return message.serialize().decode("utf-8", "surrogateescape").split("\r\n")


# Injection.


@pytest.mark.parametrize(
    "evil", ["%0d%0aX-Evil:%20yes", "%0aX-Evil:%20yes", "%0DX-Evil:%20yes", "%00%1b[2J", "%20a%3eb%40c"]
)
def test_an_escaped_line_end_in_the_request_uri_stays_within_its_line(desk, evil):
    caller = Caller(desk.agent.port, dialled=f"beside-1-caller{evil}")
    answer = caller.call()
    assert answer.status == 200
    assert not [line for line in lines(answer) if line.lower().startswith("x-evil")]
    dialled = desk.call().invite.dialled
    assert dialled.startswith("beside-1-caller")
    assert dialled.isprintable() or "\ufffd" in dialled
    assert "\x1b" not in dialled
    contact = NameAddr.parse(answer.headers.get("Contact")).uri
    assert contact.number == dialled
    assert caller.ask("BYE").status == 200, "and the Contact can be called"
    caller.close()


def test_what_is_sent_has_one_line_for_each_header():
    evil = Headers(
        [("Contact", "<sip:a\r\nX-Evil: yes@b>"), ("Subject", "a\nX-Evil: yes"), ("X", "a\rX-Evil: yes")]
    )
    sent = Request(evil, b"", "OPTIONS", "sip:a@b\r\nX-Evil: yes").serialize()
    assert parse(sent).headers.get("X-Evil") == ""
    assert b"\r" not in sent.replace(b"\r\n", b"")


@pytest.mark.parametrize("user", ["张三%0d%0aX", "a b", "%0d", "\udcb8\udcff", "1;x=2"])
def test_numbers_are_text_on_one_line(user):
    number = Uri("sip", user, "b").number
    number.encode()
    assert number.isprintable() or "\ufffd" in number


def test_a_number_whose_bytes_are_no_text_is_offered_as_text(desk):
    caller = Caller(desk.agent.port)
    invite = caller.request("INVITE", caller.sdp).serialize().replace(b"sip:13800138000@", b"sip:\xb8\xff%ff%0a1@")
    caller.sip.sendto(invite, caller.target)
    assert caller.final("INVITE").status == 200
    desk.call().invite.number.encode()
    caller.close()


def test_a_tag_within_the_uri_of_to_is_no_tag(desk):
    caller = Caller(desk.agent.port)
    caller.to = f'";tag=x" <sip:100;tag=evil@127.0.0.1:{desk.agent.port}>'
    answer = caller.call()
    assert answer.to.tag, "ours"
    assert desk.event(CallAnswered)
    assert caller.ask("BYE").status == 200
    caller.close()


# Time and load.


def flood(caller: Caller, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        request = caller.request("OPTIONS", branch=f"z9hG4bKflood{n}", cseq=1)
        request.headers.replace("Call-ID", [f"flood-{n}"])
        request.headers.replace("To", ["<sip:100@127.0.0.1>"])
        caller.send(request)


def answers(caller: Caller, count: int) -> Counter[int]:
    """So many, and whatever else comes within a moment."""
    statuses = Counter(caller.receive().status for _ in range(count))
    caller.sip.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while True:
            statuses[caller.receive().status] += 1
    caller.sip.settimeout(WAIT)
    return statuses


def test_requests_over_the_rate_are_refused_then_dropped_unread_and_calls_go_on():
    now = [0.0]
    desk = Desk(lambda: now[0], max_requests_per_second=5)
    caller, stranger = Caller(desk.agent.port), Caller(desk.agent.port)
    assert caller.call().status == 200
    flood(stranger, 9)
    assert answers(stranger, 9) == {200: 9}
    again = [stranger.ask("OPTIONS", branch="z9hG4bKsame", cseq=7).headers.get("To") for _ in range(2)]
    assert again[0] == again[1], "a stateless answer is the same each time"
    flood(stranger, 300, start=9)
    assert caller.ask("BYE").status == 200
    assert answers(stranger, 8) == {503: 8}, "with the INVITE and what came before, twenty are read"
    assert desk.agent.counts.unread == 292
    assert len(desk.agent._layer) == 11, "nine answers, the INVITE and the BYE are remembered"
    now[0] += 0.4
    assert [stranger.ask("OPTIONS", branch=f"z9hG4bKlater{n}").status for n in range(4)] == [200, 200, 503, 503]
    desk.stop()


def test_a_flood_from_the_very_port_of_the_pbx_keeps_no_message_of_a_call_away():
    desk = Desk(lambda: 0.0, max_requests_per_second=5)
    pbx, other = Caller(desk.agent.port), Caller(desk.agent.port)
    assert pbx.call().status == 200
    assert desk.event(CallAnswered)
    flood(pbx, 300)
    assert answers(pbx, 20) == {200: 10, 503: 10}
    assert pbx.ask("OPTIONS").status == 200, "within its call"
    assert other.call().status == 200, "and whoever else calls is heard"
    assert pbx.ask("BYE").status == other.ask("BYE").status == 200
    desk.stop()


def test_requests_within_calls_that_do_not_exist_and_cancels_leave_nothing_behind(desk):
    stranger = Caller(desk.agent.port)
    stranger.to += ";tag=none"
    for n in range(50):
        assert stranger.ask("INFO", branch=f"z9hG4bKinfo{n}").status == 481
        assert stranger.ask("CANCEL", branch=f"z9hG4bKcancel{n}").status == 481
    assert len(desk.agent._layer) == 0
    stranger.close()


def test_a_call_that_floods_does_not_crowd_the_others_out():
    desk = Desk(lambda: 0.0)
    loud, other = Caller(desk.agent.port), Caller(desk.agent.port)
    assert loud.call().status == other.call().status == 200
    for _ in range(300):
        loud.send(loud.request("OPTIONS"))
    assert other.ask("OPTIONS").status == 200
    assert answers(loud, 2).keys() == {200, 503}
    assert desk.agent.counts.unread > 0
    assert loud.ask("BYE").status == other.ask("BYE").status == 200
    desk.stop()


def test_there_is_room_for_calls_when_there_is_none_for_strangers(monkeypatch):
    monkeypatch.setattr(layer, "MAX_TRANSACTIONS", 3)
    desk = Desk()
    caller = Caller(desk.agent.port)
    assert caller.call().status == 200
    for n in range(5):
        caller.send(Caller(desk.agent.port).request("OPTIONS", branch=f"z9hG4bKo{n}"))
    assert wait_for(lambda: len(desk.agent._layer) == 3)
    assert caller.ask("BYE").status == 200
    desk.stop()


def test_calls_that_nobody_acknowledges_give_way():
    now = [0.0]
    desk = Desk(lambda: now[0], max_calls=3)
    silent = [Caller(desk.agent.port) for _ in range(3)]
    for caller in silent:
        caller.send(caller.request("INVITE", caller.sdp))
        assert caller.final("INVITE").status == 200
    assert Caller(desk.agent.port).call().status == 503, "the ACK may yet come"
    now[0] += ACK_SECONDS
    genuine = Caller(desk.agent.port)
    assert genuine.call().status == 200
    assert desk.event(CallEnded).by is EndedBy.FAULT
    assert genuine.ask("BYE").status == 200
    desk.stop()


def test_nobody_else_on_the_pbxs_host_uses_its_rate_up():
    desk = Desk(lambda: 0.0, max_requests_per_second=5)
    pbx, other = Caller(desk.agent.port), Caller(desk.agent.port)
    assert pbx.call().status == 200, "from then on its port is known"
    assert desk.event(CallAnswered)
    assert pbx.ask("BYE").status == 200
    asked = [other.ask("OPTIONS", branch=f"z9hG4bK{n}").status for n in range(12)]
    assert asked == [200] * 9 + [503] * 3
    second = Caller(desk.agent.port)
    second.sip.close()
    second.sip = pbx.sip
    assert second.call().status == 200
    desk.stop()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 0\r\nContent-Length: 4\r\n",
        b"l: 4\r\nContent-Length: 4\r\n",
        b"Content-Length: 4, 4\r\n",
        b"l: -1\r\n",
        b"Content-Length: 4\rl: 0\r\n",
        b"Content-Length:\r\n 4\r\n",
    ],
)
def test_a_stream_whose_length_is_in_doubt_is_read_no_further(head):
    with pytest.raises(SipParseError):
        SipFramer().feed(b"OPTIONS sip:a@b SIP/2.0\r\n" + head + b"\r\nOPTIONS sip:evil@b SIP/2.0\r\nl: 0\r\n\r\n")


def test_two_content_lengths_close_the_connection():
    desk = Desk(tcp=True)
    with socket.create_connection(("127.0.0.1", desk.agent.port), timeout=WAIT) as sock:
        sock.sendall(
            b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\nContent-Length: 9\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\n\r\n"
        )
        assert sock.recv(100) == b"", "and nothing is answered"
    desk.stop()


def test_half_a_message_has_one_deadline_however_slowly_it_trickles_in():
    connection = TcpConnection(socket.socket(), TcpAddress(("127.0.0.1", 1)), ours=False)
    connection.connecting = False
    began = connection.began
    for second in range(40):
        waiting = connection.framer.waiting
        messages = connection.framer.feed(b"x")
        connection.took(began + second, whole=bool(messages) or not waiting)
    assert connection.expired(began + HALF_MESSAGE_SECONDS + 1)
    connection.framer.feed(b"\r\nl: 0\r\n\r\n")
    connection.took(began + 40, whole=True)
    assert not connection.expired(began + 41)
    connection.sock.close()


def test_without_a_file_for_another_connection_nothing_spins(monkeypatch):
    wire = Wire(Sip(port=0, tcp=True), Ends(lambda _data, _source: None))
    tcp, selector = wire._tcp, wire._selector
    real = tcp._listener

    class Full:
        def accept(self):
            raise OSError(24, "Too many open files")

        def fileno(self):
            return real.fileno()

    selector.unregister(real)
    tcp._listener = Full()
    selector.register(tcp._listener, 1, tcp._accept)
    with socket.create_connection(("127.0.0.1", wire.port)):
        rounds, until = 0, time.monotonic() + 0.5
        while time.monotonic() < until:
            wire.wait(0.1)
            rounds += 1
        assert rounds < 10
        tcp._listener = real
        time.sleep(0.6)
        wire.wait(0.1)
        wire.wait(0.1)
        assert wire.connections["tcp"], "and it is taken later"
    wire.close()


def registration() -> Registration:
    registrar = Registrar("192.0.2.1", "screener", 5060, "secret", expires=600)
    return Registration(registrar, "secret", "sip:100@192.0.2.2:5060", random.Random(1), 0.0)


def test_a_registrar_that_finds_every_nonce_stale_is_asked_a_few_times_and_later_again():
    with_pbx = registration()
    request, asked = with_pbx.poll(0.0), 0
    while request is not None:
        asked += 1
        assert asked < 20
        response = respond(request, 401)
        response.headers.add("WWW-Authenticate", Challenge("pbx", f"n{asked}", stale=True).serialize())
        request = with_pbx.receive(response, 0.0)
    assert asked == MOST_ANSWERS + 1
    assert with_pbx.deadline >= 1.0
    assert not with_pbx.state().registered


def test_a_registrar_that_wants_longer_and_longer_is_asked_a_few_times():
    with_pbx = registration()
    request, asked = with_pbx.poll(0.0), 0
    while request is not None:
        asked += 1
        assert asked < 20
        response = respond(request, 423)
        response.headers.add("Min-Expires", str(600 + asked))
        request = with_pbx.receive(response, 0.0)
    assert asked == MOST_ANSWERS + 1


@pytest.mark.parametrize(
    ("contacts", "expires", "granted"),
    [
        (["<sip:100@192.0.2.2:5060>;expires=30"], "", 30),
        (["<sip:100@192.0.2.2:5060;transport=udp;ob>;expires=30"], "3600", 30),
        (["<sip:100@198.51.100.7:61234>;expires=30"], "", 30),
        (["<sip:100@198.51.100.7:61234>;expires=30"], "60", 60),
        (["<sip:other@192.0.2.9>;expires=10, <sip:100@192.0.2.2:5060>;expires=40"], "", 40),
        (["<sip:other@192.0.2.9>;expires=50", "<sip:100@192.0.2.3>;expires=30"], "", 30),
        (["<sip:100@192.0.2.2:5060>;expires=50", "<sip:100@192.0.2.2:5060;ob>;expires=30"], "", 30),
        ([], "30", 30),
        ([], "", 600),
        (["<sip:100@192.0.2.2:5060>;expires=0"], "", 0),
    ],
)
def test_a_registration_is_refreshed_in_time_whatever_the_registrar_makes_of_the_contact(
    contacts, expires, granted
):
    with_pbx = registration()
    response = respond(with_pbx.poll(0.0), 200)
    for contact in contacts:
        response.headers.add("Contact", contact)
    if expires:
        response.headers.add("Expires", expires)
    assert with_pbx.receive(response, 100.0) is None
    assert (
        100 + max(SHORTEST_REFRESH, 0.6 * granted)
        <= with_pbx.deadline
        <= 100 + max(SHORTEST_REFRESH, 0.8 * granted)
    )


def ringing(desk, **where) -> tuple[Caller, Request]:
    caller = Caller(desk.agent.port, **where)
    invite = caller.request("INVITE", caller.sdp, branch=f"z9hG4bK{random.random()}")
    caller.send(invite)
    while caller.response("INVITE").status != 180:
        pass
    return caller, invite


def test_a_cancel_ends_the_call_of_its_own_transaction_only():
    desk = Desk(peers=("127.0.0.0/8",))
    desk.answering = False
    first, invite = ringing(desk)
    second, own = ringing(desk)
    cancel = Request(own.headers, b"", "CANCEL", second.uri)
    cancel.headers.replace("CSeq", [f"{own.cseq[0]} CANCEL"])
    cancel.headers.replace("Call-ID", [first.call_id])
    second.call_id = first.call_id
    second.send(cancel)
    assert second.final("CANCEL").status == 200
    assert wait_for(lambda: len(desk.agent._calls) == 1)
    assert list(desk.agent._calls) == [first.call_id], "the other one rings on"
    third = Caller(desk.agent.port)
    third.call_id = first.call_id
    third.send(third.request("INVITE", third.sdp, cseq=1, branch="z9hG4bKthird"))
    assert third.final("INVITE").status == 482
    assert third.ask("CANCEL", cseq=1, branch="z9hG4bKthird").status == 200
    time.sleep(0.2)
    assert list(desk.agent._calls) == [first.call_id], "nor by an INVITE of its own with the same Call-ID"
    stranger = Caller(desk.agent.port, host="127.0.0.2")
    stolen = Request(Headers(list(invite.headers)), b"", "CANCEL", first.uri)
    stolen.headers.replace("CSeq", [f"{invite.cseq[0]} CANCEL"])
    stranger.call_id = first.call_id
    stranger.send(stolen)
    assert stranger.final("CANCEL").status == 481, "whoever knows the branch is not its sender"
    first.send(stolen)
    assert first.final("CANCEL").status == 200
    desk.stop()


def test_an_answer_to_a_challenge_is_good_once_and_for_its_own_uri():
    desk = Desk(inbound_username="pbx", inbound_password="word")
    caller = Caller(desk.agent.port)
    challenge = Challenge.parse(caller.call().headers.get("WWW-Authenticate"))

    def value(count: int = 1, uri: str = caller.uri) -> str:
        return authorize(challenge, "pbx", "word", "INVITE", uri, cnonce="c", count=count)

    def knock(authorization: str, number: str = "1380", dialled: str = "100") -> int:
        other = Caller(desk.agent.port, number=number, dialled=dialled)
        other.send(other.request("INVITE", other.sdp, Authorization=authorization))
        return other.final("INVITE").status

    assert knock(value(), dialled="900") == 401, "another URI"
    assert knock(value()) == 200
    assert knock(value(), number="1390") == 401, "again, from another number"
    assert knock(value(count=2)) == 200, "the next count"
    assert knock(value(count=2)) == knock(value(count=1)) == 401
    again = Challenge.parse(caller.call().headers.get("WWW-Authenticate"))
    assert again.nonce != Challenge.parse(caller.call().headers.get("WWW-Authenticate")).nonce, "one for each call"
    desk.stop()


# Speaking with others.


@pytest.mark.parametrize("profile", ["RTP/AVP", "RTP/AVPF"])
def test_an_answer_has_the_profile_of_its_offer(desk, profile):
    caller = Caller(desk.agent.port)
    answer = caller.call(caller.sdp.replace(b"RTP/AVP", profile.encode()))
    assert f" {profile} ".encode() in answer.body
    caller.close()


@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"])
def test_a_profile_that_is_not_spoken_is_refused(desk, profile):
    caller = Caller(desk.agent.port)
    assert caller.call(caller.sdp.replace(b"RTP/AVP", profile.encode())).status == 488
    caller.close()


ATTRIBUTES = [b"a=rtpmap:101 telephone-event/8000", b"a=rtpmap:0 PCMU/8000", b"a=fmtp:101 0-16", b"a=sendrecv"]


@pytest.mark.parametrize("formats", [b"0 101", b"101 0", b"101 18 0"])
@pytest.mark.parametrize("attributes", [ATTRIBUTES, ATTRIBUTES[::-1], ATTRIBUTES[2:] + ATTRIBUTES[:2]])
@pytest.mark.parametrize("before", [False, True])
def test_telephone_event_is_found_in_any_order_of_lines(formats, attributes, before):
    media = [b"m=audio 4000 RTP/AVP " + formats]
    body = [b"v=0", b"o=- 1 1 IN IP4 192.0.2.1", b"s=-", b"c=IN IP4 192.0.2.1", b"t=0 0"]
    body += [*attributes, *media] if before else [*media, *attributes]
    theirs = sdp.parse(b"\r\n".join(body) + b"\r\n")
    assert theirs.audio().event_type == 101
    assert b"telephone-event/8000" in sdp.answer(theirs, [(theirs.audio(), 5000)], "192.0.2.2", 1)


NAMES = ["張三", "許", *(bytes([lead, 0x5C]).decode("gb18030") for lead in range(0x81, 0xFE, 7))]
"""Nearly all of characters whose second byte in GBK is that of the backslash."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("around", ["{}", "A{}", "{}B", "张{}", "{0}{0}"])
def test_gbk_names_are_read_whatever_their_second_byte(desk, name, around):
    raw = around.format(name).encode("gb18030")
    message = parse(
        b"INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: \"" + raw
        + b"\" <sip:a@b>;tag=1\r\nTo: <sip:100@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
    )  # fmt: skip
    assert message.from_.display_name == around.format(name)
    assert message.from_.uri.user == "a"
    assert message.serialize().count(raw) == 1, "and echoed byte for byte"


def test_quotes_and_backslashes_of_utf_8_names_are_read_as_ever():
    assert NameAddr.parse(r'"a \"b\" \\ 张三" <sip:a@b>').display_name == 'a "b" \\ 张三'


def refer_then_bye(desk, *notify) -> TransferEnded:
    caller = Caller(desk.agent.port)
    assert caller.call().status == 200
    assert desk.event(CallAnswered)
    desk.call().transfer(Destination(Target.AGENTS, "sip:agents@127.0.0.1"))
    caller.send(respond(caller.wait_request("REFER"), 202))
    time.sleep(0.1)
    bye, extra = caller.request("BYE"), {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
    notifies = [caller.request("NOTIFY", said, "message/sipfrag;version=2.0", **extra) for said in notify]
    caller.send(bye)
    for late in notifies:
        time.sleep(0.2)
        caller.send(late)
        assert caller.final("NOTIFY").status == 200
    if not notifies:
        assert caller.final("BYE").status == 200
    ended = desk.event(TransferEnded)
    caller.close()
    return ended


@pytest.fixture
def grace(monkeypatch):
    """Only what a test does ends the wait for the NOTIFY, however late it is."""
    monkeypatch.setattr(refer, "GRACE_SECONDS", WAIT)


@pytest.mark.usefixtures("grace")
def test_a_notify_after_the_bye_still_says_what_became_of_the_caller(desk):
    ended = refer_then_bye(desk, b"SIP/2.0 200 OK\r\n")
    assert (ended.ok, ended.status) == (True, 200)
    assert desk.event(CallEnded).by is EndedBy.TRANSFER


@pytest.mark.usefixtures("grace")
def test_a_notify_after_the_bye_may_also_say_that_it_failed(desk):
    ended = refer_then_bye(desk, b"SIP/2.0 404 Not Found\r\n")
    assert (ended.ok, ended.status) == (False, 404)
    assert desk.event(CallEnded).by is EndedBy.CALLER


def test_a_bye_after_the_202_without_a_notify_is_a_transfer_that_was_accepted(desk):
    ended = refer_then_bye(desk)
    assert (ended.ok, ended.status) == (True, refer.ACCEPTED)
    assert desk.event(CallEnded).by is EndedBy.TRANSFER
    assert not desk.agent._calls


@pytest.mark.usefixtures("grace")
def test_a_service_that_stops_in_that_moment_ends_the_call(desk):
    caller = Caller(desk.agent.port)
    assert caller.call().status == 200
    assert desk.event(CallAnswered)
    call = desk.call()
    call.transfer(Destination(Target.AGENTS, "sip:agents@127.0.0.1"))
    caller.send(respond(caller.wait_request("REFER"), 202))
    caller.send(caller.request("BYE"))
    wait_for(lambda: not call.up, what="the BYE")
    call.hangup()
    assert desk.event(CallEnded).by is EndedBy.TRANSFER
    caller.close()
