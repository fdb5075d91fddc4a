"""A real headless Chromium for the tests of the pages, driven by Playwright."""

import shutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import pytest

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.console.server import ConsoleServer
from screener.feed.local import FeedServer
from tests.console.conftest import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
FLAGS = [
    f"--{flag}"
    for flag in (
        *("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
        *("disable-component-update", "disable-sync"),
    )
]


@cache
def playwright() -> ModuleType:
    """Loaded by who drives a browser; all who run tests collect these too."""
    return pytest.importorskip("playwright.sync_api", reason="needs the extra `dev`")


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with playwright().sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(feed: FeedServer, context: ConsoleContext) -> Iterator[str]:
    server = ConsoleServer(context, port=0)
    server.start()
    yield server.address
    server.stop()


def opened(chromium, site: str, role: Role, path: str, **context: object):
    """A page on which nothing may go wrong."""
    page = chromium.new_context(**context).new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.problems.append(said.text))
    page.goto(f"{site}{path}")
    page.fill("input[name=name]", role.value)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.first")
    page.wait_for_url(f"**/{path}")
    return page


def expect(page, selector: str, text: str) -> None:
    """Wait for a text; without evaluating any, which the pages forbid."""
    playwright().expect(page.locator(selector)).to_have_text(text, timeout=10_000)


def contains(page, selector: str, text: str) -> None:
    """Wait for a text within; what has just come into the page may not hold its words yet."""
    playwright().expect(page.locator(selector)).to_contain_text(text, timeout=10_000)


def until(page, expression: str, seconds: float = 15.0) -> None:
    """Wait until an expression is true; asked from outside, since the pages forbid to evaluate any."""
    for _ in range(int(seconds / 0.05)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")
