"""Responses of ours, with what they say beside the headers that every response has."""

from screener.sip.message import Headers, Request, Response, respond
from screener.sip.timer import SessionTimer

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"
SUPPORTED = "replaces, timer"
RETRY_AFTER = "10"
"""Seconds after which a refused caller may find a line free."""


def reply(request: Request, status: int, tag: str, reason: str = "") -> Response:
    """A response that says what is spoken here, or when to come again."""
    response = respond(request, status, reason, tag)
    if status < 300 or status == 405:
        response.headers.add("Allow", ALLOW)
    if status < 300:
        response.headers.add("Supported", SUPPORTED)
    if status == 503:
        response.headers.add("Retry-After", RETRY_AFTER)
    return response


def with_session(made: Response, contact: str, timer: SessionTimer | None, sdp: bytes = b"") -> Response:
    """The same response with our contact, the session timer, and a session description where there is one."""
    lines = [*made.headers, *(timer.headers() if timer else ()), ("Contact", contact)]
    kind = [("Content-Type", "application/sdp")] if sdp else []
    return Response(Headers([*lines, *kind]), sdp, made.status, made.reason)
