"""Where a SIP message comes from or goes to: host, port, and over which transport (RFC 3261 18, RFC 5630)."""

from screener.sip.address import Uri

SIP_PORT, SIPS_PORT = 5060, 5061

Address = tuple[str, int]
"""Host and port of a UDP peer; that of a TCP or TLS peer is one of the classes below."""


class TcpAddress(tuple[str, int]):
    """The other end of a TCP connection: reliable, nothing is sent twice."""

    __slots__ = ()


class TlsAddress(TcpAddress):
    """The other end of a TLS connection."""

    __slots__ = ()


def at(host: str, port: int, transport: str) -> Address:
    """An address over `udp`, `tcp` or `tls`."""
    kinds = {"tcp": TcpAddress, "tls": TlsAddress}
    return kinds[transport]((host, port)) if transport in kinds else (host, port)


def name_of(address: Address) -> str:
    """Its transport as a Via writes it."""
    if isinstance(address, TlsAddress):
        return "TLS"
    return "TCP" if isinstance(address, TcpAddress) else "UDP"


def parameter(address: Address) -> str:
    """Its transport as the parameter of a URI; empty for UDP, which goes without saying."""
    return f";transport={name_of(address).lower()}" if isinstance(address, TcpAddress) else ""


def next_address(uri: Uri) -> Address:
    """Where a request to a URI goes; a sips: URI never leads anywhere but to TLS."""
    transport = uri.params.get("transport", "").lower()
    if uri.scheme == "sips" or transport == "tls":
        return TlsAddress((uri.host.strip("[]"), uri.port or SIPS_PORT))
    return at(uri.host.strip("[]"), uri.port or SIP_PORT, transport)
