"""What an INVITE outside a dialog asks for: read once, refused with the right status or handed on whole."""

from dataclasses import dataclass, replace

from screener.errors import SipParseError
from screener.ports import InviteInfo
from screener.settings.sections import Sip
from screener.sip import sdp, timer
from screener.sip.dialog import Dialog
from screener.sip.identity import invite_info
from screener.sip.message import Request, part
from screener.sip.replaces import Replaces
from screener.sip.timer import SessionTimer

Offer = tuple[sdp.Description, sdp.Stream]
"""A session description and the one stream of it that is taken."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An INVITE that can be taken.

    Attributes:
        info: who calls whom.
        dialog: that a 2xx makes.
        offer: None when the offer shall be ours.
        timer: of the session, None for none.
        replaces: the call whose place it takes.
    """

    info: InviteInfo
    dialog: Dialog
    offer: Offer | None
    timer: SessionTimer | None
    replaces: Replaces | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final failure response and the headers that explain it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    reason: str = ""


def read(request: Request, source: str, local_tag: str, settings: Sip) -> Invitation | Refusal:
    """Read an INVITE of a configured peer.

    Args:
        request: parsed and without fault.
        source: `host:port` that it came from.
        local_tag: ours, for the dialog.
        settings: the extensions that are answered and the headers that are handed on.

    Raises:
        SipParseError: a header or the session description is wrong.
    """
    wanted = settings.uniqueid_header, settings.linkedid_header, settings.dialled_header, settings.queue_header
    info = invite_info(request, source, wanted)
    dialog = Dialog.of_invite(request, local_tag)
    replaces = Replaces.of(request)
    if replaces is None and not _answered(info.dialled, settings):
        return Refusal(404)
    body = part(request, "application/sdp")
    if (request.body and body is None) or request.headers.get("Content-Encoding", "identity") != "identity":
        return Refusal(415, (("Accept", "application/sdp"),))
    if timer.too_short(request):
        return Refusal(422, (("Min-SE", str(timer.MIN_SE)),))
    offer = None
    if body is not None:
        description = sdp.parse(body)
        stream = description.audio()
        if stream is None:
            return Refusal(488)
        offer = description, stream
    return Invitation(info, dialog, offer, timer.agree(request), replaces)


@dataclass(frozen=True, slots=True)
class Renegotiation:
    """An INVITE or UPDATE within a dialog that can be taken.

    Attributes:
        offer: None when there is none.
        timer: of the session from now on, None for none.
        asks_for_offer: the peer wants our offer, and answers it in the ACK (RFC 3261, 13.2.1).
    """

    offer: Offer | None
    timer: SessionTimer | None
    asks_for_offer: bool


def read_again(request: Request) -> Renegotiation | Refusal:
    """Read an INVITE or UPDATE within a dialog; an UPDATE without a body only refreshes the session."""
    body = part(request, "application/sdp")
    if timer.too_short(request):
        return Refusal(422, (("Min-SE", str(timer.MIN_SE)),))
    if request.body and body is None:
        return Refusal(415)
    session = timer.agree(request)
    if body is None:
        return Renegotiation(None, session, asks_for_offer=request.method == "INVITE")
    try:
        theirs = sdp.parse(body)
    except SipParseError:
        return Refusal(400, reason="Bad SDP")
    stream = theirs.audio()
    return Refusal(488) if stream is None else Renegotiation((theirs, stream), session, asks_for_offer=False)


def _answered(dialled: str, settings: Sip) -> bool:
    extensions = settings.screening_extension, settings.analysis_extension
    return dialled in extensions or dialled.startswith(f"{settings.listening_extension}-")


def unsupported(request: Request) -> list[str]:
    """The extensions that a request requires and that are not spoken here."""
    return [v for v in request.headers.values("Require") if v.lower() not in (timer.EXTENSION, "replaces")]


def in_place_of(replaced: InviteInfo, asked: Invitation) -> Invitation:
    """An attended transfer ends: who had called before brings the new caller, to where they had called."""
    info = asked.info
    sender = info.referred_by or replaced.number
    return replace(asked, info=replace(info, dialled=replaced.dialled, referred_by=sender))
