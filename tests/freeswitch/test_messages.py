"""What FreeSWITCH's events mean, and what it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.conversations.parties import Connected, Party
from screener.freeswitch import messages, wire
from screener.freeswitch.messages import Bridged, JobDone, Left
from screener.freeswitch.wire import EslEvent
from tests.freeswitch.peer import bridged, hung_up, parted, queued

CALLER, AGENT = "8e3c1f4a-1", "7acfecd3-2"


def read(event: EslEvent):
    return messages.read(wire.parse(wire.serialize_event(event)))


def test_an_agent_of_a_queue_has_a_caller():
    who = read(queued(CALLER, AGENT))
    assert who == Connected(
        Party(CALLER, CALLER),
        Party(AGENT, AGENT),
        CALLER,
        "13900007777",
        "Outbound Call",
        "agents@default",
        "1001",
    )


def test_a_caller_talks_to_an_extension():
    found = read(bridged(CALLER, AGENT, "1005"))
    assert isinstance(found, Bridged)
    assert found.names == ("1005", "4008001234")
    assert (found.who.number, found.who.queue) == ("13900007777", "")


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous", "0000000000"])
def test_a_withheld_number_is_empty(number: str):
    assert read(queued(CALLER, AGENT, number)).number == ""


def test_a_channel_leaves():
    assert read(hung_up(CALLER)) == Left(CALLER, hung_up=True)
    assert read(parted(CALLER)) == Left(CALLER, hung_up=False)


@pytest.mark.parametrize("id_", ["", "a b", "x}{y", "1) 2", "a\nb"])
def test_what_is_no_id_is_not_believed(id_: str):
    assert read(queued(id_, AGENT)) is None
    assert read(bridged(CALLER, id_, "1005")) is None
    assert read(hung_up(id_)) is None


def test_a_command_ends():
    job = EslEvent({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "j"}, "-ERR NO_ANSWER\n")
    assert read(job) == JobDone("j", "-ERR NO_ANSWER")


def test_a_leg_hears_one_channel_and_nobody_hears_it():
    command = messages.listen(CALLER, "sofia/gateway/screener/{leg}", "beside-ab12-caller")
    assert command.startswith("originate {eavesdrop_bridge_aleg=true,eavesdrop_enable_dtmf=false,")
    assert command.endswith(f"}}sofia/gateway/screener/beside-ab12-caller &eavesdrop({CALLER})")
    assert "bleg" not in command
    assert "whisper" not in command


def test_a_caller_is_moved():
    assert (
        messages.move(CALLER, "analysis", "from-screener") == f"uuid_transfer {CALLER} analysis XML from-screener"
    )
    with pytest.raises(ValueError, match="no extension"):
        messages.move(CALLER, "analysis inline:hangup", "from-screener")


@given(st.text())
def test_no_command_has_two_lines(password):
    assert "\n" not in messages.auth(password)
    assert "\r" not in messages.auth(password)
