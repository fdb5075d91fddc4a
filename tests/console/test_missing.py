"""What is not there is answered with 404, whatever it is and however it is asked for; what cannot be with 400."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from screener.console.addresses import ADDRESSES
from screener.console.context import API, ConsoleContext
from screener.console.logins import Role
from screener.core.ladder import Ladder, LadderStep
from screener.events import Rung
from tests.console.conftest import log_in
from tests.console.written import NUMBER, flagged, write

ENTRY = {"name": "block", "number": NUMBER}
WORD = {"word": "confirmed"}
ORDER = {"act": "agents"}
MISSING = [
    ("POST", "/live/{call}/order", ORDER),
    ("GET", "/review/{call}", None),
    ("POST", "/review/{call}", WORD),
    ("GET", "/calls/{call}", None),
    ("POST", "/calls/{call}/evidence", None),
    ("GET", "/reports/{name}", None),
    ("GET", "/reports/{name}/export", None),
    ("POST", "/lists/remove", ENTRY),
    ("POST", "/lists/accept", ENTRY),
    ("POST", "/lists/lift", ENTRY),
    *(
        ("POST", f"{API}v1/lists/{verb}", body)
        for verb, body in (("remove", ENTRY), ("accept", {"number": NUMBER}))
    ),
    ("POST", f"{API}v1/lists/lift", {"number": NUMBER}),
    ("POST", f"{API}v1/live/{{call}}/order", ORDER),
    ("GET", f"{API}v1/calls/{{call}}", None),
    ("POST", f"{API}v1/calls/{{call}}/evidence", None),
    ("POST", f"{API}v1/review/{{call}}", WORD),
    ("GET", f"{API}v1/reports/{{name}}", None),
]
"""Whatever names something, with what is sent."""


def ask(client: TestClient, context: ConsoleContext, method: str, path: str, body: dict[str, str] | None):
    """As a supervisor in a browser, or a supervisor's program."""
    path = path.format(call="NOPE", name="NOPE")
    if path.startswith(API):
        token = context.access.add_token("crm", Role.SUPERVISOR)
        return client.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})
    headers = {"x-guard": log_in(client, context, Role.SUPERVISOR), "accept": "text/html"}
    form = {} if method == "GET" else {"json": body} if body is ORDER else {"data": body}
    return client.request(method, path, headers=headers, **form)


def test_the_table_has_every_address_that_names_something() -> None:
    naming = {(a.method, a.path) for a in ADDRESSES if "{" in a.path}
    naming |= {(a.method, a.path) for a in ADDRESSES if a.path.endswith(("/remove", "/accept", "/lift"))}
    assert {(method, path) for method, path, _ in MISSING} == naming


@pytest.mark.parametrize(("method", "path", "body"), MISSING, ids=lambda value: value if "/" in str(value) else "")
def test_what_is_not_there_is_not_found(
    context: ConsoleContext, client: TestClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    context.settings = replace(context.settings, ladder=Ladder((LadderStep(Rung.SUSPENDED, 2, 30, 7),)))
    answer = ask(client, context, method, path, body)
    assert answer.status_code == 404, answer.text
    text = answer.text
    assert "没有这个页面" not in text and "no such page" not in text, "the address is one of ours"
    if path.startswith(API):
        assert set(answer.json()) == {"error", "remedy", "field"}
    else:
        assert '<h1 role="alert">' in text and "screener " not in text, "nobody here has a shell"


def test_what_is_there_but_cannot_be_so_is_another_error(context: ConsoleContext, client: TestClient) -> None:
    write(context, flagged("ab", 1), flagged("ac", 2, verdict=None, kind=None, flagged_at=None))
    guard = log_in(client, context, Role.SUPERVISOR)
    tried = [
        client.get("/calls/a"),  # several begin so
        client.post("/review/ac", data={"guard": guard, **WORD}),  # nothing was judged
        client.post("/review/ab", data={"guard": guard, "word": "perhaps"}),
        client.get("/reports/agents/export?form=pdf"),
        client.post("/lists/add", data={"guard": guard, **ENTRY, "name": "grey"}),
    ]
    assert [answer.status_code for answer in tried] == [400] * len(tried)
