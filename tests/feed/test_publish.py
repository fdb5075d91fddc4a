"""What the feed tells of a call, from what its session sees."""

from dataclasses import replace

from screener.events import CallEnded, Caller, EndedBy, PartiesTold, Tick
from screener.feed.items import Began, Item, Over
from screener.feed.publish import Publisher
from tests.calls.fakes import offered


def test_a_call_is_told_once_and_again_where_somebody_else_talks() -> None:
    told: list[Item] = []
    publisher = Publisher(told.append, "node")
    first = offered(agent="8001")
    named = replace(first, caller=Caller("+8613700002222"), agent="8002")
    parties = PartiesTold(named.caller, "8002", "", "", 2.0, apart="order")
    for offer, item in (
        (first, first),
        (first, Tick(1.0)),
        (named, parties),
        (named, replace(parties, apart="agents")),
    ):
        publisher.observe("a", offer, item, 2.0)
    publisher.observe("a", named, CallEnded(EndedBy.CALLER, 3.0), 3.0)
    assert [type(item) for item in told] == [Began, Began, Over]
    assert [(item.number, item.agent) for item in told if isinstance(item, Began)] == [
        ("+8613900001111", "8001"),
        ("+8613700002222", "8002"),
    ]
