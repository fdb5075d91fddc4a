"""Connections to the console: only so many, and none that is slow to say what it wants.

Where there are too many, the one that has asked nothing for longest gives way, not whoever comes: idle connections
lock nobody out.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from screener.console.guards import headers

CONNECTIONS = 1000
"""At once; the open streams of pages are among them."""
ASKING_SECONDS = 20.0
"""A request that is not whole after so long is none, however it trickles in."""


class HttpConnection(H11Protocol):
    """One connection, as uvicorn keeps it, with an end to its patience."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it; where there are too many, another gives way, or it does."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            asking = [c for c in self.connections if isinstance(c, HttpConnection) and c._late is not None]
            min(asking, key=HttpConnection._asks_until, default=self)._give_way()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._settled()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, with the headers of every answer."""
        kind = (b"content-type", b"text/plain; charset=utf-8")
        said = h11.Response(
            status_code=400, headers=[kind, (b"connection", b"close"), *headers()], reason=b"Bad Request"
        )
        for event in (said, h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def _watch(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._settled()
        elif self._late is None:
            self._late = self.loop.call_later(ASKING_SECONDS, self.transport.abort)

    def _asks_until(self) -> float:
        return self._late.when() if self._late is not None else 0.0

    def _give_way(self) -> None:
        self._settled()  # so that it gives way once
        self.transport.abort()

    def _settled(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
