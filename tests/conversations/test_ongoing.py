"""Which conversations are listened to, and when they end."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from screener.conversations.ongoing import Conversation, Conversations
from screener.conversations.parties import Connected, Party
from screener.events import EndedBy


def talk(number: int, queue: str = "agents", agent: str = "agent1") -> Connected:
    caller, other = Party(f"PJSIP/trunk-{number}", f"c{number}"), Party(f"PJSIP/{agent}-{number}", f"a{number}")
    return Connected(caller, other, f"l{number}", "13900001111", "", queue, agent)


def conversations(
    most: int = 2, queues: tuple[str, ...] = ("*",), extensions: tuple[str, ...] = ()
) -> Conversations:
    return Conversations(queues, extensions, most, map(str, itertools.count()).__next__)


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
        assert table.meant("agent2", call) == caller, "also of a call that is not listened to"
        assert table.meant("agent1", call) == (talk(1).caller if not call else None), "not another's"
    assert table.meant("agent3") is None
    assert table.meant("agent2", "unknown") is None


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
