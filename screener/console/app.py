"""The console as an ASGI application: every address, who may use it, and what guards them all."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from screener.console import account, agent, calls, health, lists, live, reports, review
from screener.console.access import Person, Role, is_guarded
from screener.console.context import Context
from screener.errors import InputError, ScreenerError
from screener.store.records import Access as AccessNote

log = logging.getLogger(__name__)

Handler = Callable[[Context, Person, Request], Awaitable[Response]]
COOKIE = "screener"
EVERYBODY = frozenset(Role)
AGENTS = frozenset({Role.AGENT})
SUPERVISORS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
READERS = SUPERVISORS | {Role.AUDITOR}
BODY_LIMIT = 64 * 1024
"""Bytes of a form or an order."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the console.

    Attributes:
        roles: who may use it. Nobody gets in without a login.
        noted: whether its use goes into the access record, because it shows what the log holds of callers.
        framed: whether a page of `[console] embed_from` may show it in a frame.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role]
    noted: bool = False
    framed: bool = False


ADDRESSES: tuple[Address, ...] = (
    Address("GET", "/", account.home, EVERYBODY),
    Address("POST", "/logout", account.logout, EVERYBODY),
    Address("GET", "/password", account.password_page, EVERYBODY),
    Address("POST", "/password", account.change_password, EVERYBODY),
    Address("GET", "/agent", agent.page, AGENTS, noted=True, framed=True),
    Address("GET", "/agent/events", agent.events, AGENTS),
    Address("POST", "/agent/order", agent.order, AGENTS, noted=True),
    Address("GET", "/live", live.page, READERS, noted=True),
    Address("GET", "/live/events", live.events, READERS),
    Address("POST", "/live/{call}/order", live.order, SUPERVISORS, noted=True),
    Address("GET", "/review", review.start, READERS),
    Address("GET", "/review/{call}", review.page, READERS, noted=True),
    Address("POST", "/review/{call}", review.word, SUPERVISORS, noted=True),
    Address("GET", "/calls", calls.search, READERS, noted=True),
    Address("GET", "/calls/{call}", calls.page, READERS, noted=True),
    Address("POST", "/calls/{call}/evidence", calls.evidence, SUPERVISORS, noted=True),
    Address("GET", "/reports", reports.start, READERS),
    Address("GET", "/reports/{name}", reports.page, READERS, noted=True),
    Address("GET", "/reports/{name}/export", reports.export, READERS, noted=True),
    Address("GET", "/lists", lists.page, READERS, noted=True),
    Address("POST", "/lists/add", lists.add, SUPERVISORS, noted=True),
    Address("POST", "/lists/remove", lists.remove, SUPERVISORS, noted=True),
    Address("POST", "/lists/accept", lists.accept, SUPERVISORS, noted=True),
    Address("POST", "/lists/lift", lists.lift_off, SUPERVISORS, noted=True),
    Address("GET", "/health", health.page, READERS),
)
OPEN = ("/login", "/static")
"""What needs no login."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)


def build(context: Context) -> Starlette:
    """The application.

    Args:
        context: what every page works with.
    """
    routes = [Route(a.path, _guarded(context, a), methods=[a.method]) for a in ADDRESSES]
    login = Route("/login", partial(account.login, context), methods=["GET", "POST"])
    style = Route("/static/report.css", reports.style)
    static = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app = Starlette(
        routes=[login, style, static, *routes],
        exception_handlers={ScreenerError: _failed, 404: _not_found},  # type: ignore[dict-item]
    )
    app.state.context = context
    app.add_middleware(_Headers, frames=context.settings.console.embed_from)
    return app


def _guarded(context: Context, address: Address) -> Callable[[Request], Awaitable[Response]]:
    """Lets in who may, once the request is known to be meant, and after it is on record."""

    async def guarded(request: Request) -> Response:
        person = await run_in_threadpool(context.access.who, _token(request))
        if person is None:
            if address.method != "GET" or _wants_json(request):
                return PlainTextResponse("login first", 401)
            return RedirectResponse(f"/login?next={quote(_asked(request), safe='/')}", 303)
        if person.role not in address.roles:
            return PlainTextResponse("this is not yours to see", 403)
        if address.method != "GET":
            if int(request.headers.get("content-length") or 0) > BODY_LIMIT:
                return PlainTextResponse("too large", 413)
            if not is_guarded(person, await _sent_guard(request)):
                return PlainTextResponse("this page is too old: load it again", 403)
        if address.noted:
            await run_in_threadpool(context.log.note_access, _note(context, person, request))
        return await address.handler(context, person, request)

    return guarded


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


async def _sent_guard(request: Request) -> str:
    if header := request.headers.get("x-guard"):
        return header
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return str((await request.form()).get("guard", ""))
    return ""


def _asked(request: Request) -> str:
    """Path and query of an address."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _note(context: Context, person: Person, request: Request) -> AccessNote:
    masked = not context.sees_whole_numbers(person)
    return AccessNote(
        datetime.now(UTC), person.name, f"console {request.method}", _asked(request)[:500], "page", masked
    )


def _wants_json(request: Request) -> bool:
    return "text/html" not in request.headers.get("accept", "text/html")


async def _failed(request: Request, problem: ScreenerError) -> Response:
    status = 400 if isinstance(problem, InputError) else 503
    if status == 503:
        log.error("console: %s", problem)
    if _wants_json(request):
        return JSONResponse({"error": problem.message, "remedy": problem.remedy}, status)
    return PlainTextResponse(f"{problem.message}\n{problem.remedy}\n", status)


async def _not_found(_request: Request, _problem: Exception) -> Response:
    return PlainTextResponse("no such page", 404)


class _Headers:
    """Headers that every answer carries: no script but ours, no frame but a permitted one, nothing kept."""

    def __init__(self, app: ASGIApp, frames: tuple[str, ...]) -> None:
        self._app = app
        self._framed = {address.path for address in ADDRESSES if address.framed}
        self._frames = " ".join(frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._of(str(scope.get("path", "")))]
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)

    def _of(self, path: str) -> list[tuple[bytes, bytes]]:
        inside = self._frames if path in self._framed and self._frames else "'none'"
        headers = [
            (b"content-security-policy", f"{POLICY}; frame-ancestors {inside}".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        return headers if path.startswith("/static/") else [*headers, (b"cache-control", b"no-store")]
