"""Screenshots of every page of the console, to be looked at: `python tests/bench/shots.py FOLDER [PATH…]`.

At 390, 1,280 and 1,920 pixels, light and dark, with calls that run and a log of some days; `--lang en` in English,
`--empty` as on the first day.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import sync_playwright

from screener.console.context import ConsoleContext
from screener.console.logins import Logins, Role
from screener.console.server import ConsoleServer
from screener.core.evidence import Kind
from screener.core.warnings import Warnings
from screener.events import ListName
from screener.feed.items import Asked, Began, Cautioned, Heard, Judged, Node, Weighed
from screener.feed.local import FeedServer
from screener.settings.sections import Settings
from screener.store.accounts import Accounts
from screener.store.log import open_log
from screener.store.records import ListedNumber, Review
from screener.words.judgement import Teller
from tests.console.browser import CHROMIUM, FLAGS
from tests.console.conftest import PASSWORD, QUICK, hub_of
from tests.console.test_accessible import SEEN
from tests.console.written import NUMBER, flagged, write
from tests.waiting import wait_for

NOW = datetime.now(UTC)


def fill(context: ConsoleContext, feed: FeedServer) -> None:
    """A log of three weeks, lists, a node, and five calls that run."""
    kinds = [Kind.LEWD, Kind.ABUSE, Kind.PRANK, Kind.THREAT, Kind.CHITCHAT]
    places = [("北京市", "+8613800138000"), ("上海市", "+8613912345678"), ("广东省广州市", "+8618612345678")]
    for n in range(60):
        region, number = places[n % 7 % 3]
        review = Review.CONFIRMED if n % 4 == 3 else Review.NONE
        at = NOW - timedelta(minutes=n * n * 8)
        call = flagged(f"c{n}", 0, started_at=at, answered_at=at, ended_at=at + timedelta(seconds=40))
        changes = {"kind": kinds[n % 5], "region": region, "number": number, "agent": f"800{n % 4}"}
        write(context, replace(call, review=review, reviewed_at=at if n % 4 == 3 else None, **changes))
    for name in ListName:
        context.log.enlist(ListedNumber(name, NUMBER, "多次骚扰,主管已听录音", NOW))
    feed.put(
        Node("cc-node-1", NOW, NOW - timedelta(days=3), "0.1.0", "sherpa zipformer-zh-14M", dry_run=False, calls=5,
             registered=1, registrars=2, problem="sip.backup.example: 403 Forbidden", waiting=0, dropped=0,
             faults=("2026-03-04T04:00:00+00:00 WARNING store.writer: the database is away; calls wait",))
    )  # fmt: skip

    def begin(name: str, number: str, agent: str, seconds: float) -> None:
        at = NOW - timedelta(seconds=seconds)
        feed.put(Began(name, "cc-node-1", at, number, "mobile", "北京市", "95500", "beside", agent))

    def judge(
        name: str, at: float, verdict: str, kind: str, score: float, why: str, emergency: bool = False
    ) -> None:
        treatment = "analysis_queue" if verdict == "harassment" else "none"
        feed.put(Judged(name, at, verdict, kind, score, 2.0, treatment, why, emergency=emergency, dry_run=False))

    begin("a", "+8613800138000", "8001", 95)
    for n, (who, text) in enumerate(
        [("agent", "您好,请问有什么可以帮您"), ("caller", "我问一下你一个人吗"), ("agent", "请问您要办什么业务"),
         ("caller", "你声音真好听,晚上有空吗"), ("agent", "请您说明要咨询的业务"), ("caller", "我就想跟你聊聊")]
    ):  # fmt: skip
        feed.put(Heard("a", n * 6.0, who, n, text, final=n < 5))
    feed.put(Weighed("a", 20.0, "act.caller.personal", "", "lewd", 1.9, "你声音真好听,晚上有空吗", 1.2, 2.6))
    feed.put(Weighed("a", 32.0, "time.night", "", "", 0.4, "23:10", 1.6, 2.6))
    judge("a", 33.0, "harassment", "lewd", 3.1, "judged:lewd")
    begin("b", "+8613912345678", "8002", 40)
    feed.put(Heard("b", 5.0, "caller", 0, "我上个月的账单为什么多了二十块钱", final=True))
    feed.put(Weighed("b", 6.0, "act.caller.grievance", "", "", -2.1, "为什么多了二十块钱", -6.1, 2.1))
    judge("b", 6.0, "genuine", "", -2.1, "matter")
    begin("c", "+8618612345678", "8003", 61)
    feed.put(Heard("c", 9.0, "caller", 0, "你们再不解决我就到你们公司门口堵你", final=True))
    judge("c", 10.0, "harassment", "threat", 4.4, "judged:threat")
    begin("d", "", "8004", 12)
    feed.put(Heard("d", 3.0, "caller", 0, "救命,我家着火了", final=True))
    judge("d", 3.5, "genuine", "", -9.0, "emergency", emergency=True)
    begin("e", "+8613700137000", "8005", 150)
    feed.put(Heard("e", 30.0, "caller", 0, "叫你们领导来接电话", final=True))
    feed.put(Asked("e", 31.0, "李坐席"))
    for level, step, by in ((1, "begun", "李坐席"), (1, "heard", "李坐席"), (2, "asked", "rule")):
        feed.put(Cautioned("e", 40.0 + level, "abuse", level, step, by))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("paths", nargs="*")
    options.add_argument("--lang", choices=["zh", "en"], default="zh")
    options.add_argument("--empty", action="store_true")
    chosen = options.parse_args()
    target, only = chosen.folder, chosen.paths
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = open_log(f"sqlite:///{folder}/log.db")
        access = Logins(Accounts(log), lambda: datetime.now(UTC), timedelta(hours=1), QUICK)
        access.add("王主管", Role.ADMINISTRATOR, PASSWORD)
        access.add("李坐席", Role.AGENT, PASSWORD, "8005")
        feed = FeedServer(folder / "f.sock", lambda _order: None)
        warnings = Warnings(by=("agent", "supervisor"), approve="agent")
        settings = replace(Settings(), folder=folder, flow=replace(Settings().flow, warnings=warnings))
        context = ConsoleContext(settings, log, access, hub_of([folder / "f.sock"]), Teller(chosen.lang))
        server = ConsoleServer(context, port=0)
        server.start()
        wait_for(lambda: context.hub.feeds[0].up)
        if not chosen.empty:
            fill(context, feed)
        with sync_playwright() as made:
            locale = {"zh": "zh-CN", "en": "en-GB"}[chosen.lang]
            browser = made.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for width in (390, 1280, 1920):
                for scheme in ("light", "dark"):
                    for who, paths in (("王主管", ("login", *SEEN)), ("李坐席", ("agent",))):
                        size = {"width": width, "height": 900}
                        page = browser.new_context(viewport=size, color_scheme=scheme, locale=locale).new_page()
                        for path in [p for p in paths if not only or p in only]:
                            page.goto(f"{server.address}{path}")
                            if path.startswith(("live", "agent")):
                                page.wait_for_timeout(900)
                            name = path.replace("/", "-").replace("?", "-").partition("&")[0]
                            shot = f"{name}-{width}-{scheme}.png"
                            page.screenshot(path=target / shot, full_page=True)
                            wide = page.evaluate("document.documentElement.scrollWidth")
                            if wide > width:
                                print(f"{shot}: {wide} wide")
                            if "/login" in page.url:
                                page.goto(f"{server.address}login?next=/{path if path != 'login' else ''}")
                                page.fill("input[name=name]", who)
                                page.fill("input[name=password]", PASSWORD)
                                page.click("button.first")
                                page.wait_for_timeout(900)
                                page.screenshot(
                                    path=target / shot if path != "login" else target / "first.png", full_page=True
                                )
                        page.context.close()
            browser.close()
        server.stop()
        feed.stop()
        log.close()


if __name__ == "__main__":
    main()
