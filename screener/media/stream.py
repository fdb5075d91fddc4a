"""The audio of one call: what goes out, what comes in, one frame of each a tick. No socket and no clock here."""

import audioop
import logging
import math
import random
from collections import deque
from collections.abc import Callable, Sequence

from screener.errors import RtpError
from screener.events import (
    FRAME_BYTES,
    FRAME_SAMPLES,
    FRAME_SECONDS,
    Deaf,
    DeafCause,
    Dtmf,
    Event,
    PlaybackEnded,
    Tick,
)
from screener.media import rtcp
from screener.media.audibility import Audibility
from screener.media.g711 import Law
from screener.media.jitter import JitterBuffer
from screener.media.prompts import Clip
from screener.media.rtp import DIGITS, HEADER, MAX_PACKET, PRESSED_PACKETS, Packet, TelephoneEvent, press

log = logging.getLogger(__name__)

FADING = (0.8, 0.5, 0.2)
"""How loud the last frame is repeated in place of lost ones; after that, silence."""
TICK_FRAMES, IDLE_TICK_FRAMES = 10, 50
"""Frames between two Tick events: 200 ms while somebody listens, else a second."""
SILENT_PCM = bytes(FRAME_BYTES)
LAWS = {law.payload_type: law for law in Law}
COMFORT_NOISE = (13, 19)
"""Payload types of comfort noise: RFC 3389's, and the one that older gateways use."""
MAX_KEYS = 32
"""Keys that wait to be sent; more are not taken."""
KEY_PAUSE_FRAMES = 3
"""Frames of audio between two keys."""
SPARED_FROM, SPARED_FRAMES = 100, 25
"""Where silence is spared: from the third second on, when everybody has learned where we send from, all frames but
two a second. An Asterisk with `rtp_timeout = 3`, as in deploy/, may lose five of them in a row."""
NEEDED_SECONDS = 0.4
"""A peer that falls silent for so long between two of them may send only while we do: nothing is spared then."""


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

    The media loop calls `receive`, `tick`, `report` and `reported`; everything else may be called from any thread,
    because each sets one attribute, or adds to one queue, that the loop reads once a tick.

    Args:
        emit: takes Tick, Deaf, Dtmf and PlaybackEnded on the media thread; must only enqueue.
        law: both send it.
        payload_type: its number in this session.
        event_type: number of telephone-event, None for none.
    """

    def __init__(self, emit: Callable[[Event], None], law: Law, payload_type: int, event_type: int | None) -> None:
        self.law, self.payload_type, self.event_type = law, payload_type, event_type
        self.listener: Callable[[bytes, float], None] | None = None
        """Takes each frame that comes, as PCM, and its audio time; None while nobody listens."""
        self.playlist: Playlist | None = None
        """What is being played; None is silence."""
        self.sending = True
        """False while the peer holds us, and where we only listen: nothing goes out."""
        self.sparing = False
        """Nobody hears us: of silence little goes out."""
        self.held = False
        """The caller is on hold: what comes meanwhile is not the caller."""
        self.jitter = JitterBuffer()
        """Frames that came and are not heard yet."""
        self.audibility = Audibility()
        """Whether the caller can be heard; of use while somebody listens."""
        self.reception = rtcp.Reception()
        """What our next report says of the peer's stream."""
        self.heard_of_us: rtcp.ReportBlock | None = None
        """What the peer's newest report says of our stream."""
        self.malformed = 0
        """Datagrams, RTP and RTCP, that could not be read."""
        self.ticks = 0
        """Frames since the answer."""
        self.heard_at = 0
        """Tick at which the newest packet came."""
        self._emit = emit
        self._packets = 0
        """So many were sent."""
        self._sequence = random.randrange(0x8000)  # noqa: S311 - RFC 3550 asks for random, not for secret
        self._timestamp = random.randrange(1 << 31)  # noqa: S311
        self._ssrc = random.randrange(1, 1 << 32)  # noqa: S311
        """Sequence number of the newest packet of ours, timestamp of the next frame, and our source."""
        self._marker = True
        """Whether the next packet is the first after a pause: it bears the marker bit."""
        self._last = SILENT_PCM
        """The newest frame that came, repeated for those that are lost."""
        self._missing = len(FADING)
        """How many of those in a row: at the end of `FADING` silence is heard."""
        self._event_timestamp: int | None = None
        """Of the peer's newest key, whose packets repeat it; None before the first."""
        self._keys: deque[TelephoneEvent | None] = deque()
        """One item a frame: a packet of a key to be sent, or None for audio between two keys."""
        self._key_timestamp = 0
        """Of the key that is being sent: all its packets bear it."""

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

    def press(self, digits: str) -> bool:
        """Send keys (RFC 4733) in the place of audio; False when the peer takes none or too many wait already."""
        room = MAX_KEYS - math.ceil(len(self._keys) / (PRESSED_PACKETS + KEY_PAUSE_FRAMES))
        if self.event_type is None or len(digits) > room or any(digit not in DIGITS for digit in digits):
            return False
        for digit in digits:
            self._keys.extend([*press(digit), *([None] * KEY_PAUSE_FRAMES)])
        return True

    def receive(self, data: bytes, now: float = 0.0) -> None:
        """Take a datagram of the peer, at `now` seconds of the loop's clock."""
        try:
            if data[:1] == b"\x80" and HEADER.size < len(data) <= MAX_PACKET:  # nothing to take off: nearly all
                _, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
                payload_type, payload = second & 0x7F, data[HEADER.size :]
            else:
                packet = Packet.parse(data)
                payload_type, payload = packet.payload_type, packet.payload
                sequence, timestamp, ssrc = packet.sequence, packet.timestamp, packet.ssrc
            if payload_type == self.event_type:
                self._key(timestamp, TelephoneEvent.parse(payload))
                payload = self.law.silence  # the event stands in the place of audio
            elif payload_type != self.payload_type:
                payload = self._other(payload_type, payload)
        except RtpError:
            self.malformed += 1
            self.audibility.odd(DeafCause.OTHER_FORMAT)
            return
        self.heard_at = self.ticks
        self.reception.packet(sequence, timestamp, ssrc, now)
        if self.listener is not None:
            self.audibility.packet()
            self.jitter.push(sequence, ssrc, payload)

    def _other(self, payload_type: int, payload: bytes) -> bytes:
        """Not agreed on: the other law is understood all the same, anything else is no loss but unheard."""
        if law := LAWS.get(payload_type):
            return payload if law is self.law else self.law.encode(law.decode(payload))
        if payload_type in COMFORT_NOISE:
            self.audibility.comfort_noise()
        else:
            self.audibility.odd(DeafCause.OTHER_FORMAT)
        return b""

    def _key(self, timestamp: int, event: TelephoneEvent) -> None:
        if event.digit and timestamp != self._event_timestamp:
            self._event_timestamp = timestamp
            self._emit(Dtmf(event.digit, self.at))

    def tick(self) -> bytes | None:
        """One frame in, one frame out: the datagram to send, None while the peer holds and for spared silence."""
        if self.listener is not None:
            self._hear(self.jitter.pop())
        elif self.jitter.started:
            self.jitter.clear()  # nobody listens any more; whoever does later hears from then on
            self._last, self._missing = SILENT_PCM, len(FADING)
        spared = self.sparing and self._is_spared()
        out = b"" if spared else self._next_frame()
        self.ticks += 1
        if self.ticks % (TICK_FRAMES if self.listener else IDLE_TICK_FRAMES) == 0:
            self._tell_time()
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        if spared or not self.sending:
            self._marker = True
            return None
        event = self._keys.popleft() if self._keys else None
        if event is not None:
            return self._event_packet(event)
        return self._pack(self.payload_type, self._timestamp, out)

    def _is_spared(self) -> bool:
        """Whether this frame, silence that nobody hears, need not go out."""
        if self.playlist is not None or self._keys or self.ticks < SPARED_FROM:
            return False
        self.sparing = self.silent_for < NEEDED_SECONDS
        return self.sparing and self.ticks % SPARED_FRAMES > 0

    def _tell_time(self) -> None:
        if self.listener is None or self.held:
            self.audibility.forget()
            self._emit(Tick(self.at, heard=False))
            return
        for odd, count in self.jitter.unplayable().items():
            self.audibility.odd(odd, count)
        heard, cause = self.audibility.judge()
        self._emit(Tick(self.at, heard=heard))
        if cause is not None:
            self._emit(Deaf(cause, self.at))

    def _pack(self, payload_type: int, timestamp: int, payload: bytes) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        if self._marker:
            payload_type, self._marker = payload_type | 0x80, False
        return HEADER.pack(0x80, payload_type, self._sequence, timestamp, self._ssrc) + payload

    def _event_packet(self, event: TelephoneEvent) -> bytes:
        if event.duration == FRAME_SAMPLES:  # its first packet: the marker, and the timestamp of them all
            self._key_timestamp, self._marker = self._timestamp, True
        assert self.event_type is not None  # else `press` refuses
        return self._pack(self.event_type, self._key_timestamp, event.serialize())

    def _hear(self, frame: bytes | None) -> None:
        self.audibility.frame(played=frame is not None)
        if self.held:  # music on hold would be taken for the caller
            pcm, self._last, self._missing = SILENT_PCM, SILENT_PCM, len(FADING)
        elif frame is not None:
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

    # RTCP.

    def report(self, now: float, wall: float) -> bytes:
        """Our report: what was sent and what was heard, at `now` of the loop's clock and `wall` since 1970."""
        block = self.reception.block(now)
        blocks = (block,) if block else ()
        if not self._packets:
            made = rtcp.Report(self._ssrc, blocks)
        else:
            octets = self._packets * FRAME_SAMPLES
            made = rtcp.Report(
                self._ssrc,
                blocks,
                rtcp.ntp(wall),
                self._timestamp,
                self._packets & 0xFFFFFFFF,
                octets & 0xFFFFFFFF,
            )
        return made.serialize(f"{self._ssrc:08x}@screener.invalid")

    def reported(self, data: bytes, now: float) -> None:
        """Take a compound packet of the peer."""
        try:
            reports = rtcp.parse(data)
        except RtpError:
            self.malformed += 1
            return
        for report in reports:
            if report.ntp is not None:
                self.reception.reported(report.ntp, now)
            self.heard_of_us = next((b for b in report.blocks if b.ssrc == self._ssrc), self.heard_of_us)
