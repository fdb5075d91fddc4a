"""Every address, for every role and for nobody; what guards them all."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from screener.console.account import AT_ONCE
from screener.console.address import PageAddress
from screener.console.addresses import ADDRESSES, PAGES
from screener.console.app import build
from screener.console.body import LIMIT
from screener.console.context import STRANGERS, ConsoleContext
from screener.console.limits import RateLimit
from screener.console.logins import Role
from tests.console.conftest import PASSWORD, log_in

ALL = [pytest.param(a, id=f"{a.method} {a.path}") for a in ADDRESSES]

OPEN = ("/login", "/login/oidc", "/login/oidc/back", "/static/report.css", "/static")
"""What needs no login."""


def ask(client: TestClient, address: PageAddress, **headers: str) -> int:
    path = address.path.replace("{call}", "x").replace("{number}", "1").replace("{name}", "x")
    query = "?once" if address.path.endswith("/events") else ""
    return client.request(address.method, path + query, headers=headers).status_code


def ask_as(client: TestClient, context: ConsoleContext, address: PageAddress, role: Role) -> int:
    """As a person with a login, or as a program with a token."""
    if address.api:
        return ask(client, address, authorization=f"Bearer {program(context, role)}")
    return ask(client, address, **{"x-guard": log_in(client, context, role)})


def program(context: ConsoleContext, role: Role) -> str:
    return context.access.add_token(f"a {role}", role, "8001" if role is Role.AGENT else "")


def test_the_table_has_every_address_once_and_everyone_of_them_has_a_rule(
    context: ConsoleContext, client: TestClient
) -> None:
    drawn = {(a.method, a.path) for a in ADDRESSES}
    assert len(drawn) == len(ADDRESSES)
    for route in client.app.routes:
        path = route.path
        if path not in OPEN:
            assert {(method, path) for method in route.methods - {"HEAD"}} <= drawn, path
    assert all(address.roles for address in ADDRESSES)


@pytest.mark.parametrize("address", ALL)
def test_nobody_gets_in_without_a_login(client: TestClient, address: PageAddress) -> None:
    assert ask(client, address, accept="text/html") in (303, 401)
    client.cookies["screener"] = "made up"
    assert ask(client, address, accept="text/html") in (303, 401)
    assert ask(client, address, authorization="Bearer scr_made-up") in (303, 401)


@pytest.mark.parametrize("address", ALL)
def test_each_role_against_each_address(context: ConsoleContext, client: TestClient, address: PageAddress) -> None:
    statuses = {role: ask_as(client, context, address, role) for role in Role}
    assert {role for role, status in statuses.items() if status != 403} == {*address.roles}, statuses
    assert not {401, 405} & {*statuses.values()}, statuses


@pytest.mark.parametrize("address", ALL)
def test_a_cookie_opens_no_address_of_the_api_and_a_token_no_page(
    context: ConsoleContext, client: TestClient, address: PageAddress
) -> None:
    token = program(context, Role.ADMINISTRATOR)
    if address.api:
        guard = log_in(client, context, Role.ADMINISTRATOR)
        assert ask(client, address, **{"x-guard": guard}) == 401
        assert ask(client, address, authorization=f"Bearer {client.cookies['screener']}") == 401
        return
    assert ask(client, address, authorization=f"Bearer {token}") in (303, 401)
    client.cookies["screener"] = token
    assert ask(client, address) in (303, 401)


@pytest.mark.parametrize("address", [pytest.param(a, id=a.path) for a in PAGES if a.method != "GET"])
def test_what_changes_something_needs_the_logins_guard(
    context: ConsoleContext, client: TestClient, address: PageAddress
) -> None:
    log_in(client, context, Role.ADMINISTRATOR)
    assert ask(client, address) == 403
    assert ask(client, address, **{"x-guard": "guessed"}) == 403


@pytest.mark.parametrize("address", [p for p in ALL if p.values[0].noted])
def test_what_shows_callers_is_on_record_with_the_persons_name(
    context: ConsoleContext, client: TestClient, address: PageAddress
) -> None:
    role = sorted(address.roles)[0]
    before = len(context.log.accesses())
    ask_as(client, context, address, role)
    noted = context.log.accesses()
    assert len(noted) == before + 1
    assert noted[0].who == (f"a {role}" if address.api else role.value)
    assert (noted[0].action, noted[0].destination) == (
        f"console {address.method}",
        "api" if address.api else "page",
    )


def test_every_address_that_changes_something_is_on_record() -> None:
    silent = {a.path for a in ADDRESSES if a.method != "GET" and not a.noted}
    pauses = {"/agent/pause", "/api/v1/agent/pause"}  # whether an agent took a pause is nobody's record
    assert silent == {"/logout", "/password"} | pauses


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: TestClient) -> None:
    answer = client.post("/login", data={"name": "supervisor", "password": PASSWORD, "next": "/"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    safe = TestClient(client.app, base_url="https://testserver", follow_redirects=False)
    answer = safe.post("/login", data={"name": "supervisor", "password": PASSWORD, "next": "/"})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "next_page", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:1", "x"]
)
def test_a_login_leads_to_no_other_site(client: TestClient, next_page: str) -> None:
    answer = client.post("/login", data={"name": "auditor", "password": PASSWORD, "next": next_page})
    assert answer.headers["location"] == "/"


def test_a_fixed_token_is_not_taken_over(context: ConsoleContext, client: TestClient) -> None:
    data = {"name": "auditor", "password": PASSWORD, "next": "/"}
    client.post("/login", data=data, headers={"cookie": "screener=chosen by a stranger"})
    assert context.access.who("chosen by a stranger") is None


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_no_file_but_ours_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (303, 404)


def test_logging_out_ends_the_login(context: ConsoleContext, client: TestClient) -> None:
    guard = log_in(client, context, Role.AUDITOR)
    token = client.cookies["screener"]
    assert client.post("/logout", data={"guard": guard}).status_code == 303
    assert context.access.who(token) is None


def test_a_login_leads_back_to_the_whole_view(client: TestClient) -> None:
    form = client.get("/reports/sources?by=region&kind=prank", headers={"accept": "text/html"}).headers["location"]
    page = client.get(form)
    assert 'name="next" value="/reports/sources?by=region&amp;kind=prank"' in page.text
    data = {"name": "auditor", "password": PASSWORD, "next": "/reports/sources?by=region&kind=prank"}
    assert client.post("/login", data=data).headers["location"] == data["next"]


def test_a_body_that_is_too_long_is_refused_however_it_is_sent(
    context: ConsoleContext, client: TestClient
) -> None:
    guard = log_in(client, context, Role.SUPERVISOR)

    def parts():
        for _ in range(LIMIT // 1000 + 2):
            yield b"a" * 1000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    for headers in (kind, {"x-guard": guard, "content-type": "application/json"}):
        assert client.post("/live/x/order", content=parts(), headers=headers).status_code == 413
        assert client.post("/live/x/order", content=b"a" * (LIMIT + 1), headers=headers).status_code == 413
    assert client.post("/login", content=parts(), headers=kind).status_code == 413


def test_who_asks_too_often_waits_and_others_do_not(context: ConsoleContext, client: TestClient) -> None:
    context.rate_limit = RateLimit(0.001, 5)
    token = program(context, Role.AUDITOR)
    headers = {"authorization": f"Bearer {token}"}
    answers = [client.get("/api/v1/me", headers=headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    other = context.access.add_token("other", Role.AUDITOR)
    assert client.get("/api/v1/me", headers={"authorization": f"Bearer {other}"}).status_code == 200
    log_in(client, context, Role.AUDITOR)
    assert [client.get("/health").status_code for _ in range(6)] == [200] * 5 + [429]


def test_who_guesses_tokens_is_not_heard_for_a_while(context: ConsoleContext, client: TestClient) -> None:
    guesses = [client.get("/api/v1/me", headers={"authorization": f"Bearer scr_{n}"}) for n in range(25)]
    assert [answer.status_code for answer in guesses] == [401] * int(STRANGERS) + [429] * 5
    headers = {"authorization": f"Bearer {program(context, Role.AUDITOR)}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 429
    elsewhere = TestClient(build(context), client=("192.0.2.7", 5))
    assert elsewhere.get("/api/v1/me", headers=headers).status_code == 200


def test_who_guesses_passwords_of_many_names_is_not_heard_for_a_while(
    context: ConsoleContext, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screener.console.account.FAILED_SECONDS", 0)
    data = {"password": "guessed", "next": "/"}
    tried = [client.post("/login", data={**data, "name": f"n{n}"}).status_code for n in range(22)]
    assert tried == [401] * int(STRANGERS) + [429] * 2
    right = {"name": "auditor", "password": PASSWORD, "next": "/"}
    assert client.post("/login", data=right).status_code == 429
    elsewhere = TestClient(build(context), client=("192.0.2.7", 5), follow_redirects=False)
    assert elsewhere.post("/login", data=right).status_code == 303


def test_who_guesses_many_passwords_at_once_is_heard_no_more_often(
    context: ConsoleContext, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screener.console.account.FAILED_SECONDS", 0)
    checked: list[str] = []
    right = context.access.login

    def login(name: str, password: str):
        checked.append(name)
        time.sleep(0.02)  # a real one takes longer
        return right(name, password)

    monkeypatch.setattr(context.access, "login", login)

    def guess(number: int) -> int:
        return client.post("/login", data={"name": f"n{number}", "password": "guess", "next": "/"}).status_code

    with client, ThreadPoolExecutor(80) as at_once:
        statuses = list(at_once.map(guess, range(80)))
    assert statuses.count(401) == len(checked) <= STRANGERS + AT_ONCE
    assert statuses.count(429) == 80 - len(checked)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"]
)
def test_a_form_where_json_is_asked_for_is_a_clear_error(
    context: ConsoleContext, client: TestClient, kind: str
) -> None:
    token = {"authorization": f"Bearer {program(context, Role.SUPERVISOR)}"}
    guard = log_in(client, context, Role.SUPERVISOR)
    for address in ADDRESSES:
        if (
            address.method != "POST"
            or Role.SUPERVISOR not in address.roles
            or address.path in ("/logout", "/password")
        ):
            continue
        path = address.path.replace("{call}", "x")
        body = f"guard={guard}&act=agents" if "urlencoded" in kind else "--b--"
        headers = {"content-type": kind, **(token if address.api else {})}
        if "urlencoded" not in kind:
            headers["x-guard"] = guard
        assert client.post(path, content=body, headers=headers).status_code < 500, path


def test_a_zero_character_is_a_clear_error_before_any_database_sees_it(
    context: ConsoleContext, client: TestClient
) -> None:
    token = {"authorization": f"Bearer {program(context, Role.SUPERVISOR)}"}
    guard = log_in(client, context, Role.SUPERVISOR)
    asked = [
        client.get("/calls?text=a%00"),
        client.get("/review/a%00b"),
        client.get("/api/v1/calls/%00", headers=token),
    ]
    asked += [client.post("/lists/add", data={"guard": guard, "name": "block", "number": "1", "reason": "a\0"})]
    asked += [client.post("/login", data={"name": "a\0", "password": "x", "next": "/"})]
    entry = {"name": "block", "number": "13800138000", "reason": "a\0", "expires": None}
    asked += [client.post("/api/v1/lists", json=entry, headers=token)]
    assert [answer.status_code for answer in asked] == [400] * len(asked)


def test_a_form_that_is_sent_after_the_login_has_ended_leads_to_the_login_and_shows_what_was_typed(
    context: ConsoleContext, client: TestClient
) -> None:
    form = {"guard": "g", "name": "block", "number": "13800138000", "reason": "<b>常打</b>", "old": "secret"}
    headers = {"accept": "text/html", "referer": "http://testserver/lists"}
    answer = client.post("/lists/add", data=form, headers=headers)
    assert answer.status_code == 401
    assert 'href="/login?next=/lists"' in answer.text and "登录已结束" in answer.text
    assert "13800138000" in answer.text and "&lt;b&gt;常打" in answer.text
    assert "Bearer" not in answer.text and "secret" not in answer.text
    foreign = client.post("/lists/add", data=form, headers=headers | {"referer": "https://evil.example/"})
    assert "13800138000" not in foreign.text


def test_an_agents_page_in_a_frame_says_that_nobody_is_logged_in(context: ConsoleContext) -> None:
    console = replace(context.settings.console, embed_from=("https://crm.example",))
    context.settings = replace(context.settings, console=console)
    client = TestClient(build(context), follow_redirects=False)
    answer = client.get("/agent", headers={"accept": "text/html", "sec-fetch-dest": "iframe"})
    assert answer.status_code == 401
    assert 'href="/login?next=/agent" target="_blank"' in answer.text
    assert "frame-ancestors https://crm.example" in answer.headers["content-security-policy"]
    assert client.get("/agent", headers={"accept": "text/html"}).status_code == 303
