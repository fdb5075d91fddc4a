"""The console as an ASGI application: every address, who may use it, and what guards them all."""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from math import ceil
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from screener.console import account, reports
from screener.console.address import PageAddress
from screener.console.addresses import ADDRESSES
from screener.console.body import SEE, Bounded, checked, form
from screener.console.context import API, ConsoleContext
from screener.console.guards import Guards
from screener.console.limits import peer_of
from screener.console.logins import Person, is_guarded
from screener.errors import InputError, MissingError, ScreenerError, StoreError
from screener.store.records import Access
from screener.words.told import told

log = logging.getLogger(__name__)

COMMAND = "screener "
"""What a remedy for a shell names: who reads pages has none."""
FRAMES = ("iframe", "frame")
"""What a browser says of a request for a page within another one (Fetch Metadata)."""
TYPED = ("reason", "number", "expires")
"""Fields of forms that somebody types into, and that nobody keeps to themselves."""


def build(context: ConsoleContext) -> Starlette:
    """The application.

    Args:
        context: what every page works with.
    """
    pages = [Route(a.path, _guarded(context, a), methods=[a.method]) for a in ADDRESSES]
    login = Route("/login", partial(account.login, context), methods=["GET", "POST"])
    begin = Route("/login/oidc", partial(account.begin, context))
    back = Route("/login/oidc/back", partial(account.back, context))
    style = Route("/static/report.css", reports.style)
    static = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    routes = [login, begin, back, style, static, *pages]
    app = Starlette(
        routes=[Mount(context.root, routes=routes)] if context.root else routes,
        exception_handlers={ScreenerError: _failed, HTTPException: _refused},  # type: ignore[dict-item]
    )
    app.state.context = context
    app.add_middleware(Bounded)
    framed = frozenset(f"{context.root}{address.path}" for address in ADDRESSES if address.framed)
    kept = f"{context.root}/static/"
    app.add_middleware(Guards, framed=framed, frames=context.settings.console.embed_from, kept=kept, failed=_fault)
    return app


def _guarded(context: ConsoleContext, address: PageAddress) -> Callable[[Request], Awaitable[Response]]:
    """Lets in who may, once the request is known to be meant, and after it is on record."""

    async def guarded(request: Request) -> Response:
        checked(request.url.path, *request.query_params.values())
        now, peer = time.monotonic(), peer_of(request)
        if address.api and (seconds := context.strangers.wait(peer, now)):
            return _too_often(request, seconds)
        person = await run_in_threadpool(context.who, request)
        if person is None:
            if address.api:
                context.strangers.take(peer, now)
            if address.api or _wants_json(request):
                return _no(request, 401, "login first", "log in, or send a token: Authorization: Bearer …")
            if address.method != "GET" or request.headers.get("sec-fetch-dest") in FRAMES:
                return await _ended(request)
            return context.lead(f"/login?next={quote(_asked(request), safe='/')}")
        if seconds := context.rate_limit.take(person.token, now):
            return _too_often(request, seconds)
        if person.role not in address.roles:
            return _no(request, 403, "this is not yours to see", "")
        if address.method != "GET" and not address.api and not is_guarded(person, await _sent_guard(request)):
            return _no(request, 403, "this page is too old", "load it again")
        if address.noted:
            await run_in_threadpool(context.log.note_access, _note(context, person, request))
        return await address.handler(context, person, request)

    return guarded


async def _sent_guard(request: Request) -> str:
    if header := request.headers.get("x-guard"):
        return header
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return (await form(request)).get("guard", "")
    return ""


def _asked(request: Request) -> str:
    """Path and query of an address."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _note(context: ConsoleContext, person: Person, request: Request) -> Access:
    masked = not context.sees_whole_numbers(person)
    way = "api" if _is_api(request) else "page"
    action = f"console {request.method}"
    asked = _asked(request).removeprefix(context.root)
    return Access(datetime.now(UTC), person.name, action, asked[:500], way, masked)


def _is_api(request: Request) -> bool:
    context: ConsoleContext = request.app.state.context
    return context.path(request).startswith(API)


def _wants_json(request: Request) -> bool:
    return _is_api(request) or "text/html" not in request.headers.get("accept", "text/html")


def _no(
    request: Request,
    status: int,
    message: str,
    remedy: str,
    headers: dict[str, str] | None = None,
    field: str = "",
) -> Response:
    context: ConsoleContext = request.app.state.context
    if COMMAND in remedy:
        remedy = SEE if _is_api(request) else ""
    message, remedy = (told(text, context.teller.lang) for text in (message, remedy))
    if _wants_json(request):
        return JSONResponse({"error": message, "remedy": remedy, "field": field}, status, headers)
    again = status == 503 and request.method == "GET"
    back = _came_from(request) if request.method == "POST" else ""
    words = {"message": message, "remedy": remedy}
    answer = context.page("problem.html", None, status, again=again, back=back, **words)
    answer.headers.update(headers or {})
    return answer


async def _ended(request: Request) -> Response:
    """Says to a person that the login has ended: what was typed is shown once more; in a frame it stands there."""
    context: ConsoleContext = request.app.state.context
    framed, came_from = request.method == "GET", _came_from(request)
    typed = {} if framed or not came_from else await form(request)
    kept = [text for name, text in typed.items() if name in TYPED and text.strip()]
    after = _asked(request) if framed else came_from or f"{context.root}/"
    return context.page("ended.html", None, 401, framed=framed, next=after, kept=kept)


def _came_from(request: Request) -> str:
    """The address within the console that a form was sent from, without its host; empty for any other."""
    context: ConsoleContext = request.app.state.context
    before = urlsplit(request.headers.get("referer", ""))
    ours = before.netloc == request.url.netloc and before.path.startswith(f"{context.root}/")
    return before.path if ours and before.path[:2] != "//" else ""


def _too_often(request: Request, seconds: float) -> Response:
    return _no(request, 429, "too many requests", "ask less often", {"retry-after": str(ceil(seconds))})


async def _failed(request: Request, problem: ScreenerError) -> Response:
    """What is asked for is not there: 404; it cannot be: 400; else the database, or what else we need, is away."""
    status = 404 if isinstance(problem, MissingError) else 400 if isinstance(problem, InputError) else 503
    if isinstance(problem, InputError):
        return _no(request, status, problem.message, problem.remedy, field=problem.field)
    log.error("console: %s", problem)
    # Where it lies and what its driver says is the server's log's: whoever asks may be anybody.
    away = "the database is away" if isinstance(problem, StoreError) else "the console lacks what it needs"
    return _no(request, status, away, "try again; the console's log says what it was")


async def _fault(request: Request) -> Response:
    """A fault of ours, which the server's log tells."""
    return _no(request, 500, "a fault of the console", "try again; the console's log says what it was")


async def _refused(request: Request, problem: HTTPException) -> Response:
    """What is no address of ours, or too large, or a form that is none."""
    message = {404: "no such page", 405: "not in this way", 413: "too large"}.get(
        problem.status_code, "the form cannot be read"
    )
    remedy = SEE if _is_api(request) else ""
    return _no(request, problem.status_code, message, remedy, dict(problem.headers or {}))
