"""Connections to the console: only so many, and none that is slow to say what it wants."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from screener.console.guards import headers

CONNECTIONS = 1000
"""At once; the open streams of pages are among them."""
ASKING_SECONDS = 20.0
"""A request that is not whole after so long is none, however it trickles in."""


class Connection(H11Protocol):
    """One connection, as uvicorn keeps it, with an end to its patience."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
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

    def _settled(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
