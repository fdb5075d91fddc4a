"""状态: whether the site's services are heard, and what waits in the log."""

from collections import Counter
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console.access import Person
from screener.console.context import Context
from screener.store.find import nodes, reviews
from screener.store.ladder import standings


async def page(context: Context, person: Person, _request: Request) -> Response:
    """The feeds of the services, the newest call, the nodes that wrote, and what people have said."""

    def made() -> Response:
        now = datetime.now(UTC)
        newest = context.log.calls(limit=1)
        feeds = [
            {
                "name": feed.name,
                "up": feed.up,
                "lost": feed.lost,
                "calls": len(feed.board.calls),
                "missed": feed.board.missed,
            }
            for feed in context.hub.feeds
        ]
        ladder = standings(context.log, context.settings.ladder, now)
        rungs = Counter(where.rung.value for where in ladder.values())
        said = {review.value: count for review, count in reviews(context.log).items()}
        return context.page(
            "health.html",
            person,
            feeds=feeds,
            newest=_local(context, newest[0].started_at) if newest else "",
            nodes=sorted(nodes(context.log) - {""}),
            said=said,
            rungs=rungs if context.settings.ladder.steps else None,
        )

    return await run_in_threadpool(made)


def _local(context: Context, at: datetime) -> str:
    return f"{at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}"
