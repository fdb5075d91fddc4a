"""The API: by token, in the shapes that its document tells, masked by role, every use on record."""

import io
import json
import queue
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from screener.console.addresses import ADDRESSES, PROGRAMS
from screener.console.api import wire
from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.health import Health
from screener.console.logins import Role
from screener.console.stream import STREAMS
from screener.core.ladder import Ladder, LadderStep
from screener.errors import InputError
from screener.events import CallControl, Entrance, ListName, Rung
from screener.feed.items import Began, Heard, Order, Weighed
from screener.feed.local import FeedServer
from screener.store.records import Review
from tests.console.conftest import PASSWORD, Clock
from tests.console.test_live import BEGAN, FLAGGED, SCRIPT, feed, orders, place, tell
from tests.console.written import NUMBER, flagged, write
from tests.waiting import WAIT

__all__ = ["feed", "orders", "place"]


class Program:
    """A program with a token."""

    def __init__(self, context: ConsoleContext, role: Role, extension: str = "") -> None:
        token = context.access.add_token(f"crm {role}", role, extension)
        self.client = TestClient(build(context), headers={"authorization": f"Bearer {token}"})

    def get(self, path: str, shape: type, status: int = 200):
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return TypeAdapter(shape).validate_json(answer.text)

    def post(self, path: str, body: object = None, status: int = 200):
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def supervisor(context: ConsoleContext) -> Program:
    return Program(context, Role.SUPERVISOR)


# The document.


def test_the_document_tells_every_address_of_the_api_and_no_other(supervisor: Program) -> None:
    told = supervisor.get("/openapi.json", dict)
    paths = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert paths == {(a.method, a.path) for a in ADDRESSES if a.path.startswith("/api/")}
    for address in PROGRAMS:
        operation = told["paths"][address.path][address.method.lower()]
        assert all(role.value in operation["description"] for role in address.roles)
        assert ("requestBody" in operation) == (address.told.body is not None)


def test_every_reference_of_the_document_leads_somewhere_and_every_schema_is_used(supervisor: Program) -> None:
    told = supervisor.get("/openapi.json", dict)
    text = json.dumps(told)
    used = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert used == set(told["components"]["schemas"])
    assert (
        told["openapi"].startswith("3.1") and told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    )


# Tokens.


def test_a_token_is_kept_as_its_hash_and_ends(context: ConsoleContext, clock: Clock) -> None:
    from screener.store.accounts import Accounts

    token = context.access.add_token("crm", Role.AUDITOR, lasts=timedelta(days=1))
    [kept] = Accounts(context.log).tokens()
    assert token not in str(kept) and len(kept.secret) == 64
    assert context.access.program(token).name == "crm"
    assert context.access.program(kept.secret) is None, "what the database keeps opens nothing"
    clock.wait(days=1)
    assert context.access.program(token) is None


@pytest.mark.parametrize(("name", "role", "extension"), [("", Role.AUDITOR, ""), ("a", Role.AGENT, "")])
def test_a_token_that_will_not_do_is_refused(
    context: ConsoleContext, name: str, role: Role, extension: str
) -> None:
    with pytest.raises(InputError):
        context.access.add_token(name, role, extension)


def test_no_program_has_a_persons_name_or_another_programs(context: ConsoleContext) -> None:
    context.access.add_token("crm", Role.AUDITOR)
    for name in ("supervisor", "crm"):
        with pytest.raises(InputError):
            context.access.add_token(name, Role.AUDITOR)
    with pytest.raises(InputError):
        context.access.add("crm", Role.AUDITOR, PASSWORD)


def test_a_token_that_is_taken_away_opens_nothing(context: ConsoleContext, supervisor: Program) -> None:
    from screener.store.accounts import Accounts

    assert supervisor.get("/me", wire.Myself) == wire.Myself("crm supervisor", "supervisor", "", True)
    assert Accounts(context.log).remove_token("crm supervisor")
    assert supervisor.get("/me", wire.Problem, 401).remedy
    assert not Accounts(context.log).remove_token("crm supervisor")


# Running calls.


def test_running_calls_come_as_codes_and_a_button_is_an_order(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    program = Program(context, Role.SUPERVISOR)
    tell(feed, context, BEGAN, Heard("a", 1.0, "caller", 0, SCRIPT, final=True))
    tell(feed, context, Weighed("a", 3.0, "time.night", "", "", 0.4, "23:00", -3.6, 2.1), FLAGGED)
    [call] = program.get("/live", wire.Changes).calls
    assert (call.began, call.judged, call.words[0].text, call.urgent) == (BEGAN, FLAGGED, SCRIPT, True)
    program.post("/live/a/order", {"act": "line_fault"})
    assert orders.get(timeout=WAIT) == Order("a", CallControl.LINE_FAULT, "crm supervisor")
    for body in ({"act": "dance"}, {}, [], None, "x"):
        assert program.post("/live/a/order", body, 400).json()["remedy"]
    assert program.post("/live/zzz/order", {"act": "agents"}, 404).json()["field"] == "call"
    assert orders.empty()


def test_the_stream_tells_the_same_and_masks_by_role(feed: FeedServer, context: ConsoleContext) -> None:
    tell(feed, context, BEGAN)
    for role, number in ((Role.SUPERVISOR, BEGAN.number), (Role.AUDITOR, "+861********00")):
        text = Program(context, role).client.get("/api/v1/live/events?once").text
        [call] = TypeAdapter(wire.Changes).validate_json(text.removeprefix("data: ").strip()).calls
        assert call.began.number.partition("·")[0] == number


def test_an_agents_token_sees_the_own_call_only(
    feed: FeedServer, context: ConsoleContext, orders: "queue.Queue[Order]"
) -> None:
    from screener.console.agent import Present

    program = Program(context, Role.AGENT, "8001")
    tell(feed, context, Began("b", "n", datetime.now(UTC), "+861", "mobile", "", "1", "beside", "8002"))
    assert program.get("/agent", Present) == Present()
    program.post("/agent/order", {"act": "analysis_queue"}, 400)
    tell(feed, context, BEGAN)
    assert program.get("/agent", Present).call == "a"
    program.post("/agent/order", {"act": "analysis_queue"})
    assert orders.get(timeout=WAIT) == Order("a", CallControl.ANALYSIS_QUEUE, "crm agent")
    assert program.get("/live", wire.Problem, 403).error


def test_one_token_has_so_many_streams_at_most(context: ConsoleContext, supervisor: Program) -> None:
    token = context.access._accounts.tokens()[0].secret
    context.streams[token] = STREAMS
    assert supervisor.client.get("/api/v1/live/events?once").status_code == 429
    context.streams[token] = STREAMS - 1
    assert supervisor.client.get("/api/v1/live/events?once").status_code == 200
    assert context.streams[token] == STREAMS - 1


# The log.


def test_calls_are_found_told_whole_and_handed_out(context: ConsoleContext, supervisor: Program) -> None:
    write(context, flagged("a", 1), flagged("b", 2, region="上海市"))
    assert [call.id for call in supervisor.get("/calls", wire.Found).calls] == ["a", "b"]
    assert [call.id for call in supervisor.get("/calls?region=上海市", wire.Found).calls] == ["b"]
    whole = supervisor.get("/calls/a", wire.Whole)
    assert whole.rows[0].segments[1].text == "你一个人吗" and whole.reasons
    package = zipfile.ZipFile(io.BytesIO(supervisor.post("/calls/a/evidence").content))
    assert "cover.html" in package.namelist()
    assert supervisor.get("/calls/zzz", wire.Problem, 404).error
    assert supervisor.get("/calls?since=x", wire.Problem, 400).remedy


def test_an_auditors_token_sees_no_whole_number(context: ConsoleContext) -> None:
    program = Program(context, Role.AUDITOR)
    write(context, flagged("a", 1, display_name=NUMBER))
    for path in ("/calls", "/calls/a", "/review", "/reports/sources", "/lists"):
        text = program.client.get(f"/api/v1{path}").text
        assert NUMBER not in text and NUMBER.removeprefix("+86") not in text, path
    assert program.get("/calls?number=138", wire.Problem, 400).error


def test_a_word_is_said_and_taken_back(context: ConsoleContext, supervisor: Program) -> None:
    write(context, flagged("a", 1))
    assert supervisor.get("/review", wire.Waiting).left == 1
    supervisor.post("/review/a", {"word": "confirmed", "reason": "很脏"})
    assert context.log.call("a").review is Review.CONFIRMED
    assert context.log.call("a").reviewed_by == "crm supervisor"
    known = supervisor.get("/calls/a", wire.Whole)
    assert [(word.by, word.reason) for word in known.words] == [("crm supervisor", "很脏")]
    supervisor.post("/review/a", {"word": "overturned", "knows": ""}, 400)
    supervisor.post("/review/a", {"word": "overturned", "knows": known.mark})
    supervisor.post("/review/a", {"word": "none"})
    assert context.log.call("a").review is Review.NONE
    supervisor.post("/review/a", {"word": "maybe"}, 400)


def test_lists_are_kept(context: ConsoleContext, supervisor: Program) -> None:
    supervisor.post(
        "/lists", {"name": "block", "number": "13800138000", "reason": "恶作剧", "expires": "2999-01-01"}
    )
    [entry] = supervisor.get("/lists", wire.Lists).entries
    assert (entry.name, entry.number, entry.reason) == (ListName.BLOCK, NUMBER, "恶作剧")
    assert entry.expires_at.astimezone(context.zone).date().isoformat() == "2999-01-01"
    supervisor.post("/lists/remove", {"name": "block", "number": NUMBER})
    assert supervisor.get("/lists", wire.Lists).entries == ()
    why = {"reason": "x"}
    for body in (
        *(
            {"name": "x", "number": "1", **why},
            {"name": "block", "number": "; rm", **why},
            {"name": "block", **why},
        ),
        *({"name": "block", "number": NUMBER}, {"name": "block", "number": NUMBER, "reason": " "}),
    ):
        supervisor.post("/lists", body, 400)
    for expires in ("2020-01-01", "0001-01-01", "9999-12-31T23:59:00-05:00"):
        supervisor.post("/lists", {"name": "block", "number": NUMBER, "expires": expires, **why}, 400)


def test_a_proposal_is_accepted(context: ConsoleContext, supervisor: Program) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    write(context, *(flagged(f"c{n}", 0, started_at=at - timedelta(minutes=n)) for n in range(3)))
    [proposal] = supervisor.get("/lists", wire.Lists).proposals
    assert (proposal.name, proposal.number, proposal.flags) == (ListName.WATCH, NUMBER, 3)
    supervisor.post("/lists/accept", {"number": NUMBER})
    assert [entry.number for entry in supervisor.get("/lists", wire.Lists).entries] == [NUMBER]
    supervisor.post("/lists/accept", {"number": NUMBER}, 404)


def test_the_ladder_is_told_and_lifted(context: ConsoleContext, supervisor: Program) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    write(context, flagged("c1", 0, started_at=at, review=Review.CONFIRMED, reviewed_at=at))
    assert supervisor.get("/health", Health).ladder is None
    context.settings = replace(context.settings, ladder=Ladder((LadderStep(Rung.SUSPENDED, 1, 30, 7),)))
    [stands] = supervisor.get("/lists", wire.Lists).ladder
    assert (stands.number, stands.stands.rung) == (NUMBER, Rung.SUSPENDED)
    assert supervisor.get("/health", Health).ladder == {"warned": 0, "suspended": 1, "reported": 0}
    supervisor.post("/lists/lift", {"number": NUMBER})
    assert supervisor.get("/lists", wire.Lists).ladder == ()


def test_reports_come_as_json_and_as_files(context: ConsoleContext, supervisor: Program) -> None:
    write(context, flagged("a", 1), flagged("b", 2))
    [row] = supervisor.get("/reports/sources?by=number", list)
    assert row["flagged"] == 2
    assert supervisor.client.get("/api/v1/reports/sources?form=csv").content.startswith(b"\xef\xbb\xbf")
    assert supervisor.get("/reports/nothing", wire.Problem, 404).remedy


def test_health_is_told(context: ConsoleContext, supervisor: Program) -> None:
    assert supervisor.get("/health", Health).feeds == ()


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_the_whole_log_is_read_page_by_page_each_call_once(
    context: ConsoleContext, supervisor: Program, limit: int
) -> None:
    """Also calls of several rows, at one and the same moment, and while new calls come."""
    at = datetime(2026, 3, 4, tzinfo=UTC)
    rows = [flagged(f"c{n}", 0, started_at=at + timedelta(seconds=n // 2)) for n in range(12)]
    write(context, *rows)
    again = replace(rows[3], id="d3", started_at=at + timedelta(seconds=30), entrance=Entrance.BESIDE)
    write(context, again)
    found, after, turns = [], "", 0
    while turns == 0 or after:
        page = supervisor.get(f"/calls?limit={limit}&after={after}", wire.Found)
        found += [call.id for call in page.calls]
        after, turns = page.next, turns + 1
        write(context, flagged(f"new{turns}", 0, started_at=at + timedelta(minutes=turns)))
    assert sorted(found) == sorted({row.id for row in rows} - {"c3"} | {"d3"})
    assert supervisor.get("/calls?limit=0", wire.Problem, 400).remedy
    assert supervisor.get("/calls?more=2", wire.Problem, 400).remedy
    assert supervisor.get("/calls?after=nobody", wire.Problem, 404).error


def test_a_number_is_taken_off_a_list_in_the_writing_in_which_it_was_put_on(
    context: ConsoleContext, supervisor: Program
) -> None:
    supervisor.post("/lists", {"name": "watch", "number": "13900003333", "reason": "x"})
    supervisor.post("/lists/remove", {"name": "watch", "number": "139 0000 3333"})
    assert context.log.listed(datetime.now(UTC)) == []


def test_a_body_that_is_called_a_form_is_told_from_one_that_is_wrong(context: ConsoleContext) -> None:
    token = context.access.add_token("crm", Role.SUPERVISOR)
    client = TestClient(build(context))
    for kind, said in (
        ("application/x-www-form-urlencoded", "类型写的是表单"),
        ("application/json", "不是 JSON：第 1 行第 2 列"),
    ):
        headers = {"authorization": f"Bearer {token}", "content-type": kind}
        answer = client.post("/api/v1/lists/remove", content=b"{bad", headers=headers)
        assert answer.status_code == 400
        assert said in answer.json()["error"]
        assert "column 0" not in answer.json()["error"]
