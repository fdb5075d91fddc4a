import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.events import Speaker
from screener.siprec.metadata import Metadata, Participant, parse
from screener.siprec.roles import Known, Roles, Rules, assign
from tests.siprec.offers import DRAFT, LEGS, PLAIN, PREFIXED, RFC
from tests.siprec.test_metadata import metadata

CALLER, AGENT = Speaker.CALLER, Speaker.AGENT
AGENTS = Rules(agents=("8*",))


def said(document: str) -> Metadata:
    return parse(document.encode())


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
