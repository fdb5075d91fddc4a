import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SipParseError
from screener.sip.address import NameAddr, Uri, Via, split_list
from screener.sip.identity import invite_info
from screener.sip.message import Request, Response, fault, parse, peek_call_id, respond
from screener.sip.multipart import part

INVITE = (
    b"INVITE sip:100@pbx.example SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;rport, SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb\r\n"
    b'f: "%s" <sip:13800138000@192.0.2.1;user=phone>;tag=1\r\n'
    b"t: <sip:100@pbx.example>\r\ni: abc@x\r\nCSeq: 7 INVITE\r\nm: <sip:a@192.0.2.1>\r\n"
    b"Subject: one\r\n two\r\n\tthree\r\nl: 4\r\n\r\nbodyTRAILING"
)
TORTURE = Path(__file__).parents[3] / "shared" / "sip" / "rfc4475"


def test_compact_folded_and_several_values():
    request = parse(INVITE % b"x")
    assert isinstance(request, Request)
    assert fault(request) is None
    assert request.headers.get("subject") == "one two three"
    assert [Via.parse(v).branch for v in request.headers.values("Via")] == ["z9hG4bKa", "z9hG4bKb"]
    assert (request.call_id, request.cseq, request.body) == ("abc@x", (7, "INVITE"), b"body")
    assert str(request.via.received_from("198.51.100.7", 6000)).endswith(";rport=6000;received=198.51.100.7")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_display_names_in_any_encoding_go_back_byte_for_byte(encoding):
    name = "张三 客户".encode(encoding)
    request = parse(INVITE % name)
    assert request.from_.display_name == "张三 客户"
    assert b'"%s" <sip:138' % name in respond(request, 200, tag="t").serialize()


def test_addresses():
    assert Uri.parse("tel:+8613800138000;phone-context=cn").number == "+8613800138000"
    assert str(Uri.parse("sips:%31%30@[2001:db8::1]:5061;transport=tls?a=b")) == (
        "sips:%31%30@[2001:db8::1]:5061;transport=tls?a=b"
    )
    assert Uri.parse("sip:%31%30@h").number == "10"
    quoted = NameAddr.parse(r'"Bell, \"A\" <x>" <sip:a@b>;tag=9')
    assert (quoted.display_name, quoted.tag) == ('Bell, "A" <x>', "9")
    assert NameAddr.parse(str(quoted)) == quoted
    assert NameAddr.parse("sip:a@b;tag=5").tag == "5", "without brackets, parameters are the header's"
    assert split_list('"a,b" <sip:x,y@h>, <sip:z@h>') == ['"a,b" <sip:x,y@h>', "<sip:z@h>"]


def split_slowly(text: str, separator: str) -> list[str]:
    """What `split_list` says, character by character."""
    parts, closing, escaped = [""], "", False
    for character in text:
        if escaped:
            escaped = False
        elif closing:
            escaped = closing == '"' and character == "\\"
            closing = "" if character == closing else closing
        elif character == separator:
            parts.append("")
            continue
        else:
            closing = {'"': '"', "<": ">"}.get(character, "")
        parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


@given(st.text('a ,;"<>\\', max_size=60), st.sampled_from(",;"))
def test_a_separator_counts_outside_quotes_and_brackets_only(text: str, separator: str) -> None:
    assert split_list(text, separator) == split_slowly(text, separator)


def test_a_bracket_in_a_name_opens_no_address() -> None:
    assert NameAddr.parse('"a<sip:x@y>" <sip:a@b>').uri.host == "b"
    assert NameAddr.parse('"<" "<" <sip:a@b>').uri.host == "b"
    with pytest.raises(SipParseError):
        NameAddr.parse('"<sip:a@b>')


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"SIP/2.0\r\nv", b"SIP/3.0\r\nv", 505),
        (b"CSeq: 7 INVITE", b"CSeq: 7 BYE", 400),
        (b"CSeq: 7 INVITE", b"CSeq: 99999999999 INVITE", 400),
        (b"i: abc@x\r\n", b"", 400),
        (b"l: 4", b"l: 400", 400),
        (b"l: 4", b"l: 0000000000400", 400),
        (b"i: abc@x", b"i: abc@x\r\nMax-Forwards: 0000000000256", 400),
        (b"sip:100@pbx.example SIP", b"nobody:here SIP", 416),
        (b"sip:100@pbx.example SIP", b"<sip:100@pbx.example> SIP", 400),
        (b"t: <sip", b't: "open <sip', 400),
        (b"i: abc@x", b"i: abc@x\r\nf: <sip:b@c>", 400),
    ],
)
def test_faults(old, new, status):
    wrong = parse((INVITE % b"x").replace(old, new, 1))
    assert fault(wrong)[0] == status


def test_zeros_before_a_length_change_nothing():
    led = parse((INVITE % b"x").replace(b"l: 4", b"l: 0000000000004", 1))
    assert (fault(led), led.body) == (None, b"body")


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"hello", b"INVITE sip:a@b SIP/2.0\r\n\r\n", b"SIP/2.0 9 x\r\na: b\r\n\r\n"]
)
def test_what_is_not_sip(data):
    with pytest.raises(SipParseError):
        parse(data)


def test_who_calls_and_who_sent_them():
    extra = (
        b'P-Asserted-Identity: "A" <tel:+8613900139000>\r\nDiversion: <sip:801@pbx>;reason=x, <sip:802@pbx>\r\n'
        b"X-Uniqueid: 17.3\r\nl: 4"
    )
    info = invite_info(parse((INVITE % b"x").replace(b"l: 4", extra)), "h:1", ("X-Uniqueid",))
    assert (info.number, info.referred_by, info.headers) == ("+8613900139000", "801", {"x-uniqueid": "17.3"})
    verified = (INVITE % b"x").replace(b"13800138000@", b"13800138000;verstat=TN-Validation-Passed@")
    assert invite_info(parse(verified), "h:1", ()).number == "13800138000"
    hidden = invite_info(parse((INVITE % b"x").replace(b"13800138000@", b"anonymous@")), "h:1", ())
    assert (hidden.number, hidden.referred_by) == ("", "")


@pytest.mark.parametrize(("values", "number"), [(100, "13900139000"), (101, "13800138000")])
def test_more_addresses_than_a_call_has_stations_are_none(values, number):
    asserted = b"P-Asserted-Identity: " + b", ".join([b"<sip:13900139000@a>"] * values) + b"\r\nl: 4"
    assert invite_info(parse((INVITE % b"x").replace(b"l: 4", asserted)), "h:1", ()).number == number


@pytest.mark.parametrize(
    ("asserted", "number"),
    [
        (("<sip:13900139000@a>", "<tel:+8613900139000>"), "13900139000"),
        (("<sip:alice@a>", "<tel:+8613900139000>"), "+8613900139000"),
        (("<sip:alice@a>, <tel:+8613900139000>",), "+8613900139000"),
        (("<tel:+8613900139000>, <sip:alice@a>",), "+8613900139000"),
        (("<<broken", "<tel:010-6234-5678>"), "010-6234-5678"),
        (("<sip:alice@a>", "<sip:bob@a>"), "alice"),
        (("<sip:anonymous@anonymous.invalid>", "<tel:13900139000>"), "13900139000"),
    ],
)
def test_of_several_asserted_identities_the_telephone_number_counts(asserted: tuple[str, ...], number: str):
    lines = "".join(f"P-Asserted-Identity: {value}\r\n" for value in asserted)
    info = invite_info(parse((INVITE % b"x").replace(b"l: 4", lines.encode() + b"l: 4")), "h:1", ())
    assert info.number == number


def test_multipart_body():
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"
    )
    head = b"Content-Type: multipart/mixed;boundary=b\r\nl: %d\r\n\r\n" % len(body)
    request = parse((INVITE % b"x").partition(b"l: 4")[0] + head + body)
    assert part(request, "application/sdp").strip() == b"v=0"
    assert part(request, "application/other") is None


@given(
    st.sampled_from(["Call-ID", "call-id", "CALL-ID", "i", "I"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60),
    st.sampled_from([":", ": ", " : ", ":\t"]),
    st.sampled_from(["\r\n", " \r\n", "\n"]),
    st.lists(st.sampled_from(["Via: a\r\n", "v: i\r\n", "X-Call-ID: x\r\n", "Subject: i: x\r\n"]), max_size=30),
)
def test_a_glance_finds_the_call_id_that_reading_finds(name, call_id, colon, end, before):
    data = f"BYE sip:a@b SIP/2.0\r\n{''.join(before)}{name}{colon}{call_id}{end}CSeq: 1 BYE\r\n\r\n".encode()
    assert peek_call_id(data) == parse(data).call_id == call_id


def test_a_glance_finds_nothing_where_there_is_no_call_id_or_a_strange_one():
    for header in ("", "Call-ID:\r\n", "Call-ID: a b\r\n", "X: a\r\n" * 2000 + "i: a\r\n", "Call-ID:\r\n a\r\n"):
        assert peek_call_id(f"BYE sip:a@b SIP/2.0\r\n{header}CSeq: 1 BYE\r\n\r\n".encode()) == ""


@given(st.binary(max_size=400))
def test_any_bytes(data):
    with contextlib.suppress(SipParseError):
        parse(data)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=12), st.integers(0, 600))
def test_any_damage_to_a_real_message(changes, cut):
    data = bytearray(INVITE % "张三".encode())
    for at, value in changes:
        data[at % len(data)] = value
    try:
        message = parse(bytes(data[: len(data) - cut % 60]))
    except SipParseError:
        return
    if isinstance(message, Request) and fault(message) is None:
        response = parse(respond(message, 200, tag="t").serialize())
        assert isinstance(response, Response)
        assert response.via.branch == message.via.branch
        with contextlib.suppress(SipParseError):
            invite_info(message, "h:1", ("Subject",))


@pytest.mark.shared
@pytest.mark.skipif(not TORTURE.exists(), reason="needs ../shared/sip/rfc4475")
@pytest.mark.parametrize("path", sorted(TORTURE.glob("*.dat")), ids=lambda p: p.stem)
def test_torture(path):
    """RFC 4475: every request is understood or can be answered; two files are no messages."""
    data = path.read_bytes()
    if path.stem in ("TC_TEST_I", "TC_BIGCODE_V"):
        with pytest.raises(SipParseError):
            parse(data)
        return
    message = parse(data)
    refused = {
        "TC_BADINV01_I": 400, "TC_ESCRURI_V": 400,
        "TC_BADVERS_V": 505, "TC_CLERR_I": 400, "TC_INSUF_I": 400, "TC_LTGTRURI_I": 400, "TC_LWSRURI_I": 400,
        "TC_LWSSTART_V": 400, "TC_MCL01_I": 400, "TC_MISMATCH01_V": 400, "TC_MISMATCH02_V": 400,
        "TC_MULTI01_I": 400, "TC_NCL_I": 400, "TC_NOVELSC_V": 416, "TC_QUOTBAL_I": 400, "TC_SCALAR02_V": 400,
        "TC_UNKSCM_V": 416,
    }  # fmt: skip
    if isinstance(message, Request):
        wrong = fault(message)
        assert (wrong[0] if wrong else None) == refused.get(path.stem)
