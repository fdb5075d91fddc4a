"""Sounds of a line on which nobody speaks. The model is trained to hear nothing in them.

Each function gives samples at 8 kHz, full scale 1.0; all chance comes from the generator handed in.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE
from screener.speech.training.synthesis import Samples

_Sound = NDArray[np.float64]
_Time = NDArray[np.float64]

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477)
_SCALE = (262, 294, 330, 349, 392, 440, 494, 523, 659, 784)


def silence(time: _Time, _rng: np.random.Generator) -> _Sound:
    """A dead line."""
    return np.zeros(len(time))


def ringback(time: _Time, rng: np.random.Generator) -> _Sound:
    """China's ringback and busy tones: 450 Hz, one second or a third of a second on and off."""
    on = float(rng.choice([0.35, 1.0]))
    return np.asarray(np.sin(2 * np.pi * 450 * time) * ((time % (2 * on)) < on))


def keys(time: _Time, rng: np.random.Generator) -> _Sound:
    """DTMF, five keys a second."""
    sound = np.zeros(len(time))
    for begin in np.arange(0.1, time[-1], 0.2):
        pressed = (time > begin) & (time < begin + 0.1)
        low, high = rng.choice(_ROWS), rng.choice(_COLUMNS)
        sound += pressed * (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)) / 2
    return sound


def hum(time: _Time, _rng: np.random.Generator) -> _Sound:
    """The mains, with harmonics."""
    return np.asarray(np.sum([np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8)], axis=0) / 2)


def music(time: _Time, rng: np.random.Generator) -> _Sound:
    """Chords of three plucked strings, a new one every 0.4 s."""
    sound = np.zeros(len(time))
    for begin in np.arange(0, time[-1], 0.4):
        late = np.maximum(time - begin, 0)
        for pitch in rng.choice(_SCALE, 3):
            sound += np.sin(2 * np.pi * pitch * time) * np.exp(-4 * late) * (time >= begin) / 3
    return sound


def clicks(time: _Time, rng: np.random.Generator) -> _Sound:
    """Crackling."""
    return np.asarray((rng.random(len(time)) < 0.0005) * rng.standard_normal(len(time)))


SOUNDS: Mapping[str, Callable[[_Time, np.random.Generator], _Sound]] = {
    "silence": silence,
    "ringback": ringback,
    "DTMF": keys,
    "hum": hum,
    "music": music,
    "clicks": clicks,
}


def sound(name: str, seconds: float, rng: np.random.Generator) -> Samples:
    """One of them, with a little noise."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    made = SOUNDS[name](time, rng)
    return np.asarray(made * 0.3 + 1e-4 * rng.standard_normal(len(time)), np.float32)


def any_sound(rng: np.random.Generator) -> Samples:
    """One to three seconds of any of them."""
    return sound(str(rng.choice(list(SOUNDS))), rng.uniform(1, 3), rng)
