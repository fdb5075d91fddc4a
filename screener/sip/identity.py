"""Who calls and who sent them: what an INVITE's headers say to a callee who trusts the peer."""

import contextlib
import re
from collections.abc import Sequence

from screener.errors import SipParseError
from screener.numbers.written import given, in_context
from screener.ports import InviteInfo
from screener.sip.address import NameAddr, Uri, parse_params, plain
from screener.sip.message import Request

MOST_ADDRESSES = 100
"""Of one header: Max-Forwards ends a call at its 70th station."""


def invite_info(request: Request, source: str, wanted: Sequence[str]) -> InviteInfo:
    """Decode an INVITE of a configured peer.

    Args:
        request: parsed and without fault.
        source: `host:port` that it came from.
        wanted: names of further headers to hand on.

    Raises:
        SipParseError: From or the request URI is wrong.
    """
    caller = _asserted(request) or _first(request, "Remote-Party-ID") or request.from_
    number = caller.uri.number
    withheld = not given(number) or caller.uri.host.lower().endswith(".invalid")
    said = {**caller.params, **caller.uri.params, **parse_params(caller.uri.user.partition(";")[2])}
    if context := said.get("phone-context", ""):
        number = in_context(number, f"phone-context={context}")
    headers = {name.lower(): plain(request.headers.get(name)) for name in wanted if name in request.headers}
    return InviteInfo(
        sip_call_id=plain(request.call_id),
        dialled=Uri.parse(request.uri).number,
        number="" if withheld else number,
        display_name=caller.display_name,
        referred_by=_sender(request),
        source=source,
        headers=headers,
        first_dialled=_first_dialled(request),
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


def _asserted(request: Request) -> NameAddr | None:
    """Of the identities that the network asserts (RFC 3325 allows a SIP and a tel URI) the telephone number."""
    found = _all(request, "P-Asserted-Identity")
    numbers = (one for one in found if re.fullmatch(r"\+?[\d\-.() ]+", one.uri.number))
    return next(numbers, found[0] if found else None)


def _first_dialled(request: Request) -> str:
    """The oldest History-Info (the first, RFC 7044), else the oldest Diversion (the last, RFC 5806)."""
    if history := _all(request, "History-Info"):
        return history[0].uri.number if len(history) > 1 else ""
    diversions = _all(request, "Diversion")
    return diversions[-1].uri.number if diversions else ""


def _first(request: Request, name: str) -> NameAddr | None:
    return next(iter(_all(request, name)), None)


def _all(request: Request, name: str) -> list[NameAddr]:
    """Every value of a header that is an address; none of a header with more of them than a call has stations."""
    found = []
    values = request.headers.values(name)
    for value in values if len(values) <= MOST_ADDRESSES else ():
        with contextlib.suppress(SipParseError):
            found.append(NameAddr.parse(value))
    return found
