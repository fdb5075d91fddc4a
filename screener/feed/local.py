"""The feed over a Unix socket: the service tells, readers on the same machine listen and give orders.

A reader that connects hears first what is known of every call that is up, then every item as it comes. Each reader
has a bounded queue: a slow one loses lines and is told how many. Nothing that a reader does delays a call.
"""

import contextlib
import logging
import pwd
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from screener.errors import InputError
from screener.feed.board import Board
from screener.feed.items import LINE_LIMIT, Item, Missed, Order, parse, parse_order, serialize

log = logging.getLogger(__name__)

READER_LINES = 5_000
"""Lines that may wait for one reader."""
READERS = 64
PUBLISHED = 20_000
"""Items that may wait for the feed's own thread."""
SEND_SECONDS = 10.0
"""A reader that takes nothing for so long is left."""
AGAIN_SECONDS = 1.0
"""Wait before another reader is taken when no file was left for one."""


class _Reader:
    """One who listens: a queue, a thread that sends, a thread that takes orders."""

    def __init__(self, connection: socket.socket, ordered: Callable[[Order], None]) -> None:
        self._connection, self._ordered = connection, ordered
        self._lines: queue.Queue[str | None] = queue.Queue(READER_LINES)
        self._missed = 0
        self.gone = False
        connection.settimeout(SEND_SECONDS)
        for work in (self._send, self._listen):
            threading.Thread(target=work, name="feed-reader", daemon=True).start()

    def put(self, line: str) -> None:
        """Queue a line; never blocks."""
        if self._missed:
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(serialize(Missed(self._missed)))
                self._missed = 0
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._missed += 1

    def close(self) -> None:
        """End both threads."""
        self.gone = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)

    def _send(self) -> None:
        while not self.gone and (line := self._lines.get()) is not None:
            try:
                self._connection.sendall(line.encode("utf-8", "replace") + b"\n")
            except OSError:
                break
        self.close()
        self._connection.close()

    def _listen(self) -> None:
        kept = b""
        while not self.gone:
            try:
                data = self._connection.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data or len(kept) > LINE_LIMIT:
                break
            *lines, kept = (kept + data).split(b"\n")
            for line in lines:
                try:
                    self._ordered(parse_order(line))
                except InputError as problem:
                    log.warning("a reader of the feed sends %s", problem.message)
                except Exception:
                    log.exception("feed: a fault of ours; it goes on")
        self.close()


class FeedServer:
    """Tells every reader what goes on.

    Args:
        path: of the socket; one that nobody listens on any more is replaced.
        ordered: takes what a reader orders; called on the reader's thread, must not block.

    Raises:
        InputError: the socket cannot be made there.
    """

    def __init__(self, path: Path, ordered: Callable[[Order], None]) -> None:
        self._path, self._ordered = path, ordered
        self._items: queue.Queue[Item | _Reader | None] = queue.Queue(PUBLISHED)
        self._readers: list[_Reader] = []
        self._board = Board()
        self.dropped = 0
        """Items that found the queue full."""
        self._socket = _bound(path)
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._accept, "feed-accept"), (self._tell, "feed"))
        ]
        for thread in self._threads:
            thread.start()

    def put(self, item: Item) -> None:
        """Tell an item; never blocks."""
        try:
            self._items.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def stop(self) -> None:
        """Leave every reader and take the socket away."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()
        with contextlib.suppress(queue.Full):
            self._items.put_nowait(None)
        self._threads[1].join(timeout=2)
        for reader in self._readers:
            reader.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError as problem:  # stopped, or no file is left for another reader
                if not self._stopped.is_set():
                    log.error("no reader of the feed can be taken for %.0f s: %s", AGAIN_SECONDS, problem.strerror)
                self._stopped.wait(AGAIN_SECONDS)
                continue
            try:
                self._join(connection)
            except Exception:  # no thread is left for another reader
                log.exception("feed: a fault of ours; it goes on")
                connection.close()

    def _join(self, connection: socket.socket) -> None:
        if sum(not reader.gone for reader in self._readers) >= READERS:
            connection.close()
            return
        reader = _Reader(connection, self._ordered)
        try:
            self._items.put_nowait(reader)  # joins between two items: it misses none and hears none twice
        except queue.Full:
            reader.close()

    def _tell(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                self._take(item)
            except Exception:
                log.exception("feed: a fault of ours; it goes on")

    def _take(self, item: "Item | _Reader") -> None:
        if isinstance(item, _Reader):
            for known in self._board.items():
                item.put(serialize(known))
            self._readers = [*(reader for reader in self._readers if not reader.gone), item]
            return
        self._board.take(item)
        line = serialize(item)
        for reader in self._readers:
            reader.put(line)


class FeedReader:
    """Listens to a running service.

    Args:
        path: of the service's socket.
        timeout: seconds after which silence is reported as None.

    Raises:
        InputError: nobody listens there.
    """

    def __init__(self, path: Path, timeout: float | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError as problem:
            self._socket.close()
            denied = isinstance(problem, PermissionError)
            remedy = _as_its_user(path) if denied else "is `screener serve` running here?"
            raise InputError(f"{path}: cannot be reached ({problem.strerror})", remedy) from problem

    def __iter__(self) -> Iterator[Item | None]:
        """Every item as it comes; None after a silence; ends when the service leaves."""
        kept = b""
        while True:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                yield None
                continue
            except OSError:
                return
            if not data:
                return
            *lines, kept = (kept + data).split(b"\n")
            for line in lines:
                if item := parse(line):
                    yield item

    def order(self, order: Order) -> None:
        """Send an order.

        Raises:
            InputError: the service has left.
        """
        try:
            self._socket.sendall(serialize(order).encode("utf-8") + b"\n")
        except OSError as problem:
            raise InputError("the service does not listen any more", "is `screener serve` running?") from problem

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _as_its_user(path: Path) -> str:
    """What to do about a socket that is another user's: the feed tells numbers and words, and takes orders."""
    for place in (path, path.parent):
        with contextlib.suppress(OSError, KeyError):
            owner = pwd.getpwuid(place.stat().st_uid).pw_name
            return f"only the service's user may listen and order there: sudo -u {owner} screener …"
    return "run it as the service's user"


def _bound(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            made.bind(str(path))
        except OSError:
            if not path.is_socket() or _answers(path):
                raise
            path.unlink()
            made.bind(str(path))
        path.chmod(0o600)
        made.listen(8)
    except OSError as problem:
        made.close()
        raise InputError(
            f"{path}: no feed can be told there ({problem.strerror or problem})",
            "set operations.feed to another path, shorter than 100 characters, or to an empty one for none",
        ) from problem
    return made


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        return trial.connect_ex(str(path)) == 0
