"""An agent's own page: the present call, its card, and the one button; nobody else's call."""

import json
import queue
from dataclasses import asdict, replace

import pytest
from starlette.testclient import TestClient

from screener.console.agent import view
from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.warnings import Warnings
from screener.events import CallControl
from screener.feed.items import Began, Cautioned, Heard, Order, Over, Paused, PauseOffer
from screener.feed.local import FeedServer
from tests.console.conftest import log_in
from tests.console.test_live import BEGAN, NOON, feed, orders, place, tell
from tests.waiting import WAIT, wait_for

__all__ = ["feed", "orders", "place"]


def seen(context: ConsoleContext) -> dict:
    _, person = context.access.login("agent", "correct horse")
    return asdict(view(context, person, context.hub.of_agent(person.extension)))


def test_the_card_comes_with_what_the_caller_says_and_leaves_with_the_call(
    feed: FeedServer, context: ConsoleContext
) -> None:
    assert seen(context)["call"] == ""
    tell(feed, context, BEGAN, Heard("a", 2.0, "caller", 0, "叫你们领导来接电话", final=True))
    now = seen(context)
    assert (now["call"], now["number"].partition("·")[0], now["card"]["id"]) == ("a", "+861********00", "boss")
    assert now["card"]["say"] and now["listening"] is None
    tell(feed, context, Over("a", 9.0, "caller"))
    assert seen(context)["call"] == ""


def test_who_speaks_how_much_is_shown_once_enough_was_said(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN, Heard("a", 2.0, "agent", 0, "好" * 12, final=True))
    tell(feed, context, Heard("a", 3.0, "caller", 0, "说" * 36, final=True))
    assert seen(context)["listening"] == 75


def test_an_agent_sees_and_orders_about_the_own_call_only(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
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
    for act in (CallControl.ANALYSIS_QUEUE, CallControl.SUPERVISOR):
        assert client.post("/agent/order", json={"act": act}, headers=headers).status_code == 200
        assert orders.get(timeout=WAIT) == Order("a", act, "agent")
    for act in set(CallControl) - {CallControl.ANALYSIS_QUEUE, CallControl.SUPERVISOR}:
        answer = client.post("/agent/order", json={"act": act}, headers=headers)
        assert answer.status_code == 400, "not an agent's, unless the site says so"
    assert orders.empty()
    assert client.get("/live").status_code == 403


def with_warnings(context: ConsoleContext, **warnings) -> None:
    flow = replace(context.settings.flow, warnings=Warnings(**warnings))
    context.settings = replace(context.settings, flow=flow)


def test_where_the_site_says_so_an_agent_warns_and_answers_what_the_rule_asks(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    with_warnings(context, by=("agent", "rule"), approve="agent")
    client = TestClient(build(context), follow_redirects=False)
    headers = {"x-guard": log_in(client, context, Role.AGENT), "accept": "application/json"}
    tell(feed, context, BEGAN, Cautioned("a", 9.0, "abuse", 1, "asked", "rule"))
    now = seen(context)
    assert (now["may_warn"], now["waits"]) == (True, "第 1 级警告（辱骂）")
    for act in ("warn", "approve", "refuse"):
        assert client.post("/agent/order", headers=headers, json={"act": act}).status_code == 200
        assert orders.get(timeout=WAIT).act == act
    tell(feed, context, Cautioned("a", 9.0, "abuse", 1, "granted", "agent"))
    assert not seen(context)["waits"]
    assert seen(context)["warned"][-1] == "第 1 级警告（辱骂）：agent 批准"


def paused(client: TestClient) -> tuple[float, str]:
    told = json.loads(client.get("/agent/events?once").text.partition("data: ")[2])
    return told["pause_minutes"], told["pause"]


def test_a_pause_is_offered_after_the_call_once_and_nobody_writes_down_who_takes_it(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    client = TestClient(build(context), follow_redirects=False)
    headers = {"x-guard": log_in(client, context, Role.AGENT), "accept": "application/json"}
    tell(feed, context, BEGAN)
    assert client.post("/agent/pause", headers=headers).status_code == 400
    tell(feed, context, PauseOffer("a", 20.0, 300.0), Over("a", 20.0, "caller"))
    assert paused(client) == (5.0, "")
    tell(feed, context, Began("b", "n", NOON, "+861", "mobile", "", "1", "beside", "8001"))
    assert paused(client) == (5.0, ""), "also while the next call is there already"
    assert client.post("/agent/pause", headers=headers).status_code == 200
    assert orders.get(timeout=WAIT) == Order("a", CallControl.PAUSE, "agent")
    assert paused(client) == (5.0, "ordered"), "it is not known yet whether the PBX does it"
    assert client.post("/agent/pause", headers=headers).status_code == 400
    assert not [access for access in context.log.accesses() if "pause" in access.subject]


@pytest.mark.parametrize(("ok", "told"), [(True, "begun"), (False, "refused")])
def test_the_agent_is_told_whether_the_pbx_began_the_pause(
    feed: FeedServer, context: ConsoleContext, *, ok: bool, told: str
) -> None:
    client = TestClient(build(context), follow_redirects=False)
    headers = {"x-guard": log_in(client, context, Role.AGENT), "accept": "application/json"}
    tell(feed, context, BEGAN, PauseOffer("a", 20.0, 300.0), Over("a", 20.0, "caller"))
    assert client.post("/agent/pause", headers=headers).status_code == 200
    feed.put(Paused("a", ok))
    wait_for(lambda: paused(client) == (5.0, told))


def test_only_the_agents_page_may_stand_in_a_frame_and_only_where_the_site_says(context: ConsoleContext) -> None:
    settings = replace(
        context.settings, console=replace(context.settings.console, embed_from=("https://crm.example",))
    )
    context.settings = settings
    client = TestClient(build(context), follow_redirects=False)
    log_in(client, context, Role.AGENT)
    assert "frame-ancestors https://crm.example" in client.get("/agent").headers["content-security-policy"]
    assert "x-frame-options" not in client.get("/agent").headers
    assert "frame-ancestors 'none'" in client.get("/live").headers["content-security-policy"]
