import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from screener.errors import InputError
from screener.events import Act
from screener.feed.items import Began, Heard, Item, Order, Over
from screener.feed.postgres import PostgresFeed, PostgresReader

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


def read(reader: PostgresReader, count: int) -> list[Item]:
    return list(islice((item for item in reader if item is not None), count))


def test_every_reader_hears_every_service_also_what_began_before_it_came(make, postgres_url: str) -> None:
    (one, orders_one), (two, orders_two) = make(), make()
    one.put(began("a", "n1"))
    two.put(began("b", "n2"))
    late = PostgresReader(postgres_url, timeout=10)
    assert {item.call for item in read(late, 2)} == {"a", "b"}
    other = PostgresReader(postgres_url, timeout=10)
    one.put(Heard("a", 1.0, "caller", 0, "喂'; DROP TABLE calls; --", final=True))
    assert any(isinstance(item, Heard) and "DROP" in item.text for item in islice(other, 6))
    late.order(Order("b", Act.LINE_FAULT, "王主管"))
    assert orders_two.get(timeout=10) == Order("b", Act.LINE_FAULT, "王主管")
    assert orders_one.empty(), "only who has the call is ordered"
    late.close()
    other.close()


def test_a_call_that_is_over_is_no_news_to_who_comes_later(make, postgres_url: str) -> None:
    feed, _ = make()
    feed.put(began("a"))
    feed.put(Over("a", 1.0, "caller"))
    feed.put(began("b"))
    reader = PostgresReader(postgres_url, timeout=5)
    next(item for item in reader if item.call == "b")
    again = PostgresReader(postgres_url, timeout=5)
    assert {item.call for item in read(again, 1)} == {"b"}
    reader.close()
    again.close()


def test_a_line_that_is_too_long_for_the_database_is_left_out(make, postgres_url: str) -> None:
    feed, _ = make()
    reader = PostgresReader(postgres_url, timeout=5)
    feed.put(Heard("a", 1.0, "caller", 0, "长" * 9000, final=True))
    feed.put(Heard("a", 2.0, "caller", 1, "短", final=True))
    assert [item.text for item in read(reader, 1)] == ["短"]
    reader.close()


def test_a_database_that_is_not_there_is_a_clear_error_and_holds_nobody_up() -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(InputError, match="doctor"):
        PostgresReader(away)
    feed = PostgresFeed(away, lambda _order: None)
    for number in range(100):
        feed.put(began(str(number)))
    feed.stop()
    assert not feed._thread.is_alive()
