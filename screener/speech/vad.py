"""When somebody speaks: WebRTC's voice activity detector, a level gate, and a hangover in audio time."""

import audioop  # part of Python before 3.13, the package audioop-lts after
import math
from collections import deque

import webrtcvad

from screener.events import FRAME_SECONDS, SAMPLE_RATE

MODE = 3
"""WebRTC's strictest: a noise taken for speech would keep a silent caller from being asked, so few are."""
ONSET_FRAMES = 4
ONSET_WINDOW = 6
"""Speech begins when 4 of the newest 6 frames (120 ms) hold it: a click does not."""
HANGOVER_SECONDS = 0.4
"""Speech ends after so much without it; pauses between words are shorter."""
FLOOR_DBFS = -52.0
"""Quieter is never speech: line noise, comfort noise, a distant room."""
ABOVE_NOISE_DB = 6.0
NOISE_WINDOW_FRAMES = 150
"""The noise floor is the quietest frame of the newest 3 s."""


def dbfs(pcm: bytes) -> float:
    """RMS of 16-bit samples in dB of full scale; −120 for digital silence."""
    rms = audioop.rms(pcm, 2)  # C: a twentieth of what numpy takes for a frame
    return 20 * math.log10(rms / 32768) if rms else -120.0


class VoiceActivity:
    """One stream of frames; says when speech starts and ends. Not thread-safe."""

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(MODE)
        self._recent: deque[bool] = deque(maxlen=ONSET_WINDOW)
        self._levels: deque[float] = deque(maxlen=NOISE_WINDOW_FRAMES)
        self._expected = 0.0
        self._last_voiced = 0.0
        self.speaking = False
        """Whether somebody speaks now, hangover included."""
        self.voiced = False
        """Whether the newest frame itself holds speech."""

    def accept(self, frame: bytes, level: float, at: float) -> bool:
        """Take one frame of 20 ms; tells whether `speaking` changed.

        Args:
            frame: 320 bytes.
            level: its, dBFS.
            at: audio time of its first sample, seconds; a gap to the frame before is silence.
        """
        floor = min(self._levels) if len(self._levels) == NOISE_WINDOW_FRAMES else FLOOR_DBFS
        if level > -90.0:  # digital silence is no noise: it must not open the gate to whatever follows it
            self._levels.append(level)
        # The detector adapts to what it is shown, so it is shown every frame.
        speech = self._detector.is_speech(frame, SAMPLE_RATE)
        self.voiced = speech and level > max(FLOOR_DBFS, floor + ABOVE_NOISE_DB)
        if at > self._expected + HANGOVER_SECONDS:
            self._recent.clear()
        self._expected = at + FRAME_SECONDS
        self._recent.append(self.voiced)
        if self.voiced:
            self._last_voiced = self._expected
        was = self.speaking
        if was:
            self.speaking = self._expected - self._last_voiced < HANGOVER_SECONDS
        else:
            self.speaking = sum(self._recent) >= ONSET_FRAMES
        return self.speaking != was
