"""Which way the feed goes: a socket on this machine, or the site's PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from screener.errors import InputError
from screener.feed.items import Item, Order
from screener.feed.local import FeedReader, FeedServer

DATABASE: Final = "database"
"""In the settings instead of a path: the site's PostgreSQL."""


class FeedSink(Protocol):
    """Tells what goes on."""

    dropped: int

    def put(self, item: Item) -> None:
        """Tell an item; never blocks."""
        ...

    def stop(self) -> None:
        """Tell no more."""
        ...


class FeedSource(Protocol):
    """Hears what goes on."""

    def __iter__(self) -> Iterator[Item | None]:
        """Every item as it comes; None after a silence; ends when nobody tells any more."""
        ...

    def order(self, order: Order) -> None:
        """Send an order."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


def open_sink(feed: str, folder: Path, database: str, ordered: Callable[[Order], None]) -> FeedSink:
    """Begin to tell.

    Args:
        feed: a path relative to `folder`, or `DATABASE`.
        folder: where the settings lie.
        database: URL of the call log.
        ordered: takes what a reader orders; must not block.

    Raises:
        InputError: it cannot be told there.
    """
    if feed != DATABASE:
        return FeedServer(folder / feed, ordered)
    _check(database)
    from screener.feed.postgres import PostgresFeed  # psycopg is an extra

    return PostgresFeed(database, ordered)


def open_source(feed: str, folder: Path, database: str, timeout: float) -> FeedSource:
    """Begin to hear; the arguments are those of `open_sink`.

    Args:
        feed: a path relative to `folder`, or `DATABASE`.
        folder: where the settings lie.
        database: URL of the call log.
        timeout: seconds after which silence is reported as None.

    Raises:
        InputError: nobody tells there.
    """
    if feed != DATABASE:
        return FeedReader(folder / feed, timeout)
    _check(database)
    from screener.feed.postgres import PostgresReader

    return PostgresReader(database, timeout)


def _check(database: str) -> None:
    if not database.startswith("postgresql"):
        raise InputError(
            "a feed over the database needs PostgreSQL", "set operations.feed to a path, such as feed.sock"
        )
