"""Recordings, packed once for the wire and shared by all calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording ready to send.

    Attributes:
        name: of the recording.
        pcm: 16-bit little-endian mono at 8 kHz, padded with silence to whole 20 ms frames.
        ulaw: the same as G.711 µ-law, one byte a sample. Likewise `alaw`.
    """

    name: str
    pcm: bytes
    ulaw: bytes
    alaw: bytes

    @property
    def seconds(self) -> float:
        """Length in audio time."""
        return len(self.ulaw) / 8000
