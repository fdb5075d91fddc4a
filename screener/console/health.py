"""状态: whether the site's services are heard, and what waits in the log."""

from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console.access import Person
from screener.console.context import Context
from screener.store.find import nodes, reviews


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
        newest: when the newest call of the log began; null in an empty log.
        nodes: hosts that wrote the log.
        reviews: flags by what people said of them.
    """

    feeds: tuple[Fed, ...]
    newest: datetime | None
    nodes: tuple[str, ...]
    reviews: dict[str, int]


def look(context: Context) -> Health:
    """How the site is now."""
    newest = context.log.calls(limit=1)
    return Health(
        feeds=tuple(
            Fed(feed.name, feed.up, len(feed.board.calls), feed.lost, feed.board.missed)
            for feed in context.hub.feeds
        ),
        newest=newest[0].started_at if newest else None,
        nodes=tuple(sorted(nodes(context.log) - {""})),
        reviews={review.value: count for review, count in reviews(context.log).items()},
    )


async def page(context: Context, person: Person, _request: Request) -> Response:
    """The feeds of the services, the newest call, the nodes that wrote, and what people have said."""

    def made() -> Response:
        return context.page("health.html", person, health=look(context), local=lambda at: _local(context, at))

    return await run_in_threadpool(made)


def _local(context: Context, at: datetime) -> str:
    return f"{at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}"
