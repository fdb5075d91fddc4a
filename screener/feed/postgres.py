"""The feed over the site's PostgreSQL, by LISTEN and NOTIFY: every console hears every service of the site.

What a reader says first is *hello*; each service then tells again what is known of its running calls. The database
keeps nothing of it, and a database that is away delays no call: what could not be told is dropped and counted.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator

import psycopg
from psycopg import sql

from screener.errors import InputError
from screener.events import CallControl
from screener.feed.board import Board
from screener.feed.items import LINE_LIMIT, Item, Order, parse, parse_order, serialize
from screener.outside.database_words import in_our_words
from screener.outside.text import visible

log = logging.getLogger(__name__)

TOLD, ORDERED = "screener_feed", "screener_orders"
"""Channels: what services tell, and what readers say."""
HELLO = "hello"
PUBLISHED = 20_000
"""Items that may wait for the database."""
LOOK_SECONDS = 0.05
"""A service looks for orders so often."""
AGAIN_SECONDS = 1.0
"""Wait before a database that is away is tried again."""
CONNECT_SECONDS = 3


class PostgresFeed:
    """Tells every reader of a database what goes on.

    Args:
        url: `postgresql://…`, as psycopg takes it.
        ordered: takes what a reader orders; must not block.
    """

    def __init__(self, url: str, ordered: Callable[[Order], None]) -> None:
        self._url, self._ordered = url, ordered
        self._items: queue.Queue[Item] = queue.Queue(PUBLISHED)
        self._board = Board()
        self.dropped = 0
        """Items that were not told."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Tell an item; never blocks."""
        try:
            self._items.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def stop(self) -> None:
        """Tell no more."""
        self._stopped.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with _connected(self._url) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ORDERED)))
                    self._again(connection)
                    while not self._stopped.is_set():
                        self._tell(connection)
                        self._take_orders(connection)
            except psycopg.Error as problem:
                log.warning("the feed waits for the database: %s", str(problem).strip().partition("\n")[0])
                self._forget_while_away()
            except Exception:
                log.exception("feed: a fault of ours; it goes on")
                self._stopped.wait(AGAIN_SECONDS)

    def _tell(self, connection: psycopg.Connection) -> None:
        with contextlib.suppress(queue.Empty):
            item = self._items.get(timeout=LOOK_SECONDS)
            while True:
                self._board.take(item)
                _notify(connection, TOLD, serialize(item))
                item = self._items.get_nowait()

    def _again(self, connection: psycopg.Connection) -> None:
        for known in self._board.items():
            _notify(connection, TOLD, serialize(known))

    def _take_orders(self, connection: psycopg.Connection) -> None:
        for notice in list(connection.notifies(timeout=0)):  # first read all: the connection is busy meanwhile
            if notice.payload == HELLO:
                self._again(connection)
                continue
            try:
                order = parse_order(notice.payload)
            except InputError as problem:
                log.warning("a reader of the feed sends %s", problem.message)
                continue
            if (
                order.act is CallControl.PAUSE or order.call in self._board.calls
            ):  # a pause is taken after its call
                self._ordered(order)

    def _forget_while_away(self) -> None:
        """The board goes on, so that readers are told the truth when the database is back."""
        until_next = threading.Event()
        timer = threading.Timer(AGAIN_SECONDS, until_next.set)
        timer.start()
        while not until_next.is_set() and not self._stopped.is_set():
            with contextlib.suppress(queue.Empty):
                self._board.take(self._items.get(timeout=LOOK_SECONDS))
                self.dropped += 1
        timer.cancel()


class PostgresReader:
    """Listens to every service of a database; the same as a `FeedReader` to whoever reads.

    Args:
        url: of the database.
        timeout: seconds after which silence is reported as None.

    Raises:
        InputError: the database cannot be reached.
    """

    def __init__(self, url: str, timeout: float | None = None) -> None:
        self._timeout = timeout
        try:
            self._connection = _connected(url)
            self._orders = _connected(url)
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(TOLD)))
            _notify(self._orders, ORDERED, HELLO)
        except psycopg.Error as problem:
            first = str(problem).strip().partition("\n")[0]
            log.info("the database says: %s", visible(first))
            raise InputError(f"the feed's database: {in_our_words(first)}", "run: screener doctor") from problem

    def __iter__(self) -> Iterator[Item | None]:
        """Every item as it comes; None after a silence; ends when the database is away."""
        while True:
            try:
                notices = list(self._connection.notifies(timeout=self._timeout, stop_after=1))
            except psycopg.Error:
                return
            if not notices:
                yield None
            for notice in notices:
                if item := parse(notice.payload):
                    yield item

    def order(self, order: Order) -> None:
        """Send an order.

        Raises:
            InputError: the database is away.
        """
        try:
            _notify(self._orders, ORDERED, serialize(order))
        except psycopg.Error as problem:
            raise InputError(
                "the feed's database is away", "use the PBX: transfer the caller by hand"
            ) from problem

    def close(self) -> None:
        """Listen no more."""
        for connection in (self._connection, self._orders):
            with contextlib.suppress(psycopg.Error):
                connection.close()


def _connected(url: str) -> psycopg.Connection:
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(
        plain, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="screener feed"
    )


def _notify(connection: psycopg.Connection, channel: str, line: str) -> None:
    text = line.encode("utf-8", "replace")
    if len(text) <= LINE_LIMIT:
        connection.execute("SELECT pg_notify(%s, %s)", (channel, text.decode()))
