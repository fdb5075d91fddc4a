"""Logging in with the site's provider: role by claim; what is forged, old or begun elsewhere is refused."""

import base64
import contextlib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from screener.console import oidc
from screener.console.account import BEGUN
from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.console.oidc import Begun, claims_to_person
from screener.errors import InputError
from screener.settings.console import Oidc
from screener.store.accounts import Accounts
from tests.console.provider import SECRET, Fake, provider
from tests.waiting import WAIT, wait_for


@pytest.fixture
def fake() -> Iterator[Fake]:
    with provider() as made:
        yield made


@pytest.fixture
def client(context: ConsoleContext, fake: Fake) -> TestClient:
    section = Oidc(issuer=fake.issuer, client_id="console", secret=SECRET)
    context.settings = replace(context.settings, oidc=section)
    return TestClient(build(context), follow_redirects=False)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def at_provider(address: str) -> str:
    """What the browser does there; where it is led back to."""
    try:
        urllib.request.build_opener(_Stay).open(address, timeout=WAIT)
    except urllib.error.HTTPError as answer:
        return answer.headers["location"]
    raise AssertionError("it leads on")


def log_in(client: TestClient, after: str = "/reports/sources?by=region"):
    begin = client.get("/login/oidc", params={"next": after})
    assert begin.status_code == 303
    return client.get(at_provider(begin.headers["location"]), headers={"accept": "text/html"})


def test_who_logs_in_there_is_logged_in_here_with_the_claimed_role(
    context: ConsoleContext, client: TestClient, fake: Fake
) -> None:
    assert "/login/oidc?next=/calls" in client.get("/login?next=/calls").text
    page = log_in(client)
    assert page.status_code == 200 and 'content="0; url=/reports/sources?by=region"' in page.text
    person = context.access.who(client.cookies["screener"])
    assert person is not None and (person.name, person.role) == ("王主管", Role.SUPERVISOR)
    assert client.get("/live").status_code == 200
    assert context.log.accesses()[0].who == "王主管"
    assert BEGUN not in client.cookies
    cookies = page.headers.get_list("set-cookie")
    assert any("screener=" in c and "HttpOnly" in c and "SameSite=strict" in c for c in cookies)


def test_the_account_follows_what_the_provider_says(
    context: ConsoleContext, client: TestClient, fake: Fake
) -> None:
    log_in(client)
    fake.claims["roles"] = ["agent"]
    fake.claims["extension"] = "8001"
    log_in(client)
    [account] = [one for one in Accounts(context.log).everybody() if one.name == "王主管"]
    assert (account.role, account.extension, account.secret) == ("agent", "8001", "")
    assert client.get("/live").status_code == 403
    data = {"name": "王主管", "password": "", "next": "/"}
    assert client.post("/login", data=data).status_code == 401, "no password opens it"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["console", "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": 99999999999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"roles": ["guest"]},
        {"roles": None},
        {"preferred_username": None},
        {"preferred_username": "a\x1b[31m"},
        {"preferred_username": "administrator"},
        {"roles": ["agent"]},
    ],
)
def test_a_token_that_cannot_be_believed_logs_nobody_in(
    context: ConsoleContext, client: TestClient, fake: Fake, claims: dict
) -> None:
    fake.claims |= claims
    before = Accounts(context.log).everybody()
    assert log_in(client).status_code == 400
    assert "screener" not in client.cookies
    assert Accounts(context.log).everybody() == before


def test_a_forged_signature_logs_nobody_in(client: TestClient, fake: Fake) -> None:
    fake.signs = RSAKey.generate_key(2048)
    assert log_in(client).status_code == 400
    fake.signs, fake.header = OctKey.import_key(SECRET.ljust(32)), {"alg": "HS256", "kid": "one"}
    assert log_in(client).status_code == 400
    assert "screener" not in client.cookies


def test_new_keys_of_the_provider_are_asked_for(
    context: ConsoleContext, client: TestClient, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_in(client).status_code == 200
    fake.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    fake.header = {"alg": "RS256", "kid": "two"}
    known = context.provider._known
    context.provider._known = (known[0] - 61, *known[1:])
    assert log_in(client).status_code == 200


def test_a_login_that_was_begun_elsewhere_ends_nowhere(
    context: ConsoleContext, client: TestClient, fake: Fake
) -> None:
    begin = client.get("/login/oidc")
    back = at_provider(begin.headers["location"])
    other = TestClient(client.app, follow_redirects=False)
    assert other.get(back).status_code == 400, "another browser"
    other.get("/login/oidc")
    assert other.get(back).status_code == 400, "which began its own"
    assert client.get(back.replace("state=", "state=x")).status_code == 400
    assert client.get(f"{back}&iss=https://evil.example").status_code == 400
    assert client.get(back).status_code == 200
    assert client.get(back).status_code == 400, "a code opens once"


def test_a_refusal_is_told_and_nobody_is_logged_in(client: TestClient, fake: Fake) -> None:
    fake.refuse = "access_denied"
    page = log_in(client)
    assert page.status_code == 400 and "登录服务拒绝了登录" in page.text


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(client: TestClient, after: str) -> None:
    assert 'url=/"' in log_in(client, after).text


def test_without_a_provider_there_is_no_such_login(context: ConsoleContext) -> None:
    client = TestClient(build(context), follow_redirects=False)
    assert client.get("/login/oidc").status_code == 404
    assert client.get("/login/oidc/back?code=x").status_code == 404
    assert "/login/oidc" not in client.get("/login").text


def test_a_provider_that_is_away_is_a_clear_error(context: ConsoleContext) -> None:
    context.settings = replace(context.settings, oidc=Oidc(issuer="http://127.0.0.1:9", client_id="x"))
    page = TestClient(build(context)).get("/login/oidc", headers={"accept": "text/html"})
    assert page.status_code == 400 and "登录服务没有应答" in page.text


@pytest.mark.parametrize("text", ["", "x", "e30=", Begun("a", "b", "c", "").serialize(), "W10=", "ÿ"])
def test_a_cookie_that_is_none_of_ours_is_nothing(text: str) -> None:
    assert Begun.parse(text) is None


def test_roles_may_be_named_otherwise_and_lie_inside() -> None:
    section = Oidc(role_claim="realm_access.roles", roles={"cc-lead": "supervisor", "cc-boss": "administrator"})
    claims = {"preferred_username": "a", "realm_access": {"roles": ["x", "cc-lead", "cc-boss"]}}
    assert claims_to_person(claims, section).role is Role.ADMINISTRATOR
    with pytest.raises(InputError):
        claims_to_person(claims | {"realm_access": {"roles": ["administrator"]}}, section)


@pytest.mark.parametrize("odd", [None, 1, "x", [], {}, True, 1e999, [[]], {"kty": []}], ids=str)
@pytest.mark.parametrize("place", ["keys", "key", "kty", "n", "kid"])
def test_odd_keys_of_a_provider_are_a_clear_error(
    context: ConsoleContext,
    client: TestClient,
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
    odd: object,
    place: str,
) -> None:
    key = fake.key.as_dict(private=False)
    keys = odd if place == "keys" else [odd if place == "key" else {**key, place: odd}]
    monkeypatch.setattr(fake, "keys", keys)
    begun = client.get("/login/oidc")
    status = log_in(client).status_code if begun.status_code == 303 else begun.status_code
    assert status in ((200, 400) if place == "kid" else (400,))


@pytest.mark.parametrize(
    "token", ["", ".", "a.b.c", "é.é.é", "a.b.c.d.e", "eyJhbGciOjF9.e30.AA", "W10.W10.AA", "\0"]
)
def test_odd_tokens_of_a_provider_are_a_clear_error(client: TestClient, fake: Fake, token: str) -> None:
    fake.forged = token
    assert log_in(client).status_code == 400


def test_tokens_nested_without_end_are_a_clear_error(client: TestClient, fake: Fake) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 60_000).rstrip(b"=").decode()
    for token in (f"{deep}.e30.AA", jws.serialize_compact(fake.header, b"[" * 60_000, fake.key)):
        fake.forged = token
        assert log_in(client).status_code == 400


def test_a_provider_that_is_slow_holds_up_no_other_page(
    context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "SECONDS", WAIT)
    monkeypatch.setattr(oidc, "AWAY_SECONDS", WAIT)  # also to who comes to it late
    asked: list[socket.socket] = []

    def take(silent: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                asked.append(silent.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=take, args=(silent,), daemon=True).start()
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        context.settings = replace(context.settings, oidc=Oidc(issuer=issuer, client_id="x"))
        with TestClient(build(context)) as client, ThreadPoolExecutor(60) as people:
            begun = [people.submit(client.get, "/login/oidc") for _ in range(60)]
            wait_for(lambda: asked, what="the first question")
            assert client.get("/health", headers={"accept": "text/html"}).status_code == 200, "the login's page"
            assert not any(one.done() for one in begun), "while they wait"
            asked[0].close()
            assert {one.result().status_code for one in begun} == {400}
    assert len(asked) == 1, "asked once, and told to all"


def test_whom_the_provider_knows_changes_no_password_here(
    context: ConsoleContext, client: TestClient, fake: Fake
) -> None:
    log_in(client)
    assert 'href="/password"' not in client.get("/live").text
    assert client.get("/password", headers={"accept": "text/html"}).status_code == 400


def test_an_agent_without_an_extension_reads_what_lacks(
    context: ConsoleContext, client: TestClient, fake: Fake
) -> None:
    fake.claims["roles"] = ["agent"]
    page = log_in(client)
    assert page.status_code == 400
    assert "没有给出 王主管 的分机号" in page.text and "--extension" not in page.text
