"""The pages in a real Chromium: a supervisor sees a call turn red and acts; an agent's card; phone and dark."""

import queue
import threading
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.console.server import ConsoleServer
from screener.events import CallControl, ListName
from screener.feed.items import Heard, Moved, Order, Over, Paused, PauseOffer, Weighed
from screener.feed.local import FeedServer
from screener.store.records import ListedNumber, Review
from tests.console.browser import chromium, contains, expect, needs_chromium, opened, site, until
from tests.console.test_live import BEGAN, FLAGGED, SCRIPT, feed, orders, place, tell
from tests.console.written import NUMBER, flagged, write
from tests.waiting import WAIT, wait_for

__all__ = ["chromium", "feed", "orders", "place", "site"]
pytestmark = needs_chromium


def test_a_supervisor_sees_a_call_turn_red_and_acts(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN, Heard("a", 1.0, "caller", 0, SCRIPT, final=True))
    contains(page, "#call-a", SCRIPT)  # what a caller says is text
    assert "urgent" not in page.get_attribute("#call-a", "class")
    tell(feed, context, Weighed("a", 3.0, "time.night", "", "", 0.4, "23:00", -3.6, 2.1), FLAGGED)
    page.wait_for_selector("#call-a.urgent")
    contains(page, "#call-a", "骚扰 · 猥亵")
    contains(page, "#alarm", "+8613800138000 骚扰")  # a screen reader hears it too
    button = page.query_selector("#call-a [data-act=line_fault]")
    button.click()
    assert orders.empty(), "one click asks"
    button.click()
    assert orders.get(timeout=WAIT) == Order("a", CallControl.LINE_FAULT, "supervisor")
    expect(page, "#call-a .outcome", "已发出：线路故障")
    expect(page, "#call-a [data-act=line_fault]", "线路故障")  # who presses once more is asked again
    feed.put(Moved("a", 8.0, "line_fault", ok=False, status=486))
    expect(page, "#call-a .answer", "话务系统未执行：转线路故障提示")
    feed.put(Moved("a", 8.5, "line_fault", ok=True, status=200))
    expect(page, "#call-a .answer", "话务系统已执行：转线路故障提示")
    tell(feed, context, Over("a", 9.0, "caller"))
    page.wait_for_selector("#call-a.over")
    assert page.problems == []


def test_a_call_that_rises_or_ends_leaves_the_focus_to_who_works_by_keyboard(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, replace(BEGAN, call="b"), BEGAN)
    page.wait_for_selector("#call-b ~ #call-a")
    page.focus("#call-a [data-act=line_fault]")
    held = "[document.activeElement.dataset.act, document.activeElement.closest('.tile')?.id]"
    tell(feed, context, FLAGGED)
    page.wait_for_selector("#call-a.urgent ~ #call-b")
    assert page.evaluate(held) == ["line_fault", "call-a"]
    tell(feed, context, Over("a", 9.0, "caller"))
    page.wait_for_selector("#call-a.over")
    page.wait_for_timeout(100)
    assert page.evaluate("document.activeElement.id") == "call-a"
    assert page.problems == []


def test_nothing_moves_under_a_mouse_that_is_over_a_button(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN, replace(BEGAN, call="b"))
    page.wait_for_selector("#call-a ~ #call-b")
    box = page.locator("#call-a [data-act=line_fault]").bounding_box
    before = box()
    page.hover("#call-a [data-act=line_fault]")
    for n in range(30):  # what grows, grows elsewhere, and its newest end is seen
        weighed = Weighed("a", n, "act.caller.lewd", "", "lewd", 0.4, f"好{n}", 3.0, 2.6)
        tell(feed, context, Heard("a", n, "caller", n, f"第{n}句" + "长" * 60, final=True), weighed)
    tell(feed, context, FLAGGED, replace(FLAGGED, call="b", kind="threat"))
    page.wait_for_selector("#call-a.urgent ~ #call-b.urgent")
    contains(page, "#call-a .words", "第29句")
    assert box() == before
    for newest in (".words", ".evidence"):
        under, end = (
            page.locator(f"#call-a {part}").bounding_box()
            for part in (f":has(> {newest})", f"{newest} > :last-child")
        )
        assert end["y"] + end["height"] <= under["y"] + under["height"] + 1, newest
    page.mouse.move(0, 0)
    page.wait_for_selector("#call-b ~ #call-a")  # and then the gravest rises
    assert page.problems == []


def test_a_calls_time_goes_on_while_nobody_speaks(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    tell(feed, context, BEGAN, Heard("a", 60.0, "caller", 0, "喂", final=True))
    wait_for(lambda: time.monotonic() - context.hub.newer(0)[1][0].zero > 62.0)
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    page.wait_for_selector("#call-a")
    assert page.inner_text("#call-a .clock") >= "1:02"
    first = page.inner_text("#call-a .clock")
    until(page, f"document.querySelector('#call-a .clock').textContent > '{first}'")
    assert page.problems == []


def test_an_auditor_looks_and_has_no_buttons_and_sees_no_whole_number(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.AUDITOR, "live")
    tell(feed, context, BEGAN)
    contains(page, "#call-a", "+861********00")
    assert not page.query_selector("#call-a [data-act]")


def test_two_browsers_see_the_same_call_and_one_that_comes_back_misses_nothing(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    pages = [opened(chromium, site, Role.SUPERVISOR, "live") for _ in range(2)]
    tell(feed, context, BEGAN)
    for page in pages:
        page.wait_for_selector("#call-a")
    pages[0].reload()
    pages[0].wait_for_selector("#call-a")


def test_a_login_that_has_ended_leads_back_to_the_login(chromium, site: str, context: ConsoleContext) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    context.access.set_password("supervisor", "another long one")
    page.reload()
    page.wait_for_selector("input[name=password]")
    page.fill("input[name=name]", "supervisor")
    page.fill("input[name=password]", "wrong")
    page.click("button.first")
    contains(page, "[role=alert]", "已暂时锁定")


def test_an_agents_card_can_be_pinned_and_switched_off(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    page = opened(chromium, site, Role.AGENT, "agent")
    tell(feed, context, BEGAN, Heard("a", 2.0, "caller", 0, "叫你们领导来接电话", final=True))
    expect(page, "#card h2", "要找您的领导")
    page.click("#pin")
    threats = (
        "我已经在录音了 明天我就找记者曝光你们",
        "我要去消协投诉你们 还要上法院告你们",
        "我已经在录音了 记者马上就到",
        "等着上法院吧",
    )
    tell(feed, context, *(Heard("a", 3.0 + n, "caller", 1 + n, t, final=True) for n, t in enumerate(threats)))
    page.wait_for_timeout(600)
    assert page.text_content("#card h2") == "要找您的领导", "pinned"
    page.click("#pin")
    expect(page, "#card h2", "扬言升级、施压")
    page.click("#cards")
    page.wait_for_selector("#card", state="hidden")
    page.reload()
    page.wait_for_selector("#usual", state="visible")
    page.click("[data-act=analysis_queue]")
    page.click("[data-act=analysis_queue]")
    assert orders.get(timeout=WAIT) == Order("a", CallControl.ANALYSIS_QUEUE, "agent")
    expect(page, "#present .outcome", "已发出：骚扰，转入分析队列")
    feed.put(Moved("a", 8.0, "analysis", ok=False, status=408))
    expect(page, "#present .answer", "话务系统没有应答：转分析队列")
    assert page.problems == []


def test_an_agent_is_told_when_calls_are_not_heard(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.AGENT, "agent")
    expect(page, "#none", "当前没有通话。")
    assert page.is_visible("#none") and not page.text_content("#unheard")
    feed.stop()
    contains(page, "#unheard", "可能听不到您的通话")
    assert page.is_hidden("#none"), "nobody knows that"
    assert page.problems == []


def test_an_agent_reads_what_came_of_a_pause(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    page = opened(chromium, site, Role.AGENT, "agent")
    for call, ok, words in (("a", False, "未能暂停，请在话机上暂停"), ("b", True, "已暂停，到时自动恢复")):
        tell(feed, context, replace(BEGAN, call=call), PauseOffer(call, 20.0, 300.0), Over(call, 20.0, "caller"))
        expect(page, "#pause button", "暂停接听 5 分钟")
        page.click("#pause button")
        assert orders.get(timeout=WAIT) == Order(call, CallControl.PAUSE, "agent")
        expect(page, "#pause [role=status]", "已发出：暂停接听 5 分钟")
        feed.put(Paused(call, ok))
        expect(page, "#pause [role=status]", words)
    assert page.problems == []


WIDTHS = (390, 1280, 1920)


def check_sizes(page) -> None:
    """Light and dark, on a phone, a desk and a wall: nothing sticks out and nothing goes wrong."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, scheme)
        assert page.problems == []


def test_nothing_sticks_out(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, tmp_path: Path
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN, Heard("a", 1.0, "caller", 0, "长" * 300 + "N" * 300, final=True), FLAGGED)
    page.wait_for_selector("#call-a.urgent")
    check_sizes(page)
    page.screenshot(path=tmp_path / "live.png")
    assert (tmp_path / "live.png").stat().st_size > 5000


PAGES = ["review/c0", "calls", "calls/c0", "reports/summary", "reports/sources", "lists", "health"]


def test_ten_flags_are_reviewed_by_keyboard_alone(chromium, site: str, context: ConsoleContext) -> None:
    write(context, *(flagged(f"c{n}", n) for n in range(10)))
    page = opened(chromium, site, Role.SUPERVISOR, "calls")
    page.goto(f"{site}review")
    for n in range(10):
        page.wait_for_url(f"**/review/c{n}*")
        page.keyboard.press("r")
        page.keyboard.type("不 co", delay=5)
        page.keyboard.press("Enter")  # decides nothing
        page.keyboard.press("Escape")
        page.keyboard.press("o" if n % 5 == 0 else "c")
    page.wait_for_selector("#none")
    page.keyboard.press("u")
    page.wait_for_url("**/review/c9")
    page.keyboard.press("c")
    page.wait_for_selector("#none")
    said = {call.id: call.review for call in context.log.calls(limit=None)}
    assert said == {f"c{n}": Review.CONFIRMED if n % 5 else Review.OVERTURNED for n in range(10)}
    assert page.problems == []


def test_a_bar_opens_its_calls_and_a_call_gives_its_evidence(
    chromium, site: str, context: ConsoleContext, tmp_path: Path
) -> None:
    write(context, flagged("c0", 0), flagged("c1", 1, region="上海市"))
    page = opened(chromium, site, Role.SUPERVISOR, "reports/sources")
    page.goto(f"{site}reports/sources?by=region&since=")
    page.click("text=上海市 >> nth=0")
    page.wait_for_url("**/calls?*")
    page.click("table a")
    page.wait_for_url("**/calls/c1")
    with page.expect_download() as coming:
        page.click("form[action$=evidence] button")
    coming.value.save_as(tmp_path / "c1.zip")
    assert "cover.html" in zipfile.ZipFile(tmp_path / "c1.zip").namelist()
    page.goto(f"{site}reports/frequency?since=")
    page.click(".plot a >> nth=0")
    page.wait_for_url("**/calls?*")
    assert page.problems == []


def test_no_page_sticks_out(chromium, site: str, context: ConsoleContext) -> None:
    long = {"words": "长" * 200 + "N" * 200, "display_name": "N" * 200, "queue": "q" * 60, "dialled": "d" * 60}
    write(context, *(flagged(f"c{n}", n * 700, **({} if n else long)) for n in range(40)))
    for name in ListName:
        context.log.enlist(ListedNumber(name, NUMBER, "长" * 40, datetime.now(UTC)))
    page = opened(chromium, site, Role.SUPERVISOR, PAGES[0])
    for path in PAGES:
        page.goto(f"{site}{path}?until=2026-03-05" if path.startswith("reports") else f"{site}{path}")
        check_sizes(page)


def test_a_long_reason_hides_no_button_of_the_lists(chromium, site: str, context: ConsoleContext) -> None:
    context.log.enlist(ListedNumber(ListName.BLOCK, NUMBER, "长" * 200, datetime.now(UTC)))
    page = opened(chromium, site, Role.SUPERVISOR, "lists")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        box = page.locator("form[action$=remove] button").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, width


class Crm(BaseHTTPRequestHandler):
    """A page of another program, which shows an agent's page in a frame."""

    console = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f'<!doctype html><iframe src="{self.console}agent"></iframe>'.encode())

    def log_message(self, *_of: object) -> None: ...


def test_a_crm_that_is_named_shows_an_agents_page_and_no_other_does(
    chromium, feed: FeedServer, context: ConsoleContext
) -> None:
    pages = [ThreadingHTTPServer(("127.0.0.1", 0), Crm) for _ in range(2)]
    for one in pages:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    crm, other = (f"http://127.0.0.1:{one.server_port}" for one in pages)
    console = replace(context.settings.console, embed_from=(crm,))
    context.settings = replace(context.settings, console=console)
    server = ConsoleServer(context, port=0)
    server.start()
    try:
        Crm.console = server.address
        page = chromium.new_context().new_page()
        page.goto(crm)
        contains(page.frame_locator("iframe"), "h1", "登录已结束")
        page.context.close()
        agent = opened(chromium, server.address, Role.AGENT, "agent")
        tell(feed, context, BEGAN, Heard("a", 2.0, "caller", 0, "叫你们领导来接电话", final=True))
        agent.goto(crm)
        contains(agent.frame_locator("iframe"), "#card h2", "要找您的领导")
        agent.goto(other)
        agent.wait_for_timeout(1000)
        assert agent.frame_locator("iframe").locator("#card").count() == 0
        assert any("frame-ancestors" in problem for problem in agent.problems)
    finally:
        server.stop()
        for one in pages:
            one.shutdown()
            one.server_close()
