"""What the console costs, and how fast it is: `python tests/bench/console.py page|wall|log`.

`page`: from the end of the decisive word (as in `time_to_refer`) to the row that says harassment in a real
Chromium that has the page of running calls open (a call that is moved at once is over before it could stay red);
each caller speaks to a real `screener serve`, over the feed's socket. Calls until so many rows were red, nine
minutes at most; a sentence that was not judged harassment twice is said no more, and named.

`wall`: 100 calls that the service has in its analysis queue, so that its media thread sends to each, and 100
calls that are talked in (two lines a second each), on the console with 20 browsers' event streams: how far the
media thread is from its pace without and with it, and what the console takes of a processor.

`log --db URL`: every page over a log of many calls (`screener bench-log N --db URL`), three times each: as it
opens, with the last 30 days, and the whole log. Beside the seconds that went by stand those of a processor: on a
machine with other work the two differ. `made in`: the page said at first that its figures were still being made.

All on this machine, together with whatever else runs there: the load average is printed.
"""

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.console.logins import Role
from screener.console.server import make_access
from screener.events import FRAME_SECONDS
from screener.feed.items import Began, Heard, Judged, Weighed
from screener.feed.local import FeedServer
from screener.reports.every import REPORTS
from screener.settings.load import load as load_settings
from screener.store.log import open_log
from tests.bench.capacity import Load
from tests.bench.live import HARASSING, VOICES, percentiles, sentences, serving
from tests.bench.site import Cost, machine, site
from tests.bench.time_to_refer import one_call
from tests.server import free_port

PASSWORD = "a bench's password"
BROWSERS, CALLS = 20, 100
PAGE_SECONDS = 540.0
"""Of `page`, at most."""
GIVEN_UP = 2
"""So often a sentence was not judged harassment."""
PATIENCE = 20.0
"""Of who waits for a page, in seconds."""


@contextlib.contextmanager
def console(folder: Path, feeds: list[Path], url: str = "sqlite:///c.db") -> Iterator[tuple[int, str]]:
    """`screener console` as a process of its own; its pid and address."""
    settings = folder / "console.toml"
    settings.write_text(
        f"[store]\nurl = '{url}'\n[console]\nrequests_per_second = 0\nfeeds = {[str(feed) for feed in feeds]}\n"
    )
    made = load_settings(settings)
    log = open_log(made.store.url, folder)
    with contextlib.suppress(Exception):
        make_access(made, log).add("bench", Role.ADMINISTRATOR, PASSWORD)
    log.close()
    port = free_port(socket.SOCK_STREAM)
    command = [sys.executable, "-m", "screener", "console", "--config", str(settings), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(port)
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _until_it_answers(port: int) -> None:
    import httpx

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/login").status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit("the console never came up")


def logged_in(address: str):
    import httpx

    client = httpx.Client(base_url=address, timeout=120)
    client.post("/login", data={"name": "bench", "password": PASSWORD, "next": "/"})
    return client


# Act → page.

WATCH = """
window.told = [];
new MutationObserver(() => {
  for (const tile of document.querySelectorAll(".tile:not([data-seen])")) {
    if (!tile.querySelector(".verdict").textContent.includes("骚扰")) continue;
    tile.dataset.seen = "yes";
    window.told.push(Date.now() / 1000);
  }
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def page(calls: int) -> None:
    """From the decisive word to the row that says harassment."""
    from playwright.sync_api import sync_playwright

    from tests.console.browser import CHROMIUM, FLAGS

    waiting = deque(sentences(HARASSING, len(HARASSING) * len(VOICES)))
    with contextlib.ExitStack() as stack:
        process, port = stack.enter_context(serving())
        folder = Path(process.args[-1]).parent
        own = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, address = stack.enter_context(console(own, [folder / "feed.sock"]))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)
        opened = browser.new_page()
        opened.add_init_script(WATCH)
        opened.goto(f"{address}/login?next=/live")
        opened.fill("input[name=name]", "bench")
        opened.fill("input[name=password]", PASSWORD)
        opened.click("button.first")
        opened.wait_for_url("**/live")
        seconds: list[float] = []
        missed: Counter[str] = Counter()
        number, end = 0, time.monotonic() + PAGE_SECONDS
        while waiting and len(seconds) < calls and time.monotonic() < end:
            sentence = waiting.popleft()
            if missed[sentence.text] >= GIVEN_UP:
                continue
            number += 1
            before = len(opened.evaluate("window.told"))
            begun = time.time() - time.monotonic()
            moved = one_call(port, number, sentence, 0.0)
            until = time.monotonic() + 5
            while len(rows := opened.evaluate("window.told")) == before and time.monotonic() < until:
                time.sleep(0.02)
            if moved is None or moved.target != "analysis" or len(rows) == before:
                missed[sentence.text] += 1
                continue
            waiting.append(sentence)
            # The end of the word, by the clock of the wall: when the call was answered and so much was spoken.
            word = begun + moved.answered + int(sentence.end / FRAME_SECONDS) * FRAME_SECONDS
            seconds.append(rows[before] - word)
        print(machine())
        print(percentiles("end of the decisive word to the row that says harassment", seconds, number))
        told = ", ".join(f"{text} {times}" for text, times in missed.items())
        print(f"  not judged harassment, or not moved: {told or 'none'}")


# 100 calls on the wall, 20 browsers.


def talk(feed: FeedServer, stopped: threading.Event) -> None:
    """100 calls in which somebody speaks all the time: two lines a second each."""
    now = datetime.now(UTC)
    for n in range(CALLS):
        feed.put(Began(f"t{n}", "n2", now, f"+86138001{n:05}", "mobile", "北京市", "95500", "beside", f"8{n:03}"))
    turn = 0
    while not stopped.wait(0.5 / CALLS):
        n, at = turn % CALLS, turn / CALLS / 2
        who = ("caller", "agent")[turn // CALLS // 6 % 2]
        text = "请问我上个月的账单为什么多了二十块钱"[: 3 + turn // CALLS % 6 * 3]
        feed.put(Heard(f"t{n}", at, who, turn // CALLS // 6, text, final=turn // CALLS % 6 == 5))
        if turn // CALLS % 6 == 5:
            feed.put(Weighed(f"t{n}", at, "act.caller.ask", "", "", -0.4, text, -4.4, 2.1))
            feed.put(
                Judged(f"t{n}", at, "genuine", "", -1.0, 2.0, "none", "matter", emergency=False, dry_run=False)
            )
        turn += 1


def browse(address: str, stopped: threading.Event, heard: list[int], cookie: str) -> None:
    """One browser's event stream."""
    import httpx

    try:
        with httpx.stream(
            "GET", f"{address}/live/events", headers={"cookie": f"screener={cookie}"}, timeout=30
        ) as answer:
            for line in answer.iter_lines():
                heard[0] += len(line)
                if stopped.is_set():
                    return
    except httpx.HTTPError as problem:
        print(f"  a browser lost its stream: {problem}")


def wall(seconds: float) -> None:
    """The media thread's pace without and with the console and its browsers."""
    with contextlib.ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = stack.enter_context(site(flow="tone_seconds = 3600.0"))  # they stay
        caller = Load(running.port)
        stack.callback(caller.close)
        answered, refused = caller.ask("call", CALLS, 20.0)
        time.sleep(3)
        print(f"{machine()}; {answered} calls in the analysis queue {refused or ''}")
        before = running.cost()
        pace, _ = caller.ask("measure", seconds)
        print(f"without the console: {pace}  service {running.cost().since(before):.2f} cores")
        feed = FeedServer(own / "talk.sock", lambda _order: None)
        stack.callback(feed.stop)
        stopped, heard = threading.Event(), [0]
        pid, address = stack.enter_context(console(own, [running.folder / "feed.sock", own / "talk.sock"]))
        talker = threading.Thread(target=talk, args=(feed, stopped), daemon=True)
        talker.start()
        cookies = [logged_in(address).cookies["screener"] for _ in range(2)]
        browsers = [
            threading.Thread(target=browse, args=(address, stopped, heard, cookies[n % 2]), daemon=True)
            for n in range(BROWSERS)
        ]
        for browser in browsers:
            browser.start()
        time.sleep(3)
        up = len(logged_in(address).get("/live/events?once").text.split('"id": ')) - 1
        before, own_before, bytes_before = running.cost(), Cost.of(pid), heard[0]
        pace, _ = caller.ask("measure", seconds)
        took, console_took = running.cost().since(before), Cost.of(pid).since(own_before)
        each = (heard[0] - bytes_before) / seconds / BROWSERS / 1000
        print(f"with it:             {pace}  service {took:.2f} cores")
        print(f"console: {console_took:.2f} cores for {up} calls, {BROWSERS} browsers, {each:.0f} kB/s each")
        stopped.set()


# A long log.


def log(url: str) -> None:
    """Seconds of every page."""
    import httpx

    now = datetime.now(UTC)
    since = f"{now - timedelta(days=30):%Y-%m-%d}"
    with tempfile.TemporaryDirectory() as folder, console(Path(folder), [], url) as (pid, address):
        client = logged_in(address)
        found = client.get("/calls?flagged=1").text.split('<a href="/calls/')[1:]
        call = found[0].split('"')[0]
        print(machine())
        paths = [
            "/live", "/review", f"/review/{call}", "/calls", "/calls?flagged=1", "/calls?flagged=1&kind=lewd",
            f"/calls?since={since}&hour=3", "/calls?flagged=1&hour=3&weekday=2", "/calls?number=138",
            "/calls?agent=8001", f"/calls?text=%E4%BD%A0&since={since}", f"/calls/{call}",
            *(f"/reports/{name}" for name in REPORTS), *(f"/reports/{name}?since=2020-01-01" for name in REPORTS),
            "/reports/frequency?by=hour", "/reports/sources?by=region", "/lists", "/health",
        ]  # fmt: skip
        slow = 0
        for path in paths:
            times, made, before = [], 0.0, Cost.of(pid)
            for _ in range(3):
                began = time.monotonic()
                try:
                    status = client.get(path, timeout=PATIENCE).status_code
                except httpx.TimeoutException:
                    status = 0  # nobody waits any longer
                times.append(time.monotonic() - began)
                while status == 202 and time.monotonic() - began < PATIENCE:  # it says that it is still being made
                    time.sleep(0.1)
                    status = client.get(path, timeout=PATIENCE).status_code
                    made = time.monotonic() - began
                if not status:
                    break
            slow += max(times) > 1.0
            used = (Cost.of(pid).cpu - before.cpu) / len(times)
            seconds = (
                f"first {times[0]:6.3f} s, then {max(times[1:], default=0):6.3f} s, processor {used:5.2f} s each"
            )
            print(f"{seconds}  {f'made in {made:.1f} s' if made else status}  {path}", flush=True)
        print(f"{slow} of {len(paths)} pages took over 1 s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", choices=["page", "wall", "log"])
    options.add_argument("--calls", type=int, default=30, help="of `page`: rows that are to turn red")
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--db", default="", help="of `log`: its URL")
    chosen = options.parse_args()
    match chosen.what:
        case "page":
            page(chosen.calls)
        case "wall":
            wall(chosen.seconds)
        case "log":
            log(chosen.db)


if __name__ == "__main__":
    main()
