"""SIP over TLS (RFC 3261 26.2.1, RFC 5922): as over TCP, with certificates shown first. SIP thread only."""

import selectors
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from screener.settings.encryption import TlsSection
from screener.sip.certificates import Contexts, utc_now
from screener.sip.tcp import Ends, Tcp, TcpConnection
from screener.sip.transport import TlsAddress

LOOK_SECONDS = 30.0
"""Between two looks at the files of the certificates."""


class TlsTransport(Tcp):
    """Every TLS connection.

    Args:
        selector, host, ends: as in `Tcp`.
        section: `[sip.tls]`; without a certificate of ours nothing is listened on.
        names: what peers are called, by address: their certificates must say it. Others must name the address.
        clock: the wall clock, aware UTC.

    Raises:
        SipError: the address is taken or not ours, or a certificate cannot be used.
    """

    kind = TlsAddress
    later = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

    def __init__(
        self,
        selector: selectors.BaseSelector,
        host: str,
        section: TlsSection,
        ends: Ends,
        names: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._contexts = Contexts(section, clock())
        self._name, self._names, self._clock = section.peer_name, names or {}, clock
        self._looked = time.monotonic()
        super().__init__(selector, host, section.port if section.certificate else None, ends)

    @property
    def ends(self) -> datetime | None:
        """Until when our certificate is good; None when we have none."""
        return self._contexts.own.ends if self._contexts.own is not None else None

    def rest(self) -> float | None:
        """As in `Tcp`; looks at the certificates too."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._contexts.look(self._clock())
        wait = super().rest()
        until = self._looked + LOOK_SECONDS - now
        return until if wait is None else min(wait, until)

    def _shake_hands(self, connection: TcpConnection) -> bool:
        if not isinstance(connection.sock, ssl.SSLSocket):
            connection.sock = self._wrapped(connection)
        try:
            connection.sock.do_handshake()
        except ssl.SSLWantReadError:
            self._want(connection, write=False)
            return False
        except ssl.SSLWantWriteError:
            self._want(connection, write=True)
            return False
        return True

    def _wrapped(self, connection: TcpConnection) -> ssl.SSLSocket:
        if not connection.ours:
            assert self._contexts.server is not None  # nobody is listened to without one
            return self._contexts.server.wrap_socket(
                connection.sock, server_side=True, do_handshake_on_connect=False
            )
        host = connection.address[0]
        name = self._name or self._names.get(host, host)
        return self._contexts.client.wrap_socket(
            connection.sock, server_hostname=name, do_handshake_on_connect=False
        )

    def _more_waits(self, connection: TcpConnection) -> bool:
        return isinstance(connection.sock, ssl.SSLSocket) and connection.sock.pending() > 0
