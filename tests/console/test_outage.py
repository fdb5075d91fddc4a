"""Real calls through a real service while its database is away: none is delayed, and the pages come back.

`SCREENER_AWAY_SECONDS=60 pytest -s tests/console/test_outage.py` leaves it away for a minute and prints the times.
"""

import itertools
import os
import socket
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from screener.console.logins import Role
from screener.console.server import make_access
from screener.demo.script import AUDIO
from screener.media.prompts import read_wav
from screener.settings.load import load
from screener.store.log import open_log
from tests.bench.live import Sentence, serving
from tests.bench.time_to_refer import one_call
from tests.console.browser import chromium, needs_chromium, opened
from tests.console.conftest import PASSWORD
from tests.console.test_recovery import console
from tests.server import free_port
from tests.store.databases import running_postgres
from tests.waiting import wait_for

__all__ = ["chromium"]
pytestmark = [needs_chromium, pytest.mark.timeout(400)]
AWAY_SECONDS = float(os.environ.get("SCREENER_AWAY_SECONDS", "4"))
HARASSING = Sentence("demo's lewd", read_wav(AUDIO / "lewd.wav"))

PATIENT = "queue_seconds = 30.0\n"
"""Of `[speech]`: on a machine that others keep busy its recogniser may be late, and goes on."""


class Callers:
    """Harassers of the demo, one after the other."""

    def __init__(self, port: int) -> None:
        self._port, self._numbers = port, itertools.count()

    def call(self) -> float:
        """One call, which must be moved as ever; seconds until it was, from its INVITE on."""
        began = time.monotonic()
        moved = one_call(self._port, next(self._numbers), HARASSING, 0.0)
        assert moved is not None and moved.target == "analysis"
        return moved.answered - began + moved.from_answer

    @property
    def count(self) -> int:
        return next(self._numbers)


def with_account(service: subprocess.Popen) -> Path:
    """The folder of a service, whose console knows a supervisor now."""
    folder = Path(service.args[-1]).parent
    settings = load(folder / "screener.toml")
    log = open_log(settings.store.url, folder)
    make_access(settings, log).add("supervisor", Role.SUPERVISOR, PASSWORD)
    log.close()
    return folder


def reach(page, count: int) -> None:
    """Look again until a page of calls has so many rows: a call is in the log soon after it is over."""
    page.wait_for_selector("table.list")
    deadline = time.monotonic() + 60
    while (rows := page.locator("table.list tbody tr").count()) < count:
        assert time.monotonic() < deadline, f"{rows} of {count} calls are in the log"
        time.sleep(1)
        page.reload()


@pytest.mark.postgres
@pytest.mark.parametrize("feed", ["feed.sock", "database"])
def test_the_database_is_away_while_calls_come(chromium, feed: str) -> None:
    with running_postgres() as postgres:
        store = f"{PATIENT}[store]\nurl = '{postgres.new_database()}'\n[operations]\nfeed = '{feed}'\n"
        with serving(store) as (service, port):
            folder = with_account(service)
            with console(folder, console_port := free_port(socket.SOCK_STREAM)):
                address = f"http://127.0.0.1:{console_port}/"
                live = opened(chromium, address, Role.SUPERVISOR, "live")
                calls = live.context.new_page()
                callers = Callers(port)
                before = [callers.call() for _ in range(1 if AWAY_SECONDS < 30 else 3)]
                live.wait_for_selector(".tile", timeout=20_000)

                postgres.stop("immediate")
                until = time.monotonic() + AWAY_SECONDS
                calls.goto(f"{address}calls")
                calls.wait_for_selector("[role=status]:has-text('自动重试')")
                away = []
                while time.monotonic() < until:
                    away.append(callers.call())
                if feed == "database":
                    live.wait_for_selector("#gaps:has-text('有节点不在线')", timeout=20_000)
                else:  # the running calls need no database
                    live.wait_for_selector("#gaps:empty", state="attached")
                postgres.start()

                calls.wait_for_selector("form[role=search]", timeout=60_000)
                if feed == "database":
                    live.wait_for_selector("#gaps:has-text('有节点曾中断')", timeout=60_000)
                after = callers.call()
                live.locator(".tile", has_text="骚扰").first.wait_for(timeout=20_000)
                made = callers.count
                reach(calls, made)
                assert live.problems == []
                print(
                    f"\n{feed}: seconds from INVITE to REFER: median {statistics.median(before):.2f} before, "
                    f"{statistics.median(away):.2f} (most {max(away):.2f}) in {len(away)} calls while it was away "
                    f"for {AWAY_SECONDS:g} s, {after:.2f} after; {made} of {made} calls in the log"
                )


def test_console_and_service_are_killed_in_turn(chromium) -> None:
    with serving(PATIENT) as (service, port):
        folder, console_port = with_account(service), free_port(socket.SOCK_STREAM)
        callers = Callers(port)
        with console(folder, console_port) as first:
            page = opened(chromium, f"http://127.0.0.1:{console_port}/", Role.SUPERVISOR, "live")
            first.kill()
            page.wait_for_selector("#state:has-text('连接中断')")
        callers.call()  # nobody sees it, and it goes as ever
        with console(folder, console_port):
            page.wait_for_selector("#state:has-text('已恢复')", timeout=30_000)
            page.click("#state a")
            reach(page, 1)  # what the page has missed
            page.goto(f"http://127.0.0.1:{console_port}/live")
            service.kill()
            page.wait_for_selector("#gaps:has-text('有节点不在线')")
            with (folder / "log.txt").open("w") as out:
                again = subprocess.Popen(service.args, stdout=out, stderr=out)
            try:
                wait_for(lambda: "taking calls" in (folder / "log.txt").read_text(), 60, "return", every=0.1)
                page.wait_for_selector("#gaps:has-text('有节点曾中断')", timeout=20_000)
                callers.call()
                page.wait_for_selector(".tile:has-text('骚扰')")
            finally:
                again.terminate()
                again.wait()
