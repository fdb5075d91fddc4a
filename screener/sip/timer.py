"""Session timers (RFC 4028) of the side that was called: a call whose peer has died is not kept for ever."""

from dataclasses import dataclass

from screener.errors import SipParseError
from screener.sip.address import parse_params
from screener.sip.message import Headers, Request

MIN_SE = 90
"""Shortest interval that is taken, seconds; RFC 4028 4 allows no shorter one."""
EXTENSION = "timer"


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What was agreed.

    Attributes:
        interval: seconds that the session lives without a refresh.
        ours: we refresh it; else the peer does.
    """

    interval: int
    ours: bool

    @property
    def wait(self) -> float:
        """Seconds until we act: refresh at half time, or give the peer up before the end (RFC 4028 10)."""
        return self.interval / 2 if self.ours else self.interval - min(32, self.interval / 3)

    def headers(self) -> Headers:
        """What a 2xx says of it: there the peer is the UAC."""
        who = "uas" if self.ours else "uac"
        lines = [("Session-Expires", f"{self.interval};refresher={who}")]
        return Headers(lines if self.ours else [("Require", EXTENSION), *lines])

    def refresh(self) -> Headers:
        """What our own UPDATE says of it: there we are the UAC."""
        return Headers([("Supported", EXTENSION), ("Session-Expires", f"{self.interval};refresher=uac")])


def too_short(request: Request) -> bool:
    """Whether 422 is due: the interval is below ours and the peer could ask again."""
    interval, _ = _asked(request)
    return 0 < interval < MIN_SE and supported(request)


def supported(request: Request) -> bool:
    """Whether the peer knows session timers."""
    offered = [value.lower() for name in ("Supported", "Require") for value in request.headers.values(name)]
    return EXTENSION in offered


def agree(request: Request) -> SessionTimer | None:
    """What our 2xx agrees to; None where the request asks for no timer.

    We refresh with UPDATE only: a peer that wants us to and takes none goes without a timer, as RFC 4028 allows.

    Raises:
        SipParseError: Session-Expires is wrong.
    """
    interval, refresher = _asked(request)
    if not interval:
        return None
    ours = refresher == "uas" or not supported(request)
    if ours and "UPDATE" not in request.headers.values("Allow"):
        return None
    return SessionTimer(max(interval, MIN_SE), ours)


def _asked(request: Request) -> tuple[int, str]:
    value = request.headers.get("Session-Expires")
    if not value:
        return 0, ""
    seconds, _, params = value.partition(";")
    seconds = seconds.strip()
    if not (seconds.isascii() and seconds.isdigit() and int(seconds[:9]) > 0):
        raise SipParseError(f"Session-Expires is {value[:40]!r}")
    return int(seconds[:9]), parse_params(params).get("refresher", "").lower()
