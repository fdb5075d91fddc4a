"""Whether there was a voice at all behind what a recogniser claims to have heard."""

from collections.abc import Sequence

import numpy as np
import webrtcvad

from screener.events import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE
from screener.speech.vad import dbfs

MODE = 2
"""One less strict than `vad.MODE`: a voice that is not noticed here takes the words of a caller away."""
FLOOR_DBFS = -50.0
"""Quieter frames are never a voice."""
TONE_SHARE = 0.98
"""A frame with more of its power in two narrow peaks is a tone: ringback, a key, hum. Of frames of human speech
2 to 29 % are above it too (measured on 13 clips), which the little voice asked of a syllable allows for."""
SECONDS_A_SYLLABLE = 0.06
"""The least voice that a spoken syllable can have; fast speech has about 0.12 s."""

_WINDOW = np.hanning(FRAME_SAMPLES)
_FFT = 512
_BINS = np.arange(_FFT // 2 + 1)
_PEAK_BINS = 7
"""The width of a pure tone seen through the window, to either side: 110 Hz."""
_OUTSIDE = np.abs(_BINS - _BINS[:, None]) > _PEAK_BINS
"""For each bin, which ones are no part of a peak there."""


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
        frames = [self._rest[begin : begin + FRAME_BYTES] for begin in range(0, whole, FRAME_BYTES)]
        self._rest = self._rest[whole:]
        # The detector adapts to what it is shown, so it is shown every frame.
        speech = [f for f in frames if self._detector.is_speech(f, SAMPLE_RATE) and dbfs(f) > FLOOR_DBFS]
        voices = len(speech) - _tones(speech) if speech else 0
        self.voiced += voices * FRAME_SECONDS
        return voices > 0

    def allows(self, syllables: int) -> bool:
        """Whether the voice heard is enough for so many syllables."""
        return self.voiced >= SECONDS_A_SYLLABLE * syllables

    def reset(self) -> None:
        """A new utterance begins."""
        self.voiced = 0.0


def _tones(frames: Sequence[bytes]) -> int:
    """How many are tones; all at once, which costs little more than one."""
    samples = np.frombuffer(b"".join(frames), "<i2").reshape(len(frames), FRAME_SAMPLES)
    spectrum = np.fft.rfft(samples * _WINDOW, _FFT)
    power = spectrum.real**2 + spectrum.imag**2
    total = power.sum(1)
    for _ in range(2):
        power *= _OUTSIDE[power.argmax(1)]
    return int((power.sum(1) < (1 - TONE_SHARE) * total).sum())
