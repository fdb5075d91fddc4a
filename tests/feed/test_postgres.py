import itertools
import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from screener.errors import InputError
from screener.events import CallControl
from screener.feed.items import Began, Heard, Item, Order, Over
from screener.feed.postgres import PostgresFeed, PostgresReader
from tests.waiting import WAIT, wait_for

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.postgres


def began(call: str, node: str = "n") -> Began:
    return Began(call, node, NOON, "+861", "mobile", "", "1", "in_path", "")


@pytest.fixture
def make(postgres_url: str) -> Iterator[Callable[[], tuple[PostgresFeed, "queue.Queue[Order]"]]]:
    feeds = []

    def made() -> tuple[PostgresFeed, "queue.Queue[Order]"]:
        orders: queue.Queue[Order] = queue.Queue()
        feeds.append(PostgresFeed(postgres_url, orders.put))
        return feeds[-1], orders

    yield made
    for feed in feeds:
        feed.stop()


def told(reader: PostgresReader) -> Iterator[Item]:
    """What comes, until nothing comes for long. What is known of a call may come again."""
    return itertools.takewhile(lambda item: item is not None, reader)


def test_every_reader_hears_every_service_also_what_began_before_it_came(make, postgres_url: str) -> None:
    (one, orders_one), (two, orders_two) = make(), make()
    one.put(began("a", "n1"))
    two.put(began("b", "n2"))
    late = PostgresReader(postgres_url, timeout=WAIT)
    unheard = {"a", "b"}
    for item in told(late):
        unheard.discard(item.call)
        if not unheard:
            break
    assert not unheard
    other = PostgresReader(postgres_url, timeout=WAIT)
    one.put(Heard("a", 1.0, "caller", 0, "喂'; DROP TABLE calls; --", final=True))
    assert any(isinstance(item, Heard) and "DROP" in item.text for item in told(other))
    late.order(Order("b", CallControl.LINE_FAULT, "王主管"))
    assert orders_two.get(timeout=WAIT) == Order("b", CallControl.LINE_FAULT, "王主管")
    assert orders_one.empty(), "only who has the call is ordered"
    late.close()
    other.close()


def test_a_call_that_is_over_is_no_news_to_who_comes_later(make, postgres_url: str) -> None:
    feed, _ = make()
    feed.put(began("a"))
    feed.put(Over("a", 1.0, "caller"))
    feed.put(began("b"))
    reader = PostgresReader(postgres_url, timeout=WAIT)
    next(item for item in told(reader) if item.call == "b")
    again = PostgresReader(postgres_url, timeout=WAIT)
    assert next(told(again)).call == "b"
    reader.close()
    again.close()


def test_a_pause_is_ordered_after_its_call(make, postgres_url: str) -> None:
    feed, orders = make()
    feed.put(began("a"))
    feed.put(Over("a", 1.0, "caller"))
    feed.put(began("b"))
    reader = PostgresReader(postgres_url, timeout=WAIT)
    next(item for item in told(reader) if item.call == "b")
    for act in (CallControl.LINE_FAULT, CallControl.PAUSE):
        reader.order(Order("a", act, "8001"))
    assert orders.get(timeout=WAIT) == Order("a", CallControl.PAUSE, "8001"), "everything else comes too late"
    reader.close()


def test_a_line_that_is_too_long_for_the_database_is_left_out(make, postgres_url: str) -> None:
    feed, _ = make()
    reader = PostgresReader(postgres_url, timeout=WAIT)
    feed.put(Heard("a", 1.0, "caller", 0, "长" * 9000, final=True))
    feed.put(Heard("a", 2.0, "caller", 1, "短", final=True))
    assert next(told(reader)).text == "短"
    reader.close()


def test_a_database_that_is_not_there_is_a_clear_error_and_holds_nobody_up() -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(InputError, match="doctor"):
        PostgresReader(away)
    feed = PostgresFeed(away, lambda _order: None)
    for number in range(100):
        feed.put(began(str(number)))
    feed.stop()
    wait_for(lambda: not feed._thread.is_alive())


def test_half_a_character_is_told_as_none_and_what_follows_is_told(make, postgres_url: str) -> None:
    (feed, _) = make()
    reader = PostgresReader(postgres_url, timeout=WAIT)
    feed.put(Heard("a", 1.0, "caller", 0, "\ud800", final=True))
    feed.put(began("b"))
    assert any(isinstance(item, Began) and item.call == "b" for item in told(reader))
    reader.close()
