"""运行状态: whether the site's services are heard, and what waits in the log."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.events import Rung
from screener.feed.items import Node
from screener.outside.text import visible
from screener.store.find import nodes, reviews
from screener.store.ladder import standings
from screener.words.faults import fault
from screener.words.told import told

SILENT = timedelta(seconds=30)
"""A service that has said nothing for so long is away."""
RECENT = timedelta(days=7)
"""Who has written no call for so long is no node of the site any more."""


@dataclass(frozen=True, slots=True)
class Fed:
    """One service's feed.

    Attributes:
        up: it is heard.
        lost: how often it went away; `missed`: lines that were not heard.
    """

    name: str
    up: bool
    calls: int
    lost: int
    missed: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the site is.

    Attributes:
        services: each node as it said last: model, registrations, what waits for the log, last faults.
        newest: when the newest call of the log began; null in an empty log.
        nodes: hosts that wrote the log in the last week of its calls.
        reviews: flags by what people said of them.
        ladder: numbers that stand on the ladder, by rung; null where it is off.
    """

    feeds: tuple[Fed, ...]
    services: tuple[Node, ...]
    newest: datetime | None
    nodes: tuple[str, ...]
    reviews: dict[str, int]
    ladder: dict[str, int] | None


def look(context: ConsoleContext) -> Health:
    """How the site is now."""
    newest, ladder = context.log.calls(limit=1), context.settings.ladder
    stands = Counter(where.rung.value for where in standings(context.log, ladder, datetime.now(UTC)).values())
    return Health(
        feeds=tuple(
            Fed(feed.name, feed.up, len(feed.board.calls), feed.lost, feed.board.missed)
            for feed in context.hub.feeds
        ),
        services=tuple(node for feed in context.hub.feeds for _, node in sorted(feed.board.nodes.items())),
        newest=newest[0].started_at if newest else None,
        nodes=tuple(sorted(nodes(context.log, newest[0].started_at - RECENT) - {""})) if newest else (),
        reviews={review.value: count for review, count in reviews(context.log).items()},
        ladder={rung.value: stands[rung] for rung in Rung} if ladder.steps else None,
    )


async def page(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """The feeds of the services, the newest call, the nodes that wrote, and what people have said."""

    def made() -> Response:
        found, now = look(context), datetime.now(UTC)
        heard = {name: at for feed in context.hub.feeds for name, at in list(feed.nodes.items())}
        silent = {node.node for node in found.services if now - heard.get(node.node, now) > SILENT}
        return context.page(
            "health.html",
            person,
            health=found,
            silent=silent,
            heard=heard,
            local=lambda at: _local(context, at),
            seen=visible,
            trouble=lambda said: visible(_of_registrar(context, said)),
            told=lambda line: fault(line, context.teller.lang, context.zone),
        )

    return await run_in_threadpool(made)


def _local(context: ConsoleContext, at: datetime) -> str:
    return f"{at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}"


def _of_registrar(context: ConsoleContext, said: str) -> str:
    """Which registration does not stand, and why, in words."""
    registrar, colon, problem = said.partition(": ")
    return f"{registrar}{colon}{told(problem, context.teller.lang)}"
