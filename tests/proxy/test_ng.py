"""Messages of the ng protocol, and the datagrams that a real rtpengine 10.5 sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.proxy import ng
from screener.proxy.ng import Command, NgReply, Question

COOKIES = st.from_regex(rb"[0-9a-f]{1,16}", fullmatch=True)
TEXTS = st.text(max_size=30)
OFFERED = b"abc d8:from-tag1:A9:from-tagsl1:Ae6:result2:ok3:sdp5:v=0\r\n6:to-tag4:638ae"  # as it came, the SDP cut


@given(COOKIES, st.builds(Question, st.sampled_from(Command), TEXTS, TEXTS, TEXTS, st.binary(max_size=50)))
def test_questions(cookie: bytes, asked: Question) -> None:
    assert ng.parse(ng.serialize(cookie, asked)) == (cookie, asked)


@given(COOKIES, st.builds(NgReply, st.booleans(), TEXTS, TEXTS, st.binary(max_size=50)))
def test_replies(cookie: bytes, reply: NgReply) -> None:
    assert ng.parse_reply(ng.serialize_reply(cookie, reply)) == (cookie, reply)


@given(st.binary(max_size=80))
def test_anything_else_is_refused(datagram: bytes) -> None:
    for read in (ng.parse, ng.parse_reply):
        try:
            read(datagram)
        except InputError:
            continue


def test_what_rtpengine_says() -> None:
    assert ng.parse_reply(OFFERED) == (b"abc", NgReply(ok=True, to_tag="638a", sdp=b"v=0\r\n"))
    assert ng.parse_reply(b"x d6:result4:ponge") == (b"x", NgReply(ok=True))
    refused = b"x d12:error-reason15:Unknown call-ID6:result5:errore"
    assert ng.parse_reply(refused) == (b"x", NgReply(ok=False, reason="Unknown call-ID"))


@pytest.mark.parametrize("datagram", [b"", b"abc", b" d6:result2:oke", b"x de", b"x i1e", b"x d6:resulti1ee"])
def test_no_reply(datagram: bytes) -> None:
    with pytest.raises(InputError):
        ng.parse_reply(datagram)
