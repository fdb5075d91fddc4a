from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.events import Speaker
from screener.siprec.metadata import MediaStream, Metadata, Participant, parse
from screener.siprec.roles import Known, Roles, Rules, assign
from tests.siprec.offers import DRAFT, LEGS, PLAIN, PREFIXED, RFC
from tests.siprec.test_metadata import metadata

CALLER, AGENT = Speaker.CALLER, Speaker.AGENT
AGENTS = Rules(agents=("8*",))


def said(document: str) -> Metadata:
    return parse(document.encode())


def told(*modes: bool | None, agent: tuple[str, ...] | None = ("sb",), **changes: object) -> Metadata:
    """Streams 1, 2, … of these modes; the caller is heard on the first, and the agent where it is said."""
    streams = tuple(MediaStream(f"s{'abcd'[n]}", str(n + 1), mode) for n, mode in enumerate(modes))
    caller, other = Participant("pa", "sip:13900001111@x"), Participant("pb", "sip:8001@x")
    who = Metadata(participants=(caller, other), streams=streams, sends={"pa": ("sa",)} | {"pb": agent or ()})
    return replace(who, **changes)  # type: ignore[arg-type]


CALLED = Participant("pa", "sip:13900001111@x", calling=True)
LONELY = told(None, participants=(Participant("pa", "sip:13900001111@x"),), sends={})
AGENT_ALONE = told(None, participants=(Participant("pb", "sip:8001@x"),), sends={})
BOTH_ON_ONE = told(None, None, agent=("sa",))


ONE_LABEL = Rules(caller_label="1")
MIXED = {
    "one named, on no stream": (LONELY, Rules()),
    "one named, on this one": (replace(LONELY, sends={"pa": ("sa",)}), Rules()),
    "the other one on no stream": (told(None, agent=None), Rules()),
    "likewise, whose agents are known": (told(None, agent=None), AGENTS),
    "the other one on a stream that is none": (told(None, agent=("zz",)), Rules()),
    "separate, yet of two": (told(False, agent=("sa",)), Rules()),
    "who called, and nobody else": (told(None, participants=(CALLED,)), Rules()),
    "a label, and nothing said": (None, ONE_LABEL),
    "the caller's label, said to be mixed": (told(True, agent=("sa",)), ONE_LABEL),
    "the agent's label, said to be mixed": (told(True, agent=("sa",)), Rules(agent_label="1")),
}
"""Of an only stream."""
OTHERWISE = {
    "the other one on another stream": (("1",), told(None, None), Rules(), Known.ORDER, {0: CALLER}),
    "separate, as it is said": (("1",), told(False, agent=None), Rules(), Known.ORDER, {0: CALLER}),
    "a label, and the other one elsewhere": (("1",), told(None, None), ONE_LABEL, Known.LABEL, {0: CALLER}),
    "only the agent, so that nobody hears the caller": (("1",), AGENT_ALONE, AGENTS, Known.AGENTS, {0: AGENT}),
    "two mixed": (("1", "2"), told(True, True), AGENTS, Known.MIXED, {0: CALLER}),
    "two mixed, a label": (("1", "2"), told(True, True), ONE_LABEL, Known.MIXED, {0: CALLER}),
    "two mixed, with other labels": (("x", "y"), told(True, True), Rules(), Known.MIXED, {0: CALLER}),
    "two, and both are heard on the first": (("1", "2"), BOTH_ON_ONE, Rules(), Known.MIXED, {0: CALLER}),
    "two, the second mixed": (("1", "2"), told(None, True), AGENTS, Known.MIXED, {1: CALLER}),
    "a mixed one beside two": (
        *(("1", "2", "3"), told(None, True, None, agent=("sc",)), AGENTS),
        *(Known.AGENTS, {0: CALLER, 2: AGENT}),
    ),
    "likewise, where one is known": (
        *(("1", "2", "3"), told(None, True, None, agent=()), ONE_LABEL),
        *(Known.LABEL, {0: CALLER, 2: AGENT}),
    ),
}
ALL = OTHERWISE | {name: (("1",), *row, Known.MIXED, {0: CALLER}) for name, row in MIXED.items()}


@pytest.mark.parametrize(("labels", "metadata", "rules", "known", "places"), ALL.values(), ids=ALL)
def test_a_stream_that_may_carry_both_is_nobody_s_alone(labels, metadata, rules, known, places) -> None:
    roles = assign(labels, metadata, rules)
    assert (roles.known, dict(roles.streams)) == (known, places)
    kept = assign(labels, metadata, rules, Roles(Known.ORDER, {0: CALLER}))
    assert kept.known in (known, Known.KEPT), "what was guessed before does not make it one voice"
    assert (kept.known is Known.MIXED) is (known is Known.MIXED)


@pytest.mark.parametrize(
    ("labels", "document", "rules", "known", "places"),
    [
        (("16777227", "16777228"), DRAFT, Rules(), Known.CALLING, {0: AGENT, 1: CALLER}),
        (("1", "2"), PREFIXED, Rules(), Known.CALLING, {0: AGENT, 1: CALLER}),
        (("2", "1"), RFC, AGENTS, Known.AGENTS, {0: AGENT, 1: CALLER}),
        (("1", "2"), RFC, Rules(), Known.ORDER, {0: CALLER, 1: AGENT}),
        (("1", "2"), RFC, Rules(first=AGENT), Known.ORDER, {0: AGENT, 1: CALLER}),
        (("1", "2"), PLAIN, AGENTS, Known.AGENTS, {0: CALLER, 1: AGENT}),
        (("b_leg", "a_leg"), LEGS, Rules(caller_label="a_leg"), Known.LABEL, {0: AGENT, 1: CALLER}),
        (("1", "2"), RFC, Rules(agents=("8*", "139*")), Known.ORDER, {0: CALLER, 1: AGENT}),
        (("1", "2"), RFC, Rules(agents=("8001",)), Known.AGENTS, {0: CALLER, 1: AGENT}),
        (("2",), RFC, AGENTS, Known.AGENTS, {0: AGENT}),
        (("9",), RFC, AGENTS, Known.MIXED, {0: CALLER}),
    ],
)
def test_who_is_who(labels, document, rules, known, places) -> None:
    roles = assign(labels, said(document), rules)
    assert (roles.known, dict(roles.streams)) == (known, places)


def test_two_who_share_one_stream_are_named_where_one_is_known_as_the_agent() -> None:
    roles = assign(("9",), said(RFC), AGENTS)
    assert [one.user for one in (roles.caller, roles.agent) if one] == ["13900001111", "8001"]
    assert assign(("9",), said(RFC), Rules()).caller is None


def test_what_was_known_stays_until_something_surer_is_said() -> None:
    before = assign(("16777227", "16777228"), said(DRAFT), Rules())
    later = assign(("16777227", "16777228"), None, Rules(), before)
    assert (later.known, later.streams) == (Known.KEPT, before.streams)
    guessed = assign(("2", "1"), None, Rules())
    assert assign(("2", "1"), said(RFC), AGENTS, guessed).streams != guessed.streams


@given(st.lists(st.sampled_from(["", "1", "2", "a"]), max_size=4), st.none() | metadata(), st.booleans())
def test_whatever_is_said_no_stream_is_two_and_no_voice_comes_twice(labels, found, by_agents) -> None:
    rules = Rules(agents=("*",) if by_agents else (), caller_label="a")
    before: Roles | None = None
    for _ in range(2):
        before = assign(labels, found, rules, before)
        assert all(0 <= place < max(len(labels), 1) for place in before.streams)
        assert len(set(before.streams.values())) == len(before.streams)


def test_an_agent_is_known_by_the_beginning_of_an_address_or_all_of_it() -> None:
    rules = Rules(agents=("20*", "3001"))
    assert [rules.is_agent(Participant("", f"sip:{u}@h")) for u in ("2001", "3001", "30011", "")] == [
        True, True, False, False,
    ]  # fmt: skip
