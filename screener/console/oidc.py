"""Logging in with the site's own OpenID Connect provider: authorization code with PKCE (RFC 7636).

What was begun is kept in a cookie of the browser that began it, for ten minutes, and nowhere else: another console
may end it, and nobody can be made to end what somebody else began.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from screener.console.logins import Role
from screener.errors import InputError
from screener.outside.ask import ask
from screener.outside.files import reason_of
from screener.outside.objects import read_object
from screener.settings.console import Oidc

ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "EdDSA"]
"""No shared secret signs a token, and none goes unsigned."""
SECONDS = 10.0
ANSWER_MOST = 256 * 1024
AWAY_SECONDS = 5.0
"""A provider that has not answered is not asked for so long: who waits meanwhile is told at once."""
KNOWN_SECONDS = 3600.0
"""How long the provider's addresses and keys are believed; an unknown key asks anew, once a minute at most."""
LEEWAY_SECONDS = 60
ODD = (JoseError, ValueError, TypeError, AttributeError, RecursionError)
"""What the library makes of keys and tokens that are none."""
RANK = (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR, Role.AGENT)
"""Who has several roles has the first of these."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that was begun.

    Attributes:
        state, nonce: tie the provider's answer and its token to this browser.
        verifier: of PKCE.
        after: path of ours to go on to.
    """

    state: str
    nonce: str
    verifier: str
    after: str

    @classmethod
    def new(cls, after: str) -> "Begun":
        """A fresh one."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), after)

    def serialize(self) -> str:
        """For the cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> "Begun | None":
        """What `serialize` wrote; None for anything else."""
        try:
            found = cls(**read_object(base64.urlsafe_b64decode(text)))
        except (ValueError, TypeError):
            return None
        return found if all(isinstance(value, str) and value for value in asdict(found).values()) else None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who the provider says that it is."""

    name: str
    role: Role
    extension: str


class Provider:
    """The site's provider. Safe to share between threads; asks it over HTTPS only, or on loopback.

    Args:
        settings: the section `[oidc]`.
    """

    def __init__(self, settings: Oidc) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any], KeySet] | None = None
        self._away_until = 0.0

    def address(self, begun: Begun, back: str) -> str:
        """Where the browser logs in.

        Args:
            begun: this login.
            back: our address that the provider leads back to.

        Raises:
            InputError: the provider cannot be reached.
        """
        places, _ = self._places()
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode()
        )
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": self._settings.scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        place = places["authorization_endpoint"]
        return f"{place}{'&' if '?' in place else '?'}{urlencode(query)}"

    def claimed(self, begun: Begun, code: str, back: str) -> Claimed:
        """Who logged in there.

        Raises:
            InputError: the provider cannot be reached, or what it says cannot be believed or gives no role.
        """
        places, _ = self._places()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        form |= {"client_id": self._settings.client_id, "code_verifier": begun.verifier}
        headers = {}
        if self._settings.secret:  # RFC 6749, 2.3.1: both parts are form-encoded first
            pair = f"{quote(self._settings.client_id, safe='')}:{quote(self._settings.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = _fetched(places["token_endpoint"], urlencode(form).encode(), headers)
        return claims_to_person(self._verified(str(answer.get("id_token", "")), begun.nonce), self._settings)

    def _verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        _, keys = self._places()
        try:
            try:
                claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except ODD:
                _, keys = self._places(fresher_than=60.0)  # its keys may be new
                claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except ODD as problem:
            raise InputError(f"the login's token is not believed: {problem}", "try again") from problem
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise InputError("the login's token is not believed: it is another program's", "try again")
        return claims

    def _places(self, fresher_than: float = KNOWN_SECONDS) -> tuple[dict[str, Any], KeySet]:
        """The provider's addresses and keys."""
        with self._lock:
            now = time.monotonic()
            if self._known is None or now - self._known[0] > fresher_than:
                if now < self._away_until:
                    raise InputError("the login's provider does not answer", "try again later")
                try:
                    self._known = (now, *self._asked())
                except InputError:
                    self._away_until = time.monotonic() + AWAY_SECONDS
                    raise
            return self._known[1:]

    def _asked(self) -> tuple[dict[str, Any], KeySet]:
        issuer = self._settings.issuer
        places = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if places.get("issuer") != issuer:
            raise InputError("the login's provider calls itself otherwise", "correct [oidc] issuer")
        try:
            keys = KeySet.import_key_set(_fetched(str(places["jwks_uri"])))  # type: ignore[arg-type]
            for name in ("authorization_endpoint", "token_endpoint"):
                places[name] = str(places[name])
        except (KeyError, *ODD) as problem:
            raise InputError(f"the login's provider lacks {problem}", "correct [oidc] issuer") from problem
        return places, keys


def claims_to_person(claims: Mapping[str, Any], settings: Oidc) -> Claimed:
    """Name, role and extension, as the settings say where they stand.

    Raises:
        InputError: there is no name, or no role of ours.
    """
    name = _at(claims, settings.name_claim)
    held = _at(claims, settings.role_claim)
    held = held if isinstance(held, list) else [held]
    names = {settings.roles.get(one, one if not settings.roles else "") for one in held if isinstance(one, str)}
    role = next((role for role in RANK if role.value in names), None)
    if not isinstance(name, str) or not name:
        raise InputError(f"the login's token has no {settings.name_claim}", "correct [oidc] name_claim")
    if role is None:
        raise InputError(f"the provider gives {name} no role here", "ask who keeps the accounts")
    extension = _at(claims, settings.extension_claim) if role is Role.AGENT else ""
    if role is Role.AGENT and not (isinstance(extension, str) and extension):
        raise InputError(f"the provider gives {name} no extension", "ask who keeps the accounts")
    return Claimed(name, role, extension if isinstance(extension, str) else "")


def _at(claims: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - what a claim holds
    """A claim, or one inside others: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _fetched(url: str, form: bytes | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise InputError("the login's provider is not asked in the clear", "correct [oidc] issuer")
    request = urllib.request.Request(url, form, {"Accept": "application/json", **(headers or {})})  # noqa: S310
    try:
        return read_object(ask(request, SECONDS, ANSWER_MOST))
    except (OSError, ValueError) as problem:
        raise InputError(
            f"the login's provider does not answer: {reason_of(problem)}", "try again later"
        ) from problem
