"""Sounds in which nobody speaks: as long as asked, never clipped, the same for the same seed."""

import numpy as np
import pytest

from screener.events import SAMPLE_RATE
from screener.training.speech.sounds import SOUNDS, any_sound, sound


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_as_long_as_asked_and_fits_the_line(name: str) -> None:
    made = sound(name, 2.5, np.random.default_rng(1))
    assert made.dtype == np.float32
    assert len(made) == 2.5 * SAMPLE_RATE
    assert np.abs(made).max() < 1.5
    assert np.array_equal(made, sound(name, 2.5, np.random.default_rng(1)))


def test_ringback_is_450_hz_and_pauses() -> None:
    made = sound("ringback", 4.0, np.random.default_rng(2))
    spectrum = np.abs(np.fft.rfft(made))
    assert np.fft.rfftfreq(len(made), 1 / SAMPLE_RATE)[spectrum.argmax()] == pytest.approx(450, abs=1)
    loud = np.abs(made) > 0.01
    assert 0.3 < loud.mean() < 0.7


def test_every_kind_comes_up() -> None:
    rng = np.random.default_rng(3)
    assert all(SAMPLE_RATE <= len(any_sound(rng)) <= 4 * SAMPLE_RATE for _ in range(40))
