"""Who talks at FreeSWITCH, read from what it lists."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.conversations.parties import Connected, Party
from screener.errors import InputError
from screener.freeswitch import listing
from screener.freeswitch.listing import Channel
from screener.freeswitch.messages import Bridged
from screener.words.told import faults_told

CALLER = Channel("8e3c1f4a-1", "8e3c1f4a-1", inbound=True, application="callcenter")
AGENT = Channel("7acfecd3-2", "8e3c1f4a-1", inbound=False)
MEMBER = {
    "variable_cc_side": "member",
    "variable_cc_agent_uuid": AGENT.uuid,
    "variable_cc_queue": "agents@default",
    "variable_cc_agent": "1001@default",
    "caller-caller-id-number": "13900007777",
}

ids = st.from_regex(r"[\w.:+-]{1,40}", fullmatch=True)
some = st.lists(st.builds(Channel, ids, ids, inbound=st.booleans(), application=st.text(max_size=9)))


@given(some)
def test_a_list_is_read_as_it_was_written(listed):
    assert listing.channels(listing.serialize(listed)) == tuple(
        channel for channel in listed if channel.uuid.isascii()
    )


def test_channels_of_one_call_talk_and_a_leg_that_listens_is_none_of_them():
    leg = Channel("9", CALLER.call, inbound=False, application="eavesdrop")
    waits = Channel("5", "5", inbound=True, application="callcenter")
    assert listing.pairs([leg, AGENT, waits, CALLER]) == ((CALLER, AGENT),)


def test_three_of_a_call_are_no_pair():
    assert listing.pairs([CALLER, AGENT, Channel("7", CALLER.call, inbound=False)]) == ()


def test_who_is_not_answered_does_not_talk():
    said = json.loads(listing.serialize([CALLER, AGENT]))
    said["rows"][1]["callstate"] = "RINGING"
    assert listing.channels(json.dumps(said)) == (CALLER,)


@pytest.mark.parametrize("call", ["", None])
def test_two_that_never_were_bridged_do_not_talk(call: str | None):
    """FreeSWITCH gives a channel its `call_uuid` when it is bridged, or dialled."""
    said = json.loads(listing.serialize([CALLER, AGENT]))
    for row in said["rows"]:
        row["call_uuid"] = call
    assert listing.pairs(listing.channels(json.dumps(said))) == ()


def test_a_caller_of_a_queue_talks_to_the_agent_whom_it_found():
    assert listing.talks(CALLER, AGENT, MEMBER) == Connected(
        Party(CALLER.uuid, CALLER.uuid),
        Party(AGENT.uuid, AGENT.uuid),
        CALLER.uuid,
        "13900007777",
        "",
        "agents@default",
        "1001",
    )


def test_a_caller_who_left_the_queue_for_an_extension_is_no_caller_of_the_queue():
    who = listing.talks(
        CALLER, AGENT, {**MEMBER, "variable_cc_agent_uuid": "gone", "caller-callee-id-number": "1005"}
    )
    assert isinstance(who, Bridged)
    assert (who.names, who.who.queue) == (("1005",), "")


def test_who_was_called_is_not_the_caller():
    assert listing.talks(AGENT, CALLER, {"caller-destination-number": "1005"}) is None
    standby = Channel("6", CALLER.call, inbound=True)
    assert listing.talks(standby, CALLER, {**MEMBER, "variable_cc_side": "agent"}) is None
    assert listing.talks(standby, AGENT, {**MEMBER, "variable_cc_side": "agent"}) is None
    assert listing.talks(CALLER, standby, {"caller-destination-number": "1005"}) is None, "who called whom?"


def test_nothing_is_said_of_a_channel_that_is_gone():
    assert listing.talks(CALLER, AGENT, listing.dumped("-ERR No such channel!")) is None


def test_nobody_talks_where_there_are_no_rows():
    assert listing.channels('{"row_count":0}') == ()


@pytest.mark.parametrize(
    "said", ["", "-ERR no reply", "[]", "{}", '{"row_count":1}', '{"row_count":1,"rows":[3]}']
)
def test_what_is_no_list_ends_nobody_s_call(said: str):
    with pytest.raises(InputError) as refused:
        listing.channels(said)
    assert faults_told(refused.value.message) == f"见到 {said!r}，应为一份通道列表"


@given(st.text())
def test_anything_else_is_nothing_or_one_clear_error(said):
    assert isinstance(listing.dumped(said), dict)
    with pytest.raises(InputError):
        listing.channels(said)
