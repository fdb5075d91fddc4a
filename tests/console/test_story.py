"""The demo's callers on the live page in a real Chromium: what is pressed is heard on the caller's recording."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.console.logins import Role
from screener.console.server import ConsoleServer, make_access, make_context
from screener.core.actions import Prompt
from screener.demo.announcement import in_order
from screener.demo.script import AUDIO, GREETING, load_script
from screener.demo.stage import Options, Stage
from screener.media.prompts import load_clips, read_wav
from screener.speech.pinyin import syllables
from screener.store.log import open_log
from screener.store.records import CallRecord
from tests.console.browser import chromium, contains, needs_chromium, opened
from tests.console.conftest import PASSWORD
from tests.waiting import wait_for

__all__ = ["chromium"]
pytestmark = [needs_chromium, pytest.mark.timeout(180)]
CLIPS = load_clips()


class Nobody:
    """The demo's screen, with nobody before it."""

    def curtain(self, *_of: object) -> None: ...

    watch = refresh = over = curtain


class Site:
    """The demo's call centre with its console; the recordings of its callers are kept."""

    def __init__(self, folder: Path) -> None:
        self.script = replace(load_script(), day=datetime.now(UTC).date() - timedelta(days=1))
        self._stage = Stage(self.script, Options(folder), Nobody())
        self._folder = folder
        settings = self._stage.settings
        self.log = open_log(settings.store.url, folder)
        for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
            make_access(settings, self.log).add(role.value, role, PASSWORD)
        self._server = ConsoleServer(make_context(settings, self.log, syllables), port=0)

    def __enter__(self) -> "Site":
        self._stage.__enter__()
        self._server.start()
        self.address = self._server.address
        return self

    def __exit__(self, *_of: object) -> None:
        self._server.stop()
        self._stage.__exit__()
        self.log.close()

    def logged(self) -> CallRecord:
        """The only call, once the log says that it is over: a moment after everybody else has said so."""
        (found,) = wait_for(lambda: [call for call in self.log.calls(limit=None) if call.ended_at], what="call")
        return self.log.call(found.id)

    def call(self, name: str) -> threading.Thread:
        """Place a call; it goes on by itself."""
        thread = threading.Thread(target=self._stage.play, args=(self.script.only((name,)),))
        thread.start()
        return thread

    def heard(self, name: str, leg: int = 1) -> bytes:
        """What a caller's recording of one leg holds."""
        return read_wav(self._folder / f"recordings/{name}-heard-{leg}.wav")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as site:
        yield site


def press(page, tile: str, act: str) -> None:
    button = page.locator(f"{tile} [data-act={act}]")
    button.click()
    button.click()  # sure


def test_a_call_turns_from_genuine_to_flagged_and_a_mistake_is_mended_by_a_button(chromium, site: Site) -> None:
    page = opened(chromium, site.address, Role.SUPERVISOR, "live")
    other = opened(chromium, site.address, Role.ADMINISTRATOR, "live")
    calling = site.call("lewd")
    tile = "#calls .tile"
    page.wait_for_selector(tile, timeout=20_000)
    page.wait_for_selector(f"{tile} .words >> text=咨询")
    assert "urgent" not in page.get_attribute(tile, "class"), "a caller who enquires"
    page.wait_for_selector(f"{tile}.urgent", timeout=30_000)
    contains(page, f"{tile} .verdict", "骚扰")
    other.wait_for_selector(f"{tile}.urgent")
    press(page, tile, "agents")
    calling.join(60)
    assert in_order([read_wav(AUDIO / GREETING)], site.heard("lewd", leg=2)), "an agent greets the caller"
    assert not in_order([CLIPS[Prompt.ANALYSIS_DONE].pcm], site.heard("lewd")), "out of the queue before its end"
    for one in (page, other):
        one.wait_for_selector(f"{tile}.over")
        assert one.problems == []
    assert [d.reason for d in site.logged().decisions][-1] == "ordered:supervisor"


def test_a_line_fault_by_a_button_is_what_the_caller_hears(chromium, site: Site) -> None:
    page = opened(chromium, site.address, Role.SUPERVISOR, "live")
    calling = site.call("silent")
    page.wait_for_selector("#calls .tile", timeout=20_000)
    press(page, "#calls .tile", "line_fault")
    calling.join(60)
    assert in_order([CLIPS[Prompt.LINE_FAULT].pcm], site.heard("silent"))
    assert not in_order([CLIPS[Prompt.SILENT_CLOSING].pcm], site.heard("silent"))
    page.wait_for_selector("#calls .tile.over")
    assert page.problems == []
    noted = [note for note in site.log.accesses() if "/order" in note.subject]
    assert {(note.who, note.subject) for note in noted} == {("supervisor", f"/live/{site.logged().id}/order")}
