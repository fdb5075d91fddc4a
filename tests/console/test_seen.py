"""Numbers that are said in a call: by role, at every address that shows words."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from screener.console.addresses import ADDRESSES
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.evidence import Source
from screener.events import ListName, Speaker
from screener.feed.items import Heard, Weighed
from screener.feed.local import FeedServer
from screener.store.records import EvidenceRow, ListedNumber, Segment
from tests.console.conftest import log_in
from tests.console.test_live import BEGAN, FLAGGED, NOON, feed, orders, place, tell
from tests.console.written import NUMBER, flagged, write

__all__ = ["feed", "orders", "place"]
GROUPS = ("我的电话幺三九", "八七六五", "四三二幺。好")
SAID = ("幺三九八七六五四三二幺", "13987654321", "幺三九 八七六五 四三二幺")
"""One number as recognisers print it; in `GROUPS` it is said in three utterances."""
WRITTEN = ("与13987654321同一人",)
PIECES = (*SAID, "幺三九", "八七六五", "四三二幺", "987654")


@pytest.fixture
def told(context: ConsoleContext, feed: FeedServer) -> None:
    """A call in the log and one that is up, in which the number is said in every way, and an entry that has it."""
    words = [*GROUPS, *(f"打{said}" for said in SAID)]
    segments = tuple(Segment(Speaker.CALLER, 2.0 + n, 2.5 + n, text) for n, text in enumerate(words))
    evidence = tuple(
        EvidenceRow(3.0 + n, "act.caller.personal", Source.ACTS, None, 1.5, text, text)
        for n, text in enumerate(words)
    )
    call = flagged("c0", 0)
    write(context, replace(call, segments=segments, evidence=(*call.evidence, *evidence)))
    context.log.enlist(ListedNumber(ListName.BLOCK, NUMBER, WRITTEN[0], NOON))
    heard = [Heard("a", 2.0 + n, "caller", n, text, final=n != 4) for n, text in enumerate(words)]
    weighed = [
        Weighed("a", 2.0 + n, "act.caller.personal", text, "", 0.5, text, 0.5, 2.1) for n, text in enumerate(words)
    ]
    tell(feed, context, BEGAN, *heard, *weighed, FLAGGED)


def texts(context: ConsoleContext, client: TestClient, role: Role) -> dict[str, str]:
    """What every address shows somebody."""
    log_in(client, context, role)
    token = context.access.add_token(f"a {role}", role, "8001" if role is Role.AGENT else "")
    found = {}
    for address in ADDRESSES:
        if address.method != "GET" or role not in address.roles:
            continue
        path = address.path.replace("{call}", "c0").replace("{name}", "summary")
        query = "?once" if path.endswith("/events") else ""
        headers = {"authorization": f"Bearer {token}"} if address.api else {}
        found[path] = client.get(f"{path}{query}", headers=headers).text
    return found


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR])
def test_who_sees_no_whole_numbers_reads_none_that_are_said(
    context: ConsoleContext, client: TestClient, told: None, role: Role
) -> None:
    found = texts(context, client, role)
    read = {path: [piece for piece in PIECES if piece in text] for path, text in found.items()}
    assert {path: pieces for path, pieces in read.items() if pieces} == {}
    showing = {path for path, text in found.items() if "****" in text and "我的电话***" in text}
    shown = {
        Role.AGENT: {"/agent/events", "/api/v1/agent", "/api/v1/agent/events"},
        Role.AUDITOR: {
            *("/calls/c0", "/review/c0", "/api/v1/calls/c0"),
            *("/live/events", "/api/v1/live", "/api/v1/live/events"),
        },
    }
    assert showing == shown[role], "the words are there, without the number"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_who_sees_whole_numbers_reads_them(
    context: ConsoleContext, client: TestClient, told: None, role: Role
) -> None:
    found = texts(context, client, role)
    for path in ("/calls/c0", "/review/c0", "/api/v1/calls/c0", "/live/events", "/api/v1/live"):
        assert [piece for piece in SAID if piece not in found[path]] == [], path
    assert WRITTEN[0] in found["/lists"]


def test_what_a_role_sees_is_the_sites_to_say(context: ConsoleContext, client: TestClient, told: None) -> None:
    console = replace(context.settings.console, whole_numbers=("auditor",))
    context.settings = replace(context.settings, console=console)
    assert SAID[0] in texts(context, client, Role.AUDITOR)["/calls/c0"]
    assert SAID[0] not in texts(context, client, Role.SUPERVISOR)["/calls/c0"]


@pytest.mark.parametrize("text", ["幺三", "13", "1 3 9", "电话幺三九"])
def test_no_search_finds_a_number_out(context: ConsoleContext, client: TestClient, told: None, text: str) -> None:
    log_in(client, context, Role.AUDITOR)
    answer = client.get("/calls", params={"text": text}, headers={"accept": "text/html"})
    assert answer.status_code == 400 and "号码" in answer.text
    token = context.access.add_token("a program", Role.AUDITOR)
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/calls", params={"text": text}, headers=headers).status_code == 400
    assert client.get("/calls", params={"text": "电话"}).status_code == 200
    log_in(client, context, Role.SUPERVISOR)
    assert client.get("/calls", params={"text": text}).status_code == 200
