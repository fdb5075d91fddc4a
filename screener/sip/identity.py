"""Who calls and who sent them: what an INVITE's headers say to a callee who trusts the peer."""

from collections.abc import Sequence

from screener.errors import SipParseError
from screener.ports import InviteInfo
from screener.sip.address import NameAddr, Uri, plain
from screener.sip.message import Request

_WITHHELD = {"", "anonymous", "unknown", "unavailable", "restricted", "asterisk"}
"""User parts that stand for no number at all."""


def invite_info(request: Request, source: str, wanted: Sequence[str]) -> InviteInfo:
    """Decode an INVITE of a configured peer.

    Args:
        request: parsed and without fault.
        source: `host:port` that it came from.
        wanted: names of further headers to hand on.

    Raises:
        SipParseError: From or the request URI is wrong.
    """
    caller = _first(request, "P-Asserted-Identity") or _first(request, "Remote-Party-ID") or request.from_
    number = caller.uri.number
    withheld = number.lower() in _WITHHELD or caller.uri.host.lower().endswith(".invalid")
    headers = {name.lower(): plain(request.headers.get(name)) for name in wanted if name in request.headers}
    return InviteInfo(
        sip_call_id=plain(request.call_id),
        dialled=Uri.parse(request.uri).number,
        number="" if withheld else number,
        display_name=caller.display_name,
        referred_by=_sender(request),
        source=source,
        headers=headers,
    )


def _sender(request: Request) -> str:
    """Referred-By, else the newest Diversion (the first), else the newest History-Info but one (RFC 7044)."""
    for name in ("Referred-By", "Diversion"):
        if address := _first(request, name):
            return address.uri.number
    history = request.headers.values("History-Info")
    if len(history) > 1:
        try:
            return NameAddr.parse(history[-2]).uri.number
        except SipParseError:
            return ""
    return ""


def _first(request: Request, name: str) -> NameAddr | None:
    for value in request.headers.values(name):
        try:
            return NameAddr.parse(value)
        except SipParseError:
            continue
    return None
