"""No message holds a parser up: what is read again and again does not come to its end here.

How long each takes is measured by tests/bench/adversarial.py.
"""

import random

import pytest

from screener.errors import SipParseError
from screener.sip import sdp
from screener.sip.address import NameAddr, Via
from screener.sip.framing import SipFramer
from screener.sip.message import MAX_HEAD, MAX_HEADERS, MAX_LINE, MAX_SEPARATORS, parse
from tests.sip.adversarial import PARSERS, every_unit, hostile, read


@pytest.mark.parametrize("name", PARSERS)
def test_one_thing_over_and_over_is_read_to_its_end(name):
    chance = random.Random(7)
    for data in (*every_unit(16_000), *(hostile(name, chance) for _ in range(200))):
        read(name, data)


REQUEST = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nAny: %s\r\n\r\n"


def test_what_is_larger_than_any_real_message_is_refused():
    assert parse(REQUEST % (b"x" * (MAX_LINE - 5))).headers.get("Any")
    for value in (
        b"x" * MAX_LINE,
        b"a\r\n " * (MAX_LINE // 2),
        b"\r\nX: a" * (MAX_HEADERS + 1),
        (b"\r\nX: " + b"a" * 4000) * (MAX_HEAD // 4000 + 1),
        (b"\r\nX: " + b"," * 900) * (MAX_SEPARATORS // 900 + 1),
    ):
        with pytest.raises(SipParseError):
            parse(REQUEST % value)


def test_a_long_history_is_no_attack():
    history = ", ".join(f"<sip:1380013800{n % 10}@192.0.2.1;cause=302>;index=1.{n}" for n in range(40)).encode()
    identity = b"eyJhbGciOiJFUzI1NiJ9." * 60
    assert parse(REQUEST % (history + b"\r\nHistory-Info: " + history + b"\r\nIdentity: " + identity))


@pytest.mark.parametrize(
    "body",
    [
        b"v=0\r\n" + b"a=x\r\n" * 600,
        b"v=0\r\nm=audio 1 RTP/AVP " + b"0 " * 400,
        b"v=0\r\na=" + b"x" * 20_000,
    ],
)
def test_a_session_description_that_goes_on_for_ever_is_refused(body):
    with pytest.raises(SipParseError):
        sdp.parse(body)


def test_bytes_that_come_one_by_one_are_looked_at_once():
    framer, found = SipFramer(), []
    head = b"OPTIONS sip:a@b SIP/2.0\r\nX: " + b"y" * 12_000 + b"\r\nContent-Length: 48000\r\n\r\n"
    message = head + b"z" * 48_000
    for at in range(len(message) - 1):
        found += framer.feed(message[at : at + 1])
        assert framer._searched == min(at + 1, len(head)), "where the next search begins"
    assert framer.feed(message[-1:]) == [message] and not found


def test_keep_alives_in_thousands():
    framer = SipFramer()
    assert framer.feed(b"\r\n\r\n" * 16_000) == []
    assert framer.pings == 16_000
    assert not framer.waiting, "nothing of them is kept"


@pytest.mark.parametrize("text", ["SIP / 2.0 / UDP a : 5060 ;branch=1", "SIP/2.0/UDP [::1]:5060", "sip/2.0/tcp a"])
def test_vias_as_the_rfc_allows_them(text):
    assert Via.parse(text).transport in ("UDP", "TCP")


@pytest.mark.parametrize(
    "text", ["", "SIP/2.0/UDP", "SIP/2.0/UDP a b", "SIP/3.0/UDP a", "SIP/2.0/UDP a:x", "UDP a"]
)
def test_what_is_no_via(text):
    with pytest.raises(SipParseError):
        Via.parse(text)


def test_quotes_that_never_close():
    with pytest.raises(SipParseError):
        NameAddr.parse('"' + '\\"' * 2000 + " <sip:a@b>")
