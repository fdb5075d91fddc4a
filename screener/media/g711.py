"""ITU-T G.711 at full width: 16-bit samples in, 16-bit samples out, both laws."""

import audioop
from enum import Enum
from functools import cached_property

from screener.events import FRAME_SAMPLES


class Law(Enum):
    """The two laws, by their names in SDP."""

    PCMU = "PCMU"
    PCMA = "PCMA"

    @property
    def payload_type(self) -> int:
        """Its static RTP payload type (RFC 3551)."""
        return 0 if self is Law.PCMU else 8

    @cached_property
    def silence(self) -> bytes:
        """One frame of it."""
        return (b"\xff" if self is Law.PCMU else b"\xd5") * FRAME_SAMPLES

    def encode(self, pcm: bytes) -> bytes:
        """16-bit little-endian samples to one byte a sample."""
        return audioop.lin2ulaw(pcm, 2) if self is Law.PCMU else audioop.lin2alaw(pcm, 2)

    def decode(self, payload: bytes) -> bytes:
        """One byte a sample to 16-bit little-endian samples."""
        return audioop.ulaw2lin(payload, 2) if self is Law.PCMU else audioop.alaw2lin(payload, 2)
