"""8 to 16 kHz."""

from itertools import pairwise

import numpy as np
import pytest

from screener.speech.upsample import REACH, Upsampler


def sine(hertz: float, rate: int, seconds: float = 1.0, late: float = 0.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * (np.arange(round(seconds * rate)) / rate - late))


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32768).round().astype("<i2").tobytes()


@pytest.mark.parametrize("hertz", [100, 440, 1000, 2500, 3400])
def test_a_tone_of_the_telephone_band_stays_that_tone(hertz: float) -> None:
    made = Upsampler().accept(pcm(sine(hertz, 8000)))
    wanted = sine(hertz, 16000, late=REACH / 8000)
    middle = slice(1000, -1000)
    assert np.abs(made[middle] - wanted[middle]).max() < 0.005


def test_pieces_join_without_a_seam() -> None:
    sound = pcm(np.random.default_rng(1).normal(0, 0.1, 8000))
    whole, parts = Upsampler(), Upsampler()
    cuts = [0, 320, 322, 1000, 9000, len(sound)]
    pieces = [parts.accept(sound[a:b]) for a, b in pairwise(cuts)]
    assert np.allclose(whole.accept(sound), np.concatenate(pieces), atol=1e-6)


def test_of_nothing_comes_nothing_and_what_follows_is_the_same() -> None:
    samples = np.arange(400, dtype="<i2").tobytes()
    one, other = Upsampler(), Upsampler()
    assert one.accept(b"").size == 0
    assert np.array_equal(one.accept(samples), other.accept(samples))
