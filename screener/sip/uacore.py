"""The user agent core (RFC 3261, 6): what a call needs of the user agent that it belongs to."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from screener.errors import SipError
from screener.settings.encryption import Encryption
from screener.settings.sections import Sip
from screener.sip.address import NameAddr, Uri
from screener.sip.dialog import Dialog
from screener.sip.guard import Allowed
from screener.sip.layer import TransactionLayer
from screener.sip.message import Request
from screener.sip.transport import Address, TlsAddress, next_address


@dataclass(frozen=True, slots=True)
class UserAgentCore:
    """What a call needs of the user agent that it belongs to.

    Attributes:
        layer: transactions and timers.
        post: runs a task on the SIP thread.
        contact: our URI as the peer reaches it.
        feature: what the Contact says of us beside it: `;+sip.srs` to a recording client (RFC 7866 6.1.2).
        via: our `host:port` as the peer reaches it.
        host: our address in SDP.
        hop: where the next request of a dialog goes: a configured peer, or the source of the call.
        ended: told the Call-ID once the call is over.
        encryption: of media, as the settings say.
    """

    layer: TransactionLayer
    post: Callable[[Callable[[], None]], None]
    contact: str
    via: str
    host: str
    hop: Callable[[Dialog], Address]
    ended: Callable[[str], None]
    encryption: Encryption = "optional"
    feature: str = ""

    @property
    def contact_header(self) -> str:
        """The value of our Contact."""
        return f"<{self.contact}>{self.feature}"


def own_address(settings: Sip, peer: Address, port: int) -> str:
    """Our `host:port` as a peer reaches it."""
    host = own_host(settings, peer)
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def own_host(settings: Sip, peer: Address) -> str:
    """Our address as a peer reaches it: what the site advertises, or that of the interface towards the peer.

    Raises:
        SipError: nothing leads there.
    """
    host = settings.advertised_host or settings.host
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - a comparison
        return host
    with socket.socket(socket.AF_INET6 if ":" in peer[0] else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(peer)
        except OSError as problem:
            remedy = "is the network up? Else set [sip] advertised_host"
            raise SipError(f"nothing leads to {peer[0]}: {problem.strerror}", remedy) from problem
        return str(probe.getsockname()[0])


def hop_of(dialog: Dialog, source: Address, allowed: Allowed, *, tls: bool) -> Address:
    """Where the next request of a dialog goes: where its route leads, if a peer is there; else to its source."""
    uri = dialog.next_hop()
    if uri.host.strip("[]") not in allowed:
        return source
    address = next_address(uri)
    return source if isinstance(address, TlsAddress) and not tls else address


def contact_scheme(request: Request, source: Address) -> str:
    """Of our Contact in a dialog: sips where it is to be secure from end to end (RFC 3261 12.1.1)."""
    routes = request.headers.values("Record-Route") or request.headers.values("Contact")
    uris = [Uri.parse(request.uri), *(NameAddr.parse(route).uri for route in routes[:1])]
    secure = any(uri.scheme == "sips" for uri in uris) and isinstance(source, TlsAddress)
    return "sips" if secure else "sip"
