"""The sockets of SIP: one selector, a transport each for UDP, TCP and TLS. SIP thread only, except `wake`."""

import contextlib
import selectors
import socket
from collections.abc import Mapping
from datetime import datetime

from screener.errors import SipError
from screener.settings.sections import Sip
from screener.sip.tcp import Ends, Tcp
from screener.sip.tls import TlsTransport
from screener.sip.transport import Address, TcpAddress, TlsAddress, name_of
from screener.sip.udp import Udp


class Wire:
    """Every SIP socket.

    Args:
        settings: which transports there are: TLS alone where it is `only`.
        ends: who is told.
        names: what the certificates of peers must say, by address.

    Raises:
        SipError: an address is taken or not ours, or a certificate cannot be used.
    """

    def __init__(self, settings: Sip, ends: Ends, names: Mapping[str, str] | None = None) -> None:
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._wake_read.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        self._ends = ends
        self._udp: Udp | None = None
        self._tcp: Tcp | None = None
        self._tls: TlsTransport | None = None
        host = settings.host
        try:
            if not settings.tls.only:
                self._udp = Udp(self._selector, host, settings.port, ends.received)
                self._tcp = Tcp(self._selector, host, self._udp.port if settings.tcp else None, ends)
            if settings.speaks_tls:
                self._tls = TlsTransport(self._selector, host, settings.tls, ends, names)
        except SipError:
            self.close()
            raise

    @property
    def port(self) -> int:
        """That of UDP and TCP; where there is neither, that of TLS."""
        return self._udp.port if self._udp is not None else self.tls_port

    @property
    def tls_port(self) -> int:
        """0 where nobody listens."""
        return self._tls.port if self._tls is not None else 0

    @property
    def certificate_ends(self) -> datetime | None:
        """Until when our certificate is good; None when we have none."""
        return self._tls.ends if self._tls is not None else None

    @property
    def connections(self) -> Mapping[str, int]:
        """How many are open, by transport."""
        return {kind: len(of) for kind, of in (("tcp", self._tcp), ("tls", self._tls)) if of is not None}

    def wait(self, timeout: float | None) -> None:
        """Sleep until something comes, `wake` is called or the time is up, and hand on what came."""
        rests = [transport.rest() for transport in (self._tcp, self._tls) if transport is not None]
        for key, events in self._selector.select(
            min((rest for rest in (timeout, *rests) if rest is not None), default=None)
        ):
            key.data(events)

    def wake(self) -> None:
        """End `wait`; any thread."""
        with contextlib.suppress(OSError):  # full: awake already; closed: nobody waits
            self._wake_write.send(b"\0")

    def connected(self, address: Address) -> bool:
        """Whether a connection to this address is open."""
        transport = self._of(address)
        return isinstance(transport, Tcp) and address in transport

    def send(self, data: bytes, address: Address) -> None:
        """Send a message. What cannot be sent is lost, as on any network; it never takes another transport."""
        transport = self._of(address)
        if transport is None:
            self._ends.failed(address, f"{name_of(address)} is switched off here")
        else:
            transport.send(data, address)  # type: ignore[arg-type]  # `_of` has seen to it

    def close(self) -> None:
        """Close every socket."""
        for transport in (self._udp, self._tcp, self._tls):
            if transport is not None:
                transport.close()
        self._wake_read.close()
        self._wake_write.close()
        self._selector.close()

    def _of(self, address: Address) -> "Udp | Tcp | None":
        if isinstance(address, TlsAddress):
            return self._tls
        return self._tcp if isinstance(address, TcpAddress) else self._udp

    def _woken(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)
