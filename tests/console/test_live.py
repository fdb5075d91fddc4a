"""Running calls on the page: told as they go, masked by role, and an order arrives."""

import json
import queue
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from screener.console import orders as console_orders
from screener.console.agent import now as present
from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.hub import Shown
from screener.console.live import gap_of, is_urgent, rank, standing, view
from screener.console.logins import Role
from screener.core.cards import CardChooser
from screener.events import CallControl, EndedBy, Target
from screener.feed.board import Board
from screener.feed.items import (
    Asked,
    Began,
    Cautioned,
    Heard,
    Judged,
    Moved,
    Obeyed,
    Order,
    Over,
    Unheard,
    Weighed,
)
from screener.feed.local import FeedServer
from tests.console.conftest import hub_of, join, log_in
from tests.waiting import WAIT, wait_for

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
BEGAN = Began("a", "n1", NOON, "+8613800138000", "mobile", "北京市", "95500", "beside", "8001")
FLAGGED = Judged(
    "a", 3.0, "harassment", "lewd", 7.0, 2.0, "analysis_queue", "judged:lewd", emergency=False, dry_run=False
)


@pytest.fixture
def orders() -> "queue.Queue[Order]":
    return queue.Queue()


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "c.sock"


@pytest.fixture
def feed(place: Path, orders: "queue.Queue[Order]", context: ConsoleContext) -> Iterator[FeedServer]:
    server = FeedServer(place, orders.put)
    context.hub = hub_of([place])
    join(context.hub, server)
    yield server
    context.hub.stop()
    server.stop()


def shown(context: ConsoleContext, role: Role = Role.SUPERVISOR) -> dict:
    _, person = context.access.login(role.value, "correct horse")
    _, changed, _ = context.hub.newer(0)
    return view(context, person, changed[0])


def tell(feed: FeedServer, context: ConsoleContext, *items) -> None:
    before = context.hub.newer(0)[0]
    for item in items:
        feed.put(item)
    wait_for(lambda: context.hub.newer(0)[0] >= before + len(items))


def test_a_call_grows_on_the_page_and_what_a_caller_says_stays_text(
    feed: FeedServer, context: ConsoleContext
) -> None:
    tell(feed, context, BEGAN, Heard("a", 1.0, "caller", 0, SCRIPT, final=True))
    call = shown(context)
    assert (call["number"], call["agent"], call["urgent"]) == ("+8613800138000", "8001", False)
    assert call["words"] == [{"who": "caller", "text": SCRIPT, "final": True}]
    tell(feed, context, Weighed("a", 3.0, "time.night", "", "", 0.4, "23:00", -3.6, 2.1), FLAGGED)
    call = shown(context)
    assert (call["verdict"], call["kind"], call["urgent"]) == ("骚扰", "猥亵", True)
    assert call["evidence"][0]["text"] == "深夜来电（23:00）"


def test_how_a_call_stands_is_shown_before_any_decision_and_after_one(
    feed: FeedServer, context: ConsoleContext
) -> None:
    for score, *more in ((-3.6,), (-1.1,), (-0.2, replace(FLAGGED, score=-1.1, verdict="genuine", kind=""))):
        tell(feed, context, *more or (BEGAN,), Weighed("a", 3.0, "time.night", "", "", 0.4, "23:00", score, 2.1))
        call = shown(context)
        assert (call["score"], call["threshold"]) == (score, 2.1)


def test_what_turns_the_order_of_a_text_around_is_shown_as_its_code(
    feed: FeedServer, context: ConsoleContext
) -> None:
    turn = "\u202eevil"
    began = replace(BEGAN, number=turn, dialled=turn, agent=f"{turn}/8001")
    told = Weighed("a", 3.0, "act.caller.lewd", "", "", 0.4, turn, -3.6, 2.1)
    tell(feed, context, began, Heard("a", 1.0, "caller", 0, turn, final=True), told)
    _, agent = context.access.login("agent", "correct horse")
    call = json.dumps([shown(context), present(context, agent).words[0].text], ensure_ascii=False)
    assert call.count("evil") == 6 and "\u202e" not in call


def test_numbers_are_masked_by_role(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN)
    assert shown(context, Role.AUDITOR)["number"].partition("·")[0] == "+861********00"


def test_a_button_becomes_an_order_with_the_persons_name(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    tell(feed, context, BEGAN)
    client = TestClient(build(context), follow_redirects=False)
    guard = log_in(client, context, Role.SUPERVISOR)
    answer = client.post("/live/a/order", json={"act": "line_fault"}, headers={"x-guard": guard})
    assert answer.status_code == 200
    assert orders.get(timeout=WAIT) == Order("a", CallControl.LINE_FAULT, "supervisor")
    assert context.log.accesses()[0].subject == "/live/a/order"
    tried = ("/live/a/order", {"act": "dance"}, 400), ("/live/zzz/order", {"act": "agents"}, 404)
    for path, body, status in tried:
        refused = client.post(path, json=body, headers={"x-guard": guard, "accept": "application/json"})
        assert refused.status_code == status
        assert refused.json()["remedy"]
    assert orders.empty()


def test_the_stream_tells_what_is_up_and_what_changes(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN)
    client = TestClient(build(context), follow_redirects=False)
    log_in(client, context, Role.SUPERVISOR)
    answer = client.get("/live/events?once")
    told = json.loads(answer.text.partition("data: ")[2].partition("\n")[0])
    assert [call["id"] for call in told["calls"]] == ["a"]
    assert told["feeds"] == [True]


@pytest.mark.parametrize("by", list(EndedBy))
@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize(
    ("status", "said"), [(200, "话务系统已执行"), (486, "话务系统未执行"), (408, "话务系统没有应答")]
)
def test_what_becomes_of_a_call_is_told_in_chinese(
    context: ConsoleContext, by: EndedBy, target: Target, status: int, said: str
) -> None:
    board = Board()
    for item in (BEGAN, Unheard("a", 2.0, "the recogniser process died (exit status 3)")):
        board.take(item)
    board.take(Moved("a", 3.0, target.value, status == 200, status))
    over = board.take(Over("a", 4.0, by.value))
    assert over is not None
    _, person = context.access.login(Role.SUPERVISOR.value, "correct horse")
    call = view(context, person, Shown(over, "", CardChooser(hub_of([])._cards)))
    assert call["unheard"] == "识别进程退出（退出码 3）"
    assert re.fullmatch(r"[\u4e00-\u9fff]+", call["over"])
    assert re.fullmatch(rf"{said}：转[\u4e00-\u9fff]+", call["answer"])


def test_a_service_that_is_killed_and_comes_back_is_seen_again(
    feed: FeedServer, context: ConsoleContext, place: Path, orders: "queue.Queue[Order]"
) -> None:
    tell(feed, context, BEGAN)
    feed.stop()
    wait_for(lambda: not context.hub.feeds[0].up)
    assert shown(context)["over"], "what nobody tells of any more is not shown as going on"
    again = FeedServer(place, orders.put)
    try:
        wait_for(lambda: context.hub.feeds[0].up)
        again.put(Began("b", "n1", NOON, "+861", "mobile", "", "1", "in_path", ""))
        wait_for(lambda: "b" in context.hub.newer(0)[2])
    finally:
        context.hub.stop()
        again.stop()


def test_what_somebody_should_look_at_at_once() -> None:
    def board(*items):
        board = Board()
        for item in items:
            board.take(item)
        return board.calls["a"]

    quiet = Judged("a", 1.0, "genuine", "", -5.0, 2.0, "none", "matter", emergency=False, dry_run=False)
    assert not is_urgent(board(BEGAN, quiet))
    assert is_urgent(board(BEGAN, FLAGGED))
    assert is_urgent(board(BEGAN, Judged(*[*quiet_values(quiet)[:8], True, False])))
    assert is_urgent(board(BEGAN, Unheard("a", 1.0, "lost")))
    by_person = Judged("a", 3.0, "harassment", "lewd", 7, 2, "none", "ordered:王", emergency=False, dry_run=False)
    assert not is_urgent(board(BEGAN, by_person)), "somebody has looked"


def test_what_is_worst_comes_first() -> None:
    threat = Judged(*[*quiet_values(FLAGGED)[:3], "threat", *quiet_values(FLAGGED)[4:]])
    emergency = Judged(*[*quiet_values(FLAGGED)[:8], True, False])
    items = [(emergency,), (threat,), (Asked("a", 1.0, "agent"),), (FLAGGED,), (Unheard("a", 1.0, "lost"),), ()]
    boards = [Board() for _ in items]
    ranks = []
    for board, told in zip(boards, items, strict=True):
        for item in (BEGAN, *told):
            board.take(item)
        ranks.append(rank(board.calls["a"]))
    assert ranks == [4, 3, 2, 1, 1, 0]


def test_a_call_that_somebody_asks_to_look_at_rises(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN, Asked("a", 1.0, "李坐席"))
    call = shown(context)
    assert (call["urgent"], call["asked"]) == (True, "李坐席 请主管查看")


def test_a_service_that_was_away_is_told_of_for_a_while(
    feed: FeedServer, context: ConsoleContext, place: Path, orders: "queue.Queue[Order]"
) -> None:
    assert gap_of(context) is None
    feed.stop()
    wait_for(lambda: not context.hub.feeds[0].up)
    assert gap_of(context) is None, "while it is away, that is told"
    again = FeedServer(place, orders.put)
    try:
        wait_for(lambda: context.hub.feeds[0].up)
        assert gap_of(context)["seconds"] >= 0
        context.hub.feeds[0].away_since -= timedelta(minutes=11)
        context.hub.feeds[0].away_seconds = 1.0
        assert gap_of(context) is None
    finally:
        context.hub.stop()
        again.stop()


def quiet_values(judged: Judged) -> list[object]:
    return [getattr(judged, name) for name in Judged.__dataclass_fields__]


def test_a_call_that_goes_on_when_its_service_is_heard_again_is_no_call_that_ended(
    feed: FeedServer, context: ConsoleContext, place: Path, orders: "queue.Queue[Order]"
) -> None:
    tell(feed, context, BEGAN)
    feed.stop()
    wait_for(lambda: context.hub.call("a") is None)
    again = FeedServer(place, orders.put)
    try:
        wait_for(lambda: again.put(BEGAN) or context.hub.call("a") is not None)
        context.hub.order(Order("a", CallControl.LINE_FAULT, "supervisor"))
        assert orders.get(timeout=WAIT).call == "a"
        assert not shown(context)["over"]
    finally:
        context.hub.stop()
        again.stop()


def test_a_call_that_is_over_leaves_after_a_while(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN, Over("a", 4.0, "caller"))
    call = shown(context)
    assert call["over"] and not context.hub.call("a")


def test_an_asking_rises_to_the_top_and_only_who_may_answers(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    tell(feed, context, BEGAN, Cautioned("a", 9.0, "abuse", 0, "asked", "rule"))
    call = shown(context)
    assert (call["urgent"], call["waits"]) == (True, "警告后结束通话（辱骂）")
    client = TestClient(build(context), follow_redirects=False)
    headers = {"x-guard": log_in(client, context, Role.SUPERVISOR), "accept": "application/json"}
    assert client.post("/live/a/order", headers=headers, json={"act": "approve"}).status_code == 200
    assert orders.get(timeout=WAIT) == Order("a", CallControl.APPROVE, "supervisor")
    for act in ("warn", "pause"):
        assert client.post("/live/a/order", headers=headers, json={"act": act}).status_code == 400
    assert 'data-act="warn"' not in client.get("/live").text, "off unless the site wants it"
    client.cookies.clear()
    headers = {"x-guard": log_in(client, context, Role.AUDITOR), "accept": "application/json"}
    assert client.post("/live/a/order", headers=headers, json={"act": "approve"}).status_code == 403
    tell(feed, context, Cautioned("a", 9.0, "abuse", 0, "refused", "王主管"))
    assert not shown(context)["waits"]
    assert shown(context)["warnings"][-1] == "警告后结束通话（辱骂）：王主管 不批准"


def test_what_was_taken_back_is_shown_no_more() -> None:
    def weighed(rule: str, weight: float) -> Weighed:
        return Weighed("a", 1.0, rule, "", "prank", weight, "x", weight, 2.1)

    prank, ask = weighed("act.caller.absurd", 1.2), weighed("act.caller.ask", -0.4)
    gone, unknown = weighed("act.caller.absurd.withdrawn", -1.2), weighed("act.caller.lewd.withdrawn", -1.0)
    assert standing([prank, ask, gone]) == [ask]
    assert standing([prank, gone, prank, unknown]) == [prank, unknown]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who orders waits for what comes of it, however busy the machine is."""
    monkeypatch.setattr(console_orders, "ANSWER_SECONDS", WAIT)


def test_who_orders_reads_at_once_what_came_of_it(
    place: Path, context: ConsoleContext, client: TestClient, patient: None
) -> None:
    """The service answers over its feed; everybody who sees the call reads it there too."""
    server: FeedServer

    def ordered(order: Order) -> None:
        outcome = "done" if order.act is CallControl.LINE_FAULT else "too_late"
        server.put(Obeyed(order.call, 2.0, order.act.value, order.by, outcome))

    server = FeedServer(place, ordered)
    context.hub = hub_of([place])
    context.hub.start()
    try:
        wait_for(lambda: server.put(BEGAN) or context.hub.call("a"))
        guard = log_in(client, context, Role.SUPERVISOR)

        def order(act: str) -> dict:
            return client.post("/live/a/order", json={"act": act}, headers={"x-guard": guard}).json()

        for _ in range(2):
            assert order("line_fault") == {"ok": True, "outcome": "done", "told": "线路故障：已执行"}
        late = order("agents")
        assert (late["ok"], late["told"]) == (False, "这是误判：未执行，来电人正在转接或已离开")
        assert shown(context)["orders"][-1] == "人工操作 supervisor · 这是误判：未执行，来电人正在转接或已离开"
    finally:
        context.hub.stop()
        server.stop()


def test_who_orders_is_told_of_the_end_of_the_call_while_the_answer_is_waited_for(
    place: Path, context: ConsoleContext, client: TestClient, patient: None
) -> None:
    server: FeedServer

    def ordered(order: Order) -> None:
        server.put(Over(order.call, 2.0, "caller"))

    server = FeedServer(place, ordered)
    context.hub = hub_of([place])
    context.hub.start()
    try:
        wait_for(lambda: server.put(BEGAN) or context.hub.call("a"))
        headers = {"x-guard": log_in(client, context, Role.SUPERVISOR)}
        told = client.post("/live/a/order", json={"act": "line_fault"}, headers=headers).json()
        assert (told["ok"], told["outcome"]) == (False, "too_late")
    finally:
        context.hub.stop()
        server.stop()


def test_whoever_waits_for_a_change_is_told_of_each_and_of_none_afterwards(
    feed: FeedServer, context: ConsoleContext
) -> None:
    told: list[bool] = []
    with context.hub.telling(told.append):
        tell(feed, context, BEGAN)
        wait_for(lambda: told, what="the change")
    before = len(told)
    tell(feed, context, Over("a", 4.0, "caller"))
    assert len(told) == before
