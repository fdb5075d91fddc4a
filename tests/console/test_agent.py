"""An agent's own page: the present call, its card, and the one button; nobody else's call."""

import json
import queue
from dataclasses import asdict

from starlette.testclient import TestClient

from screener.console.access import Role
from screener.console.agent import view
from screener.console.app import build
from screener.console.context import Context
from screener.events import Act
from screener.feed.items import Began, Heard, Order, Over
from screener.feed.local import FeedServer
from tests.console.conftest import log_in
from tests.console.test_live import BEGAN, NOON, feed, orders, place, tell

__all__ = ["feed", "orders", "place"]


def seen(context: Context) -> dict:
    _, person = context.access.login("agent", "correct horse")
    return asdict(view(context, person, context.hub.of_agent(person.extension)))


def test_the_card_comes_with_what_the_caller_says_and_leaves_with_the_call(
    feed: FeedServer, context: Context
) -> None:
    assert seen(context)["call"] == ""
    tell(feed, context, BEGAN, Heard("a", 2.0, "caller", 0, "叫你们领导来接电话", final=True))
    now = seen(context)
    assert (now["call"], now["number"].partition("·")[0], now["card"]["id"]) == ("a", "+861********00", "boss")
    assert now["card"]["say"] and now["listening"] is None
    tell(feed, context, Over("a", 9.0, "caller"))
    assert seen(context)["call"] == ""


def test_who_speaks_how_much_is_shown_once_enough_was_said(feed: FeedServer, context: Context) -> None:
    tell(feed, context, BEGAN, Heard("a", 2.0, "agent", 0, "好" * 12, final=True))
    tell(feed, context, Heard("a", 3.0, "caller", 0, "说" * 36, final=True))
    assert seen(context)["listening"] == 75


def test_an_agent_sees_and_orders_about_the_own_call_only(
    feed: FeedServer, context: Context, orders: "queue.Queue[Order]"
) -> None:
    tell(feed, context, Began("b", "n", NOON, "+861", "mobile", "", "1", "beside", "8002"))
    client = TestClient(build(context), follow_redirects=False)
    guard = log_in(client, context, Role.AGENT)
    headers = {"x-guard": guard, "accept": "application/json"}
    wanted = {"act": "analysis_queue"}
    assert client.post("/agent/order", json=wanted, headers=headers).status_code == 400
    told = json.loads(client.get("/agent/events?once").text.partition("data: ")[2])
    assert told["call"] == ""
    tell(feed, context, BEGAN)
    for act in (Act.ANALYSIS_QUEUE, Act.SUPERVISOR):
        assert client.post("/agent/order", json={"act": act}, headers=headers).status_code == 200
        assert orders.get(timeout=5) == Order("a", act, "agent")
    for act in (Act.TERMINATE, Act.LINE_FAULT, Act.AGENTS):
        assert client.post("/agent/order", json={"act": act}, headers=headers).status_code == 400
    assert orders.empty()
    assert client.get("/live").status_code == 403


def test_only_the_agents_page_may_stand_in_a_frame_and_only_where_the_site_says(context: Context) -> None:
    from dataclasses import replace

    settings = replace(
        context.settings, console=replace(context.settings.console, embed_from=("https://crm.example",))
    )
    context.settings = settings
    client = TestClient(build(context), follow_redirects=False)
    log_in(client, context, Role.AGENT)
    assert "frame-ancestors https://crm.example" in client.get("/agent").headers["content-security-policy"]
    assert "x-frame-options" not in client.get("/agent").headers
    assert "frame-ancestors 'none'" in client.get("/live").headers["content-security-policy"]
