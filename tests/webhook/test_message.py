from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.webhook.message import (
    TOLERANCE_SECONDS,
    Disposition,
    FlagAnswer,
    FlagMessage,
    is_signed,
    parse,
    read_answer,
    serialize,
    sign,
    write_answer,
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
flags = st.builds(
    FlagMessage, *([texts] * 7), st.floats(allow_nan=False, allow_infinity=False), *([texts] * 5), st.booleans()
)
FLAG = FlagMessage(
    "1", "c", "s", "+8613900001111", "8001", "95500", "2026-03-11T04:00:00+00:00", 4.2, "harassment", "", ""
)


@given(flags)
def test_what_is_written_is_read(flag: FlagMessage) -> None:
    assert parse(serialize(flag)) == flag


@given(
    st.sampled_from(Disposition), st.text(st.characters(codec="ascii", exclude_categories=("C", "Z")), max_size=64)
)
def test_so_is_an_answer(decision: Disposition, by: str) -> None:
    assert read_answer(write_answer(FlagAnswer(decision, by))) == FlagAnswer(decision, by)


def test_an_empty_answer_has_taken_note_and_done_nothing() -> None:
    assert read_answer(b" \n") == FlagAnswer(Disposition.STAYS)


@pytest.mark.parametrize(
    "body",
    [b"ok", b"[]", b"1", b'{"decision": "fly"}', b'{"by": "x"}', b'{"decision": "moved", "by": 3}', b"[" * 4000,
     b'{"decision": ["moved"]}', b"\xff"],
)  # fmt: skip
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(InputError):
        read_answer(body)


@given(st.binary(max_size=200))
def test_anything_is_an_answer_or_an_error(body: bytes) -> None:
    try:
        assert isinstance(read_answer(body), FlagAnswer)
    except InputError as problem:
        assert problem.remedy


def test_who_decided_is_one_short_line() -> None:
    assert read_answer(b'{"decision": "genuine", "by": "a\\nb' + b"x" * 300 + b'"}').by == "a b" + "x" * 61


def test_a_signature_is_of_one_body_one_secret_and_one_moment() -> None:
    body = serialize(FLAG)
    header = sign("secret", 1000, body)
    assert is_signed("secret", header, body, 1000 + TOLERANCE_SECONDS)
    assert not is_signed("secret", header, body, 1001 + TOLERANCE_SECONDS), "sent again later"
    assert not is_signed("other", header, body, 1000)
    assert not is_signed("", sign("", 1000, body), body, 1000)
    assert not is_signed("secret", header, serialize(replace(FLAG, number="+8613900002222")), 1000)
    assert not is_signed("secret", header.replace("t=1000", "t=1001"), body, 1000)
    assert not is_signed("secret", "", body, 1000)
