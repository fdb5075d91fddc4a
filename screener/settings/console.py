"""`[console]` and `[oidc]`: the web pages, and who logs in elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from screener.settings.encryption import Port

Seconds = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Console:
    """`[console]`: the web pages of supervisors and agents.

    Attributes:
        with_serve: `screener serve` starts the console too.
        host, port: where it listens; loopback unless a certificate or a proxy protects it.
        certificate, key: PEM files for TLS, relative to the settings; empty is none.
        feeds: of running services whose calls are shown; empty is the site's own `operations.feed`.
        session_minutes: a login without a sign of life for so long is over.
        requests_per_second: of one login or token, five seconds' worth at once; 0 sets no limit.
        whole_numbers: roles that see whole phone numbers; others see them masked.
        embed_from: web origins that may show an agent's page in a frame, such as a CRM's.
        cards: cue cards of agents; empty takes the shipped ones.
    """

    with_serve: bool = False
    host: str = "127.0.0.1"
    port: Port = 8700
    certificate: str = ""
    key: str = ""
    feeds: tuple[str, ...] = ()
    session_minutes: Annotated[float, Field(gt=0)] = 480.0
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
