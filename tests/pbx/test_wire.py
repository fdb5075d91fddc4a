"""Whatever a caller puts into a number or a name: no event of another's is believed, and no true one is lost."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screener.conversations.parties import Connected
from screener.errors import PbxError
from screener.pbx import messages, wire
from screener.pbx.messages import Flagged, Gone, TakenBack
from tests.pbx.shapes import Talk, channel

SECRET = "of-events"
HEADS = [
    "Event: ",
    "Response: ",
    "UserEvent: ",
    "Secret: ",
    "Agent: agent1",
    "ActionID: ",
    "CallerIDName: ",
    "Uniqueid: ",
]
KINDS = [
    "UserEvent",
    "ScreenerFlag",
    "ScreenerTakeBack",
    "Hangup",
    "AgentConnect",
    "DialEnd",
    "Shutdown",
    "Success",
]
CALLER_TEXT = st.lists(
    st.sampled_from(["\r\n", "\r\n\r\n", "\r", "\n", ": ", *HEADS, *KINDS, "17.1", "x"]) | st.text(max_size=8),
    max_size=16,
).map("".join)
"""What a caller may write, in the words of the manager interface."""


def newchannel(number: str, name: str) -> dict[str, str]:
    return {
        "Event": "Newchannel",
        "Privilege": "call,all",
        **channel("PJSIP/trunk-9", "99.9", "99.9", number, name),
    }


def events_of(data: bytes, step: int = 0) -> list[object]:
    framer = wire.AmiFramer()
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    read = itertools.chain.from_iterable(framer.feed(piece) for piece in pieces)
    return [event for event in map(messages.parse, list(read)) if event is not None]


@given(CALLER_TEXT, CALLER_TEXT)
@example("1\r\nCallerIDName: x\r\n\r\nEvent: UserEvent\r\nUserEvent: ScreenerFlag\r\nAgent: agent1\r\n\r\n", "")
@example("1\r\n\r\nEvent: UserEvent\r\nUserEvent: ScreenerTakeBack\r\nAgent: agent1", "\r\nCall: 17.1")
def test_a_caller_knows_no_secret(number: str, name: str) -> None:
    """Whatever a caller writes: a flag or a take-back that it makes lacks what makes it count."""
    for event in events_of(wire.serialize(newchannel(number, name))):
        assert isinstance(event, Connected | Gone | Flagged | TakenBack)
        if isinstance(event, Flagged | TakenBack):
            assert event.secret != SECRET


@given(CALLER_TEXT, CALLER_TEXT)
@example("1\r\nCallerIDName: x", "")
@example("1\r\n\r\nEvent: AgentConnect", "")
@example("1\r\nUniqueid: 17.1\r\n\r\n", "")
@example("1", "x\r\nUniqueid: 17.1\r\nLinkedid: 17.1\r\n\r\n")
def test_an_event_with_a_torn_number_is_that_call_or_none(number: str, name: str) -> None:
    """A true event of such a caller names this caller's own channels, whatever it says besides, or is left out."""
    own = channel("PJSIP/trunk-9", "99.9", "99.9", number, name)
    true = {"Event": "Hangup", "Privilege": "call,all", **own, "Cause": "16", "Cause-txt": "Normal Clearing"}
    for event in events_of(wire.serialize(true)):
        if isinstance(event, Gone) and "Event: " not in number + name:
            assert event.uniqueid == "99.9"


@given(CALLER_TEXT, st.integers(1, 40))
def test_what_comes_after_is_read(number: str, step: int) -> None:
    """The next event is whole again, however the bytes arrive."""
    after = Talk().hangup()
    data = wire.serialize(newchannel(number, "")) + wire.serialize(after)
    assert Gone("17.1") in events_of(data)
    assert events_of(data, step) == events_of(data)


@given(st.dictionaries(st.sampled_from(list(Talk().connect())[1:]), CALLER_TEXT, max_size=3))
def test_every_value_of_an_event_may_be_strange(strange: dict[str, str]) -> None:
    events_of(wire.serialize(Talk().connect() | strange))


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    events_of(data + b"\r\n\r\n")


@pytest.mark.parametrize(
    "torn",
    [
        b"CallerIDName: x\r\nUniqueid: 17.1",
        b"Event: Hangup\r\nEvent: UserEvent",
        b"Response: Success\r\nEvent: Hangup",
        b"Privilege: call,all\r\nEvent: Hangup",
        b"Event: Hangup\r\nno name",
        b"Event: Hangup\r\nUniqueid: 1\r\nuniqueid: 2",
    ],
)
def test_what_asterisk_does_not_write_is_left_out(torn: bytes) -> None:
    framer = wire.AmiFramer()
    assert list(framer.feed(torn + b"\r\n\r\n")) == []


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "Channel"]), st.text(st.characters(exclude_characters="\r\n\ud800"))
    )
)
def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    message = {"Event": "X", **fields}
    try:
        written = wire.serialize(message)
        written.decode("utf-8")
    except UnicodeError:
        return
    expected = {name.lower(): value.encode("utf-8", "replace").decode() for name, value in message.items()}
    assert wire.parse(written.removesuffix(b"\r\n\r\n")) == expected


def test_a_message_without_an_end_costs_a_connection_not_the_memory() -> None:
    framer = wire.AmiFramer()
    with pytest.raises(PbxError):
        for _ in range(wire.MOST_BYTES // 16 + 2):
            list(framer.feed(b"Event: x\r\nname: y"[:16]))
            assert framer._looked == len(framer._buffer) - 3, "nothing is looked at twice"


def test_empty_lines_are_no_messages_and_what_follows_them_is_read() -> None:
    framer = wire.AmiFramer()
    assert not list(framer.feed(b"\r\n" * 8000))
    assert [fields["event"] for fields in framer.feed(wire.serialize({"Event": "X"}))] == ["X"]
    assert not list(framer.feed(b"\r\n" + wire.serialize({"Event": "X"}))), "not as Asterisk begins one"


def test_events_of_channels_that_callers_wrote_into_are_torn() -> None:
    fields = {name.lower(): value for name, value in Talk().connect().items()}
    assert not messages.is_torn(fields)
    assert messages.is_torn({**fields, "secret": "x"})
    assert messages.is_torn({name: value for name, value in fields.items() if name != "calleridname"})
    assert not messages.is_torn({"event": "Newchannel", "x": ""})


def test_a_message_of_thousands_of_lines_is_none() -> None:
    lines = "".join(f"x{n}: 1\r\n" for n in range(wire.MOST_LINES + 1))
    assert not list(wire.AmiFramer().feed(f"Event: Hangup\r\n{lines}\r\n".encode()))
