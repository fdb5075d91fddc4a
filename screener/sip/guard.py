"""Who may talk to us and how much: the list of sources, digest of inbound calls, a limit of requests a second."""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import socket
from collections import OrderedDict
from collections.abc import Container, Hashable, Iterable

from screener.errors import SipError
from screener.sip.digest import Challenge, parse_fields, verify
from screener.sip.message import Request, peek_call_id

log = logging.getLogger(__name__)

NONCE_SECONDS = 60.0
"""How long a nonce of ours is good."""
REMEMBERED = 10_000
"""Sources whose verdict is remembered."""
SIP_PORT = 5060
READ_FACTOR = 2.0
"""So many messages are read for each request that is taken: refusals and their ACKs, and what is sent again."""
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


class Authenticator:
    """Demands digest of inbound calls. Nonces are signed; only those that were used are remembered and counted.

    Args:
        username: empty lets every call pass.
        password: of that user.
        realm: printed in the challenge.
    """

    def __init__(self, username: str, password: str, realm: str) -> None:
        self._users = {username: password} if username and password else {}
        self._realm = realm
        self._secret = secrets.token_bytes(32)
        self._counts: OrderedDict[str, int] = OrderedDict()
        """The newest count (nc) of every nonce that was used."""

    def challenge(self, request: Request, now: float) -> Challenge | None:
        """What to ask before this request is taken; None when it may pass."""
        if not self._users:
            return None
        stale = False
        for value in request.headers.all("Authorization"):
            nonce = _nonce(value)
            stamp = nonce.partition(".")[0]
            if not hmac.compare_digest(nonce, self._sign(stamp)):
                continue
            asked = Challenge(self._realm, nonce, qop=True)
            count = verify(value, asked, self._users, request.method, request.uri)
            if not count:
                continue
            stale = now - float(stamp.partition("-")[0]) > NONCE_SECONDS or count <= self._counts.get(nonce, 0)
            if not stale:
                self._remember(nonce, count)
                return None
        stamp = f"{now:.0f}-{secrets.token_hex(6)}"
        return Challenge(self._realm, self._sign(stamp), qop=True, stale=stale)

    def _remember(self, nonce: str, count: int) -> None:
        if len(self._counts) >= REMEMBERED:
            self._counts.popitem(last=False)
        self._counts[nonce] = count

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
    """Buckets of requests: so many a second, and twice as many at once.

    A port that a call was taken from has a bucket of its own; all other ports of a host share one, so that whoever
    else is on the PBX's host uses nothing up of the PBX.

    Args:
        limit: requests a second.
        known: addresses that have buckets of their own from the beginning.

    Attributes:
        limit: that.
    """

    def __init__(self, limit: float, known: Iterable[tuple[str, int]] = ()) -> None:
        self.limit = limit
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, int], None] = OrderedDict.fromkeys(known)

    def know(self, source: tuple[str, int]) -> None:
        """A call was taken from there and acknowledged: nobody else can have sent that."""
        address = source[0], source[1]
        self._known.pop(address, None)
        if len(self._known) >= REMEMBERED:
            self._known.popitem(last=False)
        self._known[address] = None

    def allows(self, source: tuple[str, int], now: float) -> bool:
        """Take one request of a source; False when it asks too fast."""
        return self.has_room(self.bucket(source), now)

    def bucket(self, source: tuple[str, int]) -> Hashable:
        """Which bucket is that of a source."""
        address = source[0], source[1]
        own = address in self._known or address[1] == SIP_PORT
        return address if own else address[0]

    def has_room(self, bucket: Hashable, now: float) -> bool:
        """Take one out of a bucket; False when it is empty."""
        full = 2 * self.limit
        level, at = self._buckets.pop(bucket, (full, now))
        level = min(full, level + (now - at) * self.limit)
        if len(self._buckets) >= REMEMBERED:
            self._buckets.popitem(last=False)
        self._buckets[bucket] = (level - 1 if level >= 1 else level), now
        return level >= 1


class Readable:
    """Which messages are read at all: of a source that sends far more than it may, the rest is dropped unread.

    Each call has room of its own beside its source, and its BYE once more: not even a flood from the PBX's own
    address and port keeps that away. To read a message costs thirty times what dropping it costs.

    Args:
        sources: how many requests a second a source may send, and which buckets there are.
        calls: how many requests a second a call may send.
    """

    def __init__(self, sources: Rate, calls: Rate) -> None:
        self._sources = sources
        self._outside, self._within = Rate(READ_FACTOR * sources.limit), Rate(READ_FACTOR * calls.limit)

    def __call__(self, data: bytes, source: tuple[str, int], calls: Container[str], now: float) -> bool:
        """Take one message.

        Args:
            data: the message as it came.
            source: who sent it.
            calls: the Call-IDs of calls that are up.
            now: monotonic seconds.
        """
        call_id = peek_call_id(data)
        if call_id in calls:
            return self._within.has_room((call_id, data.startswith(b"BYE ")), now)
        return self._outside.has_room(self._sources.bucket(source), now)


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
