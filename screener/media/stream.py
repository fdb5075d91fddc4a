"""The audio of one call: what goes out, what comes in, one frame of each a tick. No socket and no clock here."""

import audioop
import logging
import random
from collections.abc import Callable, Sequence

from screener.errors import RtpError
from screener.events import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, Dtmf, Event, PlaybackEnded, Tick
from screener.media.g711 import Law
from screener.media.jitter import JitterBuffer
from screener.media.prompts import Clip
from screener.media.rtp import HEADER, Packet, TelephoneEvent

log = logging.getLogger(__name__)

FADING = (0.8, 0.5, 0.2)
"""How loud the last frame is repeated in place of lost ones; after that, silence."""
TICK_FRAMES = 10
"""Frames between two Tick events: 200 ms."""
SILENT_PCM = bytes(FRAME_BYTES)


class Playlist:
    """Clips one after the other, already packed: sending a frame copies 160 bytes and encodes nothing."""

    __slots__ = ("_clips", "_left", "_position")

    def __init__(self, clips: Sequence[tuple[Clip, float | None]], law: Law) -> None:
        packed = [(clip.ulaw if law is Law.PCMU else clip.alaw, seconds) for clip, seconds in clips]
        frames = [len(d) // FRAME_SAMPLES if s is None else round(s / FRAME_SECONDS) for d, s in packed]
        self._clips = [
            (data, count) for (data, _), count in zip(packed, frames, strict=True) if data and count > 0
        ]
        self._position = 0
        self._left = self._clips[0][1] if self._clips else 0

    def next(self) -> bytes | None:
        """The next frame, None when everything has been sent."""
        if not self._clips:
            return None
        data, _ = self._clips[0]
        frame = data[self._position : self._position + FRAME_SAMPLES]
        self._position = (self._position + FRAME_SAMPLES) % len(data)
        self._left -= 1
        if not self._left:
            self._clips.pop(0)
            self._position = 0
            self._left = self._clips[0][1] if self._clips else 0
        return frame


class AudioStream:
    """Both directions of one call's audio.

    The media loop calls `receive` and `tick`; everything else may be called from any thread, because each sets
    one attribute that the loop reads once a tick.

    Args:
        emit: takes Tick, Dtmf and PlaybackEnded on the media thread; must only enqueue.
        law: both send it.
        payload_type: its number in this session.
        event_type: number of telephone-event, None for none.
    """

    def __init__(self, emit: Callable[[Event], None], law: Law, payload_type: int, event_type: int | None) -> None:
        self.law, self.payload_type, self.event_type = law, payload_type, event_type
        self.listener: Callable[[bytes, float], None] | None = None
        self.playlist: Playlist | None = None
        self.sending = True
        self.jitter = JitterBuffer()
        self.malformed = 0
        self.ticks = 0
        self.heard_at = 0
        """Tick at which the newest packet came."""
        self._emit = emit
        self._sequence = random.randrange(0x8000)  # noqa: S311 - RFC 3550 asks for random, not for secret
        self._timestamp = random.randrange(1 << 31)  # noqa: S311
        self._ssrc = random.randrange(1, 1 << 32)  # noqa: S311
        self._marker = True
        self._last = SILENT_PCM
        self._missing = len(FADING)
        self._event_timestamp: int | None = None

    @property
    def at(self) -> float:
        """Audio time, seconds since the answer."""
        return round(self.ticks * FRAME_SECONDS, 3)

    @property
    def silent_for(self) -> float:
        """Seconds of audio time since the newest packet."""
        return (self.ticks - self.heard_at) * FRAME_SECONDS

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Replace what is playing; `PlaybackEnded` follows, at once for nothing."""
        self.playlist = Playlist(clips, self.law)

    def receive(self, data: bytes) -> None:
        """Take a datagram of the peer."""
        try:
            packet = Packet.parse(data)
            if packet.payload_type == self.event_type:
                self._key(packet, TelephoneEvent.parse(packet.payload))
                payload = self.law.silence  # the event stands in the place of audio
            elif packet.payload_type == self.payload_type:
                payload = packet.payload
            else:
                payload = b""  # comfort noise and the like: nothing to hear, but no loss either
        except RtpError:
            self.malformed += 1
            return
        self.heard_at = self.ticks
        self.jitter.push(packet.sequence, packet.ssrc, payload)

    def _key(self, packet: Packet, event: TelephoneEvent) -> None:
        if event.digit and packet.timestamp != self._event_timestamp:
            self._event_timestamp = packet.timestamp
            self._emit(Dtmf(event.digit, self.at))

    def tick(self) -> bytes | None:
        """One frame in, one frame out: the datagram to send, None while the peer holds."""
        frame = self.jitter.pop()
        if self.listener is not None:
            self._hear(frame)
        elif frame is not None:
            self._last, self._missing = SILENT_PCM, len(FADING)
        out = self._next_frame()
        self.ticks += 1
        if self.ticks % TICK_FRAMES == 0:
            self._emit(Tick(self.at))
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        if not self.sending:
            self._marker = True
            return None
        self._sequence = (self._sequence + 1) & 0xFFFF
        second = self.payload_type | (0x80 if self._marker else 0)
        self._marker = False
        return HEADER.pack(0x80, second, self._sequence, self._timestamp, self._ssrc) + out

    def _hear(self, frame: bytes | None) -> None:
        if frame is not None:
            pcm, self._missing = self.law.decode(frame), 0
            self._last = pcm
        elif self._missing < len(FADING):
            pcm = audioop.mul(self._last, 2, FADING[self._missing])
            self._missing += 1
        else:
            pcm = SILENT_PCM
        listener = self.listener
        try:
            if listener is not None:
                listener(pcm, self.at)
        except Exception:
            log.exception("the listener of a call failed; nobody hears this call any more")
            self.listener = None

    def _next_frame(self) -> bytes:
        playlist = self.playlist
        if playlist is None:
            return self.law.silence
        frame = playlist.next()
        if frame is None:
            if self.playlist is playlist:  # nothing newer was asked for meanwhile
                self.playlist = None
            self._emit(PlaybackEnded(self.at))
            return self.law.silence
        return frame
