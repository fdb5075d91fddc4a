"""What the manager interface says, and who talks by its answers."""

from hypothesis import given
from hypothesis import strategies as st

from screener.conversations.parties import Connected, Party
from screener.pbx import messages
from screener.pbx.messages import Flagged, Gone, TakenBack
from tests.pbx.shapes import Talk, channel

TALK = Talk(number="13900001111")
CONNECT = {name.lower(): value for name, value in TALK.connect().items()}


def test_an_agent_takes_a_call_from_a_queue() -> None:
    who = messages.parse(CONNECT)
    assert who == Connected(
        Party("PJSIP/trunk-1", "17.1"),
        Party("PJSIP/agent1-2", "17.2"),
        "17.1",
        "13900001111",
        "",
        "agents",
        "agent1",
    )


def test_an_agent_who_is_called_directly_is_named_by_the_channel() -> None:
    answered = {name.lower(): value for name, value in TALK.answered().items()}
    who = messages.parse(answered)
    assert isinstance(who, Connected)
    assert (who.queue, who.agent_name) == ("", "agent1")
    assert messages.parse({**answered, "dialstatus": "NOANSWER"}) is None
    assert messages.parse({"event": "DialEnd", "dialstatus": "ANSWER", "destchannel": "PJSIP/screener-1"}) is None


def test_what_agents_say() -> None:
    flag = {
        "event": "UserEvent", "privilege": "user,all", "userevent": "ScreenerFlag", "secret": "s",
        "agent": "PJSIP/agent1",
    }  # fmt: skip
    assert messages.parse(flag) == Flagged("agent1", "", "s")
    assert messages.parse({**flag, "call": "17.0"}) == Flagged("agent1", "17.0", "s")
    assert messages.parse({**flag, "userevent": "ScreenerTakeBack"}) == TakenBack("agent1", "", "s")
    assert messages.parse({**flag, "userevent": "SomethingElse"}) is None
    assert messages.parse({**flag, "call": "17.0|x"}) is None
    assert "s3cret" not in repr(Flagged("agent1", "", "s3cret")), "a secret is not said"


def test_a_dialplan_s_user_event_has_its_channel_first() -> None:
    of_channel = {name.lower(): value for name, value in channel("PJSIP/agent1-2", "17.2", "17.1").items()}
    own = {"userevent": "ScreenerTakeBack", "secret": "s", "agent": "agent1", "call": "17.1"}
    event = {"event": "UserEvent", "privilege": "user,all", **of_channel, **own}
    assert messages.parse(event) == TakenBack("agent1", "17.1", "s")
    assert messages.parse({**own, **event}) is None, "in no other order"


def test_an_agent_s_name_brings_nothing_into_a_header() -> None:
    assert messages.agent_name("Local/agent1@from-queue/n") == "agent1"
    assert messages.agent_name("a>\r\nEvil: 1;x=") == "aEvil1x"
    assert messages.agent_name("张三") == "张三"


NAMES = st.sampled_from([*CONNECT, "dialstatus", "userevent", "agent", "call", "secret"])


@given(st.dictionaries(NAMES, st.text()))
def test_no_message_is_too_strange(fields: dict[str, str]) -> None:
    assert isinstance(messages.parse(fields), Connected | Gone | Flagged | TakenBack | None)


def lower(statuses: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name.lower(): value for name, value in one.items()} for one in statuses]


def test_conversations_that_were_there_before_us() -> None:
    queue, agent = lower(TALK.statuses())
    spy = {**agent, "channel": "PJSIP/screener-3", "uniqueid": "3", "application": "ChanSpy", "bridgeid": ""}
    (who,) = messages.in_progress([queue, agent, spy])
    assert who == messages.parse(CONNECT)
    assert messages.in_progress([queue, {**agent, "bridgeid": "c"}]) == []


def test_the_pbx_s_own_answers_say_who_talks() -> None:
    hint = messages.parse(CONNECT)
    assert isinstance(hint, Connected)
    caller, agent = lower(TALK.statuses())
    assert messages.between([caller], [agent], hint) == hint
    assert messages.between([{**caller, "calleridnum": "1"}], [agent], hint).number == "1", (
        "not what the event said"
    )
    wrong = [
        ([], [agent]),
        ([caller], []),
        ([caller, caller], [agent]),
        ([{**caller, "channel": "PJSIP/other-1"}], [agent]),
        ([{**caller, "linkedid": "18.1"}], [agent]),
        ([{**caller, "application": "Playback"}], [agent]),
        ([caller], [{**agent, "application": "Queue"}]),
        ([caller], [{**agent, "channelstate": "5"}]),
        ([dict(reversed(caller.items()))], [agent]),
    ]
    for callers, agents in wrong:
        assert messages.between(callers, agents, hint) is None, (callers, agents)
