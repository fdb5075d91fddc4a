"""The names of acts say whose they are."""

import pytest

from screener.core.dialogue_acts import MATTERS, Act
from screener.events import Speaker


@pytest.mark.parametrize("act", Act)
def test_an_act_is_the_caller_s_or_the_agent_s(act: Act) -> None:
    assert act.speaker is (Speaker.AGENT if act.value.startswith("agent.") else Speaker.CALLER)


def test_only_a_caller_has_something_to_be_done() -> None:
    assert {act.speaker for act in MATTERS} == {Speaker.CALLER}
    assert not MATTERS & {Act.LEWD, Act.INSULT_AGENT, Act.THREAT, Act.ABSURD, Act.SMALLTALK}
