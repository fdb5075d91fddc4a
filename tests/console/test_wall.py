"""The live page and its wall in a real Chromium: every call seen, the gravest first, no jumps, and the sound."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.feed.items import Asked, Began, Heard, Item, Judged, Over
from screener.feed.local import FeedServer
from tests.console.browser import chromium, contains, expect, needs_chromium, opened, site, until
from tests.console.test_live import BEGAN, FLAGGED, NOON, feed, orders, place, tell

__all__ = ["chromium", "feed", "orders", "place", "site"]
pytestmark = needs_chromium
CALLS = 100
WALL = {"viewport": {"width": 1920, "height": 1080}}
SAID = "请问我上个月的账单为什么多了二十块钱呢"

HEAR = """
window.heard = [];
window.AudioContext = class {
  constructor() { this.state = "running"; this.currentTime = 0; this.destination = {}; }
  resume() {}
  createGain() { return {gain: {}, connect: (to) => to}; }
  createOscillator() {
    const frequency = {}, start = () => window.heard.push(frequency.value);
    return {frequency, connect: (to) => to, start, stop() {}};
  }
};
"""
"""Writes down what the page plays."""
JUMPS = """
window.jumps = [];
new PerformanceObserver((list) => list.getEntries().forEach((jump) => window.jumps.push(jump.value)))
  .observe({type: "layout-shift", buffered: false});
"""
SEEN = """
() => [...document.querySelectorAll(".tile")].filter((tile) => {
  const box = tile.getBoundingClientRect();
  return box.width >= 100 && box.height >= 70 && box.top >= 0 && box.left >= 0
    && box.bottom <= innerHeight && box.right <= innerWidth;
}).length
"""
ORDER = "() => [...document.querySelectorAll('.tile')].map((tile) => tile.id.replace('call-', ''))"


def began(n: int) -> Began:
    at = NOON + timedelta(seconds=n)
    return Began(f"t{n:03}", "n1", at, f"+86138001{n:05}", "mobile", "北京市", "95500", "beside", f"8{n:03}")


def talks(n: int, turn: int) -> list[Item]:
    """What is told of a call that goes on; another text each time."""
    who = ("caller", "agent")[turn % 2]
    judged = replace(FLAGGED, call=f"t{n:03}", verdict="genuine", kind="", score=-1.0 - turn / 10, reason="matter")
    return [Heard(f"t{n:03}", 1.0 + turn, who, turn, SAID[: 6 + turn * 3], final=True), judged]


def flag(n: int, **how: object) -> Judged:
    return replace(FLAGGED, call=f"t{n:03}", **how)


def test_a_hundred_calls_are_all_seen_at_once_and_none_jumps(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, tmp_path: Path
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live?wall", **WALL)
    tell(feed, context, *(item for n in range(CALLS) for item in (began(n), *talks(n, 0))))
    tell(feed, context, flag(40), flag(70, kind="threat"), flag(90, verdict="genuine", kind="", emergency=True))
    tell(feed, context, Asked("t020", 5.0, "8020"))
    until(page, "document.querySelectorAll('.tile.urgent').length === 4")
    assert page.evaluate(SEEN) == CALLS
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    page.wait_for_timeout(1500)  # what is urgent blinks twice
    page.evaluate(JUMPS)
    before = page.evaluate(ORDER)
    for turn in range(1, 5):
        tell(feed, context, *(item for n in range(CALLS) if n not in (40, 70, 90) for item in talks(n, turn)))
        page.wait_for_timeout(300)
    until(page, "document.querySelector('#call-t000 .stands').textContent.includes('-1.4')")
    assert page.evaluate("window.jumps") == []
    assert page.evaluate(ORDER) == before
    assert page.evaluate(SEEN) == CALLS
    folder = Path(os.environ.get("SCREENER_SHOTS", tmp_path))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"wall-{scheme}.png")
    tell(feed, context, *(Over(f"t{n:03}", 9.0, "caller") for n in range(8, CALLS)))
    until(page, "document.querySelectorAll('.tile').length === 8", 40)
    assert page.evaluate("document.querySelector('.tile').getBoundingClientRect().width") > 400, "large again"
    assert page.evaluate(SEEN) == 8
    page.screenshot(path=folder / "wall-few.png")
    assert page.problems == []


def test_few_calls_have_the_whole_wall(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, tmp_path: Path
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live?wall", **WALL)
    tile = "document.querySelector('.tile')"
    size = f"[{tile}.offsetHeight, parseFloat(getComputedStyle({tile}.querySelector('h2')).fontSize)]"
    tell(feed, context, began(0), *talks(0, 0))
    until(page, "document.querySelectorAll('.tile').length === 1")
    page.screenshot(path=Path(os.environ.get("SCREENER_SHOTS", tmp_path)) / "wall-one.png")
    height, letters = page.evaluate(size)
    assert height > 700 and letters >= 40
    tell(feed, context, began(1), began(2))
    until(page, "document.querySelectorAll('.tile').length === 3")
    height, letters = page.evaluate(size)
    assert 400 <= height < 600 and letters >= 40 and page.evaluate(SEEN) == 3
    tell(feed, context, Over("t001", 9.0, "caller"), Over("t002", 9.0, "caller"))
    until(page, "document.querySelectorAll('.tile').length === 1", 40)
    assert page.evaluate(size)[0] > 700, "large again"


def test_four_calls_share_the_whole_height_of_a_small_wall(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live?wall", viewport={"width": 1280, "height": 800})
    tell(feed, context, *(began(n) for n in range(4)))
    until(page, "document.querySelectorAll('.tile').length === 4")
    until(page, "document.querySelector('.tile').offsetHeight > 300")
    assert page.evaluate(SEEN) == 4


def test_the_gravest_call_comes_first(chromium, site: str, feed: FeedServer, context: ConsoleContext) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, *(began(n) for n in range(6)))
    page.wait_for_selector("#call-t005")
    assert page.evaluate(ORDER) == [f"t00{n}" for n in range(6)], "in the order in which they came"

    def turns(*order: int) -> None:
        expected = ",".join(f"t00{n}" for n in order)
        until(page, f"({ORDER})().join() === '{expected}'")

    tell(feed, context, flag(3))
    turns(3, 0, 1, 2, 4, 5)
    tell(feed, context, Asked("t005", 2.0, "8005"))
    turns(5, 3, 0, 1, 2, 4)
    tell(feed, context, flag(4, kind="threat"))
    turns(4, 5, 3, 0, 1, 2)
    tell(feed, context, flag(1, verdict="undecided", kind="", emergency=True))
    turns(1, 4, 5, 3, 0, 2)
    tell(feed, context, flag(0))
    turns(1, 4, 5, 3, 0, 2)
    tell(feed, context, flag(3, verdict="genuine", kind=""))
    turns(1, 4, 5, 0, 2, 3)
    tell(feed, context, Over("t001", 9.0, "caller"))
    turns(4, 5, 0, 2, 3, 1)
    page.wait_for_selector("#alarm >> text=/紧急|骚扰/", state="attached")
    assert page.problems == []


def test_the_score_stands_beside_its_threshold(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    for path in ("live", "live?wall"):
        page = opened(chromium, site, Role.SUPERVISOR, path)
        tell(feed, context, BEGAN)
        page.wait_for_selector("#call-a")
        assert page.is_hidden("#call-a .stands"), "nothing is judged yet"
        tell(feed, context, replace(FLAGGED, score=3.14159, threshold=2.1))
        expect(page, "#call-a .stands span", "得分 3.1 · 标记线 2.1")
        page.wait_for_selector("#call-a .stands meter")
        meter = "document.querySelector('#call-a meter')"
        assert page.evaluate(f"[{meter}.value, {meter}.high, {meter}.max]") == [3.14159, 2.1, 10]
        tell(feed, context, Over("a", 9.0, "caller"))
        context.hub._shown.clear()


def test_it_sounds_by_how_grave_it_is_and_can_be_muted(
    chromium, site: str, feed: FeedServer, context: ConsoleContext
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    page.add_init_script(HEAR)
    page.reload()
    tell(feed, context, *(began(n) for n in range(4)))
    page.wait_for_selector("#call-t003")
    assert page.evaluate("window.heard") == []

    def heard(*tones: int) -> None:
        until(page, f"window.heard.length >= {len(tones)}")
        page.wait_for_timeout(500)  # and no more than these
        assert page.evaluate("window.heard.splice(0)") == list(tones)

    tell(feed, context, flag(0))
    page.wait_for_selector("#call-t000.urgent")
    heard(880)
    tell(feed, context, flag(0, score=8.0))
    heard()  # once is enough
    tell(feed, context, flag(1, verdict="undecided", kind="", emergency=True))
    page.wait_for_selector("#call-t001.urgent")
    heard(1175, 1175, 1175, 1175)
    page.wait_for_selector("#mute[aria-pressed=false]")
    page.click("#mute")
    expect(page, "#mute", "取消静音")
    page.wait_for_selector("#mute[aria-pressed=true]")
    tell(feed, context, flag(2, kind="threat"))
    page.wait_for_selector("#call-t002.urgent")
    heard()
    contains(page, "#alarm", "骚扰")  # a screen reader tells it all the same
    page.reload()
    page.wait_for_selector("#call-t002.urgent")
    heard()
    expect(page, "#mute", "取消静音")
    page.click("#mute")
    expect(page, "#mute", "静音")
    tell(feed, context, flag(3))
    page.wait_for_selector("#call-t003.urgent")
    heard(880)
    assert page.problems == []
