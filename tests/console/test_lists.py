"""名单, 运行状态: entries and proposals; who may change them; what is on record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.ladder import Ladder, LadderStep
from screener.events import ListName, Rung
from screener.store.records import ListedNumber, Review
from tests.console.conftest import hub_of, log_in
from tests.console.written import NUMBER, SCRIPT, flagged, write

NOW = datetime.now(UTC)


def entries(context: ConsoleContext) -> set[tuple[str, str]]:
    return {(entry.name.value, entry.number) for entry in context.log.listed(datetime.now(UTC))}


def test_a_number_is_put_on_a_list_and_taken_off_and_both_are_on_record(
    context: ConsoleContext, client: TestClient
) -> None:
    guard = log_in(client, context, Role.SUPERVISOR)
    form = {"guard": guard, "name": "block", "number": "138 0013 8000", "reason": SCRIPT, "expires": "2199-01-01"}
    assert client.post("/lists/add", data=form).headers["location"] == "/lists"
    assert entries(context) == {("block", NUMBER)}
    page = client.get("/lists").text
    assert NUMBER in page and "2199-01-01" in page and SCRIPT not in page and "&lt;script&gt;" in page
    client.post("/lists/remove", data={"guard": guard, "name": "block", "number": NUMBER})
    assert entries(context) == set()
    noted = {(note.action, note.subject, note.who) for note in context.log.accesses()}
    assert noted >= {("list block add", NUMBER, "supervisor"), ("list block remove", NUMBER, "supervisor")}


@pytest.mark.parametrize(
    "changes",
    [
        *({"number": "000000"}, {"number": ""}, {"name": "grey"}, {"expires": "2020-01-01"}, {"expires": "soon"}),
        *({"reason": ""}, {"reason": " \t"}),
    ],
)
def test_an_entry_that_cannot_be_is_refused(
    context: ConsoleContext, client: TestClient, changes: dict[str, str]
) -> None:
    guard = log_in(client, context, Role.SUPERVISOR)
    form = {"guard": guard, "name": "block", "number": "13800138000", "reason": "恶作剧", **changes}
    answer = client.post("/lists/add", data=form)
    assert answer.status_code == 400
    assert (answer.json()["remedy"] == "请写明原因，供日后查看") == ("reason" in changes)
    assert entries(context) == set()


def test_a_proposal_is_accepted_by_a_person(context: ConsoleContext, client: TestClient) -> None:
    now = datetime.now(UTC)
    at = [now - timedelta(days=n + 1) for n in range(3)]
    write(context, *(flagged(f"c{n}", 0, started_at=when, review=Review.CONFIRMED) for n, when in enumerate(at)))
    guard = log_in(client, context, Role.SUPERVISOR)
    assert 'action="/lists/accept"' in client.get("/lists").text
    assert client.post("/lists/accept", data={"guard": guard, "number": "+8613912345678"}).status_code == 404
    assert client.post("/lists/accept", data={"guard": guard, "number": NUMBER}).status_code == 303
    assert entries(context) == {("block", NUMBER)}
    assert "由 supervisor 采纳" in client.get("/lists").text


def test_an_auditor_sees_masked_entries_and_changes_nothing(context: ConsoleContext, client: TestClient) -> None:
    context.log.enlist(ListedNumber(ListName.WATCH, NUMBER, "", NOW))
    guard = log_in(client, context, Role.AUDITOR)
    page = client.get("/lists").text
    assert "+861********00" in page and NUMBER not in page and "/lists/remove" not in page
    assert (
        client.post("/lists/remove", data={"guard": guard, "name": "watch", "number": NUMBER}).status_code == 403
    )
    assert entries(context) == {("watch", NUMBER)}


def test_the_health_page_says_which_service_is_away(context: ConsoleContext, client: TestClient, tmp_path) -> None:
    context.hub = hub_of([tmp_path / "nobody.sock"])
    write(context, flagged("a", 0, node="n1"))
    log_in(client, context, Role.AUDITOR)
    page = client.get("/health").text
    assert "nobody.sock" in page and "✘ 不在线" in page and "n1" in page and "2026-03-04 12:00:00" in page


def test_the_ladder_is_shown_and_lifted(context: ConsoleContext, client: TestClient) -> None:
    now = datetime.now(UTC)
    at = [now - timedelta(hours=n + 1) for n in range(2)]
    calls = [flagged(f"c{n}", 0, started_at=t, review=Review.CONFIRMED, reviewed_at=t) for n, t in enumerate(at)]
    write(context, *calls)
    guard = log_in(client, context, Role.SUPERVISOR)
    assert "逐级处置" not in client.get("/lists").text + client.get("/health").text, "off by default"
    context.settings = replace(context.settings, ladder=Ladder((LadderStep(Rung.SUSPENDED, 2, 30, 7),)))
    assert "暂停受理" in client.get("/lists").text
    assert "逐级处置中的号码 · 暂停受理</dt><dd>1" in client.get("/health").text
    assert client.post("/lists/lift", data={"guard": guard, "number": NUMBER}).status_code == 303
    assert "逐级处置" not in client.get("/lists").text


def test_who_sent_a_form_that_cannot_be_finds_back_to_it(context: ConsoleContext, client: TestClient) -> None:
    form = {"guard": log_in(client, context, Role.SUPERVISOR), "name": "block", "number": "abc", "reason": "x"}
    own = str(client.base_url)
    for came_from, back in (
        (f"{own}/lists", True),
        ("http://evil.example/lists", False),
        (f"{own}//evil.x", False),
    ):
        page = client.post("/lists/add", data=form, headers={"accept": "text/html", "referer": came_from}).text
        assert ('<a href="/lists">返回上一页</a>' in page) is back and "evil" not in page
    page = client.get("/calls/none", headers={"accept": "text/html"}).text
    assert "没有编号" in page and "返回上一页" not in page and "screener calls" not in page, (
        "nobody here has a shell"
    )
