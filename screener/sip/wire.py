"""The sockets of SIP: one for UDP, and beside it TCP (RFC 3261 section 18). SIP thread only, except `wake`.

A connection is known by the address of its other end, whoever opened it; requests and responses for that address
take it while it lasts (RFC 5923). Connections, what waits in them, and how long they idle are all bounded.
"""

import contextlib
import errno
import logging
import selectors
import socket
import time
from collections.abc import Callable

from screener.errors import SipError, SipParseError
from screener.sip.framing import PONG, Framer
from screener.sip.message import MAX_BYTES

log = logging.getLogger(__name__)

Address = tuple[str, int]
"""Host and port; that of a TCP peer is a `TcpAddress`."""


class TcpAddress(tuple[str, int]):
    """The other end of a TCP connection."""

    __slots__ = ()


READS = 50
"""Datagrams taken in a row before timers get their turn."""
READ_BYTES = 4096
"""Taken from a connection at once, before others get their turn."""
RECEIVE_BUFFER = 4 << 20
"""Bytes that the kernel keeps for us while we are busy."""
MAX_CONNECTIONS = 512
MAX_UNSENT = 256 << 10
"""Bytes that wait for a slow peer; more, and its connection is closed."""
IDLE_SECONDS = 600.0
HALF_MESSAGE_SECONDS = 32.0
"""A message that takes longer to arrive, however it trickles in, is an attack or a dead peer."""
ACCEPT_PAUSE_SECONDS = 1.0
"""When no file is left for another connection, the next ones wait for so long in the kernel's queue."""


class _Connection:
    """One TCP connection."""

    def __init__(self, sock: socket.socket, address: TcpAddress, *, connecting: bool) -> None:
        self.sock, self.address, self.connecting = sock, address, connecting
        self.framer = Framer()
        self.unsent = bytearray()
        self.used = self.began = time.monotonic()
        """When the newest bytes moved, and when what is under way began: the connection, or half a message."""

    def took(self, now: float, *, whole: bool) -> None:
        """Bytes have come; `whole`: a message has ended, or none has begun."""
        if whole or not self.framer.waiting:
            self.began = now
        self.used = now

    def expired(self, now: float) -> bool:
        if self.framer.waiting or self.connecting:
            return now - self.began > HALF_MESSAGE_SECONDS
        return now - self.used > IDLE_SECONDS


class Wire:
    """Every SIP socket, one selector.

    Args:
        host: address to bind.
        port: 0 takes a free one.
        tcp: listen on TCP too; connections of ours need no listening.
        received: takes each message and from whom.
        admits: whether a host may connect at all.

    Raises:
        SipError: the address is taken or not ours.
    """

    def __init__(
        self,
        host: str,
        port: int,
        received: Callable[[bytes, Address], None],
        *,
        tcp: bool = False,
        admits: Callable[[str], bool] = lambda _host: True,
    ) -> None:
        self._received, self._admits = received, admits
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._connections: dict[Address, _Connection] = {}
        self._swept = time.monotonic()
        self.udp = _bound(self._family, socket.SOCK_DGRAM, host, port)
        self.port: int = self.udp.getsockname()[1]
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._wake_read.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.udp, selectors.EVENT_READ, self._read_udp)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        self._listener: socket.socket | None = None
        self._accept_at: float | None = None
        """When connections are taken again, after a pause for want of files."""
        if tcp:
            try:
                self._listener = _bound(self._family, socket.SOCK_STREAM, host, self.port)
            except SipError:
                self.close()
                raise
            self._listener.listen(64)
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def wait(self, timeout: float | None) -> None:
        """Sleep until something comes, `wake` is called or the time is up, and hand on what came."""
        if self._accept_at is not None:
            timeout = min(ACCEPT_PAUSE_SECONDS, timeout if timeout is not None else ACCEPT_PAUSE_SECONDS)
            self._accept_again()
        for key, events in self._selector.select(timeout):
            if isinstance(key.data, _Connection):
                self._serve(key.data, events)
            else:
                key.data()
        if self._connections and time.monotonic() - self._swept > 5:
            self._swept = time.monotonic()
            for connection in [c for c in self._connections.values() if c.expired(self._swept)]:
                self._drop(connection)

    def wake(self) -> None:
        """End `wait`; any thread."""
        with contextlib.suppress(OSError):  # full: awake already; closed: nobody waits
            self._wake_write.send(b"\0")

    def connected(self, address: Address) -> bool:
        """Whether a TCP connection to this address is open."""
        return address in self._connections

    def send(self, data: bytes, address: Address) -> None:
        """Send a message; a full buffer or a dead route loses it, as any network may."""
        if isinstance(address, TcpAddress):
            self._send_tcp(data, address)
            return
        try:
            self.udp.sendto(data, address)
        except OSError as problem:
            log.warning("cannot send to %s:%d: %s", *address, problem)

    def close(self) -> None:
        """Close every socket."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        for sock in (self.udp, self._wake_read, self._wake_write, self._listener):
            if sock is not None:
                sock.close()
        self._selector.close()

    # What comes.

    def _read_udp(self) -> None:
        for _ in range(READS):
            try:
                data, source = self.udp.recvfrom(MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            self._received(data, source[:2])

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            sock, source = self._listener.accept()
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                log.error("no TCP connection can be taken for %.0f s: %s", ACCEPT_PAUSE_SECONDS, problem.strerror)
                self._selector.unregister(self._listener)
                self._accept_at = time.monotonic() + ACCEPT_PAUSE_SECONDS
            return
        if not self._admits(source[0]) or len(self._connections) >= MAX_CONNECTIONS:
            sock.close()
            return
        self._add(_Connection(sock, TcpAddress(source[:2]), connecting=False), selectors.EVENT_READ)

    def _accept_again(self) -> None:
        if self._listener is not None and self._accept_at is not None and time.monotonic() >= self._accept_at:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
            self._accept_at = None

    def _serve(self, connection: _Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush(connection)
            if events & selectors.EVENT_READ:
                self._read_tcp(connection)
        except (OSError, SipParseError) as problem:
            log.info("connection with %s:%d closed: %s", *connection.address, problem)
            self._drop(connection)

    def _read_tcp(self, connection: _Connection) -> None:
        data = connection.sock.recv(READ_BYTES)
        if not data:
            self._drop(connection)
            return
        waiting = connection.framer.waiting
        messages = connection.framer.feed(data)
        connection.took(time.monotonic(), whole=bool(messages) or not waiting)
        for message in messages:
            self._received(message, connection.address)
        if pings := connection.framer.pings:
            connection.framer.pings = 0
            self._send_tcp(PONG * min(pings, 8), connection.address)

    # What goes.

    def _send_tcp(self, data: bytes, address: TcpAddress) -> None:
        connection = self._connections.get(address) or self._connect(address)
        if connection is None:
            return
        connection.unsent += data
        if len(connection.unsent) > MAX_UNSENT:
            log.warning("connection with %s:%d closed: it does not read", *address)
            self._drop(connection)
        elif not connection.connecting:
            self._serve(connection, selectors.EVENT_WRITE)

    def _connect(self, address: TcpAddress) -> _Connection | None:
        if len(self._connections) >= MAX_CONNECTIONS:
            return None
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.bind((self.udp.getsockname()[0], 0))  # peers know us by this address
            sock.connect(address)
        except BlockingIOError:
            pass  # on its way
        except OSError as problem:
            log.warning("cannot connect to %s:%d: %s", *address, problem)
            sock.close()
            return None
        connection = _Connection(sock, address, connecting=True)
        self._add(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        return connection

    def _add(self, connection: _Connection, events: int) -> None:
        connection.sock.setblocking(False)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[connection.address] = connection
        self._selector.register(connection.sock, events, connection)

    def _flush(self, connection: _Connection) -> None:
        if connection.connecting:
            if problem := connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(problem, "cannot connect")
            connection.connecting = False
        with contextlib.suppress(BlockingIOError):
            while connection.unsent:
                sent = connection.sock.send(connection.unsent)
                del connection.unsent[:sent]
                connection.used = time.monotonic()
        more = selectors.EVENT_WRITE if connection.unsent else 0
        self._selector.modify(connection.sock, selectors.EVENT_READ | more, connection)

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.address, None) is not None:
            self._selector.unregister(connection.sock)
        connection.sock.close()


def _bound(family: int, kind: int, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, kind)
    if kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of a connection that just ended
    sock.setblocking(False)
    try:
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise SipError(
            f"cannot listen on {host}:{port} ({problem.strerror})",
            "stop what uses the port, or change sip.host and sip.port",
        ) from problem
    return sock
