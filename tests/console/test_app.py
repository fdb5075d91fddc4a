"""Every address, for every role and for nobody; what guards them all."""

import pytest
from starlette.testclient import TestClient

from screener.console.access import Role
from screener.console.app import ADDRESSES, OPEN, Address
from screener.console.context import Context
from tests.console.conftest import PASSWORD, log_in

ALL = [pytest.param(a, id=f"{a.method} {a.path}") for a in ADDRESSES]


def ask(client: TestClient, address: Address, **headers: str) -> int:
    path = address.path.replace("{call}", "x").replace("{number}", "1").replace("{name}", "x")
    query = "?once" if address.path.endswith("/events") else ""
    return client.request(address.method, path + query, headers=headers).status_code


def test_the_table_has_every_address_once_and_everyone_of_them_has_a_rule(
    context: Context, client: TestClient
) -> None:
    drawn = {(a.method, a.path) for a in ADDRESSES}
    assert len(drawn) == len(ADDRESSES)
    for route in client.app.routes:
        path = route.path
        if not path.startswith(OPEN):
            assert {(method, path) for method in route.methods - {"HEAD"}} <= drawn, path
    assert all(address.roles for address in ADDRESSES)


@pytest.mark.parametrize("address", ALL)
def test_nobody_gets_in_without_a_login(client: TestClient, address: Address) -> None:
    assert ask(client, address, accept="text/html") in (303, 401)
    client.cookies["screener"] = "made up"
    assert ask(client, address, accept="text/html") in (303, 401)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("address", ALL)
def test_each_role_against_each_address(
    context: Context, client: TestClient, address: Address, role: Role
) -> None:
    guard = log_in(client, context, role)
    status = ask(client, address, **{"x-guard": guard})
    assert (status == 403) == (role not in address.roles), status


@pytest.mark.parametrize("address", [p for p in ALL if p.values[0].method != "GET"])
def test_what_changes_something_needs_the_logins_guard(
    context: Context, client: TestClient, address: Address
) -> None:
    log_in(client, context, Role.ADMINISTRATOR)
    assert ask(client, address) == 403
    assert ask(client, address, **{"x-guard": "guessed"}) == 403


@pytest.mark.parametrize("address", [p for p in ALL if p.values[0].noted])
def test_what_shows_callers_is_on_record_with_the_persons_name(
    context: Context, client: TestClient, address: Address
) -> None:
    role = sorted(address.roles)[0]
    guard = log_in(client, context, role)
    before = len(context.log.accesses())
    ask(client, address, **{"x-guard": guard})
    noted = context.log.accesses()
    assert len(noted) == before + 1
    assert (noted[0].who, noted[0].action) == (role.value, f"console {address.method}")


@pytest.mark.parametrize("path", ["/login", "/live", "/static/live.js", "/no-such-page"])
def test_every_answer_carries_the_headers_that_keep_others_out(
    context: Context, client: TestClient, path: str
) -> None:
    log_in(client, context, Role.SUPERVISOR)
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert ("no-store" in headers.get("cache-control", "")) == (not path.startswith("/static"))


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


def test_a_fixed_token_is_not_taken_over(context: Context, client: TestClient) -> None:
    data = {"name": "auditor", "password": PASSWORD, "next": "/"}
    client.post("/login", data=data, headers={"cookie": "screener=chosen by a stranger"})
    assert context.access.who("chosen by a stranger") is None


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_no_file_but_ours_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (303, 404)


def test_logging_out_ends_the_login(context: Context, client: TestClient) -> None:
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
