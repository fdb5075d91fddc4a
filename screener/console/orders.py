"""A person's order about a running call: handed to the service that has it, whose answer is waited for."""

import asyncio
from contextlib import suppress

from starlette.responses import Response

from screener.console.api.wire import GivenOrder
from screener.console.body import adapter
from screener.console.context import ConsoleContext
from screener.core.actions import OrderOutcome
from screener.feed.items import Order

ANSWER_SECONDS = 1.5
"""So long the service's answer is waited for; later the page shows what came of the order."""
CARRIED_OUT = (OrderOutcome.DONE, OrderOutcome.ALREADY)


async def give(context: ConsoleContext, order: Order) -> Response:
    """Hand an order over and tell what came of it.

    Raises:
        MissingError: the call is over.
        InputError: its service is away.
    """
    outcome = await _outcome(context, order)
    told = context.teller.outcome(order.act.value, outcome) if outcome else ""
    given = GivenOrder(not outcome or outcome in CARRIED_OUT, outcome, told)
    return Response(adapter(GivenOrder).dump_json(given), media_type="application/json")


async def _outcome(context: ConsoleContext, order: Order) -> str:
    """What the service says came of it; empty where it said nothing in time."""
    call = context.hub.call(order.call)
    before = list(call.orders) if call else []
    news = asyncio.Event()
    loop = asyncio.get_running_loop()
    with context.hub.telling(lambda _urgent: loop.call_soon_threadsafe(news.set)), suppress(TimeoutError):
        context.hub.order(order)
        async with asyncio.timeout(ANSWER_SECONDS):
            while call is not None:
                news.clear()
                for answer in reversed(call.orders):
                    if (answer.act, answer.by) == (order.act, order.by) and not any(answer is b for b in before):
                        return answer.outcome
                if call.over:
                    return OrderOutcome.TOO_LATE  # it ended before the order came
                await news.wait()
    return ""
