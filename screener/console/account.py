"""Logging in and out."""

import asyncio
import logging
import secrets
import time
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from screener.console.body import form
from screener.console.context import COOKIE, ConsoleContext
from screener.console.limits import peer_of
from screener.console.logins import LoginRefusedError, Person, Role
from screener.console.oidc import Begun
from screener.errors import InputError

log = logging.getLogger(__name__)

BEGUN, BEGUN_SECONDS = "screener_oidc", 600
"""The cookie of a login that was begun with the provider, and how long it may take."""
FAILED_SECONDS = 0.5
"""A refused login is answered no sooner."""
AT_ONCE = 4
"""Passwords that are checked at the same time: each costs a core and 64 MB for a moment."""
_turns = asyncio.Semaphore(AT_ONCE)
_askings = asyncio.Semaphore(AT_ONCE)
"""Of the provider: one that is slow holds up no page but the login by it."""


async def home(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The page that somebody's role begins with."""
    return context.lead("/agent" if person.role is Role.AGENT else "/live")


async def login(context: ConsoleContext, request: Request) -> Response:
    """The form, and what is typed into it."""
    if request.method == "GET":
        after = _inside(context, request.query_params.get("next", ""))
        return context.page("login.html", None, problem="", next=after)
    sent = await form(request)
    name, password = sent.get("name", ""), sent.get("password", "")
    after = _inside(context, sent.get("next", ""))
    peer = peer_of(request)
    try:
        async with _turns:  # who waited here may have guessed too often meanwhile
            if context.strangers.wait(peer, time.monotonic()):
                return context.page("login.html", None, 429, problem=context.say("too_often"), next=after)
            token, _ = await run_in_threadpool(context.access.login, name, password[:1000])
    except LoginRefusedError:
        context.strangers.take(peer, time.monotonic())
        await asyncio.sleep(FAILED_SECONDS)
        return context.page("login.html", None, 401, problem=context.say("login_refused"), next=after)
    answer = RedirectResponse(after, 303)
    _give(context, answer, token, request)
    return answer


async def begin(context: ConsoleContext, request: Request) -> Response:
    """Leads to the site's provider."""
    if context.provider is None:
        raise HTTPException(404)
    begun = Begun.new(_inside(context, request.query_params.get("next", "")))
    async with _askings:
        place = await run_in_threadpool(context.provider.address, begun, _back(context, request))
    answer = RedirectResponse(place, 303)
    answer.set_cookie(
        BEGUN,
        begun.serialize(),
        BEGUN_SECONDS,
        path=f"{context.root}/login/oidc",
        httponly=True,
        samesite="lax",
        secure=_safe(request),
    )
    return answer


async def back(context: ConsoleContext, request: Request) -> Response:
    """The provider leads here: who it says that it is, is logged in.

    Raises:
        InputError: what it says cannot be believed, or gives no role.
    """
    peer = peer_of(request)
    if context.strangers.wait(peer, time.monotonic()):
        return context.page("login.html", None, 429, problem=context.say("too_often"), next=f"{context.root}/")
    if context.provider is None:
        raise HTTPException(404)
    query, begun = request.query_params, Begun.parse(request.cookies.get(BEGUN, ""))
    try:
        if begun is None or not secrets.compare_digest(begun.state.encode(), query.get("state", "").encode()):
            raise InputError("this login was not begun here", "begin anew")
        if query.get("iss", context.settings.oidc.issuer) != context.settings.oidc.issuer:  # RFC 9207
            raise InputError("this login was not begun here", "begin anew")
        if not query.get("code"):
            raise InputError("the provider has refused the login", "begin anew")
        async with _askings:
            found = await run_in_threadpool(
                context.provider.claimed, begun, query["code"], _back(context, request)
            )
        token, _ = await run_in_threadpool(context.access.admit, found.name, found.role, found.extension)
    except InputError as problem:
        context.strangers.take(peer, time.monotonic())
        log.warning("console: %s", problem.message)
        raise
    # A page, not a redirect: a browser that comes from another site sends no strict cookie along with it.
    answer: Response = context.page("onward.html", None, next=begun.after)
    answer.delete_cookie(BEGUN, path=f"{context.root}/login/oidc")
    _give(context, answer, token, request)
    return answer


async def logout(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The login is over, here and in every tab."""
    await run_in_threadpool(context.access.logout, person)
    answer = context.lead("/login")
    answer.delete_cookie(COOKIE, path=context.root or "/")
    return answer


async def password_page(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The form for a new password.

    Raises:
        InputError: the site's provider keeps this person's.
    """
    _has_password(person)
    return context.page("password.html", person, problem="")


async def change_password(context: ConsoleContext, person: Person, request: Request) -> Response:
    """A new password, for who knows the old one; every login of the name is over.

    Raises:
        InputError: the site's provider keeps this person's.
    """
    _has_password(person)
    sent = await form(request)
    try:
        async with _turns:
            await run_in_threadpool(context.access.login, person.name, sent.get("old", "")[:1000])
            await run_in_threadpool(context.access.set_password, person.name, sent.get("new", "")[:1000])
    except LoginRefusedError:
        return context.page("password.html", person, 400, problem=context.say("login_refused"))
    except InputError:
        return context.page("password.html", person, 400, problem=context.say("password_short"))
    return context.lead("/login")


def _has_password(person: Person) -> None:
    if not person.has_password:
        raise InputError("your password is not kept here", "change it where you log in")


def _give(context: ConsoleContext, answer: Response, token: str, request: Request) -> None:
    path = context.root or "/"
    answer.set_cookie(COOKIE, token, path=path, httponly=True, samesite="strict", secure=_safe(request))


def _safe(request: Request) -> bool:
    return request.url.scheme == "https"


def _back(context: ConsoleContext, request: Request) -> str:
    return str(request.url.replace(path=f"{context.root}/login/oidc/back", query=""))


def _inside(context: ConsoleContext, path: str) -> str:
    """A path of ours to go on to, never another site's address."""
    parts = urlsplit(path)
    ours = path.startswith(f"{context.root}/") and not path.startswith(("//", "/\\"))
    return path if ours and not parts.scheme and not parts.netloc else f"{context.root}/"
