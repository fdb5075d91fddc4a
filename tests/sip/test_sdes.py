"""The a=crypto line, and what a description with such lines is answered."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SipParseError
from screener.media.srtp import MasterKey, Suite
from screener.sip import sdes, sdp
from screener.sip.sdes import Crypto, Inline

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""Of RFC 4568's examples: 30 bytes."""
REFUSED = {f"SDP crypto line{why}" for why in ("", " with too many keys", ": not an inline key", ": not base64")}
LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20"

inlines = st.builds(
    Inline,
    st.binary(min_size=1, max_size=64),
    st.one_of(st.just(0), st.integers(1, 10**19), st.integers(0, 63).map(lambda n: 1 << n)),
    st.one_of(st.just(""), st.builds("{}:{}".format, st.integers(0, 10**9), st.integers(1, 128))),
)
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=20)
cryptos = st.builds(
    Crypto,
    st.integers(0, 999_999_999),
    words,
    st.lists(inlines, min_size=1, max_size=4).map(tuple),
    st.lists(words.map(lambda w: f"{w}=1"), max_size=3).map(tuple),
)


@given(cryptos)
def test_what_is_written_is_read_again(crypto: Crypto) -> None:
    assert Crypto.parse(str(crypto)) == crypto


@given(st.text(max_size=200))
def test_any_line_is_read_or_refused(value: str) -> None:
    try:
        Crypto.parse(value)
    except SipParseError as problem:
        assert problem.message in REFUSED, "whatever stands there: it may hold a key"


def test_the_example_of_rfc_4568() -> None:
    crypto = Crypto.parse(LINE)
    assert (crypto.tag, crypto.suite) == (1, "AES_CM_128_HMAC_SHA1_80")
    assert crypto.keys == (Inline(base64.b64decode(KEY), 1 << 20),)
    assert crypto.key() == MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, base64.b64decode(KEY))
    assert KEY not in repr(crypto)
    assert repr(base64.b64decode(KEY)) not in repr(crypto.key())


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (f"1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}", "a suite that is not spoken"),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", "nor this one"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4", "packets with an identifier"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4;inline:{KEY}|2:4", "several keys"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-4]}", "too short a key"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}AAAA", "too long a key"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^10", "a key that lasts for twenty seconds"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP", "authentic, but in clear"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP", "anybody's"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1", "keys that change on the way"),
    ],
)
def test_what_is_not_spoken_is_not_used(value: str, why: str) -> None:
    assert Crypto.parse(value).key() is None, why


@pytest.mark.parametrize("params", ["", " WSH=64", " -FEC_ORDER=FEC_SRTP", "  WSH=128  -X=1 "])
def test_hints_may_be_passed_over(params: str) -> None:
    assert Crypto.parse(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{params}").key()


def offer(*media: str) -> sdp.Description:
    head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    return sdp.parse((head + "".join(media)).encode())


CLEAR = "m=audio 4000 RTP/AVP 0\r\n"
SECURE = f"m=audio 4002 RTP/SAVP 0\r\na=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}\r\na=crypto:{LINE}\r\n"
BOTH_WAYS = f"m=audio 4004 RTP/AVP 0\r\na=crypto:{LINE}\r\n"
"""As Asterisk and baresip offer what may be encrypted and need not."""
NO_KEY = "m=audio 4006 RTP/SAVP 0\r\na=crypto:1 F9 inline:AAAA\r\na=crypto:nonsense\r\n"
DTLS = "m=audio 4008 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 00\r\n"


@pytest.mark.parametrize(
    ("media", "off", "optional", "required"),
    [
        ((CLEAR,), (4000, False), (4000, False), None),
        ((SECURE,), None, (4002, True), (4002, True)),
        ((BOTH_WAYS,), (4004, False), (4004, True), (4004, True)),
        ((NO_KEY,), None, None, None),
        ((DTLS,), None, None, None),
        ((CLEAR, SECURE), (4000, False), (4002, True), (4002, True)),
        ((SECURE, CLEAR), (4000, False), (4002, True), (4002, True)),
        ((NO_KEY, CLEAR), (4000, False), (4000, False), None),
    ],
)
def test_what_is_taken_of_an_offer(media, off, optional, required) -> None:
    for setting, expected in (("off", off), ("optional", optional), ("required", required)):
        stream = offer(*media).audio(setting)
        assert (stream and (stream.port, stream.theirs is not None)) == expected, setting


def test_the_answer_has_the_tag_the_profile_and_a_key_of_ours() -> None:
    theirs = offer(CLEAR, SECURE)
    stream = theirs.audio("optional")
    assert stream
    agreed = stream.with_key()
    answer = sdp.answer(theirs, [(agreed, 20000)], "192.0.2.2", 1).decode()
    assert "m=audio 0 RTP/AVP" in answer
    assert "m=audio 20000 RTP/SAVP 0" in answer
    (line,) = [line for line in answer.splitlines() if line.startswith("a=crypto:")]
    crypto = Crypto.parse(line.removeprefix("a=crypto:"))
    assert (crypto.tag, crypto.key()) == (7, agreed.ours)
    assert agreed.keys
    assert agreed.keys.ours.secret != agreed.keys.theirs.secret
    assert agreed.keys.ours.suite is agreed.keys.theirs.suite is Suite.AES_CM_128_HMAC_SHA1_32


def test_our_key_stays_while_the_suite_does() -> None:
    first = offer(SECURE).audio("optional")
    assert first
    agreed = first.with_key()
    assert first.with_key(agreed).ours == agreed.ours
    other = offer(BOTH_WAYS).audio("optional")
    assert other
    assert other.with_key(agreed).ours != agreed.ours


@pytest.mark.parametrize(
    ("setting", "profile", "keyed"),
    [("off", "RTP/AVP", False), ("optional", "RTP/AVP", True), ("required", "RTP/SAVP", True)],
)
def test_our_own_offer(setting, profile, keyed) -> None:
    ours = sdp.Offered.of(4000, setting, None)
    text = sdp.offer("192.0.2.2", {0: ours}, 1).decode()
    assert f"m=audio 4000 {profile} 0 8 101" in text
    assert ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in text) == keyed


def test_an_answer_with_what_was_not_offered_is_none() -> None:
    ours = sdp.Offered.of(4000, "optional", None)
    fits, other_suite, clear = (
        offer(media).audio("optional") for media in (BOTH_WAYS, BOTH_WAYS.replace("SHA1_80", "SHA1_32"), CLEAR)
    )
    assert fits
    assert other_suite
    assert clear
    answered = ours.answered(fits)
    assert answered
    assert answered.keys
    assert answered.keys.ours == ours.key
    assert ours.answered(other_suite) is None
    assert ours.answered(clear) == clear
    assert sdp.Offered(4000).answered(fits) is None, "we have offered no key"


def test_a_stream_of_so_many_lines_is_bounded() -> None:
    many = "m=audio 4002 RTP/SAVP 0\r\n" + f"a=crypto:{LINE}\r\n" * 100
    assert len(offer(many).media[0].crypto) == sdp.MAX_CRYPTO
    assert sdes.first_usable(offer(many).media[0].crypto)
