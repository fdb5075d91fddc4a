"""SIP over TCP (RFC 3261 18). SIP thread only.

A connection is known by the address of its other end, whoever opened it; requests and responses for that address
take it while it lasts (RFC 5923). Connections, what waits in them, and how long they idle are all bounded.
"""

import contextlib
import errno
import logging
import os
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from screener.errors import SipParseError
from screener.sip.framing import PONG, SipFramer
from screener.sip.transport import Address, TcpAddress, name_of
from screener.sip.udp import bound

log = logging.getLogger(__name__)

READ_BYTES = 4096
"""Taken from a connection at once, before others get their turn."""
MAX_CONNECTIONS = 512
"""With so many, one of the host that has the most gives way to a new one: nobody fills them up for the others."""
MAX_UNSENT = 256 << 10
"""Bytes that wait for a slow peer; more, and its connection is closed."""
IDLE_SECONDS = 600.0
HALF_MESSAGE_SECONDS = 32.0
"""A message that takes longer to arrive, however it trickles in, is an attack or a dead peer."""
ACCEPT_AGAIN_SECONDS = 1.0
"""When no file is left for another connection, the next ones wait for so long in the kernel's queue."""
SWEEP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ends:
    """What a transport tells and asks whoever owns it.

    Attributes:
        received: takes each message and from whom.
        admits: whether a host may connect at all.
        failed: told that nothing can be sent to an address, and why.
    """

    received: Callable[[bytes, Address], None]
    admits: Callable[[str], bool] = lambda _host: True
    failed: Callable[[Address, str], None] = lambda _address, _why: None


class TcpConnection:
    """One connection.

    Attributes:
        connecting: it is not there yet, and nothing can be sent.
        ours: we have opened it.
    """

    def __init__(self, sock: socket.socket, address: TcpAddress, *, ours: bool) -> None:
        self.sock, self.address, self.ours, self.connecting = sock, address, ours, True
        self.framer = SipFramer()
        self.heard = self.spoken = False
        """Whether the other end has ever said anything; and a whole message."""
        self.unsent = bytearray()
        self.used = self.began = time.monotonic()
        """When the newest bytes moved, and when what is under way began: the connection, or half a message."""

    def took(self, now: float, *, whole: bool) -> None:
        """Bytes have come; `whole`: a message has ended, or none has begun."""
        if whole or not self.framer.waiting:
            self.began = now
        self.used = now

    def expired(self, now: float) -> bool:
        """Whether it has taken too long over something, or nothing has moved for long."""
        if self.framer.waiting or self.connecting:
            return now - self.began > HALF_MESSAGE_SECONDS
        return now - self.used > IDLE_SECONDS


class Tcp:
    """Every connection, and the socket that takes new ones.

    Args:
        selector: that of the SIP thread.
        host: address to bind; connections of ours come from it too, as peers know us by it.
        port: to listen on; None listens nowhere and only connects.
        ends: who is told.

    Raises:
        SipError: the address is taken or not ours.
    """

    kind: type[TcpAddress] = TcpAddress
    later: tuple[type[OSError], ...] = (BlockingIOError,)
    """What a socket raises that is not ready."""

    def __init__(self, selector: selectors.BaseSelector, host: str, port: int | None, ends: Ends) -> None:
        self._selector, self._host, self._ends = selector, host, ends
        self._connections: dict[Address, TcpConnection] = {}
        self._listener: socket.socket | None = None
        self._accept_at: float | None = None
        """When connections are taken again, after a while for want of files."""
        self._swept = time.monotonic()
        if port is not None:
            self._listener = bound(socket.SOCK_STREAM, host, port)
            self._listener.listen(64)
            selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def port(self) -> int:
        """The port that is listened on; 0 for none."""
        return int(self._listener.getsockname()[1]) if self._listener is not None else 0

    def __contains__(self, address: Address) -> bool:
        return address in self._connections

    def __len__(self) -> int:
        return len(self._connections)

    def send(self, data: bytes, address: TcpAddress) -> None:
        """Send a message over the connection with that address; without one, open it."""
        connection = self._connections.get(address) or self._connect(address)
        if connection is None:
            return
        connection.unsent += data
        if len(connection.unsent) > MAX_UNSENT:
            self._broke(connection, "it does not read")
        elif not connection.connecting:
            self._serve(connection, selectors.EVENT_WRITE)

    def rest(self) -> float | None:
        """Do what is due; seconds until the next time, None for never."""
        now = time.monotonic()
        if self._connections and now - self._swept > SWEEP_SECONDS:
            self._swept = now
            for connection in [c for c in self._connections.values() if c.expired(now)]:
                self._drop(connection)
        if self._listener is not None and self._accept_at is not None:
            if now < self._accept_at:
                return self._accept_at - now
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
            self._accept_at = None
        return None

    def close(self) -> None:
        """Close every socket."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        if self._listener is not None:
            self._listener.close()

    # What TLS does otherwise.

    def _shake_hands(self, connection: TcpConnection) -> bool:  # noqa: ARG002
        """Whether the other end has shown who it is; False: not yet."""
        return True

    def _more_waits(self, connection: TcpConnection) -> bool:  # noqa: ARG002
        """Whether bytes wait that the selector does not know of."""
        return False

    # Connections.

    def _accept(self, _events: int) -> None:
        assert self._listener is not None
        try:
            sock, source = self._listener.accept()
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                log.error("no connection can be taken for %.0f s: %s", ACCEPT_AGAIN_SECONDS, problem.strerror)
                self._selector.unregister(self._listener)
                self._accept_at = time.monotonic() + ACCEPT_AGAIN_SECONDS
            return
        if not self._ends.admits(source[0]) or not self._has_room():
            sock.close()
            return
        self._add(sock, self.kind(source[:2]), ours=False)

    def _has_room(self) -> bool:
        """Whether one more has a place; whoever has said nothing gives way first, then who is idle longest."""
        if len(self._connections) < MAX_CONNECTIONS:
            return True
        theirs = [connection for connection in self._connections.values() if not connection.ours]
        if not theirs:
            return False
        ((host, _),) = Counter(connection.address[0] for connection in theirs).most_common(1)
        crowd = (connection for connection in theirs if connection.address[0] == host)
        self._drop(min(crowd, key=lambda one: (one.spoken, one.used)))
        return True

    def _connect(self, address: TcpAddress) -> TcpConnection | None:
        if not self._has_room():
            return None
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.bind((self._host, 0))
            sock.connect(address)
        except BlockingIOError:
            pass  # on its way
        except OSError as problem:
            log.warning("cannot connect to %s:%d: %s", *address, problem)
            sock.close()
            self._ends.failed(address, problem.strerror or str(problem))
            return None
        return self._add(sock, address, ours=True)

    def _add(self, sock: socket.socket, address: TcpAddress, *, ours: bool) -> TcpConnection:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if former := self._connections.get(address):
            self._drop(former)
        connection = self._connections[address] = TcpConnection(sock, address, ours=ours)

        def serve(events: int) -> None:
            self._serve(connection, events)

        self._selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE * ours, serve)
        if not ours:
            self._serve(connection, 0)
        return connection

    def _serve(self, connection: TcpConnection, events: int) -> None:
        if self._connections.get(connection.address) is not connection:
            return  # closed while it was its turn
        try:
            if connection.connecting and not self._arrive(connection):
                return
            if events & selectors.EVENT_WRITE:
                self._flush(connection)
            if events & selectors.EVENT_READ:
                self._read(connection)
        except (OSError, SipParseError) as problem:
            self._broke(connection, reason(problem))

    def _arrive(self, connection: TcpConnection) -> bool:
        """Whether the connection stands by now."""
        if problem := connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, os.strerror(problem))
        if not self._shake_hands(connection):
            return False
        connection.connecting = False
        if connection.unsent:
            self._flush(connection)
        else:
            self._watch(connection)
        return True

    def _read(self, connection: TcpConnection) -> None:
        while self._connections.get(connection.address) is connection:
            try:
                data = connection.sock.recv(READ_BYTES)
            except self.later:
                return
            if not data:
                # A peer that does not like our certificate may let us in first, and close then (TLS 1.3).
                if connection.ours and not connection.heard:
                    self._broke(connection, "closed without a word")
                else:
                    self._drop(connection)
                return
            connection.heard = True
            waiting = connection.framer.waiting
            messages = connection.framer.feed(data)
            connection.took(time.monotonic(), whole=bool(messages) or not waiting)
            connection.spoken |= bool(messages)
            for message in messages:
                self._ends.received(message, connection.address)
            if pings := connection.framer.pings:
                connection.framer.pings = 0
                self.send(PONG * min(pings, 8), connection.address)
            if not self._more_waits(connection):
                return

    def _flush(self, connection: TcpConnection) -> None:
        with contextlib.suppress(*self.later):
            while connection.unsent:
                sent = connection.sock.send(connection.unsent)
                del connection.unsent[:sent]
                connection.used = time.monotonic()
        self._watch(connection)

    def _watch(self, connection: TcpConnection) -> None:
        self._want(connection, write=bool(connection.unsent))

    def _want(self, connection: TcpConnection, *, write: bool) -> None:
        wanted = selectors.EVENT_READ | selectors.EVENT_WRITE * write
        key = self._selector.get_key(connection.sock)
        if key.events != wanted:
            self._selector.modify(connection.sock, wanted, key.data)

    def _broke(self, connection: TcpConnection, why: str) -> None:
        address = connection.address
        log.info("%s connection with %s:%d closed: %s", name_of(address), *address, why)
        self._drop(connection)
        if connection.ours or connection.connecting:
            self._ends.failed(address, why)

    def _drop(self, connection: TcpConnection) -> None:
        if self._connections.get(connection.address) is connection:
            del self._connections[connection.address]
            self._selector.unregister(connection.sock)
        connection.sock.close()


def reason(problem: Exception) -> str:
    """Why a connection has ended, in a few words."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return str(problem.verify_message)
    if isinstance(problem, ssl.SSLError):
        return (problem.reason or str(problem)).replace("_", " ").lower()
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
