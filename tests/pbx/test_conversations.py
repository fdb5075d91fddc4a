"""What the manager interface says, and which conversations are listened to."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from screener.events import EndedBy, Speaker
from screener.pbx import messages
from screener.pbx.conversations import Conversation, Conversations, leg_name, leg_named
from screener.pbx.messages import Connected, Flagged, Gone, Party, TakenBack
from tests.pbx.shapes import Talk, channel

TALK = Talk(number="13900001111")
CONNECT = {name.lower(): value for name, value in TALK.connect().items()}


def talk(number: int, queue: str = "agents", agent: str = "agent1") -> Connected:
    caller, other = Party(f"PJSIP/trunk-{number}", f"c{number}"), Party(f"PJSIP/{agent}-{number}", f"a{number}")
    return Connected(caller, other, f"l{number}", "13900001111", "", queue, agent)


def conversations(
    most: int = 2, queues: tuple[str, ...] = ("*",), extensions: tuple[str, ...] = ()
) -> Conversations:
    return Conversations(queues, extensions, most, map(str, itertools.count()).__next__)


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


def test_only_named_queues_and_extensions() -> None:
    named = conversations(queues=("sales",), extensions=("2001",))
    assert named.connected(talk(1, queue="agents")) is None
    assert named.connected(talk(2, queue="sales"))
    assert named.connected(talk(3, queue="", agent="2001"))
    assert named.connected(talk(4, queue="", agent="2002")) is None


def test_whoever_hangs_up_ends_it() -> None:
    table = conversations()
    first, second = table.connected(talk(1)), table.connected(talk(2, agent="agent2"))
    assert table.gone("c1") == (first, EndedBy.CALLER)
    assert table.gone("a2") == (second, EndedBy.AGENT)
    assert table.gone("c2") is None


def test_an_agent_means_a_call_by_its_name_or_the_one_that_they_have() -> None:
    table = conversations(most=1)
    table.connected(talk(1))
    table.connected(talk(2, agent="agent2"))
    caller = talk(2).caller
    for call in ("l2", "c2", "a2", "PJSIP/trunk-2", ""):
        assert table.meant(Flagged("agent2", call)) == caller, "also of a call that is not listened to"
        assert table.meant(Flagged("agent1", call)) == (talk(1).caller if not call else None), "not another's"
    assert table.meant(Flagged("agent3")) is None
    assert table.meant(Flagged("agent2", "unknown")) is None


STEPS = st.lists(
    st.tuples(st.sampled_from(["connect", "caller", "agent", "release"]), st.integers(0, 6)), max_size=60
)


@given(STEPS, st.integers(1, 3))
def test_never_more_than_allowed_and_each_ends_once(steps: list[tuple[str, int]], most: int) -> None:
    table = conversations(most)
    up: dict[int, Conversation] = {}
    for what, number in steps:
        if what == "connect":
            begun = table.connected(talk(number))
            assert (begun is None) == (number in up)
            if begun:
                up[number] = begun
        elif what == "release":
            if number in up:
                table.release(up.pop(number))
        else:
            over = table.gone(("c" if what == "caller" else "a") + str(number))
            assert (over is not None) == (number in up)
            up.pop(number, None)
        assert all(table.has(f"{end}{n}") == (n in up) for end in "ca" for n in range(7))
        assert table.heard == sum(c.heard for c in up.values()) <= most
        assert set(table.conversations()) == set(up.values())


def test_names_of_legs() -> None:
    for speaker in Speaker:
        assert leg_named(leg_name("00ff", speaker)) == ("00ff", speaker)
    assert leg_named("00ff") is None
    assert leg_named("00ff-nobody") is None
