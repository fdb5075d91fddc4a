"""Every address of the console, pages and API alike: who may use it, and what it does.

Nobody gets in without a login or a token but to the login itself and to our own static files.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from screener.console import account, agent, calls, health, lists, live, reports, review
from screener.console.address import Handler, PageAddress, Told
from screener.console.api import handlers as api
from screener.console.api import wire
from screener.console.api.openapi import described
from screener.console.context import API, ConsoleContext
from screener.console.logins import Person, Role
from screener.reports import filters
from screener.reports.every import REPORTS

EVERYBODY = frozenset(Role)
AGENTS = frozenset({Role.AGENT})
SUPERVISORS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
READERS = SUPERVISORS | {Role.AUDITOR}


PAGES: tuple[PageAddress, ...] = (
    PageAddress("GET", "/", account.home, EVERYBODY),
    PageAddress("POST", "/logout", account.logout, EVERYBODY),
    PageAddress("GET", "/password", account.password_page, EVERYBODY),
    PageAddress("POST", "/password", account.change_password, EVERYBODY),
    PageAddress("GET", "/agent", agent.page, AGENTS, noted=True, framed=True),
    PageAddress("GET", "/agent/events", agent.events, AGENTS),
    PageAddress("POST", "/agent/order", agent.order, AGENTS, noted=True),
    PageAddress("POST", "/agent/pause", agent.pause, AGENTS),
    PageAddress("GET", "/live", live.page, READERS, noted=True),
    PageAddress("GET", "/live/events", live.events, READERS),
    PageAddress("POST", "/live/{call}/order", live.order, SUPERVISORS, noted=True),
    PageAddress("GET", "/review", review.start, READERS),
    PageAddress("GET", "/review/{call}", review.page, READERS, noted=True),
    PageAddress("POST", "/review/{call}", review.word, SUPERVISORS, noted=True),
    PageAddress("GET", "/calls", calls.search, READERS, noted=True),
    PageAddress("GET", "/calls/{call}", calls.page, READERS, noted=True),
    PageAddress("POST", "/calls/{call}/evidence", calls.evidence, SUPERVISORS, noted=True),
    PageAddress("GET", "/reports", reports.start, READERS),
    PageAddress("GET", "/reports/{name}", reports.page, READERS, noted=True),
    PageAddress("GET", "/reports/{name}/export", reports.export, READERS, noted=True),
    PageAddress("GET", "/lists", lists.page, READERS, noted=True),
    PageAddress("POST", "/lists/add", lists.add, SUPERVISORS, noted=True),
    PageAddress("POST", "/lists/remove", lists.remove, SUPERVISORS, noted=True),
    PageAddress("POST", "/lists/accept", lists.accept, SUPERVISORS, noted=True),
    PageAddress("POST", "/lists/lift", lists.take_off_ladder, SUPERVISORS, noted=True),
    PageAddress("GET", "/health", health.page, READERS),
)

SPAN = ("since", "until", "kind", "queue", "dialled")
FILTERS = ("since", "until", *filters.FILTERS, "limit", "after")


def _api(
    method: str, path: str, handler: Handler, roles: frozenset[Role], told: Told, *, noted: bool = True
) -> PageAddress:
    return PageAddress(method, f"{API}v1{path}", handler, roles, noted, told=told)


async def _document(context: ConsoleContext, _person: Person, _request: Request) -> Response:
    """The API's own description."""
    return JSONResponse(described(PROGRAMS, context.site_name, context.root))


PROGRAMS: tuple[PageAddress, ...] = (
    _api("GET", "/openapi.json", _document, EVERYBODY, Told("This document", dict), noted=False),
    _api("GET", "/me", api.myself, EVERYBODY, Told("Whose token it is", wire.Myself), noted=False),
    _api("GET", "/agent", api.own_call, AGENTS, Told("The agent's present call and cue card", agent.Present)),
    _api(
        "GET", "/agent/events", agent.events, AGENTS,
        Told("The same whenever it changes", agent.Present, stream=True),
    ),
    _api(
        "POST", "/agent/order", agent.order, AGENTS,
        Told("The agent's buttons: harassment, a supervisor, a warning", wire.GivenOrder, agent.Button),
    ),
    _api(
        "POST", "/agent/pause", agent.pause, AGENTS,
        Told("The agent takes the pause that is offered; nobody writes down who did", wire.Done), noted=False,
    ),
    _api("GET", "/live", api.live, READERS, Told("Every call that is up", wire.Changes)),
    _api(
        "GET", "/live/events", api.live_events, READERS,
        Told("What changes of them; the first event tells all", wire.Changes, stream=True),
    ),
    _api(
        "POST", "/live/{call}/order", live.order, SUPERVISORS,
        Told("Do something about a running call", wire.GivenOrder, wire.AnOrder),
    ),
    _api("GET", "/calls", api.search, READERS, Told("Calls of the log, newest first", wire.Found, query=FILTERS)),
    _api("GET", "/calls/{call}", api.call, READERS, Told("Everything that the log has of a call", wire.Whole)),
    _api(
        "POST", "/calls/{call}/evidence", calls.evidence, SUPERVISORS,
        Told("The signed package of evidence of a call", "application/zip"),
    ),
    _api("GET", "/review", api.waiting, READERS, Told("Flags that nobody has reviewed", wire.Waiting)),
    _api(
        "POST", "/review/{call}", api.word, SUPERVISORS,
        Told("Confirm or overturn a flag, or take such a word back", wire.Done, wire.AWord),
    ),
    _api(
        "GET", "/reports/{name}", api.report, READERS,
        Told(f"A report: {', '.join(REPORTS)}", "report", query=(*SPAN, "by", "form")),
    ),
    _api("GET", "/lists", api.listed, READERS, Told("Lists, proposals and the ladder", wire.Lists)),
    _api("POST", "/lists", api.enlist, SUPERVISORS, Told("Put a number on a list", wire.Done, wire.AnEntry)),
    _api(
        "POST", "/lists/remove", api.delist, SUPERVISORS,
        Told("Take a number off a list", wire.Done, wire.AListed),
    ),
    _api(
        "POST", "/lists/accept", api.accept, SUPERVISORS,
        Told("Put a proposed number on its list", wire.Done, wire.AProposed),
    ),
    _api(
        "POST", "/lists/lift", api.lift, SUPERVISORS,
        Told("Take a number off the ladder", wire.Done, wire.AProposed),
    ),
    _api("GET", "/health", api.state, READERS, Told("How the site is", health.Health), noted=False),
)  # fmt: skip
ADDRESSES = PAGES + PROGRAMS
