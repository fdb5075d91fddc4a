"""SIP over UDP: one socket (RFC 3261 18). SIP thread only."""

import logging
import selectors
import socket
from collections.abc import Callable

from screener.errors import SipError
from screener.sip.message import MAX_BYTES
from screener.sip.transport import Address

log = logging.getLogger(__name__)

READS = 50
"""Datagrams taken in a row before timers get their turn."""
RECEIVE_BUFFER = 4 << 20
"""Bytes that the kernel keeps for us while we are busy."""


class Udp:
    """The socket of SIP over UDP.

    Args:
        selector: that of the SIP thread.
        host, port: to bind; port 0 takes a free one.
        received: takes each message and from whom.

    Raises:
        SipError: the address is taken or not ours.
    """

    def __init__(
        self, selector: selectors.BaseSelector, host: str, port: int, received: Callable[[bytes, Address], None]
    ) -> None:
        self._received = received
        self._socket = bound(socket.SOCK_DGRAM, host, port)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.port: int = self._socket.getsockname()[1]
        selector.register(self._socket, selectors.EVENT_READ, self._read)

    def send(self, data: bytes, address: Address) -> None:
        """Send a message; a full buffer or a dead route loses it, as any network may."""
        try:
            self._socket.sendto(data, address)
        except OSError as problem:
            log.warning("cannot send to %s:%d: %s", *address, problem)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _read(self, _events: int) -> None:
        for _ in range(READS):
            try:
                data, source = self._socket.recvfrom(MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            self._received(data, source[:2])


def bound(kind: int, host: str, port: int) -> socket.socket:
    """A socket that does not block, bound.

    Raises:
        SipError: the address is taken or not ours.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    if kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of a connection that just ended
    sock.setblocking(False)
    try:
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise SipError(
            f"cannot listen on {host}:{port} ({problem.strerror})",
            "stop what uses the port, or change sip.host and the port in [sip]",
        ) from problem
    return sock
