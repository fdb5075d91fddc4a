"""Sounds that are no words: where speech starts and ends, and laughter.

Laughter is a rhythm: voiced bursts at 3 to 8 a second, each well apart from the next. Speech is voiced without the
beat; claps and knocks have the beat without a voice; alarms and music do not fall silent between beats. All three
are asked of the newest 1.4 s, five times a second. It only ever supports a judgement.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screener.events import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, Cue, CueKind, Speaker
from screener.speech.vad import VoiceActivity, dbfs

WINDOW_FRAMES = 70
STRIDE_FRAMES = 10
BEAT_LAGS = range(7, 18)
"""Frames between two bursts: 0.14 to 0.34 s."""
MIN_LEVEL_DBFS = -42.0
FLOOR_DBFS = -55.0
CONSECUTIVE = 3
"""So many windows in a row make a finding; 0.4 s apart from first to last."""
AGAIN_SECONDS = 2.0
"""Going on, laughter is reported again this often."""
PITCH_LAGS = range(11, 80)
"""Samples of one period: 100 to 727 Hz."""
PITCH_FFT = 512
"""Two frames and the longest period fit into it: nothing wraps round."""

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a window must reach to hold laughter.

    Attributes:
        beat: autocorrelation of the loudness curve at the best beat, at least.
        between: its value half a beat away, at most: between two bursts it must be quiet.
        depth: loud against quiet frames of the window, dB, at least.
        voice: median periodicity of the loud frames, at least; unvoiced bursts are claps, knocks, coughs.
    """

    beat: float = 0.58
    between: float = 0.25
    depth: float = 18.0
    voice: float = 0.62


SHIPPED = Limits()


class Ear:
    """Listens to one speaker's stream and says what it hears. Not thread-safe.

    Args:
        speaker: whose stream it is.
        limits: of laughter.
    """

    def __init__(self, speaker: Speaker = Speaker.CALLER, limits: Limits = SHIPPED) -> None:
        self._speaker = speaker
        self._voice = VoiceActivity()
        self._laughter = _Laughter(limits)

    def accept(self, pcm: bytes, at: float) -> Sequence[Cue]:
        """Take audio; give back what was noticed in it.

        Args:
            pcm: whole 20 ms frames (320 bytes each), in order; a rest that is no whole frame is ignored.
            at: audio time of the first sample, seconds; a gap to the audio before is silence.
        """
        cues: list[Cue] = []
        for number in range(len(pcm) // FRAME_BYTES):
            frame = pcm[number * FRAME_BYTES : (number + 1) * FRAME_BYTES]
            start = at + number * FRAME_SECONDS
            end = start + FRAME_SECONDS
            level = dbfs(frame)
            if self._voice.accept(frame, level, start):
                kind = CueKind.SPEECH_START if self._voice.speaking else CueKind.SPEECH_END
                cues.append(Cue(kind, end, speaker=self._speaker))
            if (confidence := self._laughter.accept(frame, level, start)) is not None:
                seconds = (WINDOW_FRAMES + (CONSECUTIVE - 1) * STRIDE_FRAMES) * FRAME_SECONDS
                cues.append(Cue(CueKind.LAUGHTER, end, seconds, confidence, self._speaker))
        return cues


class _Laughter:
    """The rhythm of laughter in a stream of frames."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._levels: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._pairs: deque[bytes] = deque(maxlen=WINDOW_FRAMES)
        """Each frame behind the one before it."""
        self._before = bytes(FRAME_BYTES)
        self._expected = 0.0
        self._frames = 0
        self._run: list[float] = []
        self._quiet_until = 0.0

    def accept(self, frame: bytes, level: float, at: float) -> float | None:
        """Confidence 0..1 when laughter is found now, else None."""
        if at > self._expected + FRAME_SECONDS:
            self._levels.clear()
            self._pairs.clear()
            self._run.clear()
        self._expected = at + FRAME_SECONDS
        self._levels.append(max(level, FLOOR_DBFS))
        self._pairs.append(self._before + frame)
        self._before = frame
        self._frames += 1
        if self._frames % STRIDE_FRAMES or len(self._levels) < WINDOW_FRAMES:
            return None
        beat = laughter_beat(np.array(self._levels), self._voice, self._limits)
        if beat is None:
            self._run.clear()
            return None
        self._run = [*self._run[-CONSECUTIVE + 1 :], beat]
        if len(self._run) < CONSECUTIVE or at < self._quiet_until:
            return None
        self._quiet_until = at + AGAIN_SECONDS
        return round(min(1.0, float(np.mean(self._run))), 2)

    def _voice(self, number: int) -> float:
        return periodicity(self._pairs[number])


def periodicity(pcm: bytes) -> float:
    """How voiced two frames are: the normalised autocorrelation at the best pitch of 100 to 727 Hz, about 0..1."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    samples -= samples.mean()
    spectrum = np.abs(np.fft.rfft(samples, PITCH_FFT)) ** 2
    correlation = np.fft.irfft(spectrum)[: PITCH_LAGS.stop]
    overlap = 2 * FRAME_SAMPLES / (2 * FRAME_SAMPLES - np.arange(PITCH_LAGS.stop))
    if correlation[0] <= 0:
        return 0.0
    return float((correlation * overlap)[PITCH_LAGS.start :].max() / correlation[0])


def _percentile(ordered: Curve, percent: float) -> float:
    """Between two values in proportion, as numpy does."""
    place = (ordered.size - 1) * percent / 100
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def laughter_beat(levels: Curve, voice: Callable[[int], float], limits: Limits = SHIPPED) -> float | None:
    """Strength 0..1 of the beat of laughter in one window, None when it is something else.

    Args:
        levels: loudness of each frame, dBFS.
        voice: gives the periodicity of a frame; asked last, for it costs the most.
        limits: of laughter.
    """
    if float(levels.max()) < MIN_LEVEL_DBFS:
        return None
    ordered = np.sort(levels)  # a tenth of what numpy.percentile takes
    quiet, top = _percentile(ordered, 15), _percentile(ordered, 90)
    if top < MIN_LEVEL_DBFS or top - quiet < limits.depth:
        return None
    curve = np.maximum(levels, top - 25)
    curve = curve - curve.mean()
    size = curve.size
    correlation = np.correlate(curve, curve, "full")[size - 1 :] * size / (size - np.arange(size))
    correlation /= max(float(correlation[0]), 1e-9)
    lags = correlation[BEAT_LAGS.start : BEAT_LAGS.stop]
    lag = BEAT_LAGS.start + int(lags.argmax())
    beat = float(correlation[lag])
    at_peak = correlation[lag] > correlation[lag - 1] and correlation[lag] > correlation[lag + 1]
    between = float(correlation[lag // 2 - 1 : lag // 2 + 2].min())
    if not at_peak or beat < limits.beat or between > limits.between:
        return None
    loud = [voice(int(number)) for number in np.flatnonzero(levels > top - 8)]
    return beat if float(np.median(loud)) >= limits.voice else None
