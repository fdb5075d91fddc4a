"""What a call and its peer agree on: offers, answers (RFC 3264), and the audio that follows. On the SIP thread."""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from screener.errors import SipParseError
from screener.events import Event
from screener.media.g711 import Law
from screener.media.stream import AudioStream
from screener.sip import sdp
from screener.sip.anythread import AnyThread
from screener.sip.invitation import Invitation, Renegotiation, taken
from screener.sip.message import Request
from screener.sip.multipart import part
from screener.sip.pyvoip import PhoneCall
from screener.sip.transport import Address
from screener.sip.uacore import UserAgentCore

log = logging.getLogger(__name__)


class Negotiation(AnyThread):
    """The half of a call that knows its media; `SipCall` says when."""

    _client: str | None = None
    """Address of the recording client whose session it is."""
    _direction = "sendrecv"
    """Of our own offers."""

    def __init__(self, core: UserAgentCore, record: PhoneCall, invitation: Invitation, source: Address) -> None:
        offer = invitation.offer
        self.dialog = invitation.dialog
        self._core, self._record, self._invite = core, record, invitation.info
        self._offer, self._source = offer, source
        self._events = lambda _event: None
        self._version, self._session_id = 0, int(record.session_id)
        self._leg = record.leg
        self._awaiting_answer = offer is None
        self._agreed: sdp.Stream | None = None
        self._offered: Mapping[int, sdp.Offered] = {}
        self._theirs: sdp.Description | None = None
        """What the peer has offered or answered last: its m= lines keep their places (RFC 3264 8)."""
        law = offer[1][0] if offer else sdp.Stream(0, "", 0, Law.PCMU, 0, sdp.EVENT_TYPE, "sendrecv")
        self._stream = AudioStream(self._media_event, law.law, law.payload_type, law.event_type)
        self._stream.sparing = invitation.listens
        if offer:
            self._agree(offer[1])

    @abstractmethod
    def _media_event(self, event: Event) -> None:
        """What happens on the stream; on the media thread."""

    @property
    def encrypted(self) -> bool:
        """Whether its media is (SRTP)."""
        return self._agreed is not None and self._agreed.keys is not None

    @property
    def streams(self) -> Sequence[AudioStream]:
        """Its audio, for whoever counts."""
        return (self._stream,)

    def _begin(self) -> None:
        """Audio flows from now on."""
        self._leg.start(self._stream)

    def _told(self, asked: Renegotiation) -> None:
        """The peer says something beside its session description: only a recording client does."""

    def _agree(self, streams: Sequence[sdp.Stream]) -> None:
        """Send and expect what was negotiated, in place: the stream and its audio time go on."""
        stream, audio = streams[0] if streams[0].ours else streams[0].with_key(self._agreed), self._stream
        if self._agreed is not None and self._agreed.keys and stream.keys is None:
            log.warning("call from %s goes on in clear, as the peer asks", self._invite.source)
        self._agreed = stream
        audio.law, audio.payload_type, audio.event_type = stream.law, stream.payload_type, stream.event_type
        audio.held, audio.sending = stream.held, not stream.held
        audio.heard_at = audio.ticks
        if stream.host not in ("0.0.0.0", "::"):  # noqa: S104 - hold of RFC 2543
            self._leg.point(
                stream.host, stream.port, self._source[0],
                control=stream.control, muxed=stream.muxed, keys=stream.keys,
            )  # fmt: skip

    def _take_answer(self, ack: Request) -> bool:
        self._awaiting_answer = False
        try:
            body = part(ack, "application/sdp")
            theirs = sdp.parse(body) if body else None
        except SipParseError:
            theirs = None
        streams = self._answered(theirs) if theirs is not None else None
        if streams is None:
            log.warning("call from %s: no answer that can be taken to our offer; ended", self._invite.source)
            return False
        self._theirs = theirs
        self._agree(streams)
        return True

    def _answered(self, theirs: sdp.Description) -> Sequence[sdp.Stream] | None:
        """The streams of an answer to our offer; None when it is no answer to it."""
        found = taken(theirs, self._client, self._core.encryption)
        offered = [(stream, self._offered.get(stream.index)) for stream in found]
        streams = [agreed for stream, ours in offered if ours and (agreed := ours.answered(stream))]
        paused = self._client is not None and not found  # a recording client may close every stream for a while
        return streams if streams or paused else None

    def _description(self) -> bytes:
        """Our offer, or our answer to the peer's."""
        host = self._core.host
        if self._offer is None:
            former = self._theirs.media if self._theirs is not None else ()
            self._offered = self._offers()
            return sdp.offer(host, self._offered, self._session_id, self._version, self._direction, former)
        self._theirs = self._offer[0]
        return sdp.answer(
            self._theirs,
            self._answers(),
            host,
            self._session_id,
            self._version,
            only_hears=self._client is not None,
        )

    def _offers(self) -> Mapping[int, sdp.Offered]:
        """What we offer at each m= line."""
        place = self._agreed.index if self._agreed is not None else 0
        return {place: sdp.Offered.of(self._leg.port, self._core.encryption, self._agreed)}

    def _answers(self) -> Sequence[tuple[sdp.Stream, int]]:
        """The streams that are taken of an offer, and our port for each."""
        assert self._agreed is not None  # as there was an offer
        return [(self._agreed, self._leg.port)]
