"""A running user agent and every message that parsers choke on: answered as RFC 4475 asks, alive afterwards."""

import socket
from pathlib import Path

import pytest

from screener.errors import SipParseError
from screener.sip.message import Request, parse
from tests.sip.caller import Caller, Desk
from tests.sip.torture import OWN, RFC
from tests.waiting import WAIT

FILES = Path(__file__).parents[3] / "shared" / "sip" / "rfc4475"


@pytest.fixture(scope="module")
def desk():
    desk = Desk()
    yield desk
    caller = Caller(desk.agent.port)
    assert caller.call().status == 200, "a call afterwards works"
    assert caller.hear(5)
    assert caller.ask("BYE").status == 200
    desk.stop()


def final(data: bytes, port: int) -> int:
    """Status of the final response, 0 for none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.sendto(data, ("127.0.0.1", port))
        with socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ) as marker:  # answered after it: nothing more is coming
            marker.bind(("127.0.0.1", 0))
            marker.settimeout(WAIT)
            caller = Caller(port)
            caller.sip.close()
            caller.sip = marker
            assert caller.ask("OPTIONS").status == 200
        sock.settimeout(0.2 if data[:6] == b"INVITE" else 0.01)
        try:
            while (status := int(sock.recv(65535)[8:11])) < 200:
                pass
        except TimeoutError:
            return 0
        return status


@pytest.mark.parametrize("name", OWN)
def test_own_messages(desk, name):
    assert final(OWN[name].data, desk.agent.port) in OWN[name].allowed, OWN[name].asks


@pytest.mark.shared
@pytest.mark.skipif(not FILES.exists(), reason="needs ../shared/sip/rfc4475")
@pytest.mark.parametrize("name", RFC)
def test_the_files_of_the_rfc(name):
    """Read alone: what cannot be read at all is what gets no answer. The answers: tests/bench/torture.py."""
    data = (FILES / f"{name}.dat").read_bytes()
    try:
        message = parse(data)
    except SipParseError:
        assert 0 in RFC[name].allowed
    else:
        assert isinstance(message, Request) or RFC[name].allowed == (0,)
