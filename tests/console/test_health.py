"""运行状态: each node with its model, registrations, what waits for the log, and its last faults."""

from datetime import UTC, datetime, timedelta

from starlette.testclient import TestClient

from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.feed.items import Node
from screener.feed.local import FeedServer
from tests.console.conftest import log_in
from tests.console.test_live import SCRIPT, feed, orders, place
from tests.waiting import wait_for

__all__ = ["feed", "orders", "place"]


FAULT = "store.writer: calls wait in the spool: a fault of the log's writer"
TOLD = "2026-03-04 12:00:00 错误 · 来电记录库：来电在暂存目录中等待：写入程序出错"


def node(name: str, seconds: float = 0.0) -> Node:
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    return Node(
        name, at, at, "1.0", "sherpa small", dry_run=True, calls=3, registered=1, registrars=2,
        problem=f"sip.example: {SCRIPT}", waiting=7, dropped=0,
        faults=(f"2026-03-04T04:00:00+00:00 ERROR {FAULT}", SCRIPT),
        failing=("10.0.0.9:2700",),
    )  # fmt: skip


def test_every_node_is_told_and_one_that_says_nothing_any_more(feed: FeedServer, context: ConsoleContext) -> None:
    feed.put(node("n1", seconds=3600))  # its clock is slow
    feed.put(node("n2"))
    wait_for(lambda: len(context.hub.feeds[0].nodes) == 2)
    context.hub.feeds[0].nodes["n2"] -= timedelta(seconds=60)
    client = TestClient(build(context), follow_redirects=False)
    log_in(client, context, Role.AUDITOR)
    page = client.get("/health").text
    first, second = page.split("<h2>节点 ")[1:]
    told = (
        "sherpa small",
        "试运行",
        "1 / 2",
        TOLD,
        "10.0.0.9:2700",
    )
    for text in told:
        assert text in first, text
    assert "没有消息" not in first and "没有消息" in second
    assert SCRIPT not in page, "what a stranger sends stays text"
    assert "<dt>待写入记录库的来电</dt><dd>7</dd>" in first


def test_who_comes_later_is_told_of_the_nodes_too(feed: FeedServer, context: ConsoleContext, place) -> None:
    from tests.console.conftest import hub_of

    feed.put(node("n1"))
    late = hub_of([place])
    late.start()
    try:
        wait_for(lambda: "n1" in late.feeds[0].board.nodes)
    finally:
        late.stop()
