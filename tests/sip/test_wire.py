"""Framing and sockets of SIP over TCP, and calls through them."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SipError, SipParseError
from screener.events import CallAnswered, CallEnded
from screener.settings.sections import Registrar, Sip
from screener.sip import tcp
from screener.sip.framing import SipFramer
from screener.sip.message import Request, parse, respond
from screener.sip.tcp import Ends
from screener.sip.transport import TcpAddress
from screener.sip.wire import Wire
from tests.sip.caller import Desk, StreamCaller, in_background
from tests.waiting import WAIT, wait_for

ONE = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\nContent-Length: 4\r\n\r\nbody"
TWO = b"SIP/2.0 200 OK\r\nl : 0\r\n\r\n"


@given(st.lists(st.integers(1, 40), max_size=20), st.booleans())
def test_messages_are_the_same_however_the_stream_is_cut(cuts, keepalive):
    framer, found = SipFramer(), []
    stream = ONE + (b"\r\n\r\n" if keepalive else b"") + TWO + ONE
    for cut in cuts:
        found += framer.feed(stream[:cut])
        stream = stream[cut:]
    found += framer.feed(stream)
    assert found == [ONE, TWO, ONE]
    assert framer.pings <= keepalive
    assert not framer.waiting


@pytest.mark.parametrize(
    "data",
    [b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n", b"x" * 70_000, b"A: b\r\nContent-Length: 99999\r\n\r\n"],
)
def test_a_stream_that_cannot_be_read_any_further(data):
    with pytest.raises(SipParseError):
        SipFramer().feed(data)


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_stream(pieces):
    framer = SipFramer()
    for piece in pieces:
        try:
            framer.feed(piece)
        except SipParseError:
            return


class TcpCaller(StreamCaller):
    """The same caller over one TCP connection."""

    transport = "TCP"

    def __init__(self, port: int) -> None:
        super().__init__(port, socket.create_connection(("127.0.0.1", port), timeout=WAIT))


def test_a_call_over_tcp():
    desk = Desk(tcp=True)
    caller = TcpCaller(desk.agent.port)
    answered = caller.call()
    assert answered.status == 200
    assert "transport=tcp" in answered.headers.get("Contact")
    desk.event(CallAnswered)
    call = desk.call()
    assert caller.hear(3)
    assert caller.ask("OPTIONS").status == 200
    call.hangup()
    bye = caller.wait_request("BYE")
    assert bye.via.transport == "TCP"
    caller.send(respond(bye, 200))
    assert desk.event(CallEnded)
    caller.close()
    desk.stop()


def test_a_call_that_fails_over_tcp_is_answered_once():
    desk = Desk(tcp=True)
    caller = TcpCaller(desk.agent.port)
    assert caller.call(caller.offer("18")).status == 488
    caller.sip.settimeout(0.8)
    with pytest.raises(TimeoutError):
        caller.receive()
    caller.close()
    desk.stop()


def test_keep_alives_are_answered_and_garbage_closes_the_connection():
    desk = Desk(tcp=True)
    with socket.create_connection(("127.0.0.1", desk.agent.port), timeout=WAIT) as sock:
        sock.sendall(b"\r\n\r\n")
        assert sock.recv(10) == b"\r\n"
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(10) == b""
    desk.stop()


def test_a_stranger_is_not_connected():
    desk = Desk(tcp=True, peers=("192.0.2.1",))
    with socket.create_connection(("127.0.0.1", desk.agent.port), timeout=WAIT) as sock:
        assert sock.recv(10) == b""
    assert desk.agent.counts.dropped == 1
    desk.stop()


def test_registration_over_tcp_survives_a_restart_of_the_pbx():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(WAIT)
    registrar = Registrar(
        "127.0.0.1", "screener", listener.getsockname()[1], "secret", expires=30, transport="tcp"
    )
    desk = Desk(registrars=(registrar,))

    def serve() -> Request:
        connection, _ = listener.accept()
        connection.settimeout(WAIT)
        request = parse(connection.recv(65535))
        assert isinstance(request, Request)
        connection.sendall(respond(request, 200).serialize())
        return connection, request

    connection, request = serve()
    assert request.via.transport == "TCP"
    assert "transport=tcp" in request.headers.get("Contact")
    assert wait_for(lambda: desk.agent.registrations()[0].registered)
    connection.close()  # the PBX has gone; the next request makes a new connection
    wait_for(lambda: not desk.agent._phone.sip.wire.connections["tcp"], what="notice of it")
    stopping = in_background(lambda: desk.stop(3))
    connection, request = serve()
    assert request.headers.get("Expires") == "0"
    stopping.join()
    connection.close()
    listener.close()


def test_a_port_that_is_taken_is_said():
    taken = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(SipError, match="cannot listen"):
        Wire(Sip(port=taken.getsockname()[1], tcp=True), Ends(lambda data, source: None))
    taken.close()


def test_nobody_fills_the_connections_up_for_others(monkeypatch):
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 5)
    desk = Desk(tcp=True)
    up = TcpCaller(desk.agent.port)
    assert up.call().status == 200
    idle = [socket.create_connection(("127.0.0.1", desk.agent.port), timeout=WAIT) for _ in range(20)]
    wait_for(lambda: idle[10].recv(1) == b"", what="the eldest that say nothing give way")
    later = TcpCaller(desk.agent.port)
    assert later.call().status == 200
    assert up.ask("BYE").status == later.ask("BYE").status == 200, "and whoever has spoken stays"
    assert desk.agent._phone.sip.wire.connections["tcp"] <= 5
    for sock in idle:
        sock.close()
    desk.stop()


def test_a_connection_of_ours_finds_room_too(monkeypatch):
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 3)
    wire = Wire(Sip(port=0, tcp=True), Ends(lambda _data, _source: None))
    idle = [socket.create_connection(("127.0.0.1", wire.port)) for _ in range(3)]
    wait_for(lambda: wire.wait(0.01) or wire.connections["tcp"] == 3)
    with socket.create_server(("127.0.0.1", 0)) as pbx:
        pbx.settimeout(WAIT)
        wire.send(TWO, TcpAddress(pbx.getsockname()))
        taken, _ = pbx.accept()
        wire.wait(0.1)
        assert taken.recv(100) == TWO
        taken.close()
    for sock in idle:
        sock.close()
    wire.close()


def test_many_connections_come_and_go():
    desk = Desk(tcp=True)
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", desk.agent.port), timeout=WAIT) as sock:
            sock.sendall(b"OPTIONS sip:a@b SIP/2.0\r\n")
    wire = desk.agent._phone.sip.wire
    wait_for(lambda: not wire.connections["tcp"])
    desk.stop()
