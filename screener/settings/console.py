"""`[console]` and `[oidc]`: the web pages, and who logs in elsewhere."""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from screener.settings.encryption import Port

SESSION_MINUTES_MOST = 43200
"""Thirty days."""
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*\-\[\]:]+")


@dataclass(frozen=True, slots=True)
class Console:
    """`[console]`: the web pages of supervisors and agents.

    Attributes:
        with_serve: `screener serve` starts the console too.
        host, port: where it listens; loopback unless a certificate or a proxy protects it.
        path: what every address begins with, as `/screener`, where a proxy has other pages beside it; the proxy
            passes addresses on as they are. Empty where the console has a host name or a port of its own.
        certificate, key: PEM files for TLS, relative to the settings; empty is none.
        proxies: addresses and networks of the proxies before it, whose X-Forwarded-For and X-Forwarded-Proto are
            believed; nobody else's are.
        feeds: of running services whose calls are shown; empty is the site's own `operations.feed`.
        session_minutes: a login without a sign of life for so long is over.
        requests_per_second: of one login or token, five seconds' worth at once; 0 sets no limit.
        whole_numbers: roles that see whole phone numbers; others see them masked, and none in a transcript.
        embed_from: web origins that may show an agent's page in a frame, such as a CRM's.
        cards: cue cards of agents; empty takes the shipped ones.
    """

    with_serve: bool = False
    host: str = "127.0.0.1"
    port: Port = 8700
    path: str = ""
    certificate: str = ""
    key: str = ""
    proxies: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    session_minutes: Annotated[float, Field(gt=0, le=SESSION_MINUTES_MOST)] = 480.0
    requests_per_second: Annotated[float, Field(ge=0, le=1000)] = 20.0
    whole_numbers: tuple[Literal["agent", "supervisor", "auditor", "administrator"], ...] = (
        "supervisor",
        "administrator",
    )
    embed_from: tuple[str, ...] = ()
    cards: str = ""


@dataclass(frozen=True, slots=True)
class Oidc:
    """`[oidc]`: people log in to the console with the site's own OpenID Connect provider.

    Attributes:
        issuer: of the provider, exactly as it calls itself; empty is none.
        client_id: of the console there; its address to lead back to is `https://…/login/oidc/back`.
        secret: or `secret_file`, the path of a file whose first line is the secret; neither for a public client.
        scope: what is asked for.
        name_claim, role_claim, extension_claim: where the token says who it is; a dot leads inside.
        roles: from the provider's names of roles to ours; empty takes ours as they are.
    """

    issuer: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None
    scope: str = "openid profile"
    name_claim: str = "preferred_username"
    role_claim: str = "roles"
    extension_claim: str = "extension"
    roles: Mapping[str, Literal["agent", "supervisor", "auditor", "administrator"]] = field(default_factory=dict)


def check_console(console: Console, folder: Path) -> Iterator[tuple[str, str]]:
    """Problems, each a key and what is wrong with it.

    Args:
        console: the section.
        folder: of the settings.
    """
    for key in ("certificate", "key"):
        name = getattr(console, key)
        if name and not (folder / name).is_file():
            yield f"[console] {key}", f"found {json.dumps(name)}, allowed an existing PEM file"
    if bool(console.certificate) != bool(console.key):
        yield "[console] key", "found one of certificate and key, allowed both or neither"
    if not _PATH.fullmatch(console.path):
        found = json.dumps(console.path, ensure_ascii=False)
        yield "[console] path", f"found {found}, allowed a path without an end slash, as /screener"
    for proxy in console.proxies:
        if not _is_network(proxy):
            found = json.dumps(proxy, ensure_ascii=False)
            yield "[console] proxies", f"found {found}, allowed addresses and networks, as 192.0.2.0/24"
    for origin in console.embed_from:
        if not _ORIGIN.fullmatch(origin):
            found = json.dumps(origin, ensure_ascii=False)
            yield "[console] embed_from", f"found {found}, allowed an origin, as https://crm.example.com"


def _is_network(text: str) -> bool:
    """Whether a text names hosts, and not all that there are."""
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False
