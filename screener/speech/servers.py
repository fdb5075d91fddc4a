"""The connections to recogniser servers on other machines; the only module that knows the library `websockets`.

One thread with an event loop carries them all, so that nobody who decodes ever waits for a network. A server that
fails is left alone for a while, a longer one each time; new streams go to the one with the fewest of ours.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_anywhere
from websockets.exceptions import WebSocketException

from screener.backoff import Backoff
from screener.errors import ModelError
from screener.speech.served import MESSAGE_MOST, Dialect
from screener.speech.stream import Hypothesis

log = logging.getLogger(__name__)

CONNECT_SECONDS = 1.5
PING_SECONDS = 1.0
"""A server is asked so often whether it lives, and given up when it does not say so within twice the time."""
AWAY = Backoff(2.0, 30.0)
"""How long a server that fails is left alone."""
MAX_MESSAGE = 4 * MESSAGE_MOST
"""Bytes of a message."""
WAITING_MOST = 200
"""Messages either way: twenty seconds. With more unread a server does not hear, or says what nobody asked."""


class connect(connect_anywhere):  # noqa: N801 - as the library calls it
    """To a server and nowhere else: what callers say goes where the settings say."""

    def process_redirect(self, exc: Exception) -> Exception:
        """A redirect is a failure."""
        return exc


@dataclass(eq=False)
class Server:
    """One server.

    Attributes:
        url: `ws://` or `wss://`.
        streams: of ours, that it hears now.
        failures: in a row.
        away_until: monotonic seconds; it is not asked before.
    """

    url: str
    streams: int = 0
    failures: int = 0
    away_until: float = 0.0

    @property
    def place(self) -> str:
        """Host and port; a URL may hold a secret."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def failed(self, why: str, now: float) -> None:
        """It is left alone for a while; a failure that several streams report at once is one."""
        if now < self.away_until:
            return
        self.failures += 1
        away = AWAY.after(self.failures)
        self.away_until = now + away
        log.error("recogniser server %s fails (%s): it is left alone for %g s", self.place, why, away)

    def works(self) -> None:
        """It has answered."""
        if self.failures:
            log.error("recogniser server %s hears again", self.place)
        self.failures, self.away_until = 0, 0.0


def look(url: str) -> tuple[str, str]:
    """Host and port of a server, and why it takes no connection; empty when it does."""

    async def knock() -> None:
        async with connect(url, open_timeout=CONNECT_SECONDS, close_timeout=0.5, proxy=None):
            pass

    place = Server(url).place
    try:
        asyncio.run(knock())
    except (OSError, TimeoutError, WebSocketException) as error:
        return place, str(error) or type(error).__name__
    return place, ""


class Servers:
    """All of them, and the thread that speaks with them.

    Args:
        urls: at least one.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self.servers = [Server(url) for url in urls]
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="servers", daemon=True).start()

    def choose(self) -> Server | None:
        """Who takes the next stream; None where nobody may be asked now."""
        now = time.monotonic()
        there = [server for server in self.servers if server.away_until <= now]
        return min(there, key=lambda server: (bool(server.failures), server.streams), default=None)

    def link(self, server: Server, dialect: Dialect) -> "Link":
        """Begin a stream there."""
        return Link(self.loop, server, dialect)


class Link:
    """One stream to one server. `say` and `take` never wait.

    Args:
        loop: where the connection lives.
        server: which.
        dialect: of this stream.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server, dialect: Dialect) -> None:
        self.server, self._dialect, self._loop = server, dialect, loop
        self._in: deque[str] = deque()
        self._out: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._ended = threading.Event()
        """The last words have come, or never will."""
        self._answered = False
        """They have come."""
        self._problem = ""
        self._unanswered = 0.0
        server.streams += 1
        for message in dialect.begin:
            self._put(message)
        self._task = asyncio.run_coroutine_threadsafe(self._run(), loop)

    @property
    def unanswered(self) -> float:
        """Seconds of audio that were said since the server's newest message."""
        return self._unanswered

    def say(self, pcm: bytes, seconds: float) -> None:
        """Send audio.

        Raises:
            ModelError: the connection is gone, or was never there.
        """
        if not self._problem and self._out.qsize() > WAITING_MOST:
            self._problem = "it takes no more audio"
        if self._problem:
            raise ModelError(self._problem)
        self._unanswered += seconds
        self._put(self._dialect.audio(pcm))

    def take(self) -> list[str]:
        """What the server has said meanwhile."""
        found: list[str] = []
        while self._in:
            found.append(self._in.popleft())
        if found:
            self._unanswered = 0.0
        return found

    def read(self, message: str) -> Hypothesis | None:
        """What a message says.

        Raises:
            ModelError: it makes no sense.
        """
        heard = self._dialect.heard(message)
        self.server.works()
        return heard

    def finish(self, seconds: float) -> list[str]:
        """Say that no more comes, and what the server makes of it within so long.

        Raises:
            ModelError: the connection ended before the last words came.
        """
        self._answered = False
        self._put(self._dialect.end)
        self._ended.wait(seconds)
        if self._problem and not self._answered:
            raise ModelError(self._problem)
        return self.take()

    def close(self) -> None:
        """Say nothing more."""
        self.server.streams -= 1
        self._put(None)

    def _put(self, message: str | bytes | None) -> None:
        self._loop.call_soon_threadsafe(self._out.put_nowait, message)

    # In the loop.

    async def _run(self) -> None:
        try:
            async with connect(
                self.server.url, open_timeout=CONNECT_SECONDS, close_timeout=0.5, ping_interval=PING_SECONDS,
                ping_timeout=2 * PING_SECONDS, compression=None, max_size=MAX_MESSAGE, proxy=None,
            ) as socket:  # fmt: skip
                listening = asyncio.create_task(self._hear(socket))
                speaking = asyncio.create_task(self._speak(socket))
                await asyncio.wait((listening, speaking), return_when=asyncio.FIRST_COMPLETED)
                for task in (listening, speaking):
                    task.cancel()
                for end in await asyncio.gather(listening, speaking, return_exceptions=True):
                    if isinstance(end, Exception):
                        raise end
            self._problem = self._problem or "the server has closed the connection"
        except (OSError, TimeoutError, WebSocketException) as error:
            self._problem = str(error) or type(error).__name__
        finally:
            self._ended.set()

    async def _hear(self, socket: ClientConnection) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            async for message in socket:
                text = message if isinstance(message, str) else message.decode("utf-8", "replace")
                if len(self._in) >= WAITING_MOST:
                    self._problem = "it says more than anybody asked"
                    return
                self._in.append(text)
                if self._dialect.is_last(text):
                    self._answered = True
                    self._ended.set()

    async def _speak(self, socket: ClientConnection) -> None:
        while (message := await self._out.get()) is not None:
            if message == self._dialect.end:
                self._ended.clear()
            await socket.send(message)
