"""RTP packets (RFC 3550) and telephone events (RFC 4733) as bytes and as values."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from screener.errors import RtpError
from screener.events import FRAME_SAMPLES

HEADER = struct.Struct("!BBHII")
MAX_PACKET = 1500
"""No packet of G.711 is larger; a larger one is not ours."""
DIGITS = "0123456789*#ABCD"
"""Telephone events 0 to 15 in order."""
PRESS_FRAMES = 5
"""How long a key of ours is pressed: 100 ms."""
END_PACKETS = 3
"""The end of an event is sent so often, in case one is lost (RFC 4733 2.5.1.4)."""
PRESSED_PACKETS = PRESS_FRAMES - 1 + END_PACKETS
"""Packets of one key of ours."""
KEY_VOLUME = 10


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet.

    Attributes:
        payload_type: 0..127.
        sequence: 16 bit.
        timestamp: 32 bit, in samples.
        ssrc: 32 bit.
        payload: without padding, extension and contributing sources.
        marker: begins a talk spurt or an event.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def serialize(self) -> bytes:
        """Bytes for the wire."""
        second = self.payload_type | (0x80 if self.marker else 0)
        return HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload

    @classmethod
    def parse(cls, data: bytes) -> "Packet":
        """Read one datagram.

        Raises:
            RtpError: too short, too long, another version, or lengths that do not fit.
        """
        if not HEADER.size <= len(data) <= MAX_PACKET:
            raise RtpError(f"{len(data)} bytes")
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise RtpError(f"version {first >> 6}")
        start, end = HEADER.size + 4 * (first & 0x0F), len(data)
        if first & 0x10:
            if start + 4 > end:
                raise RtpError("extension is cut short")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & 0x20:
            end -= data[-1]
            if not data[-1]:
                raise RtpError("padding of no bytes")
        if start > end:
            raise RtpError("lengths do not fit")
        return cls(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """The payload of a telephone-event packet.

    Attributes:
        event: 0..255; below 16 it is a key.
        end: the key was released.
        volume: 0..63, dBm0 below zero.
        duration: samples since it was pressed.
    """

    event: int
    end: bool
    volume: int
    duration: int

    @property
    def digit(self) -> str:
        """The key, empty when the event is none."""
        return DIGITS[self.event] if self.event < len(DIGITS) else ""

    def serialize(self) -> bytes:
        """The four bytes."""
        return struct.pack("!BBH", self.event, (0x80 if self.end else 0) | self.volume, self.duration)

    @classmethod
    def parse(cls, payload: bytes) -> "TelephoneEvent":
        """Read a payload.

        Raises:
            RtpError: it is too short.
        """
        if len(payload) < 4:
            raise RtpError(f"telephone event of {len(payload)} bytes")
        event, flags, duration = struct.unpack_from("!BBH", payload)
        return cls(event, bool(flags & 0x80), flags & 0x3F, duration)


def press(digit: str) -> Iterator[TelephoneEvent]:
    """What is sent for one key, one event a frame."""
    event = DIGITS.index(digit)
    for frame in range(1, PRESS_FRAMES):
        yield TelephoneEvent(event, False, KEY_VOLUME, frame * FRAME_SAMPLES)
    for _ in range(END_PACKETS):
        yield TelephoneEvent(event, True, KEY_VOLUME, PRESS_FRAMES * FRAME_SAMPLES)
