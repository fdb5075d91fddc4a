"""What is encrypted of signalling and media, as `[sip]` and `[sip.tls]` say."""

import ssl
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from screener.errors import SettingsError

Port = Annotated[int, Field(ge=0, le=65535)]
Encryption = Literal["off", "optional", "required"]
"""Of media: none, where the peer can, always."""


@dataclass(frozen=True, slots=True)
class TlsSection:
    """`[sip.tls]`: SIP over TLS.

    Attributes:
        certificate, key: PEM files, relative to the settings; with them we listen on `port`, and show them where
            we connect. Empty only connects. Taken anew when they change.
        port: where to listen; 0 takes a free one.
        authorities: PEM file of who has signed the peers' certificates; empty takes the machine's.
        peer_name: what certificates of peers that we connect to must say; empty takes the registrar's `host`, or
            the address.
        client_certificates: who connects must show a certificate of these authorities.
        only: no SIP is taken or sent over UDP and TCP; `[proxy]` does that, and is refused beside it.
    """

    certificate: str = ""
    key: str = ""
    port: Port = 5061
    authorities: str = ""
    peer_name: str = ""
    client_certificates: bool = False
    only: bool = False


def try_pair(certificate: str, key: str) -> None:
    """Try what the console shows. Nobody is asked for a passphrase.

    Raises:
        SettingsError: the certificate cannot be shown with this key.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as problem:  # SSLError is one
        said = problem.strerror if isinstance(problem, OSError) and not isinstance(problem, ssl.SSLError) else ""
        raise SettingsError(
            f"TLS: {said or 'no certificate with its key in PEM form'} ({certificate}, {key})",
            "correct certificate and key in [console] of the settings",
        ) from problem
