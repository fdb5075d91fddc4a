"""What takes long is made in the background, once for all who ask; nobody waits for it longer than a moment."""

import threading
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from screener.console import reports
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.console.slowly import AT_ONCE, FRESH_TIMES, KEPT, OLD_SECONDS, Slowly
from screener.errors import InputError, StoreError
from tests.console.conftest import log_in
from tests.console.written import NUMBER, flagged, write
from tests.waiting import ENOUGH, wait_for, wait_until_equal


class Work:
    """Takes so long by a clock of its own, and ends when it is let go."""

    def __init__(self, seconds: float = 0.0, held: bool = False) -> None:
        self.now, self.seconds, self.made = 0.0, seconds, 0
        self.free = threading.Semaphore(0 if held else 1000)

    def __call__(self) -> int:
        self.made += 1
        mine = self.made
        self.free.acquire()
        self.now += self.seconds
        return mine

    def clock(self) -> float:
        return self.now


WAIT = 0.05


def test_what_is_quick_is_made_anew_each_time_unless_it_may_be_kept() -> None:
    work = Work()
    answers = Slowly(work.clock, ENOUGH)
    made = [answers.ask("a", work) for _ in range(2)]
    assert made == [1, 2]
    assert [answers.ask("b", work, fresh_seconds=60.0) for _ in range(2)] == [3, 3]
    work.now += 61
    assert answers.ask("b", work, fresh_seconds=60.0) == 4


def test_what_is_slow_is_made_once_for_all_and_kept_in_proportion() -> None:
    work = Work(seconds=10.0, held=True)
    answers = Slowly(work.clock, WAIT)
    assert [answers.ask("a", work) for _ in range(3)] == [None] * 3, "not there yet"
    wait_for(lambda: work.made == 1)
    work.free.release()
    wait_for(lambda: answers.ask("a", work) == 1)
    work.now += 10 * FRESH_TIMES - 1
    assert answers.ask("a", work) == 1 and work.made == 1
    work.now += 2
    assert answers.ask("a", work) == 1, "the one before, while the next is made"
    work.free.release()
    wait_for(lambda: answers.ask("a", work) == 2)
    work.now += 10 * FRESH_TIMES + OLD_SECONDS
    assert answers.ask("a", work) is None, "an old one is shown to nobody"
    work.free.release()


def test_what_is_forgotten_is_made_anew_and_so_is_what_was_being_made() -> None:
    work = Work(held=True)
    answers = Slowly(work.clock, WAIT)
    assert answers.ask("a", work, 60.0) is None
    wait_until_equal(lambda: work.made, 1)
    answers.forget("a")
    assert answers.ask("a", work, 60.0) is None
    wait_until_equal(lambda: work.made, 2)
    work.free.release(2)
    wait_for(lambda: answers.ask("a", work, 60.0) == 2)
    answers.forget("a")
    work.free.release()
    wait_for(lambda: answers.ask("a", work, 60.0) == 3)


def test_only_so_many_are_made_at_once_and_kept() -> None:
    work = Work(held=True)
    answers = Slowly(work.clock, WAIT)
    for n in range(AT_ONCE + 2):
        answers.ask(n, work)
    wait_for(lambda: work.made == AT_ONCE)
    work.free.release(1000)
    wait_for(lambda: work.made == AT_ONCE + 2 and not answers._making)
    for n in range(KEPT + 10):
        wait_for(lambda n=n: answers.ask(n, work, 60.0))
    assert len(answers._answers) == KEPT


@pytest.mark.parametrize(
    "problem", [InputError("no such day", "choose another"), StoreError("it is away", "wait")]
)
def test_what_goes_wrong_is_raised_for_who_asks(problem: Exception) -> None:
    def broken() -> None:
        raise problem

    answers = Slowly(wait=ENOUGH)
    for _ in range(2):
        with pytest.raises(type(problem)):
            answers.ask("a", broken)


def test_a_report_that_takes_long_says_so_and_comes_by_itself(
    context: ConsoleContext, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    agents = reports.REPORTS["agents"]

    def slow(asked):
        free.wait(ENOUGH)
        return agents.page(asked)

    monkeypatch.setattr(reports, "REPORTS", {**reports.REPORTS, "agents": replace(agents, page=slow)})
    context.slowly = Slowly(wait=WAIT)
    log_in(client, context, Role.SUPERVISOR)
    waiting = client.get("/reports/agents?since=2020-01-01", headers={"accept": "text/html"})
    assert waiting.status_code == 202
    assert "正在统计" in waiting.text and "/static/again.js" in waiting.text
    free.set()
    wait_for(lambda: client.get("/reports/agents?since=2020-01-01").status_code == 200)
    context.slowly = Slowly(wait=ENOUGH)
    assert client.get("/reports/agents?since=x").status_code == 400


def test_nobody_is_shown_what_was_made_for_a_role_that_sees_more(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("c0", 0))
    pages = {}
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        log_in(client, context, role)
        pages[role] = client.get("/reports/sources?since=").text
    assert NUMBER in pages[Role.SUPERVISOR] and NUMBER not in pages[Role.AUDITOR]
