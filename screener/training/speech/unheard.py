"""Sounds of mouths without words, for measurement only: made another way than those that the model is trained on.

`sounds` adds up harmonics under two bell-shaped formants. Here a train of glottal pulses with jitter, or noise,
goes through a cascade of four resonators, as in a formant synthesiser, and the timing is that of laughter and
coughs as they are described: four to six calls a second that start with a breath, then an inhalation; a cough in
three phases.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE
from screener.training.speech.augment import level, overlay
from screener.training.speech.synthesis import Waveform

_Sound = NDArray[np.float64]

_VOWELS = ((500, 1500, 2500), (730, 1090, 2440), (660, 1720, 2410), (390, 1990, 2550), (570, 840, 2410))
"""First three formants, Hz, of a neutral vowel, a, ae, i and o of men (Peterson and Barney, 1952)."""
_FOURTH = 3400.0
_WIDTHS = (90.0, 110.0, 160.0, 220.0)
_LEVELS = (-34.0, -14.0)
"""dBFS of the loud part."""
_FLOOR = 3e-4


def laughs(seconds: float, rng: np.random.Generator) -> _Sound:
    """One to three people laugh: bouts of calls, and air drawn in between."""
    made = np.zeros(_count(seconds))
    for _ in range(int(rng.integers(1, 4))):
        throat, pitch, at = _throat(rng), rng.uniform(120, 480), rng.uniform(0, 1.5)
        while at < seconds:
            for number in range(int(rng.integers(3, 10))):
                high = pitch * (1.1 - 0.04 * number) * rng.uniform(0.93, 1.07)
                voiced = rng.uniform(0.05, 0.16)
                puff = _noise(rng.uniform(0.02, 0.08), rng) * 0.15
                call = np.concatenate([puff, _pulses(voiced, high, high * rng.uniform(0.75, 1), rng)])
                overlay(made, _count(at), _filter(_swell(call), throat, rng), 0.9**number)
                at += rng.uniform(0.16, 0.26)
            overlay(made, _count(at), _filter(_swell(_noise(rng.uniform(0.2, 0.6), rng)), throat, rng), 0.1)
            at += rng.uniform(0.4, 2.5)
    return made


def coughs(seconds: float, rng: np.random.Generator) -> _Sound:
    """A burst, a stream of air, and at times a voice that ends it."""
    made = np.zeros(_count(seconds))
    throat, at = _throat(rng), rng.uniform(0, 1.0)
    while at < seconds:
        for _ in range(int(rng.integers(1, 4))):
            burst = _noise(rng.uniform(0.03, 0.06), rng) * 1.5
            stream = _noise(rng.uniform(0.1, 0.25), rng)
            stream *= np.linspace(0.7, rng.uniform(0.1, 0.4), len(stream))
            parts = [burst, stream]
            if rng.random() < 0.6:
                high = rng.uniform(150, 400)
                parts.append(_swell(_pulses(rng.uniform(0.05, 0.15), high, high * 0.8, rng)))
            overlay(made, _count(at), _filter(np.concatenate(parts), throat, rng))
            at += rng.uniform(0.35, 0.6)
        at += rng.uniform(0.5, 3.0)
    return made


def breaths(seconds: float, rng: np.random.Generator) -> _Sound:
    """In and out through the mouth, slowly or panting, close to the microphone; now and then a voiced sigh."""
    made = np.zeros(_count(seconds))
    throat, half, at = _throat(rng), rng.uniform(0.15, 1.6), rng.uniform(0, 0.5)
    while at < seconds:
        air = _swell(_noise(half * rng.uniform(0.7, 1.1), rng))
        if rng.random() < 0.1:
            high = rng.uniform(100, 300)
            air = _swell(_pulses(max(0.2, half), high, high * 0.6, rng)) + 0.2 * _swell(
                _noise(max(0.2, half), rng)
            )
        overlay(made, _count(at), _filter(air, throat, rng), rng.uniform(0.5, 1))
        at += half * rng.uniform(1.1, 1.5)
    return made


def hems(seconds: float, rng: np.random.Generator) -> _Sound:
    """Throats cleared: creaking pulses, once or twice, lips mostly shut."""
    made = np.zeros(_count(seconds))
    throat, at = _throat(rng), rng.uniform(0, 1.0)
    while at < seconds:
        for _ in range(int(rng.integers(1, 3))):
            low = rng.uniform(50, 160)
            creak = _pulses(rng.uniform(0.15, 0.5), low, low * rng.uniform(0.7, 1.3), rng, jitter=0.12)
            hem = _swell(creak + 0.1 * _noise(len(creak) / SAMPLE_RATE, rng)[: len(creak)])
            overlay(made, _count(at), _filter(hem, throat, rng))
            at += rng.uniform(0.4, 0.8)
        at += rng.uniform(0.6, 3.0)
    return made


UNHEARD: Mapping[str, Callable[[float, np.random.Generator], _Sound]] = {
    "laughs": laughs,
    "coughs": coughs,
    "breaths": breaths,
    "hems": hems,
}


def unheard(name: str, seconds: float, rng: np.random.Generator) -> Waveform:
    """One of them at 8 kHz, full scale 1.0, at some level, with a little noise."""
    made = UNHEARD[name](seconds, rng)
    made = made + _FLOOR * np.abs(made).max() * rng.standard_normal(len(made))
    return level(np.asarray(made, np.float32), rng.uniform(*_LEVELS))


def _count(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _noise(seconds: float, rng: np.random.Generator) -> _Sound:
    return rng.standard_normal(_count(seconds))


def _swell(sound: _Sound) -> _Sound:
    """Fade in and out."""
    return sound * np.sin(np.pi * np.linspace(0, 1, len(sound))) ** 0.7


def _pulses(seconds: float, first: float, last: float, rng: np.random.Generator, jitter: float = 0.02) -> _Sound:
    """Glottal pulses whose rate goes from `first` to `last` Hz: rising slowly, falling fast (Rosenberg, 1971)."""
    made = np.zeros(_count(seconds))
    at = 0.0
    while at < len(made):
        period = SAMPLE_RATE / (first + (last - first) * at / len(made)) * (1 + jitter * rng.standard_normal())
        period = max(period, 8.0)
        opening, closing = max(2, round(0.4 * period)), max(1, round(0.16 * period))
        flow = np.concatenate(
            [
                0.5 - 0.5 * np.cos(np.pi * np.arange(opening) / opening),
                np.cos(0.5 * np.pi * np.arange(closing) / closing),
            ]
        )
        overlay(made, _count(at / SAMPLE_RATE), np.diff(flow, prepend=0.0) * 4, rng.uniform(0.85, 1.15))
        at += period
    return made


def _throat(rng: np.random.Generator) -> tuple[float, ...]:
    """Four formants of some vowel in some throat, Hz."""
    vowel = _VOWELS[int(rng.integers(len(_VOWELS)))]
    length = rng.uniform(0.9, 1.25)
    return (*(f * length for f in vowel), min(_FOURTH * length, 3800.0))


def _filter(sound: _Sound, throat: tuple[float, ...], rng: np.random.Generator) -> _Sound:
    """Through the resonators of a throat that moves a little from call to call."""
    size = len(sound) + SAMPLE_RATE // 20
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones(len(turn), complex)
    for formant, width in zip(throat, _WIDTHS, strict=True):
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        angle = 2 * np.pi * formant * rng.uniform(0.95, 1.05) / SAMPLE_RATE
        one = 1 - 2 * radius * np.cos(angle) + radius**2
        response *= one / (1 - 2 * radius * np.cos(angle) * turn + (radius * turn) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * response, size))
