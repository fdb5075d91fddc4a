"""What a caller really heard: recordings are looked for in what came over the line, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE

MATCH = 0.9
"""Normalised cross-correlation from which a recording was heard. G.711 leaves it above 0.99, another sentence of
the same voice stays below 0.3."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording was found.

    Attributes:
        at: seconds into what was heard.
        seconds: its length.
        correlation: 1 for the same samples, about 0 for something else.
    """

    at: float
    seconds: float
    correlation: float

    @property
    def end(self) -> float:
        """Seconds into what was heard."""
        return self.at + self.seconds


def locate(recording: bytes, heard: bytes, begin: float = 0.0) -> Place:
    """The first place in what was heard that matches a recording; the most like it where none does.

    Args:
        recording: 16-bit samples at 8 kHz.
        heard: likewise.
        begin: seconds of it to pass over.
    """
    wanted, sound = _samples(recording), _samples(heard)[round(begin * SAMPLE_RATE) :]
    if not wanted.size or sound.size < wanted.size:
        return Place(begin, 0.0, 0.0)
    correlation = _correlation(wanted, sound)
    # A prompt may be played twice: chance decides which of the copies is the more alike.
    matching = np.flatnonzero(correlation >= MATCH)
    first = int(matching[0]) if matching.size else 0
    near = correlation[first : first + wanted.size] if matching.size else correlation
    best = first + int(near.argmax())
    return Place(begin + best / SAMPLE_RATE, wanted.size / SAMPLE_RATE, float(correlation[best]))


def in_order(recordings: Sequence[bytes], heard: bytes) -> tuple[Place, ...]:
    """Each recording's place after the end of the one before; the search ends with the first that is not there."""
    places: list[Place] = []
    for recording in recordings:
        place = locate(recording, heard, places[-1].end if places else 0.0)
        if place.correlation < MATCH:
            break
        places.append(place)
    return tuple(places)


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)


def _correlation(wanted: NDArray[np.float64], sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised cross-correlation at every offset at which the whole recording fits."""
    wanted = wanted - wanted.mean()
    size = 1 << (sound.size + wanted.size - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    products = np.fft.irfft(spectrum, size)[: sound.size - wanted.size + 1]
    sums, squares = _moving(sound, wanted.size), _moving(sound**2, wanted.size)
    energy = np.maximum(squares - sums**2 / wanted.size, 0.0)
    # Near-silence matches nothing: the floor is an amplitude of one step of 16 bit.
    return np.asarray(products / np.sqrt(np.maximum(energy, wanted.size) * max((wanted**2).sum(), 1.0)))


def _moving(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[width:] - total[:-width])
