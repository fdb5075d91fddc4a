"""The console below a path of a host that it shares: nothing leads out of it, and nothing of it is elsewhere."""

import html
import queue
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.console.server import ConsoleServer
from screener.events import CallControl
from screener.feed.items import Heard, Order
from screener.feed.local import FeedServer
from screener.reports.every import REPORTS
from screener.settings.console import Oidc
from tests.console.browser import chromium, contains, expect, needs_chromium, opened
from tests.console.conftest import PASSWORD
from tests.console.provider import SECRET, Fake
from tests.console.test_live import BEGAN, FLAGGED, feed, orders, place, tell
from tests.console.test_oidc import at_provider, fake
from tests.console.written import flagged, write
from tests.waiting import WAIT

__all__ = ["chromium", "fake", "feed", "orders", "place"]
HOST, ROOT = "http://testserver", "/screener"
PAGES = (
    *("live", "live?wall", "review", "review/c0", "calls", "calls/c0", "lists", "health", "password"),
    *(f"reports/{name}?since=" for name in REPORTS),
    *("no-such-page", "calls?since=x", "agent"),
)


@pytest.fixture
def below(context: ConsoleContext) -> ConsoleContext:
    console = replace(context.settings.console, path=ROOT, embed_from=("https://crm.example",))
    context.settings = replace(context.settings, console=console)
    write(context, *(flagged(f"c{n}", n) for n in range(60)))
    return context


@pytest.fixture
def client(below: ConsoleContext) -> Iterator[TestClient]:
    with TestClient(build(below), follow_redirects=False, base_url=f"{HOST}{ROOT}/") as running:
        yield running


def enter(client: TestClient, after: str = f"{ROOT}/") -> dict[str, str]:
    data = {"name": "supervisor", "password": PASSWORD, "next": after}
    return dict(client.post("login", data=data).headers)


def test_every_link_and_every_form_of_every_page_stays_below(below: ConsoleContext, client: TestClient) -> None:
    pages = [client.get("login").text]
    enter(client)
    pages += [client.get(path).text for path in PAGES]
    seen = {html.unescape(link) for page in pages for link in re.findall(r' (?:href|src|action)="([^"]+)"', page)}
    assert len(seen) > 60
    assert [link for link in seen if not link.startswith((f"{ROOT}/", "#", "data:"))] == []
    statics = [link for link in seen if "/static/" in link]
    assert len(statics) >= 5 and {client.get(f"{HOST}{link}").status_code for link in statics} == {200}
    assert client.get(f"{HOST}{statics[0]}").headers.get("cache-control") is None


def test_a_login_and_its_cookie_are_the_consoles_alone(below: ConsoleContext, client: TestClient) -> None:
    asked = client.get("calls?kind=lewd", headers={"accept": "text/html"})
    assert asked.headers["location"] == f"{ROOT}/login?next={ROOT}/calls%3Fkind%3Dlewd"
    answer = enter(client, f"{ROOT}/calls?kind=lewd")
    assert answer["location"] == f"{ROOT}/calls?kind=lewd"
    assert f"Path={ROOT};" in answer["set-cookie"]
    for elsewhere in ("/", "/calls", "/screener2/", "//evil.example/", "https://evil.example/screener/"):
        assert enter(client, elsewhere)["location"] == f"{ROOT}/"
    assert client.get("").headers["location"] == f"{ROOT}/live"
    assert client.get(f"{HOST}/calls").status_code == 404, "nothing is beside it"
    person = below.access.who(client.cookies["screener"])
    assert person is not None
    out = client.post("logout", data={"guard": person.guard})
    assert out.headers["location"] == f"{ROOT}/login" and f"Path={ROOT};" in out.headers["set-cookie"]


def test_frames_tokens_and_the_record_are_as_ever(below: ConsoleContext, client: TestClient) -> None:
    headers = {"accept": "text/html", "sec-fetch-dest": "iframe"}
    framed = client.get("agent", headers=headers)
    assert "frame-ancestors https://crm.example" in framed.headers["content-security-policy"]
    token = {"authorization": f"Bearer {below.access.add_token('crm', Role.AUDITOR)}"}
    assert client.get("api/v1/calls", headers=token).status_code == 200
    document = client.get("api/v1/openapi.json", headers=token).json()
    assert document["servers"] == [{"url": ROOT}] and "/api/v1/calls" in document["paths"]
    assert below.log.accesses()[0].subject == "/api/v1/calls"
    assert below.log.accesses()[0].destination == "api"
    enter(client)
    assert client.get("api/v1/calls").status_code == 401, "a cookie opens nothing there"
    client.get("calls/c0")
    assert below.log.accesses()[0].subject == "/calls/c0"


def test_a_form_that_is_sent_late_leads_back_below(below: ConsoleContext, client: TestClient) -> None:
    form = {"guard": "g", "name": "block", "number": "13800138000", "reason": "常打"}
    page = {"accept": "text/html", "referer": f"{HOST}{ROOT}/lists"}
    assert f'href="{ROOT}/login?next={ROOT}/lists"' in client.post("lists/add", data=form, headers=page).text
    other = {"accept": "text/html", "referer": f"{HOST}/other/page"}
    assert "13800138000" not in client.post("lists/add", data=form, headers=other).text


def test_the_sites_provider_leads_back_below(below: ConsoleContext, fake: Fake) -> None:
    section = Oidc(issuer=fake.issuer, client_id="console", secret=SECRET)
    below.settings = replace(below.settings, oidc=section)
    with TestClient(build(below), follow_redirects=False) as client:
        begun = client.get(f"{ROOT}/login/oidc", params={"next": f"{ROOT}/lists"})
        assert f"Path={ROOT}/login/oidc;" in begun.headers["set-cookie"]
        led_back = at_provider(begun.headers["location"])
        assert led_back.startswith(f"{HOST}{ROOT}/login/oidc/back?")
        assert f'content="0; url={ROOT}/lists"' in client.get(led_back, headers={"accept": "text/html"}).text
        assert client.get(f"{ROOT}/live").status_code == 200


@needs_chromium
def test_scripts_and_streams_work_below(
    chromium, below: ConsoleContext, feed: FeedServer, orders: "queue.Queue[Order]"
) -> None:
    server = ConsoleServer(below, port=0)
    server.start()
    try:
        assert server.address.endswith(f"{ROOT}/")
        page = opened(chromium, server.address, Role.SUPERVISOR, "live")
        tell(feed, below, BEGAN, Heard("a", 1.0, "caller", 0, "叫你们领导来接电话", final=True), FLAGGED)
        page.wait_for_selector("#call-a.urgent")
        page.click("#call-a [data-act=supervisor]")
        assert orders.get(timeout=WAIT) == Order("a", CallControl.SUPERVISOR, "supervisor")
        page.goto(f"{server.address}reports/frequency?since=")
        page.click(".plot a >> nth=0")
        page.wait_for_url(f"**{ROOT}/calls?*")
        page.goto(f"{server.address}review")
        page.wait_for_url(f"**{ROOT}/review/c0")
        page.keyboard.press("c")
        page.wait_for_url(f"**{ROOT}/review/c1?said=c0")
        agent = opened(chromium, server.address, Role.AGENT, "agent")
        expect(agent, "#card h2", "要找您的领导")
        agent.click("[data-act=supervisor]")
        assert orders.get(timeout=WAIT) == Order("a", CallControl.SUPERVISOR, "agent")
        contains(agent, "#present .outcome", "通知主管")
        below.access.set_password("agent", "another long one")
        agent.click("[data-act=supervisor]")
        agent.wait_for_url(f"**{ROOT}/login?next=%2Fscreener%2Fagent")
        assert page.problems == []
    finally:
        server.stop()
