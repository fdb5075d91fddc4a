import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.sip.message import Headers, Request
from screener.sip.multipart import BOUNDARY, MAX_LINES, MAX_PARTS, Part, part, parts, serialize


def request(body: bytes, content_type: str) -> Request:
    return Request(Headers([("Content-Type", content_type)]), body, "INVITE", "sip:a@b")


MIXED = f"multipart/mixed; boundary={BOUNDARY}"
tokens = st.from_regex(r"[a-z]{1,8}/[a-z+\-]{1,8}", fullmatch=True)
bodies = st.binary(max_size=200).filter(lambda b: not b.endswith((b"\r", b"\n")) and b"--" not in b)


@given(
    st.lists(st.builds(Part, tokens, st.sampled_from(["", "session", "recording-session"]), bodies), max_size=5)
)
def test_what_is_written_is_read(found: list[Part]) -> None:
    assert list(parts(request(serialize(found), MIXED))) == found


@given(
    st.binary(max_size=300), st.sampled_from([MIXED, "multipart/mixed", "", 'multipart/mixed;boundary="', "a/b"])
)
def test_anything_is_read_or_left_out(body: bytes, content_type: str) -> None:
    for found in parts(request(body, content_type)):
        assert len(found.body) <= len(body)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_body_that_is_cut_still_gives_its_first_part(rest: bytes, keep: int) -> None:
    whole = serialize([Part("application/sdp", "", b"v=0"), Part("a/b", "", rest)])
    first = whole.index(b"v=0") + 3
    found = part(request(whole[: first + keep], MIXED), "application/sdp")
    assert found, "what is left of a torn delimiter may follow it"
    assert found.startswith(b"v=0")


@pytest.mark.parametrize(
    "body",
    [
        b"--b\nContent-Type: application/sdp\n\nv=0\n--b--\n",
        b"\r\n--b \r\nCONTENT-TYPE:application/SDP;x=y\r\nX: \r\n\r\nv=0\r\n--b--",
        b"pre\r\n--b\r\nContent-Type: text/plain\r\n\r\n--bb\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0",
        b"--b\nno header\n--b\n\nuntyped\n--b\nContent-Type: application/sdp\n\nv=0\n--b--\n--b\n\nafter the end",
    ],
)
def test_as_senders_write_it(body: bytes) -> None:
    found = request(body, "multipart/mixed;boundary=b")
    assert (part(found, "application/sdp") or b"").strip() == b"v=0"
    assert not any(one.body.startswith(b"after") for one in parts(found))


def test_a_boundary_that_the_header_does_not_name_is_the_first_line_s() -> None:
    assert part(request(b"\n--x\nContent-Type: a/b\n\n1\n--x--", "multipart/mixed"), "a/b") == b"1"


def test_further_parts_are_passed_over() -> None:
    many = serialize([Part("a/b", "", b"1")] * (MAX_PARTS + 5))
    assert len(parts(request(many, MIXED))) == MAX_PARTS


def test_endless_lines_are_no_body() -> None:
    body = b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--"
    assert parts(request(body, "multipart/mixed;boundary=b"))
    assert parts(request(body + b"\r\n" * MAX_LINES, "multipart/mixed;boundary=b")) == ()


def test_a_carriage_return_alone_ends_no_line() -> None:
    body = b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r--b\rs=-\r\n--b--"
    assert part(request(body, "multipart/mixed;boundary=b"), "application/sdp") == b"v=0\r--b\rs=-"
