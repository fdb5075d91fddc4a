"""What is drawn anew each time an utterance is heard: the throat, its colour, the level, and what is hidden.

A few voices are soon known by heart. So in every pass everybody speaks with another throat, which costs next to
nothing on features: cepstra are a cosine transform of log energies in 40 mel bands, a matrix, and what happens to
the bands is a matrix or a vector on the cepstra too. (Vocal tract length perturbation, Jaitly and Hinton, 2013;
SpecAugment, Park et al., 2019.)
"""

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE
from screener.training.speech.features import CEPSTRA, HIGH_HZ, LIFTER, LOW_HZ, Features

THROAT = 0.06
"""Vocal tracts are made longer or shorter by up to this share."""
COLOUR = 0.3
"""Nats by which the spectrum's tilt varies; finer curves, in `CURVES` steps, vary less in proportion."""
CURVES = 6
HIDDEN = (4, 8)
"""Stretches of frames hidden, and how many frames each at most. The other version tells what is there."""
LEVEL = 6.0
"""The first cepstrum is moved by up to this much: a level 8 dB higher or lower."""

_Matrix = NDArray[np.float32]


def _transform() -> _Matrix:
    """Log energies of the bands to cepstra, as Kaldi has it: orthonormal cosines, liftered."""
    order, band = np.arange(CEPSTRA)[:, None], np.arange(CEPSTRA)[None]
    cosines = np.sqrt(2 / CEPSTRA) * np.cos(np.pi / CEPSTRA * (band + 0.5) * order)
    cosines[0] = np.sqrt(1 / CEPSTRA)
    return np.asarray((1 + LIFTER / 2 * np.sin(np.pi * order / LIFTER)) * cosines, np.float32)


TO_CEPSTRA = _transform()
TO_BANDS = np.linalg.inv(TO_CEPSTRA)


def disturb(features: Features, rng: np.random.Generator) -> Features:
    """The same words from another mouth, not all of it heard."""
    heard = features @ throat(float(np.exp(rng.uniform(-THROAT, THROAT)))).T
    heard += colour(COLOUR * rng.standard_normal(CURVES))
    heard[:, 0] += rng.uniform(-LEVEL, LEVEL)
    mean = heard.mean(0)
    count, longest = HIDDEN
    for size in rng.integers(longest + 1, size=count):
        begin = int(rng.integers(max(1, len(heard) - size)))
        heard[begin : begin + size] = mean
    return heard


def throat(shorter: float) -> _Matrix:
    """What a vocal tract so many times shorter makes of cepstra: every band sounds as one lower did before.

    Returns:
        (40, 40), to be multiplied from the left.
    """
    lowest, highest = _mel(np.array([LOW_HZ, SAMPLE_RATE / 2 + HIGH_HZ]))
    centres = np.linspace(lowest, highest, CEPSTRA + 2)[1:-1]
    before = np.interp(_mel(_hertz(centres) / shorter), centres, np.arange(CEPSTRA))
    lower = np.minimum(before.astype(int), CEPSTRA - 2)
    share = before - lower
    moved = np.zeros((CEPSTRA, CEPSTRA), np.float32)
    band = np.arange(CEPSTRA)
    moved[band, lower] = 1 - share
    moved[band, lower + 1] = share
    return np.asarray(TO_CEPSTRA @ moved @ TO_BANDS)


def colour(strengths: NDArray[np.float64]) -> Features:
    """A curve over the bands that stays the same all the time, nats, as cepstra; the first strength tilts it."""
    steps = np.arange(1, len(strengths) + 1)
    curves = np.cos(np.pi / CEPSTRA * (np.arange(CEPSTRA) + 0.5) * steps[:, None])
    return np.asarray(TO_CEPSTRA @ (strengths / steps @ curves), np.float32)


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127 * np.log(1 + hertz / 700))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (np.exp(mel / 1127) - 1))
