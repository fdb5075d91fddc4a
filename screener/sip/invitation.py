"""What an INVITE outside a dialog asks for: read once, refused with the right status or handed on whole."""

from dataclasses import dataclass, replace

from screener.errors import SipParseError
from screener.ports import InviteInfo
from screener.settings.encryption import Encryption
from screener.settings.sections import Sip
from screener.sip import sdp, timer
from screener.sip.dialog import Dialog
from screener.sip.identity import invite_info
from screener.sip.message import Request
from screener.sip.multipart import part, parts
from screener.sip.replaces import EXTENSION as REPLACES
from screener.sip.replaces import Replaces
from screener.sip.timer import SessionTimer

Offer = tuple[sdp.Description, tuple[sdp.Stream, ...]]
"""A session description and the streams of it that are taken: one of a call, several of a recording."""
RECORDING = "siprec"
"""The option tag of recording clients (RFC 7866)."""
MOST_STREAMS = 4
"""Of one recording; further ones are refused."""
ACCEPT = "application/sdp, multipart/mixed, application/rs-metadata+xml"
METADATA = ("application/rs-metadata", "application/rs-metadata+xml")
"""The second is the draft's, which most senders still use."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An INVITE that can be taken.

    Attributes:
        info: who calls whom.
        dialog: that a 2xx makes.
        offer: None when the offer shall be ours.
        timer: of the session, None for none.
        replaces: the call whose place it takes.
        metadata: of a recording session (RFC 7865), empty when it has none; None when it is a call.
        listens: it is a listening leg: nobody hears us, but for a warning.
    """

    info: InviteInfo
    dialog: Dialog
    offer: Offer | None
    timer: SessionTimer | None
    replaces: Replaces | None
    metadata: bytes | None = None
    listens: bool = False


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
    recorded = _is_recording(request, info.dialled, settings)
    if replaces is None and not recorded and not _answered(info.dialled, settings):
        return Refusal(404)
    body = _description(request)
    if (request.body and body is None) or request.headers.get("Content-Encoding", "identity") != "identity":
        return Refusal(415, (("Accept", "application/sdp"),))
    if timer.too_short(request):
        return Refusal(422, (("Min-SE", str(timer.MIN_SE)),))
    offer = None
    if body is not None:
        description = sdp.parse(body)
        streams = taken(description, source.rpartition(":")[0].strip("[]") if recorded else None, settings.srtp)
        if not streams:
            return _no_stream(settings.srtp)
        offer = description, streams
    if recorded and offer is None:
        return Refusal(488)  # a recording client offers (RFC 7866 6.1.1): what it has, we cannot know
    metadata = metadata_of(request) if recorded else None
    listens = info.dialled.startswith(f"{settings.listening_extension}-")
    return Invitation(info, dialog, offer, timer.agree(request), replaces, metadata, listens)


def taken(theirs: sdp.Description, client: str | None, encryption: Encryption) -> tuple[sdp.Stream, ...]:
    """The streams that are taken: the first of a call, or those of the recording client at that address."""
    if client is not None:
        return theirs.recorded(client, MOST_STREAMS, encryption)
    first = theirs.audio(encryption)
    return () if first is None else (first,)


def _no_stream(encryption: Encryption) -> Refusal:
    """Nothing of an offer can be taken; it may be for want of keys."""
    return Refusal(488, (("Warning", '399 screener "SRTP is required"'),) if encryption == "required" else ())


def metadata_of(request: Request) -> bytes:
    """The recording metadata that a request carries; empty when there are none."""
    for found in parts(request):
        if found.kind in METADATA or found.disposition == "recording-session":
            return found.body
    return b""


def _description(request: Request) -> bytes | None:
    """The session description; some senders leave the type of its part away."""
    untyped = (found.body for found in parts(request) if not found.kind and found.body.startswith(b"v=0"))
    return part(request, "application/sdp") or next(untyped, None)


def _is_recording(request: Request, dialled: str, settings: Sip) -> bool:
    if not settings.recording_extension:
        return False
    required = [value.lower() for value in request.headers.values("Require")]
    return dialled == settings.recording_extension or RECORDING in required or bool(metadata_of(request))


@dataclass(frozen=True, slots=True)
class Renegotiation:
    """An INVITE or UPDATE within a dialog that can be taken.

    Attributes:
        offer: None when there is none.
        metadata: what a recording client says with it; empty for nothing.
        timer: of the session from now on, None for none.
        asks_for_offer: the peer wants our offer, and answers it in the ACK (RFC 3261, 13.2.1).
    """

    offer: Offer | None
    timer: SessionTimer | None
    asks_for_offer: bool
    metadata: bytes = b""


def read_again(
    request: Request, client: str | None = None, encryption: Encryption = "optional"
) -> Renegotiation | Refusal:
    """Read an INVITE or UPDATE within a dialog; an UPDATE without a description only refreshes the session.

    Args:
        request: as it came.
        client: address of the recording client; None when it is a call.
        encryption: of media, as the settings say.
    """
    body, metadata = _description(request), b"" if client is None else metadata_of(request)
    if timer.too_short(request):
        return Refusal(422, (("Min-SE", str(timer.MIN_SE)),))
    if request.body and body is None and not metadata:
        return Refusal(415)
    session = timer.agree(request)
    if body is None:
        return Renegotiation(None, session, asks_for_offer=request.method == "INVITE", metadata=metadata)
    try:
        theirs = sdp.parse(body)
    except SipParseError:
        return Refusal(400, reason="Bad SDP")
    streams = taken(theirs, client, encryption)
    if not streams and (client is None or not any(media.kind == "audio" for media in theirs.media)):
        return _no_stream(encryption)  # a recording client may close every stream for a while
    return Renegotiation((theirs, streams), session, asks_for_offer=False, metadata=metadata)


def _answered(dialled: str, settings: Sip) -> bool:
    extensions = settings.screening_extension, settings.analysis_extension
    return dialled in extensions or dialled.startswith(f"{settings.listening_extension}-")


def unsupported(request: Request, settings: Sip) -> list[str]:
    """The extensions that a request requires and that are not spoken here."""
    spoken = {timer.EXTENSION, REPLACES, *([RECORDING] if settings.recording_extension else [])}
    return [value for value in request.headers.values("Require") if value.lower() not in spoken]


def in_place_of(replaced: InviteInfo, asked: Invitation) -> Invitation:
    """An attended transfer ends: who had called before brings the new caller, to where they had called."""
    info = asked.info
    sender = info.referred_by or replaced.number
    return replace(asked, info=replace(info, dialled=replaced.dialled, referred_by=sender))
