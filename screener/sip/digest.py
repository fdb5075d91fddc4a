"""Digest authentication (RFC 7616, 8760): MD5 and SHA-256, with and without qop=auth."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from screener.errors import SipParseError
from screener.sip.address import Uri, split_list

_COUNT = re.compile("[0-9A-Fa-f]{8}")
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Challenge:
    """A WWW-Authenticate or Proxy-Authenticate value.

    Attributes:
        algorithm: `MD5` or `SHA-256`.
        qop: whether the server offers qop=auth.
        stale: the password was right, the nonce too old.
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: bool = False
    opaque: str = ""
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> "Challenge":
        """Read one challenge.

        Raises:
            SipParseError: it is no digest, or asks for an algorithm or qop that is not spoken here.
        """
        fields = parse_fields(value)
        algorithm = fields.get("algorithm", "MD5").upper()
        qops = [q.strip().lower() for q in fields.get("qop", "").split(",") if q.strip()]
        if algorithm not in _HASHES or (qops and "auth" not in qops) or "nonce" not in fields:
            raise SipParseError("digest challenge of an unknown kind")
        stale = fields.get("stale", "").lower() == "true"
        return cls(
            fields.get("realm", ""), fields["nonce"], algorithm, bool(qops), fields.get("opaque", ""), stale
        )

    def serialize(self) -> str:
        """The header value that a server sends."""
        parts = [f'realm="{self.realm}"', f'nonce="{self.nonce}"', f"algorithm={self.algorithm}"]
        parts += ['qop="auth"'] * self.qop + [f'opaque="{self.opaque}"'] * bool(self.opaque)
        return "Digest " + ", ".join(parts + ["stale=true"] * self.stale)


def strongest(values: list[str]) -> Challenge | None:
    """The best of the challenges that a response carries, None when none is spoken here."""
    best = None
    for value in values:
        try:
            challenge = Challenge.parse(value)
        except SipParseError:
            continue
        if best is None or challenge.algorithm == "SHA-256":
            best = challenge
    return best


def parse_fields(value: str) -> dict[str, str]:
    """The fields of a digest header, names in lower case, quotes removed.

    Raises:
        SipParseError: the scheme is another one.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise SipParseError(f"authentication scheme {scheme[:20]!r}")
    fields = {}
    for part in split_list(rest):
        name, _, text = part.partition("=")
        fields[name.strip().lower()] = text.strip().strip('"')
    return fields


def _response(algorithm: str, username: str, realm: str, password: str, method: str, uri: str, middle: str) -> str:
    def digest(text: str) -> str:
        return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

    return digest(f"{digest(f'{username}:{realm}:{password}')}:{middle}:{digest(f'{method}:{uri}')}")


def authorize(
    challenge: Challenge, username: str, password: str, method: str, uri: str, *, cnonce: str, count: int = 1
) -> str:
    """The Authorization (or Proxy-Authorization) value that answers a challenge.

    Args:
        challenge: what the server sent.
        username: whose password it is.
        password: in clear.
        method: of the request that is sent again.
        uri: its request URI.
        cnonce: random text of ours; used with qop.
        count: how many requests have used this nonce, this one included.
    """
    middle = f"{challenge.nonce}:{count:08x}:{cnonce}:auth" if challenge.qop else challenge.nonce
    proof = _response(challenge.algorithm, username, challenge.realm, password, method, uri, middle)
    parts = [
        f'username="{username}"', f'realm="{challenge.realm}"', f'nonce="{challenge.nonce}"', f'uri="{uri}"',
        f'response="{proof}"', f"algorithm={challenge.algorithm}",
    ]  # fmt: skip
    parts += [f'opaque="{challenge.opaque}"'] * bool(challenge.opaque)
    if challenge.qop:
        parts += [f"qop=auth, nc={count:08x}", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(parts)


def verify(value: str, challenge: Challenge, users: Mapping[str, str], method: str, uri: str) -> int:
    """Whether an Authorization value answers our challenge with the password of one of the users.

    Args:
        value: the header's.
        challenge: ours.
        users: names and passwords.
        method: of the request that carries it.
        uri: likewise; an answer for another one is none.

    Returns:
        The count of requests that have used the nonce (`nc`), 1 without qop; 0 when it is no answer.
    """
    try:
        fields = parse_fields(value)
    except SipParseError:
        return 0
    username = fields.get("username", "")
    if (
        fields.get("nonce") != challenge.nonce
        or username not in users
        or not _same_uri(fields.get("uri", ""), uri)
    ):
        return 0
    if fields.get("algorithm", "MD5").upper() != challenge.algorithm or fields.get("realm") != challenge.realm:
        return 0
    middle, count = challenge.nonce, "1"
    if challenge.qop:
        count = fields.get("nc", "")
        if fields.get("qop") != "auth" or not _COUNT.fullmatch(count):
            return 0
        middle += f":{count}:{fields.get('cnonce', '')}:auth"
    proof = _response(
        challenge.algorithm, username, challenge.realm, users[username], method, fields.get("uri", ""), middle
    )
    right = hmac.compare_digest(proof.encode(), fields.get("response", "").encode("utf-8", "replace"))
    return int(count, 16) if right else 0


def _same_uri(said: str, asked: str) -> bool:
    """Whether they name the same; a proxy may add a port or parameters on the way."""
    if said == asked:
        return True
    try:
        one, other = Uri.parse(said), Uri.parse(asked)
    except SipParseError:
        return False
    return (one.user, one.host.lower()) == (other.user, other.host.lower())
