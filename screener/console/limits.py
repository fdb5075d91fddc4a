"""How often somebody may ask: a token bucket for each, filled as time goes by. Time is an argument."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import Request

KEYS = 10_000
"""Buckets that are kept; the one that was asked for longest ago goes first."""


@dataclass(slots=True)
class RateLimit:
    """Requests of many, each by a name of its own.

    Attributes:
        a_second: how many somebody may make; 0 lets everybody in.
        most: that somebody can have saved.
    """

    a_second: float
    most: float
    _left: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)

    def wait(self, who: str, now: float) -> float:
        """Seconds until somebody may make one; 0 is now. Takes none."""
        if not self.a_second:
            return 0.0
        left = self._of(who, now)
        return 0.0 if left >= 1.0 else (1.0 - left) / self.a_second

    def take(self, who: str, now: float) -> float:
        """Make one; seconds to wait where it is too early, else 0."""
        seconds = self.wait(who, now)
        if self.a_second and not seconds:
            self._left[who] = (self._of(who, now) - 1.0, now)
            self._left.move_to_end(who)
            if len(self._left) > KEYS:
                self._left.popitem(last=False)
        return seconds

    def _of(self, who: str, now: float) -> float:
        left, at = self._left.get(who, (self.most, now))
        return min(self.most, left + (now - at) * self.a_second)


def peer_of(request: Request) -> str:
    """Who asks: the address, as a proxy tells it that is believed; of IPv6 the /64, which one host may have."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(address), 64), strict=False).network_address)
