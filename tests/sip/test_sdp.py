import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SipParseError
from screener.media.g711 import Law
from screener.sip import sdp

OFFER = (
    b"v=0\r\no=- 5 6 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=video 7000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    b"m=audio 6000 RTP/AVP 18 97 8 0 100\r\nc=IN IP4 192.0.2.9\r\na=rtpmap:97 PCMU/8000/1\r\n"
    b"a=rtpmap:100 telephone-event/8000\r\na=sendonly\r\n"
)


def test_the_first_law_of_the_offer_is_taken_and_the_rest_refused():
    theirs = sdp.parse(OFFER)
    stream = theirs.audio()
    assert stream == sdp.Stream(1, "192.0.2.9", 6000, Law.PCMU, 97, 100, "sendonly")
    assert stream.held
    answer = sdp.answer(theirs, [(stream, 20000)], "192.0.2.50", 1)
    assert b"m=video 0 RTP/AVP 96" in answer
    assert b"m=audio 20000 RTP/AVP 97 100" in answer
    assert b"a=recvonly" in answer
    back = sdp.parse(answer).audio()
    assert (back.host, back.port, back.law, back.event_type) == ("192.0.2.50", 20000, Law.PCMU, 100)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"audio 6000", b"audio 0"),
        (b"18 97 8 0 100", b"18 100"),
        (b"RTP/AVP 18", b"RTP/SAVP 18"),
        (b"192.0.2.9", b"media.example"),
    ],
)
def test_nothing_in_common(old, new):
    assert sdp.parse(OFFER.replace(old, new)).audio() is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"v=0\r\n",
        b"v=0\r\nm=audio x RTP/AVP 0\r\n",
        b"v=0\r\nc=IN IP4\r\n",
        b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 17,
    ],
)
def test_what_is_not_sdp(body):
    with pytest.raises(SipParseError):
        sdp.parse(body)


@pytest.mark.parametrize(
    ("old", "new", "held"),
    [
        (b"", b"", True),
        (b"a=sendonly", b"a=inactive", True),
        (b"a=sendonly", b"a=sendrecv", False),
        (b"a=sendonly\r\n", b"", False),
        (b"a=sendonly", b"a=recvonly", False),
        (b"a=sendonly\r\n", b"c=IN IP4 0.0.0.0\r\n", True),
        (b"a=sendonly\r\n", b"c=IN IP6 ::\r\n", True),
    ],
    ids=[
        "sendonly",
        "inactive",
        "sendrecv",
        "nothing said",
        "recvonly is one-way",
        "RFC 2543",
        "RFC 2543 of IPv6",
    ],
)
def test_a_hold_is_known_however_it_is_said(old, new, held):
    assert sdp.parse(OFFER.replace(old, new)).audio().held is held


@pytest.mark.parametrize("direction", [b"sendonly", b"inactive"])
def test_a_hold_of_the_whole_session_holds_its_stream(direction):
    body = OFFER.replace(b"a=sendonly\r\n", b"").replace(b"t=0 0\r\n", b"t=0 0\r\na=" + direction + b"\r\n")
    assert sdp.parse(body).audio().held
    assert not sdp.parse(body + b"a=sendrecv\r\n").audio().held, "the stream's own word goes first"


def test_reports_go_where_they_are_offered_to_go():
    assert sdp.parse(OFFER).audio().control is None
    named = sdp.parse(OFFER + b"a=rtcp:6123 IN IP4 192.0.2.9\r\n").audio()
    assert (named.control, named.muxed) == (6123, False)
    shared = sdp.parse(OFFER + b"a=rtcp-mux\r\n")
    assert (shared.audio().control, shared.audio().muxed) == (6000, True)
    assert b"a=rtcp-mux" in sdp.answer(shared, [(shared.audio(), 20000)], "192.0.2.50", 1)


def test_own_offer_names_both_laws():
    stream = sdp.parse(sdp.offer("192.0.2.1", {0: sdp.Offered(4000)}, 1)).audio()
    assert (stream.law, stream.port, stream.event_type) == (Law.PCMU, 4000, sdp.EVENT_TYPE)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=10))
def test_any_damage(changes):
    data = bytearray(OFFER)
    for at, value in changes:
        data[at % len(data)] = value
    try:
        theirs = sdp.parse(bytes(data))
    except SipParseError:
        return
    if stream := theirs.audio():
        sdp.parse(sdp.answer(theirs, [(stream, 4000)], "192.0.2.1", 1))
