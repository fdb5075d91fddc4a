"""Whether there was a voice at all behind what a recogniser claims to have heard."""

import numpy as np
import webrtcvad

from screener.events import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE

MODE = 2
"""WebRTC's second strictest of 0 to 3."""
FLOOR_DBFS = -50.0
"""Quieter frames are never a voice."""
SECONDS_A_SYLLABLE = 0.06
"""The least voice that a spoken syllable can have; fast speech has about 0.12 s."""


class VoiceGate:
    """Counts the voice in one utterance. Not thread-safe."""

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(MODE)
        self._rest = b""
        self.voiced = 0.0
        """Seconds of voice since the last reset."""

    def accept(self, pcm: bytes) -> bool:
        """Take any number of samples; tells whether a voice was in any whole frame of them."""
        self._rest += pcm
        whole = len(self._rest) // FRAME_BYTES * FRAME_BYTES
        before = self.voiced
        for begin in range(0, whole, FRAME_BYTES):
            frame = self._rest[begin : begin + FRAME_BYTES]
            if self._detector.is_speech(frame, SAMPLE_RATE) and _dbfs(frame) > FLOOR_DBFS:
                self.voiced += FRAME_SECONDS
        self._rest = self._rest[whole:]
        return self.voiced > before

    def allows(self, syllables: int) -> bool:
        """Whether the voice heard is enough for so many syllables."""
        return self.voiced >= SECONDS_A_SYLLABLE * syllables

    def reset(self) -> None:
        """A new utterance begins."""
        self.voiced = 0.0


def _dbfs(frame: bytes) -> float:
    power = float(np.mean((np.frombuffer(frame, "<i2") / 32768.0) ** 2))
    return 10 * float(np.log10(power)) if power > 0 else -120.0
