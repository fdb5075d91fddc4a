"""复核: what nobody has reviewed, one call after the other; who may say what, and what is shown of callers."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.evidence import Verdict
from screener.events import ListName
from screener.review.missed import PERIOD, missed_in, turn
from screener.store.records import Review
from tests.console.conftest import log_in
from tests.console.written import NUMBER, SCRIPT, flagged, write


def reviews(context: ConsoleContext) -> dict[str, Review]:
    return {call.id: call.review for call in context.log.calls(limit=None)}


def test_the_newest_that_nobody_has_reviewed_comes_first_and_each_word_leads_on(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("old", 30), flagged("new", 1), flagged("done", 5, review=Review.CONFIRMED))
    guard = log_in(client, context, Role.SUPERVISOR)
    assert client.get("/review").headers["location"] == "/review/new"
    page = client.get("/review/new").text
    assert 'name="next" value="old"' in page and "done" not in page
    form = {"guard": guard, "word": "confirmed", "reason": "说得 很脏", "next": "old"}
    assert client.post("/review/new", data=form).headers["location"] == "/review/old?said=new"
    form = {"guard": guard, "word": "overturned", "next": ""}
    assert client.post("/review/old", data=form).headers["location"] == "/review?said=old"
    assert reviews(context) == {"new": Review.CONFIRMED, "old": Review.OVERTURNED, "done": Review.CONFIRMED}
    assert "没有待复核的来电" in client.get("/review").text
    note = next(note for note in context.log.accesses() if note.action == "review confirm")
    assert (note.who, note.subject, note.destination) == ("supervisor", "new (说得 很脏)", "console")


def test_a_word_can_be_undone_and_takes_its_list_entry_with_it(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1))
    guard = log_in(client, context, Role.SUPERVISOR)
    client.post("/review/a", data={"guard": guard, "word": "confirmed"})
    assert [(e.name, e.number) for e in context.log.listed(_now(context))] == [(ListName.WATCH, NUMBER)]
    page = client.get("/review?said=a").text
    assert 'action="/review/a"' in page and 'value="none"' in page
    answer = client.post("/review/a", data={"guard": guard, "word": "none"})
    assert answer.headers["location"] == "/review/a"
    assert reviews(context) == {"a": Review.NONE} and context.log.listed(_now(context)) == []
    assert context.log.accesses()[0].action == "review undo"


def marked(page: str) -> str:
    """The newest word that a page of the review knows of."""
    return re.search(r'name="mark" value="([^"]*)">\s*<input type="hidden" name="next"', page)[1]


def test_who_reviews_what_another_has_reviewed_meanwhile_is_told_and_no_word_is_lost(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1), flagged("b", 2))
    first, second = client, TestClient(client.app, follow_redirects=False)
    guards = log_in(first, context, Role.SUPERVISOR), log_in(second, context, Role.ADMINISTRATOR)
    old = marked(second.get("/review/a").text)
    confirmed = {"guard": guards[0], "word": "confirmed", "reason": "听过录音", "mark": old, "next": "b"}
    assert first.post("/review/a", data=confirmed).headers["location"] == "/review/b?said=a"
    other = {"guard": guards[1], "word": "overturned", "reason": "孩子", "mark": old, "next": "b"}
    answer = second.post("/review/a", data=other)
    assert answer.headers["location"] == "/review/a?late=1"
    assert reviews(context)["a"] is Review.CONFIRMED
    page = second.get("/review/a?late=1").text
    assert "已有人复核这一通" in page and "supervisor <b>已确认</b> “听过录音”" in page
    again = other | {"mark": marked(page)}
    assert second.post("/review/a", data=again).headers["location"] == "/review/b?said=a"
    assert reviews(context)["a"] is Review.OVERTURNED
    for page in (first.get("/calls/a").text, first.get("/review/a").text):
        assert "supervisor <b>已确认</b> “听过录音”" in page
        assert "administrator <b>已撤销</b> “孩子”" in page


def test_a_reason_stands_with_the_call_and_on_the_list_and_comes_back_after_an_undo(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1))
    guard = log_in(client, context, Role.SUPERVISOR)
    client.post("/review/a", data={"guard": guard, "word": "confirmed", "reason": f"他常打 {NUMBER[3:]}"})
    for path in ("/calls/a", "/review/a", "/lists"):
        assert f"“他常打 {NUMBER[3:]}”" in client.get(path).text
    log_in(client, context, Role.AUDITOR)
    for path in ("/calls/a", "/review/a", "/lists"):
        page = client.get(path).text
        assert "他常打" in page and NUMBER[3:] not in page
    guard = log_in(client, context, Role.SUPERVISOR)
    client.post("/review/a", data={"guard": guard, "word": "none"})
    page = client.get("/review/a").text
    assert f'name="reason" maxlength="200" value="他常打 {NUMBER[3:]}"' in page
    assert "supervisor <b>已撤回</b>" in page


def _now(context: ConsoleContext):
    return context.log.accesses()[0].at


def test_the_page_tells_what_was_said_what_it_weighed_and_when_it_tipped(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1))
    log_in(client, context, Role.SUPERVISOR)
    page = client.get("/review/a").text
    assert "你一个人吗" in page and "此处标记" in page and "越过标记线" in page
    assert re.search(r'class="evidence for tipped"', page)
    assert NUMBER in page


def test_an_auditor_reads_and_says_nothing_and_sees_no_whole_number(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1, display_name=NUMBER))
    guard = log_in(client, context, Role.AUDITOR)
    page = client.get("/review/a").text
    assert NUMBER not in page and NUMBER.removeprefix("+86") not in page and "+861********00" in page
    assert 'name="word"' not in page
    assert client.post("/review/a", data={"guard": guard, "word": "confirmed"}).status_code == 403
    assert reviews(context) == {"a": Review.NONE}


@pytest.mark.parametrize("path", ["/review/a", "/calls/a", "/calls", "/review/b?said=a%22%3E%3Cscript%3E"])
def test_what_callers_say_and_are_called_stays_text(
    context: ConsoleContext, client: TestClient, path: str
) -> None:
    write(context, flagged("a", 1, display_name=SCRIPT, words=SCRIPT, agent=SCRIPT), flagged("b", 2, queue=SCRIPT))
    log_in(client, context, Role.SUPERVISOR)
    page = client.get(path)
    assert page.status_code == 200
    assert SCRIPT not in page.text and "&lt;script&gt;" in page.text
    assert re.findall(r"<script[^>]*>", page.text) in ([], ['<script src="/static/keys.js">'])


def genuine(name: str, minutes: int, **changes):
    """A call that was heard and not flagged, so many minutes ago."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    heard = {"verdict": Verdict.GENUINE, "kind": None, "flagged_at": None, "started_at": at, "ended_at": at}
    return flagged(name, minutes, **heard | changes)


def test_what_was_never_judged_cannot_be_reviewed(context: ConsoleContext, client: TestClient) -> None:
    write(context, genuine("a", 1), genuine("b", 1, ended_at=None))
    context.log.write([flagged("c", 1, verdict=None, flagged_at=None, kind=None, ended_at=None)])
    guard = log_in(client, context, Role.SUPERVISOR)
    assert 'name="word"' not in client.get("/review/c").text
    assert client.post("/review/c", data={"guard": guard, "word": "confirmed"}).status_code == 400
    assert client.post("/review/a", data={"guard": guard, "word": "made up"}).status_code == 400


def test_a_sample_of_unflagged_calls_comes_among_the_flags_in_the_order_of_the_draw(
    context: ConsoleContext, client: TestClient
) -> None:
    flags = [flagged(f"f{n}", n) for n in range(40)]
    others = [genuine(f"g{n}", n) for n in range(40)] + [genuine("unheard", 1, evidence=())]
    write(context, *flags, *others)
    guard = log_in(client, context, Role.SUPERVISOR)
    seen, address = [], client.get("/review").headers["location"]
    while address.startswith("/review/"):
        name = address.removeprefix("/review/").partition("?")[0]
        seen.append(name)
        page = client.get(address).text
        assert ("抽样" in page) == name.startswith("g")
        following = page.split('name="next" value="')[1].split('"')[0]
        then = page.split('name="then" value="')[1].split('"')[0]
        said = "overturned" if name[0] == "g" else "confirmed"
        form = {"guard": guard, "word": said, "next": following, "then": then}
        address = client.post(f"/review/{name}", data=form).headers["location"]
        if not following:
            break
    assert [name for name in seen if name[0] == "f"] == [flag.id for flag in flags]
    sampled = [name for name in seen if name[0] == "g"]
    order = sorted((call.id for call in others if call.evidence), key=turn)
    assert sampled == order[: len(sampled)] and 3 <= len(sampled) <= 15
    known = missed_in(context.log, datetime.now(UTC))
    assert (known.looked_at, known.missed) == (len(sampled), 0)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "近 30 天抽查未标记来电 2 通，其中骚扰 1 通：漏判率 50.0%（9.5%–90.5%）"),
        (
            "en",
            "Last 30 days: 2 unflagged calls drawn, 1 of them harassment: 50.0 % missed (9.5–90.5 %)",
        ),
    ],
)
def test_the_page_says_how_much_is_missed_whatever_was_never_drawn(
    context: ConsoleContext, client: TestClient, lang: str, said: str
) -> None:
    names = sorted((f"g{n}" for n in range(4)), key=turn)
    days = PERIOD.days * 24 * 60
    write(context, flagged("f", 1), genuine(names[0], days + 60), *(genuine(name, 60) for name in names[1:]))
    context.teller = replace(context.teller, lang=lang)
    guard = log_in(client, context, Role.SUPERVISOR)
    assert "share" not in client.get("/review/f").text
    for name, word in zip(names[1:3], ("confirmed", "overturned"), strict=True):
        client.post(f"/review/{name}", data={"guard": guard, "word": word})
    assert said in client.get("/review/f").text
    client.post("/review/f", data={"guard": guard, "word": "confirmed"})
    assert said in client.get("/review").text


def test_evidence_that_was_taken_out_is_no_longer_what_tipped_it(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1, evidence=()))
    log_in(client, context, Role.SUPERVISOR)
    assert "不是凭所听到的内容标记" in client.get("/review/a").text


def test_the_most_doubtful_come_first_where_that_is_asked_for(context: ConsoleContext, client: TestClient) -> None:
    write(
        context, flagged("sure", 1, score=9.0), flagged("doubtful", 30, score=2.2), flagged("middle", 5, score=4.0)
    )
    guard = log_in(client, context, Role.SUPERVISOR)
    assert client.get("/review").headers["location"] == "/review/sure"
    assert client.get("/review?order=doubtful").headers["location"] == "/review/doubtful?order=doubtful"
    page = client.get("/review/doubtful?order=doubtful").text
    assert 'name="next" value="middle"' in page and 'href="/review/middle?order=doubtful"' in page
    form = {"guard": guard, "word": "confirmed", "next": "middle", "order": "doubtful"}
    answer = client.post("/review/doubtful", data=form)
    assert answer.headers["location"] == "/review/middle?said=doubtful&order=doubtful"
    assert client.get("/review?order=//evil").headers["location"] == "/review/sure"
