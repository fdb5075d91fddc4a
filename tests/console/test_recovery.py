"""Console killed, screener restarted, database away, login ended: the page recovers and says what it missed."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from screener.console import stream
from screener.console.context import ConsoleContext
from screener.console.logins import Logins, Role
from screener.console.server import ConsoleServer
from screener.feed.items import Began, Over
from screener.feed.local import FeedServer
from screener.store.accounts import Accounts
from screener.store.log import open_log
from tests.console.browser import chromium, contains, expect, needs_chromium, opened, site
from tests.console.conftest import PASSWORD, QUICK, Clock
from tests.console.test_live import BEGAN, NOON, feed, orders, place, tell
from tests.server import free_port
from tests.store.databases import running_postgres
from tests.waiting import WAIT, wait_for

__all__ = ["chromium", "feed", "orders", "place", "site"]
pytestmark = needs_chromium


@contextmanager
def console(folder: Path, port: int) -> Iterator[subprocess.Popen]:
    """`screener console` as a process of its own."""
    command = [sys.executable, "-m", "screener", "console", "--config", str(folder / "screener.toml")]
    process = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL)
    try:

        def is_up() -> bool:
            assert process.poll() is None
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=WAIT):
                return True
            return False

        wait_for(is_up, 60, "console", every=0.1)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(180)
def test_a_console_that_is_killed_and_started_again(
    chromium, context: ConsoleContext, place: Path, orders, tmp_path
) -> None:
    (tmp_path / "screener.toml").write_text(
        f"[store]\nurl = 'sqlite:///log.db'\n[console]\nfeeds = ['{place}']\nsession_minutes = 43200\n"
    )
    server, port = FeedServer(place, orders.put), free_port(socket.SOCK_STREAM)
    try:
        server.put(BEGAN)
        with console(tmp_path, port) as first:
            page = opened(chromium, f"http://127.0.0.1:{port}/", Role.SUPERVISOR, "live")
            page.wait_for_selector("#call-a")
            os.kill(first.pid, signal.SIGKILL)
            expect(page, "#state", "连接中断，正在重连……")
        server.put(Over("a", 9.0, "caller"))
        server.put(Began("b", "n1", NOON, "+861", "mobile", "", "1", "in_path", ""))
        with console(tmp_path, port):
            page.wait_for_selector("#state a[href*='/calls?since=20']", timeout=30_000)
            contains(page, "#state", "连接曾中断")
            contains(page, "#state", "已恢复")
            page.wait_for_selector("#call-b")
            page.wait_for_selector("#call-a", state="detached")  # it ended while nobody was there to say so
            page.click("#state a")
            page.wait_for_url("**/calls?since=*")
    finally:
        server.stop()


def test_a_screener_that_is_restarted(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, place: Path, orders
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN)
    page.wait_for_selector("#call-a")
    feed.stop()
    page.wait_for_selector("#call-a.over")
    page.wait_for_selector("#gaps:has-text('有节点不在线')")
    again = FeedServer(place, orders.put)
    try:
        page.wait_for_selector("#gaps:has-text('有节点曾中断')")
        wait_for(lambda: context.hub.feeds[0].up)
        again.put(Began("b", "n1", NOON, "+861", "mobile", "", "1", "in_path", ""))
        page.wait_for_selector("#call-b")
        assert page.problems == []
    finally:
        context.hub.stop()
        again.stop()


@pytest.mark.timeout(180)
def test_a_database_that_is_away(chromium, context: ConsoleContext, feed: FeedServer, clock: Clock) -> None:
    with running_postgres() as postgres:
        log = open_log(postgres.new_database())
        access = Logins(Accounts(log), clock, timedelta(minutes=30), QUICK)
        access.add("supervisor", Role.SUPERVISOR, PASSWORD)
        server = ConsoleServer(replace(context, log=log, access=access), port=0)
        server.start()
        try:
            page = opened(chromium, server.address, Role.SUPERVISOR, "live")
            other = page.context.new_page()
            tell(feed, context, BEGAN)
            page.wait_for_selector("#call-a")
            postgres.stop("immediate")
            other.goto(f"{server.address}calls")
            other.wait_for_selector("[role=status]:has-text('自动重试')")
            tell(feed, context, Began("b", "n1", NOON, "+861", "mobile", "", "1", "in_path", ""))
            page.wait_for_selector("#call-b")  # running calls are shown all the same
            postgres.start()
            other.wait_for_selector("form[role=search]", timeout=30_000)
            assert page.problems == []
        finally:
            server.stop()
            log.close()


def test_a_login_that_ends_leads_an_open_page_to_the_login_and_back(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.2)
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN)
    page.wait_for_selector("#call-a")
    context.access.set_password("supervisor", "another long one")
    page.wait_for_url("**/login?next=*")
    page.fill("input[name=name]", "supervisor")
    page.fill("input[name=password]", "another long one")
    page.click("button.first")
    page.wait_for_url("**/live")
    page.wait_for_selector("#call-a")


def test_a_button_of_a_page_whose_login_has_ended_leads_to_the_login(
    chromium, site: str, feed: FeedServer, context: ConsoleContext, orders
) -> None:
    page = opened(chromium, site, Role.SUPERVISOR, "live")
    tell(feed, context, BEGAN)
    page.wait_for_selector("#call-a")
    context.access.set_password("supervisor", "another long one")
    page.click("#call-a [data-act=supervisor]")
    page.wait_for_url("**/login?next=*")
    assert orders.empty()
