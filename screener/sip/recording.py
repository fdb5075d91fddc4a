"""A recording session (RFC 7866), seen from the recording server: several streams of one call, which only come in.

A call like any other in what becomes of it; this page says what is different: each stream has a leg of its own, a
client may stop streams, start them again and add some, and nothing is ever sent but reports.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from screener.errors import SipError
from screener.events import Event, Tick
from screener.media.leg import Leg
from screener.media.stream import AudioStream
from screener.ports import EventSink, FrameSink, InfoSink, RecordingInfo
from screener.sip import sdp
from screener.sip.call import MEDIA_TIMEOUT_SECONDS, SipCall
from screener.sip.invitation import Invitation, Renegotiation
from screener.sip.message import Request
from screener.sip.pyvoip import PhoneCall
from screener.sip.transaction import ServerTransaction
from screener.sip.transport import Address
from screener.sip.uacore import UserAgentCore

log = logging.getLogger(__name__)

PAUSED_SECONDS = 3600.0
"""A client that has stopped every stream for so long is gone."""
FEATURE = ";+sip.srs"
"""What our Contact says of us (RFC 7866 6.1.2)."""


@dataclass(slots=True)
class _Track:
    """One stream: what was agreed, its sockets and its audio."""

    agreed: sdp.Stream
    leg: Leg
    audio: AudioStream
    events: EventSink | None = None

    def agree(self, stream: sdp.Stream, client: str) -> None:
        audio = self.audio
        stream = stream if stream.ours else stream.with_key(self.agreed)
        self.agreed = stream = replace(
            stream, label=stream.label or self.agreed.label
        )  # an answer may leave it out
        audio.law, audio.payload_type, audio.event_type = stream.law, stream.payload_type, stream.event_type
        audio.held, audio.sending = not stream.sends, False
        audio.heard_at = audio.ticks
        host = client if stream.host in ("0.0.0.0", "::") else stream.host  # noqa: S104 - hold of RFC 2543
        self.leg.point(host, stream.port, client, control=stream.control, muxed=stream.muxed, keys=stream.keys)

    def pause(self) -> None:
        self.audio.held = True
        self.agreed = replace(self.agreed, direction="inactive")


class RecordingSession(SipCall):
    """One recording session, as `ports.Recording` describes it."""

    _direction = "recvonly"

    def __init__(
        self,
        core: UserAgentCore,
        record: PhoneCall,
        invitation: Invitation,
        transaction: ServerTransaction,
        source: Address,
        replaced: SipCall | None = None,
    ) -> None:
        self._client = source[0]
        self._tracks: list[_Track] = []
        self._metadata = invitation.metadata or b""
        self._changed: InfoSink = lambda _info: None
        super().__init__(replace(core, feature=FEATURE), record, invitation, transaction, source, replaced)

    @property
    def encrypted(self) -> bool:
        """Whether the media of every stream is (SRTP)."""
        return bool(self._tracks) and all(track.agreed.keys is not None for track in self._tracks)

    @property
    def streams(self) -> Sequence[AudioStream]:
        """Its audio, for whoever counts."""
        return [track.audio for track in self._tracks]

    # As `ports.Recording`; any thread.

    @property
    def said(self) -> RecordingInfo:
        """What the client says now."""
        tracks = list(self._tracks)
        return RecordingInfo(
            tuple(track.agreed.label for track in tracks),
            tuple(track.agreed.sends for track in tracks),
            self._metadata,
        )

    def follow(self, changed: InfoSink) -> None:
        """Say who is told when the client says something new."""
        self._changed = changed

    def tap(self, place: int, frames: FrameSink | None, events: EventSink | None) -> None:
        """Send a stream's audio, and what happens on it, there from now on."""
        track = self._tracks[place]
        track.events, track.audio.listener = events, frames

    # The media thread.

    def _media_event(self, event: Event) -> None:
        self._track_event(0, event)
        if isinstance(event, Tick) and self._nobody_sends():
            self._core.post(self._vanished)

    def _track_event(self, place: int, event: Event) -> None:
        if (events := self._tracks[place].events) is not None:
            events(event)

    def _nobody_sends(self) -> bool:
        tracks = list(self._tracks)
        limit = MEDIA_TIMEOUT_SECONDS if any(track.agreed.sends for track in tracks) else PAUSED_SECONDS
        return all(track.audio.silent_for > limit for track in tracks)

    # The SIP thread.

    def _begin(self) -> None:
        for track in self._tracks:
            track.leg.start(track.audio)

    def _told(self, asked: Renegotiation) -> None:
        if asked.metadata:
            self._metadata = asked.metadata
        self._changed(self.said)
        if asked.metadata:
            self._metadata = b""  # a partial update must not be read twice

    def _agree(self, streams: Sequence[sdp.Stream]) -> None:
        known = {track.agreed.index: track for track in self._tracks}
        for stream in streams:
            track = known.pop(stream.index, None) or self._further(stream)
            if track is not None:
                track.agree(stream, self._source[0])
        for stopped in known.values():
            stopped.pause()

    def _further(self, stream: sdp.Stream) -> _Track | None:
        """A track for a stream that was not there before; the first takes the call's own leg."""
        if not self._tracks:
            track = _Track(stream, self._leg, self._stream)
        else:
            try:
                leg = self._record.further_leg()
            except SipError as problem:
                log.error("recording by %s: a stream is refused: %s", self._invite.source, problem)
                return None
            emit = partial(self._track_event, len(self._tracks))
            track = _Track(stream, leg, AudioStream(emit, stream.law, stream.payload_type, stream.event_type))
        self._tracks.append(track)
        if self.up and track.audio is not self._stream:
            track.audio.ticks = self._stream.ticks  # one audio time for all
            track.leg.start(track.audio)
        return track

    def _take_answer(self, ack: Request) -> bool:
        taken = super()._take_answer(ack)
        if taken:
            self._changed(self.said)
        return taken

    def _offers(self) -> Mapping[int, sdp.Offered]:
        encryption = self._core.encryption
        return {t.agreed.index: sdp.Offered.of(t.leg.port, encryption, t.agreed) for t in self._tracks}

    def _answers(self) -> Sequence[tuple[sdp.Stream, int]]:
        assert self._offer is not None
        wanted = {stream.index for stream in self._offer[1]}
        return [(track.agreed, track.leg.port) for track in self._tracks if track.agreed.index in wanted]


def open_call(
    core: UserAgentCore,
    record: PhoneCall,
    asked: Invitation,
    transaction: ServerTransaction,
    source: Address,
    replaced: SipCall | None,
) -> SipCall:
    """The call, or the recording session, that an INVITE asks for."""
    kind = SipCall if asked.metadata is None else RecordingSession
    return kind(core, record, asked, transaction, source, replaced)
