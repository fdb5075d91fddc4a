"""Laughter and breath made of scraps of speech. The model is trained to hear nothing in them.

A scrap of a syllable that comes again and again, each time after a puff of air, is laughter; a scrap of which only
the colour is left, drawn out, is a breath or a sigh. The speech is gibberish, and every throat of espeak-ng takes
part.
"""

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE
from screener.training.speech.augment import overlay
from screener.training.speech.synthesis import Waveform, gibberish, resample

_Sound = NDArray[np.float64]

SECONDS = (1.0, 4.0)
"""Length of what is made."""
BREATH_SHARE = 0.35
"""Of all."""


def any_scraps(rng: np.random.Generator) -> Waveform:
    """One to four seconds of somebody who laughs or breathes, full scale 1.0."""
    said = np.asarray(gibberish(rng), np.float64)
    made = np.zeros(round(rng.uniform(*SECONDS) * SAMPLE_RATE))
    (breaths if rng.random() < BREATH_SHARE else laughter)(made, said, rng)
    return np.asarray(made / max(float(np.abs(made).max()), 1e-6) * 0.5, np.float32)


def laughter(made: _Sound, said: _Sound, rng: np.random.Generator) -> None:
    """Put bouts into `made`: each one scrap of what was said, again and again, lower and softer at the end."""
    at = rng.uniform(0, 0.5) * SAMPLE_RATE
    while at < len(made):
        call = scrap(said, rng.uniform(0.04, 0.18), rng)
        beat, falling, fading = rng.uniform(0.13, 0.32), rng.uniform(0.95, 1.01), rng.uniform(0.8, 1.02)
        airy, pitch, strength = rng.uniform(0, 0.4), rng.uniform(0.9, 1.6), 1.0
        for _ in range(int(rng.integers(2, 12))):
            high = pitch * rng.uniform(0.95, 1.05)
            puff = coloured(scrap(said, rng.uniform(0.02, 0.09), rng), 1.0, rng)
            voiced = resample(np.asarray(call, np.float32), round(SAMPLE_RATE * high))
            overlay(made, round(at), np.concatenate([airy * puff, voiced]), strength)
            at += beat * rng.uniform(0.85, 1.2) * SAMPLE_RATE
            pitch, strength = pitch * falling, strength * fading
        if rng.random() < 0.5:  # air drawn in
            overlay(
                made, round(at), coloured(scrap(said, 0.15, rng), rng.uniform(1, 4), rng), rng.uniform(0.05, 0.4)
            )
        at += rng.uniform(0.2, 1.5) * SAMPLE_RATE


def breaths(made: _Sound, said: _Sound, rng: np.random.Generator) -> None:
    """Put breaths into `made`, slow or panting, with a sigh or a groan among them now and then."""
    at, turn = rng.uniform(0, 0.3) * SAMPLE_RATE, rng.uniform(0.15, 1.5)
    while at < len(made):
        piece = scrap(said, rng.uniform(0.08, 0.2), rng)
        sound = coloured(piece, turn * rng.uniform(0.6, 1.1) * SAMPLE_RATE / len(piece), rng)
        if rng.random() < 0.15:
            sound = _swell(np.resize(piece, len(sound)))
        overlay(made, round(at), sound, rng.uniform(0.3, 1.0))
        at += turn * rng.uniform(0.9, 1.5) * SAMPLE_RATE


def scrap(said: _Sound, seconds: float, rng: np.random.Generator) -> _Sound:
    """A piece of what was said, from anywhere that is not silent, with soft ends."""
    size = min(round(seconds * SAMPLE_RATE), len(said))
    begins = rng.integers(len(said) - size + 1, size=5)
    pieces = [said[begin : begin + size] for begin in begins]
    return _swell(max(pieces, key=lambda piece: float(np.sum(piece**2))))


def coloured(piece: _Sound, slower: float, rng: np.random.Generator) -> _Sound:
    """Noise with the spectrum of a piece, as strong as that and so many times as long."""
    size = max(1, round(len(piece) * slower))
    spectrum = np.abs(np.fft.rfft(piece, max(256, len(piece))))
    smooth = np.convolve(spectrum, np.hanning(9) / np.hanning(9).sum(), "same")
    response = np.interp(np.linspace(0, 1, size // 2 + 1), np.linspace(0, 1, len(smooth)), smooth)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) * response, size)
    power = np.sqrt(np.mean(piece**2) / max(float(np.mean(noise**2)), 1e-12))
    return _swell(noise * power)


def _swell(sound: _Sound) -> _Sound:
    """Fade in and out."""
    return np.asarray(sound * np.sin(np.pi * np.linspace(0, 1, len(sound))) ** 0.6)
