"""Who may talk to us and how much: the list of sources, digest of inbound calls, a limit of requests a second."""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import socket
from collections import OrderedDict
from collections.abc import Iterable

from screener.errors import SipError
from screener.sip.digest import Challenge, parse_fields, verify
from screener.sip.message import Request

log = logging.getLogger(__name__)

NONCE_SECONDS = 60.0
"""How long a nonce of ours is good."""
REMEMBERED = 10_000
"""Sources whose verdict is remembered."""
WATCH_SECONDS = 60.0
"""Between two lines of the log about the same misdeed of the same source."""


class Allowed:
    """The sources that are read at all; everybody else is dropped unread and unanswered.

    Args:
        peers: addresses, networks or host names.

    Raises:
        SipError: a name cannot be resolved.
    """

    def __init__(self, peers: Iterable[str]) -> None:
        self._networks = [network for peer in peers for network in _networks(peer)]
        self._verdicts: dict[str, bool] = {}

    def __contains__(self, host: str) -> bool:
        verdict = self._verdicts.get(host)
        if verdict is None:
            if len(self._verdicts) >= REMEMBERED:
                self._verdicts.clear()
            verdict = self._verdicts[host] = self._judge(host)
        return verdict

    def _judge(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _networks(peer: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(peer, strict=False)]
    except ValueError:
        pass
    try:
        found = {info[4][0] for info in socket.getaddrinfo(peer, None, type=socket.SOCK_DGRAM)}
    except OSError as problem:
        raise SipError(
            f"the peer {peer!r} cannot be resolved ({problem.strerror})", "write its address into the settings"
        ) from problem
    return [ipaddress.ip_network(str(address)) for address in found]


class Door:
    """Demands digest of inbound calls; nonces are signed, so nothing is remembered.

    Args:
        username: empty opens the door.
        password: of that user.
        realm: printed in the challenge.
    """

    def __init__(self, username: str, password: str, realm: str) -> None:
        self._users = {username: password} if username and password else {}
        self._realm = realm
        self._secret = secrets.token_bytes(32)

    def challenge(self, request: Request, now: float) -> Challenge | None:
        """What to ask before this request is taken; None when it may pass."""
        if not self._users:
            return None
        stale = False
        for value in request.headers.all("Authorization"):
            nonce = _nonce(value)
            if not hmac.compare_digest(nonce, self._sign(nonce.partition(".")[0])):
                continue
            asked = Challenge(self._realm, nonce, qop=True)
            if not verify(value, asked, self._users, request.method):
                continue
            stale = now - float(nonce.partition(".")[0]) > NONCE_SECONDS
            if not stale:
                return None
        return Challenge(self._realm, self._sign(f"{now:.0f}"), qop=True, stale=stale)

    def _sign(self, stamp: str) -> str:
        proof = hmac.new(self._secret, stamp.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        return f"{stamp}.{proof[:32]}"


def _nonce(value: str) -> str:
    try:
        nonce = parse_fields(value).get("nonce", "")
    except SipError:
        return ""
    return nonce if nonce.isascii() else ""


class Rate:
    """A bucket for each source: so many requests a second, and twice as many at once.

    Args:
        limit: requests a second.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, host: str, now: float) -> bool:
        """Take one request of a source; False when it asks too fast."""
        full = 2 * self._limit
        level, at = self._buckets.pop(host, (full, now))
        level = min(full, level + (now - at) * self._limit)
        if len(self._buckets) >= REMEMBERED:
            self._buckets.popitem(last=False)
        self._buckets[host] = (level - 1 if level >= 1 else level), now
        return level >= 1


class Watch:
    """Tells the log of what a source does that it should not: the first time at once, then once a minute."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def note(self, host: str, what: str, now: float) -> None:
        """A source has done it once more."""
        count, next_line = self._seen.pop((host, what), (0, now))
        count += 1
        if now >= next_line:
            log.warning("%s: %s (%d so far)", host, what, count)
            next_line = now + WATCH_SECONDS
        if len(self._seen) >= REMEMBERED:
            self._seen.popitem(last=False)
        self._seen[host, what] = count, next_line
