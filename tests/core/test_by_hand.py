"""A caller whom an agent sent into the analysis queue."""

from screener.core.actions import (
    Listen,
    Reject,
    Transfer,
    Treated,
)
from screener.core.entrances import open_session
from screener.core.evidence import Verdict
from screener.core.flow import Flow
from screener.events import CallAnswered, Entrance, Stopping, Target
from tests.core.helpers import QUEUE, call, offer, plain


def test_by_hand_confirms_with_the_agents_name_and_plays_at_once() -> None:
    line = call(entrance=Entrance.BY_HAND, referred_by="8001")
    assert line.played == QUEUE
    assert "8001" in line.decisions[0].reason
    assert line.decisions[0].verdict is Verdict.HARASSMENT
    assert line.treated[0].by_hand
    assert not any(action.on for action in line.of(Listen))
    line.wait(60)
    assert line.treated[-1].completed


def test_by_hand_is_wanted_also_in_a_dry_run_and_played_here_also_where_the_queue_is_on_the_pbx() -> None:
    """The PBX's own queue has just sent the caller here: to send them back would go round in a circle."""
    line = call(Flow(dry_run=True, queue_on_pbx=True), entrance=Entrance.BY_HAND, referred_by="8001")
    assert line.played == QUEUE
    assert line.transfers == []
    assert not line.decisions[0].dry_run


def test_by_hand_an_agents_word_says_nothing_of_the_kind_and_asks_for_no_second_reading() -> None:
    line = call(Flow(second_seconds=2.0), entrance=Entrance.BY_HAND, referred_by="8001")
    assert line.decisions[0].kind is None
    assert line.decisions[0].reason == "by_agent:8001"
    assert line.played == QUEUE


def test_by_hand_a_caller_whom_a_stopping_service_answers_goes_to_the_agents() -> None:
    offered = offer(entrance=Entrance.BY_HAND, referred_by="8001")
    session = open_session(offered, plain(), Flow())
    session.handle(offered)
    assert session.handle(Stopping(0.0)) == (Reject(503),)
    after = session.handle(CallAnswered(0.0))
    assert [a.target for a in after if isinstance(a, Transfer)] == [Target.AGENTS]
    assert not [a for a in after if isinstance(a, Treated)]
