"""Logistic regression over hashed n-grams, one kind against all the rest, in numpy.

Each n-gram counts by how unevenly it falls on the two sides (the log-count ratio of Wang and Manning, 2012,
“Baselines and Bigrams”): what is rare on both has little say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screener.core.learned import LONGEST, ngrams
from screener.core.phonetics import fold
from screener.training.words.examples import Example

Vector = NDArray[np.float64]
PENALTY = 3.3
"""Ridge penalty of a weight, against the examples' summed loss."""
STEPS = 100
RATE = 0.15
LIMIT = 127
"""Units of the largest weight: a signed byte."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples as numbers.

    Attributes:
        grams: the n-grams of all examples, one after the other.
        starts: where each example's begin.
        owner: of each n-gram, the number of its example.
    """

    grams: NDArray[np.int64]
    starts: NDArray[np.int64]
    owner: NDArray[np.int64]
    size: int

    def logits(self, weights: Vector, bias: float) -> Vector:
        """The sum of the weights of each example's n-grams, and the bias."""
        return np.asarray(np.bincount(self.owner, weights[self.grams], self.size) + bias, np.float64)


def batch(examples: Sequence[Example], bits: int) -> Batch:
    """Examples, hashed."""
    rows = [numbers(e.sounds, bits) for e in examples]
    sizes = np.array([len(row) for row in rows])
    grams = np.concatenate([np.array(row, np.int64) for row in rows])
    return Batch(grams, np.cumsum(sizes) - sizes, np.repeat(np.arange(len(rows)), sizes), len(rows))


def numbers(sounds: Sequence[str], bits: int) -> list[int]:
    """The n-grams of a sentence, each once."""
    folded = [fold(s) for s in sounds]
    return sorted({g for i in range(len(folded)) for g in ngrams(tuple(folded[i : i + LONGEST]), bits)})


def fit(data: Batch, examples: Sequence[Example], bits: int, seen: Vector | None = None) -> tuple[Vector, float]:
    """Weights and bias, by Adam over all examples at once; of those alone where `seen` is 1."""
    wanted = np.array([e.harassing for e in examples], float)
    counts = np.array([e.weight for e in examples])
    if seen is not None:
        counts *= seen
    share = unevenness(data, counts * wanted, counts * (1 - wanted), 1 << bits)
    own, bias = np.zeros(1 << bits), -2.0
    first, second = np.zeros_like(own), np.zeros_like(own)
    for step in range(1, STEPS + 1):
        error = counts * (1 / (1 + np.exp(-data.logits(own * share, bias))) - wanted)
        slope = np.bincount(data.grams, error[data.owner], own.size) * share + PENALTY * own
        first += 0.1 * (slope - first)
        second += 0.02 * (slope**2 - second)
        rate = RATE / (1 + 3 * step / STEPS)
        own -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.98**step)) + 1e-3)
        bias -= rate * float(np.tanh(error.sum() / max(1.0, counts.sum()) * 50))
    return own * share, bias


def unevenness(data: Batch, one: Vector, other: Vector, size: int) -> Vector:
    """Of each n-gram the absolute log-ratio of its shares in two sides; each says how much an example counts."""
    first, second = (np.bincount(data.grams, side[data.owner], size) + 1 for side in (one, other))
    return np.asarray(np.abs(np.log(first / first.sum()) - np.log(second / second.sum())), np.float64)


def quantised(weights: Vector) -> tuple[NDArray[np.int8], float]:
    """Weights as signed bytes, and the nats of one unit."""
    unit = float(np.abs(weights).max()) / LIMIT or 1.0
    return np.round(weights / unit).astype(np.int8), unit
