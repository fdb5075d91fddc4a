"""Sounds of mouths for the measurement: as long as asked, within full scale, the same for the same seed."""

import numpy as np
import pytest

from screener.events import SAMPLE_RATE
from screener.speech.gate import VoiceGate
from screener.training.speech.augment import to_pcm
from screener.training.speech.sounds import SOUNDS
from screener.training.speech.unheard import UNHEARD, unheard


@pytest.mark.parametrize("name", UNHEARD)
def test_a_sound_is_as_long_as_asked_and_fits_the_line(name: str) -> None:
    made = unheard(name, 3.0, np.random.default_rng(1))
    assert made.dtype == np.float32
    assert len(made) == 3 * SAMPLE_RATE
    assert 0.01 < np.abs(made).max() <= 1.0
    assert np.array_equal(made, unheard(name, 3.0, np.random.default_rng(1)))
    assert not np.array_equal(made, unheard(name, 3.0, np.random.default_rng(2)))


@pytest.mark.parametrize("name", UNHEARD)
def test_the_voice_gate_alone_does_not_stop_it(name: str) -> None:
    """Else it would measure the gate and not the model."""
    gate = VoiceGate()
    for seed in range(3):
        gate.accept(to_pcm(unheard(name, 10.0, np.random.default_rng(seed))))
    assert gate.allows(4)


def test_training_knows_none_of_them() -> None:
    assert not {id(make) for make in UNHEARD.values()} & {id(make) for make in SOUNDS.values()}
