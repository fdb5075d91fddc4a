from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.events import CallControl
from screener.feed.items import (
    Asked,
    Began,
    Handled,
    Heard,
    Judged,
    Missed,
    Moved,
    Node,
    Obeyed,
    Order,
    Over,
    Paused,
    Unheard,
    Weighed,
    parse,
    parse_order,
    serialize,
)

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
text, at = st.text(max_size=40), st.floats(0, 1e5)
# fmt: off
ITEMS = st.one_of(
    st.builds(Began, text, text, st.just(NOON), text, text, text, text, text, text),
    st.builds(Heard, text, at, text, st.integers(0, 999), text, st.booleans()),
    st.builds(Weighed, text, at, text, text, text, at, text, at, at),
    st.builds(Judged, text, at, text, text, at, at, text, text, st.booleans(), st.booleans()),
    st.builds(Handled, text, at, text, st.booleans(), st.booleans()),
    st.builds(Moved, text, at, text, st.booleans()),
    st.builds(Paused, text, st.booleans()),
    st.builds(Unheard, text, at, text),
    st.builds(Asked, text, at, text),
    st.builds(Obeyed, text, at, text, text, text),
    st.builds(Over, text, at, text),
    st.builds(
        Node, text, st.just(NOON), st.just(NOON), text, text, st.booleans(), *[st.integers(0, 99)] * 3, text,
        *[st.integers(0, 99)] * 2, st.lists(text, max_size=3).map(tuple),
    ),
    st.builds(Missed, st.integers(0, 10**6)),
)
# fmt: on


@given(ITEMS)
def test_what_is_written_is_read_again(item) -> None:
    line = serialize(item)
    assert "\n" not in line
    assert parse(line) == item


@given(text, st.sampled_from(CallControl), text)
def test_an_order_is_read_again(call: str, act: CallControl, by: str) -> None:
    assert parse_order(serialize(Order(call, act, by))) == Order(call, act, by)


@given(st.binary(max_size=200))
def test_anything_else_is_one_clear_error_or_a_kind_we_do_not_know(data: bytes) -> None:
    for read in (parse, parse_order):
        try:
            read(data)
        except InputError as problem:
            assert problem.remedy


def test_a_kind_of_tomorrow_is_passed_over_and_a_cut_one_is_an_error() -> None:
    assert parse('{"item":"tomorrow","call":"1"}') is None
    with pytest.raises(InputError, match="lacks a value"):
        parse('{"item":"over","call":"1"}')
    with pytest.raises(InputError, match="no order"):
        parse_order('{"call":"1","act":"dance","by":"x"}')
