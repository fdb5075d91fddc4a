"""Bencode: whatever is written is read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.proxy.bencode import MAX_BYTES, MAX_DEPTH, parse, serialize

VALUES = st.recursive(
    st.integers(-(10**18), 10**18) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read(value: object) -> None:
    assert parse(serialize(value)) == value  # type: ignore[arg-type]


@given(st.binary(max_size=60))
def test_anything_is_a_value_or_an_error(data: bytes) -> None:
    try:
        value = parse(data)
    except InputError:
        return
    assert parse(serialize(value)) == value


@given(VALUES, st.data())
def test_what_is_cut_short_is_refused(value: object, data: st.DataObject) -> None:
    whole = serialize(value)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        parse(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"i1", b"ie", b"i--1e", b"5:abc", b"-1:a", b"l", b"d1:a", b"di1ei2ee", b"i1ei2e",
        b"99999999999999999999999:",
        b"l" * (MAX_DEPTH + 1) + b"e" * (MAX_DEPTH + 1), b"%d:" % MAX_BYTES + bytes(MAX_BYTES),
    ],
)  # fmt: skip
def test_wrong(data: bytes) -> None:
    with pytest.raises(InputError):
        parse(data)
