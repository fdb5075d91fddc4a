"""Bytes of the event socket: what its documentation shows, torn anywhere; and anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import PbxError
from screener.freeswitch import wire
from screener.freeswitch.wire import EslEvent, EslFramer, EslMessage

# As mod_event_socket's documentation shows them.
DOCUMENTED = (
    b"Content-Type: auth/request\n\n"
    b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
    b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: c7709e9c-1517-11dc-842a-d3a3942d3d63\n\n"
    b"Content-Type: api/response\nContent-Length: 41\n\n+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n\n"
)
JOB = (
    b"Content-Length: 196\nContent-Type: text/event-plain\n\n"
    b"Job-UUID: 7f4db78a-17d7-11dd-b7a0-db4edd065621\n"
    b"Job-Command: originate\n"
    b"Job-Command-Arg: sofia/default/1005%20'%26park'\n"
    b"Event-Name: BACKGROUND_JOB\n"
    b"Content-Length: 41\n\n"
    b"+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n"
)

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda n: n.lower() != "content-length"
)


def cut(data: bytes, sizes: list[int]) -> list[EslMessage]:
    framer, found = EslFramer(), []
    while data:
        size = sizes.pop(0) if sizes else len(data)
        found += framer.feed(data[:size])
        data = data[size:]
    return found


@given(st.lists(st.integers(1, 40)))
def test_what_the_documentation_shows_comes_whole_however_it_is_torn(sizes):
    auth, accepted, job, reply = cut(DOCUMENTED, sizes)
    assert auth.kind == "auth/request"
    assert accepted.head["reply-text"] == "+OK accepted"
    assert job.head["reply-text"].startswith("+OK Job-UUID")
    assert reply.body == b"+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n"


def test_an_event_is_decoded_and_has_a_body():
    length = len(JOB.partition(b"\n\n")[2])
    (message,) = EslFramer().feed(JOB.replace(b"196", str(length).encode(), 1))
    event = wire.parse(message.body)
    assert event.fields["job-command-arg"] == "sofia/default/1005 '&park'"
    assert event.body == "+OK 7f4de4bc-17d7-11dd-b7a0-db4edd065621\n"


@given(
    st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"]))),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_an_event_is_read_as_it_was_written(fields, body):
    fields = {name.lower(): value for name, value in fields.items()}
    written = wire.serialize_event(EslEvent(fields, body))
    said = wire.serialize(EslMessage({"Content-Type": wire.EVENT}, written))
    (message,) = EslFramer().feed(said)
    read = wire.parse(message.body)
    assert {n: v for n, v in read.fields.items() if n != "content-length"} == fields
    assert read.body == body


def test_a_name_that_a_caller_sends_ends_no_line():
    name = "x\nEvent-Name: CHANNEL_HANGUP\n\nUnique-ID: 1"
    event = wire.parse(wire.serialize_event(EslEvent({"Event-Name": "CUSTOM", "CC-Member-CID-Name": name})))
    assert event.fields["cc-member-cid-name"] == name
    assert event.fields["event-name"] == "CUSTOM"


@given(st.binary(max_size=400))
def test_anything_else_is_nothing_or_one_clear_error(data):
    try:
        for message in EslFramer().feed(data):
            wire.parse(message.body)
    except PbxError as problem:
        assert "event socket" in str(problem)


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999", "٣", "0x10"])
def test_a_length_that_makes_no_sense_is_refused(length):
    with pytest.raises(PbxError):
        list(EslFramer().feed(f"Content-Length: {length}\n\n".encode()))


def test_the_list_of_two_thousand_channels_comes_whole():
    said = "x" * 2_000 * 1_400
    event = wire.serialize_event(EslEvent({"event-name": "BACKGROUND_JOB"}, said))
    (message,) = EslFramer().feed(wire.serialize(EslMessage({"content-type": wire.EVENT}, event)))
    assert wire.parse(message.body).body == said


def test_a_head_without_end_is_refused():
    with pytest.raises(PbxError):
        list(EslFramer().feed(b"a" * (wire.MOST_BYTES + 1)))
