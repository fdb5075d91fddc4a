"""Every page, looked at by axe-core in a real Chromium, light and dark: no serious fault."""

import importlib.util
from pathlib import Path

import pytest

from screener.console.addresses import PAGES
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.events import ListName
from screener.feed.items import Began, Heard, Judged, Weighed
from screener.feed.local import FeedServer
from screener.reports.every import REPORTS
from screener.store.records import ListedNumber
from tests.console.browser import chromium, needs_chromium, opened, site
from tests.console.test_live import BEGAN, FLAGGED, NOON, feed, orders, place, tell
from tests.console.written import NUMBER, flagged, write

__all__ = ["chromium", "feed", "orders", "place", "site"]
found = importlib.util.find_spec("axe_playwright_python")
AXE = Path(found.origin).parent / "axe.min.js" if found and found.origin else None
pytestmark = [
    needs_chromium,
    pytest.mark.skipif(AXE is None, reason="needs axe-core: the extra `dev` (axe-playwright-python)"),
]
SERIOUS = {"serious", "critical"}
SEEN = (
    *("live", "live?wall", "review/c0", "review", "calls", "calls?flagged=1&kind=lewd", "calls/c0"),
    *(f"reports/{name}?since=" for name in REPORTS),
    *("reports/frequency?by=hour&since=", "lists", "health", "password", "no-such-page", "calls?since=x"),
)


COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that can tell a dark page from a light one: the style sheets change nothing but colours."""


def faults(page) -> list[str]:
    """What axe finds serious, each with the elements: light, and what is drawn otherwise where it is dark."""
    page.evaluate(AXE.read_text("utf-8"))
    page.emulate_media(color_scheme="light")
    light = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("rules => axe.run(document, {resultTypes: ['violations'], runOnly: rules})", COLOURS)
    return [
        f"{scheme} {fault['id']} ({fault['impact']}): {', '.join(str(n['target']) for n in fault['nodes'][:4])}"
        for scheme, result in (("light", light), ("dark", dark))
        for fault in result["violations"]
        if fault["impact"] in SERIOUS
    ]


@pytest.fixture
def full(context: ConsoleContext, feed: FeedServer) -> None:
    """A site with something on every page."""
    write(context, *(flagged(f"c{n}", n * 700) for n in range(12)))
    for name in ListName:
        context.log.enlist(ListedNumber(name, NUMBER, "骚扰", NOON))
    tell(feed, context, BEGAN, Heard("a", 1.0, "caller", 0, "你一个人吗", final=True))
    tell(feed, context, Heard("a", 2.0, "agent", 0, "请问有什么可以帮您", final=False))
    tell(feed, context, Weighed("a", 3.0, "time.night", "", "", 0.4, "23:00", -3.6, 2.1), FLAGGED)
    tell(feed, context, Began("b", "n2", NOON, "+8613900139000", "mobile", "上海市", "95500", "beside", "8002"))
    quiet = Judged("b", 1.0, "genuine", "", -5.0, 2.0, "none", "matter", emergency=False, dry_run=False)
    tell(feed, context, Weighed("b", 1.0, "time.night", "", "", -0.4, "09:00", -3.6, 2.1), quiet)


def test_no_page_has_a_serious_fault(chromium, site: str, full: None) -> None:
    page = opened(chromium, site, Role.ADMINISTRATOR, "live")
    wrong = {}
    for path in SEEN:
        page.goto(f"{site}{path}", wait_until="load")
        if path.startswith("live"):
            page.wait_for_selector("#call-a.urgent")
            page.wait_for_selector("#call-b")
        if bad := faults(page):
            wrong[path] = bad
    page.context.clear_cookies()
    page.goto(f"{site}login")
    if bad := faults(page):
        wrong["login"] = bad
    assert wrong == {}


def test_an_agents_page_has_none_either(chromium, site: str, context: ConsoleContext, feed: FeedServer) -> None:
    page = opened(chromium, site, Role.AGENT, "agent")
    assert faults(page) == []
    tell(feed, context, BEGAN, Heard("a", 2.0, "caller", 0, "叫你们领导来接电话", final=True))
    page.wait_for_selector("#card", state="visible")
    assert faults(page) == []


def test_every_page_is_looked_at() -> None:
    pages = {address.path.strip("/") for address in PAGES if address.method == "GET"}
    moved = {"", "reports"}  # lead on
    other = {"agent", "agent/events", "live/events", "reports/{name}/export"}
    looked_at = {path.partition("?")[0] for path in SEEN} | moved | other
    looked_at |= {"review/{call}", "calls/{call}", "reports/{name}"}
    assert pages <= looked_at
