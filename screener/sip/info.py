"""Keys in INFO requests: application/dtmf-relay (`Signal=5`) and application/dtmf (`5`)."""

from screener.media.rtp import DIGITS
from screener.sip.message import Request
from screener.sip.multipart import part


def key(request: Request) -> str | None:
    """The key of an INFO, empty when its body names none; None when it is of another kind."""
    text = request.body[:200].decode("ascii", "replace")
    if part(request, "application/dtmf-relay") is not None:
        lines = text.splitlines()
        text = next((line.partition("=")[2] for line in lines if line.lower().startswith("signal")), "")
    elif part(request, "application/dtmf") is None:
        return None
    name = text.strip().upper()
    name = DIGITS[int(name)] if name in ("10", "11") else name
    return name if len(name) == 1 and name in DIGITS else ""
