"""复核: what nobody has reviewed, one call after the other; who may say what, and what is shown of callers."""

import re

import pytest
from starlette.testclient import TestClient

from screener.console.access import Role
from screener.console.desk import Desk
from screener.core.evidence import Verdict
from screener.events import ListName
from screener.store.records import Review
from tests.console.conftest import log_in
from tests.console.written import NUMBER, SCRIPT, flagged, write


def reviews(desk: Desk) -> dict[str, Review]:
    return {call.id: call.review for call in desk.log.calls(limit=None)}


def test_the_newest_that_nobody_has_reviewed_comes_first_and_each_word_leads_on(
    desk: Desk, client: TestClient
) -> None:
    write(desk, flagged("old", 30), flagged("new", 1), flagged("done", 5, review=Review.CONFIRMED))
    guard = log_in(client, desk, Role.SUPERVISOR)
    assert client.get("/review").headers["location"] == "/review/new"
    page = client.get("/review/new").text
    assert 'name="next" value="old"' in page and "done" not in page
    form = {"guard": guard, "word": "confirmed", "reason": "说得 很脏", "next": "old"}
    assert client.post("/review/new", data=form).headers["location"] == "/review/old?said=new"
    form = {"guard": guard, "word": "overturned", "next": ""}
    assert client.post("/review/old", data=form).headers["location"] == "/review?said=old"
    assert reviews(desk) == {"new": Review.CONFIRMED, "old": Review.OVERTURNED, "done": Review.CONFIRMED}
    assert "没有待复核的来电" in client.get("/review").text
    note = next(note for note in desk.log.accesses() if note.action == "review confirm")
    assert (note.who, note.subject, note.destination) == ("supervisor", "new (说得 很脏)", "console")


def test_a_word_can_be_undone_and_takes_its_list_entry_with_it(desk: Desk, client: TestClient) -> None:
    write(desk, flagged("a", 1))
    guard = log_in(client, desk, Role.SUPERVISOR)
    client.post("/review/a", data={"guard": guard, "word": "confirmed"})
    assert [(e.name, e.number) for e in desk.log.listed(_now(desk))] == [(ListName.WATCH, NUMBER)]
    page = client.get("/review?said=a").text
    assert 'action="/review/a"' in page and 'value="none"' in page
    answer = client.post("/review/a", data={"guard": guard, "word": "none"})
    assert answer.headers["location"] == "/review/a"
    assert reviews(desk) == {"a": Review.NONE} and desk.log.listed(_now(desk)) == []
    assert desk.log.accesses()[0].action == "review undo"


def _now(desk: Desk):
    return desk.log.accesses()[0].at


def test_the_page_tells_what_was_said_what_it_weighed_and_when_it_tipped(desk: Desk, client: TestClient) -> None:
    write(desk, flagged("a", 1))
    log_in(client, desk, Role.SUPERVISOR)
    page = client.get("/review/a").text
    assert "你一个人吗" in page and "此处标记" in page and "越过标记线" in page
    assert re.search(r'class="evidence for tipped"', page)
    assert NUMBER in page


def test_an_auditor_reads_and_says_nothing_and_sees_no_whole_number(desk: Desk, client: TestClient) -> None:
    write(desk, flagged("a", 1, display_name=NUMBER))
    guard = log_in(client, desk, Role.AUDITOR)
    page = client.get("/review/a").text
    assert NUMBER not in page and NUMBER.removeprefix("+86") not in page and "+861********00" in page
    assert 'name="word"' not in page
    assert client.post("/review/a", data={"guard": guard, "word": "confirmed"}).status_code == 403
    assert reviews(desk) == {"a": Review.NONE}


@pytest.mark.parametrize("path", ["/review/a", "/calls/a", "/calls", "/review/b?said=a%22%3E%3Cscript%3E"])
def test_what_callers_say_and_are_called_stays_text(desk: Desk, client: TestClient, path: str) -> None:
    write(desk, flagged("a", 1, display_name=SCRIPT, words=SCRIPT, agent=SCRIPT), flagged("b", 2, queue=SCRIPT))
    log_in(client, desk, Role.SUPERVISOR)
    page = client.get(path)
    assert page.status_code == 200
    assert SCRIPT not in page.text and "&lt;script&gt;" in page.text
    assert re.findall(r"<script[^>]*>", page.text) in ([], ['<script src="/static/keys.js">'])


def test_what_was_never_flagged_cannot_be_reviewed(desk: Desk, client: TestClient) -> None:
    write(desk, flagged("a", 1, verdict=Verdict.GENUINE, kind=None, flagged_at=None, evidence=()))
    guard = log_in(client, desk, Role.SUPERVISOR)
    assert 'name="word"' not in client.get("/review/a").text
    assert client.post("/review/a", data={"guard": guard, "word": "confirmed"}).status_code == 400
    assert client.post("/review/a", data={"guard": guard, "word": "made up"}).status_code == 400


def test_evidence_that_was_taken_out_is_no_longer_what_tipped_it(desk: Desk, client: TestClient) -> None:
    write(desk, flagged("a", 1, evidence=()))
    log_in(client, desk, Role.SUPERVISOR)
    assert "不是凭所听到的内容标记" in client.get("/review/a").text
