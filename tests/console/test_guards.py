"""The headers of every answer: each address of the application, each error, each way to get there."""

import http.client
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

import screener.console
from screener.console import health
from screener.console.app import build
from screener.console.body import LIMIT
from screener.console.context import STRANGERS, ConsoleContext
from screener.console.limits import RateLimit, peer_of
from screener.console.logins import Role
from screener.console.server import ConsoleServer
from tests.console.conftest import PASSWORD, log_in

STATIC = Path(screener.console.__file__).parent / "static"
CRM = "https://crm.example.com"
SAME = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def check(headers, path: str, *, tls: bool, frames: str = "'none'") -> None:
    """Every header, once, with its value."""
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"] and policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == ["'none'"] and policy["form-action"] == ["'self'"]
    assert policy["frame-ancestors"] == [frames], path
    assert headers.get("x-frame-options") == ("DENY" if frames == "'none'" else None)
    assert {name: headers.get(name) for name in SAME} == SAME, path
    assert headers.get("strict-transport-security") == ("max-age=31536000" if tls else None), path
    kept = path.startswith("/static/")
    assert headers.get("cache-control") == (None if kept else "no-store"), path
    for name in [*SAME, "content-security-policy"]:
        assert len(headers.get_list(name)) == 1, (path, name)


@pytest.fixture
def framing(context: ConsoleContext) -> ConsoleContext:
    """One that may be framed: the other answers must not follow."""
    context.settings = replace(
        context.settings, console=replace(context.settings.console, embed_from=(CRM,), requests_per_second=0)
    )
    return context


def asked(app) -> Iterator[tuple[str, str]]:
    """Every method and path of the application, from its own routes."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield from (("GET", f"{route.path}/{file.name}") for file in STATIC.iterdir())
            continue
        path = route.path.replace("{call}", "c0").replace("{name}", "summary")
        for method in sorted(route.methods):
            yield method, f"{path}?once" if path.endswith("/events") else path


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("role", [None, *Role])
def test_every_address_for_everybody(
    framing: ConsoleContext, role: Role | None, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screener.console.account.FAILED_SECONDS", 0)
    app = build(framing)
    guard, token = "", ""
    paths = list(asked(app))
    assert {"/live/events?once", "/api/v1/live/events?once", "/static/live.js"} <= {path for _, path in paths}
    statuses = set()
    with TestClient(app, base_url=f"{scheme}://testserver", follow_redirects=False) as client:
        for method, path in paths:
            if role is not None and not guard:  # also after the logout
                guard = log_in(client, framing, role)
                token = token or framing.access.add_token(f"a {role}", role, "8001" if role is Role.AGENT else "")
            headers = {"x-guard": guard, "accept": "text/html"}
            if path.startswith("/api/") and role:
                headers["authorization"] = f"Bearer {token}"
            framing.strangers = RateLimit(0, 0)
            answer = client.request(method, path, headers=headers)
            frames = CRM if path.partition("?")[0] == "/agent" else "'none'"
            check(answer.headers, path.partition("?")[0], tls=scheme == "https", frames=frames)
            statuses.add(answer.status_code)
            if path == "/logout":
                guard = ""
    assert statuses >= ({303, 401} if role is None else {200, 303, 400})


def test_every_kind_of_error(context: ConsoleContext, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(
        build(context), base_url="https://testserver", follow_redirects=False, raise_server_exceptions=False
    )
    monkeypatch.setattr("screener.console.account.FAILED_SECONDS", 0)
    guard = log_in(client, context, Role.SUPERVISOR)
    form = {"content-type": "application/json", "x-guard": guard}

    def broken(_context: ConsoleContext) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(health, "look", broken)
    found = {
        400: client.get("/calls?since=x"),
        403: client.post("/logout"),
        404: client.get("/no-such-page"),
        405: client.delete("/login"),
        413: client.post("/live/x/order", content=b"a" * (LIMIT + 1), headers=form),
        500: client.get("/health", headers={"accept": "text/html"}),
    }
    page = found[500].text
    assert "控制台出错" in page and "a fault of ours" not in page, "what went wrong is the log's"
    data = {"name": "auditor", "password": "wrong", "next": "/"}
    found[401] = client.post("/login", data=data)
    context.rate_limit = RateLimit(0.001, 0)
    found[429] = client.get("/live")
    assert {status: answer.status_code for status, answer in found.items()} == {s: s for s in found}
    for answer in [*found.values(), client.get("/static/no-such-file.js")]:
        check(answer.headers, answer.request.url.path, tls=True)


@pytest.fixture
def server(context: ConsoleContext) -> Iterator[ConsoleServer]:
    made = ConsoleServer(context, port=0)
    made.start()
    yield made
    made.stop()


def raw(server: ConsoleServer, request: bytes) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(server.address.rsplit(":", 1)[1].strip("/")), timeout=10
    )
    connection.connect()
    connection.sock.sendall(request)
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    return answer


class Headers(dict):
    """As httpx has them."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        super().__init__({name.lower(): value for name, value in answer.getheaders()})
        self._all = answer.headers

    def get_list(self, name: str) -> list[str]:
        return self._all.get_all(name, [])


def test_what_is_no_http_is_answered_with_them_too(server: ConsoleServer) -> None:
    answer = raw(server, b"GET /\x01 nonsense\r\n\r\n")
    assert answer.status == 400
    check(Headers(answer), "/", tls=False)


def test_event_streams_are_kept_by_no_proxy(context: ConsoleContext, client: TestClient) -> None:
    log_in(client, context, Role.SUPERVISOR)
    answer = client.get("/live/events?once")
    assert answer.headers["x-accel-buffering"] == "no" and answer.headers["cache-control"] == "no-store"


# Who asks, behind a proxy.


def served(context: ConsoleContext, proxies: tuple[str, ...]) -> ConsoleServer:
    console = replace(context.settings.console, proxies=proxies)
    context.settings = replace(context.settings, console=console)
    made = ConsoleServer(context, port=0)
    made.start()
    return made


def guess(server: ConsoleServer, forwarded: str) -> int:
    token = "Authorization: Bearer scr_x"
    request = f"GET /api/v1/me HTTP/1.1\r\nHost: s\r\n{token}\r\nX-Forwarded-For: {forwarded}\r\n\r\n"
    return raw(server, request.encode()).status


def test_behind_a_proxy_each_client_has_limits_of_its_own(context: ConsoleContext) -> None:
    server = served(context, ("127.0.0.1",))
    try:
        tried = [guess(server, "192.0.2.7") for _ in range(int(STRANGERS) + 2)]
        assert tried == [401] * int(STRANGERS) + [429] * 2
        assert guess(server, "192.0.2.8") == 401, "another client"
        assert guess(server, "203.0.113.1, 192.0.2.7") == 429, (
            "what the client itself says of others is not believed"
        )
    finally:
        server.stop()


def test_without_a_proxy_nobody_says_who_asks(context: ConsoleContext) -> None:
    server = served(context, ())
    try:
        tried = [guess(server, f"192.0.2.{n}") for n in range(int(STRANGERS) + 2)]
        assert tried == [401] * int(STRANGERS) + [429] * 2
        answer = raw(server, b"GET /login HTTP/1.1\r\nHost: s\r\nX-Forwarded-Proto: https\r\n\r\n")
        assert answer.getheader("strict-transport-security") is None
    finally:
        server.stop()


def test_a_proxy_that_is_believed_says_that_there_is_tls(context: ConsoleContext) -> None:
    server = served(context, ("127.0.0.0/8",))
    body = f"name=auditor&password={PASSWORD.replace(' ', '+')}&next=/"
    try:
        answer = raw(
            server,
            (
                "POST /login HTTP/1.1\r\nHost: s\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
        )
        assert answer.status == 303 and "secure" in (answer.getheader("set-cookie") or "").lower()
        check(Headers(answer), "/login", tls=True)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::"),
        ("2001:db8:0:1:ffff::8", "2001:db8:0:1::"),
        ("testclient", "testclient"),
    ],
)
def test_a_host_with_many_addresses_is_one_peer(host: str, peer: str) -> None:
    class Request:
        client = type("Client", (), {"host": host})

    assert peer_of(Request()) == peer


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_who_meets_a_database_that_is_away_reads_nothing_of_where_it_is(
    context: ConsoleContext, client: TestClient, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor do they who have not logged in; the server's own log tells."""
    log_in(client, context, Role.SUPERVISOR)
    token = context.access.add_token("crm", Role.AUDITOR)
    context.log.engine.dispose()
    (context.settings.folder / "log.db").write_bytes(b"no database " * 1000)
    headers = {"accept": accept}
    form = {"name": "a", "password": "b", "next": "/"}
    answers = [
        client.get("/calls", headers=headers),
        TestClient(client.app).post("/login", data=form, headers=headers),
        client.get("/api/v1/calls", headers={"authorization": f"Bearer {token}"}),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert not re.search("sqlite|postgres|log.db|file is|不是|screener doctor", answer.text)
    assert "数据库暂时连不上" in answers[0].text
    assert "log.db" in caplog.text
