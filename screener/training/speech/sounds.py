"""Sounds of a line on which nobody speaks. The model is trained to hear nothing in them.

Each function gives samples at 8 kHz, full scale 1.0; all chance comes from the generator handed in.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE
from screener.training.speech.synthesis import Waveform

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


def knocks(time: _Time, rng: np.random.Generator) -> _Sound:
    """Blows on wood or hands clapped: each a few resonances of some shape, dying away in a moment."""
    sound = np.zeros(len(time))
    begin = float(rng.uniform(0, 0.5))
    while begin < time[-1]:
        late = np.maximum(time - begin, 0)
        dying = np.exp(-late / rng.uniform(0.006, 0.06)) * (time >= begin)
        rings = sum(np.sin(2 * np.pi * f * late + f) for f in rng.uniform(120, 2500, int(rng.integers(1, 4))))
        sound += rng.uniform(0.4, 1.0) * dying * (rings + rng.uniform(0.2, 3) * rng.standard_normal(len(time))) / 3
        begin += rng.choice([rng.uniform(0.1, 0.4), rng.uniform(0.4, 1.2)])
    return sound


def coughs(time: _Time, rng: np.random.Generator) -> _Sound:
    """A burst of breath with a voice in its tail, once or several times."""
    sound = np.zeros(len(time))
    begin = float(rng.uniform(0, 0.6))
    while begin < time[-1]:
        late = np.maximum(time - begin, 0)
        size = rng.uniform(0.1, 0.35)
        breath = np.exp(-((late / size) ** 2) * 3) * (1 - np.exp(-late / 0.01)) * rng.standard_normal(len(time))
        voice = _voice(time, rng.uniform(90, 260), rng) * np.exp(-(((late - size) / (size / 2)) ** 2))
        sound += (breath + rng.uniform(0, 1) * voice) * (time >= begin)
        begin += rng.choice([rng.uniform(0.25, 0.6), rng.uniform(1.0, 2.5)])
    return sound * 0.7


def laughter(time: _Time, rng: np.random.Generator) -> _Sound:
    """Breathy voiced bursts, three to seven a second, of one or several people."""
    sound = np.zeros(len(time))
    for _ in range(int(rng.integers(1, 4))):
        rate, phase = rng.uniform(3, 7), rng.uniform(0, 1)
        beat = np.clip(np.sin(2 * np.pi * (rate * time + phase)), 0, 1) ** rng.uniform(0.5, 3)
        swell = np.clip(np.sin(2 * np.pi * (time / rng.uniform(1.5, 5) + rng.uniform(0, 1))), 0, 1)
        pitch = rng.uniform(110, 420) * (1 + 0.2 * np.sin(2 * np.pi * rate * time))
        breath = rng.uniform(0.1, 1.0) * rng.standard_normal(len(time))
        sound += beat * swell * (_voice(time, pitch, rng) + breath)
    return sound * 0.6


def bouts(time: _Time, rng: np.random.Generator) -> _Sound:
    """Laughter call by call: each has a length, a pitch that falls, a vowel and a share of breath of its own."""
    sound = np.zeros(len(time))
    begin = float(rng.uniform(0, 0.8))
    while begin < time[-1]:
        rate, pitch, breathy = rng.uniform(3, 9), rng.uniform(90, 700), rng.uniform(0, 1)
        formants = rng.uniform(300, 1000), rng.uniform(900, 2600)
        fading = rng.uniform(0.8, 1.05)
        strength = 1.0
        for _ in range(int(rng.integers(1, 12))):
            size = rng.uniform(0.3, 0.9) / rate
            here = slice(*np.searchsorted(time, (begin, begin + size)))
            along = np.linspace(0, 1, here.stop - here.start)
            own = pitch * rng.uniform(0.85, 1.15) * (1 + rng.uniform(-0.1, 0.35) * (0.5 - along))
            voiced = _harmonics(own, (formants[0] * rng.uniform(0.9, 1.1), formants[1] * rng.uniform(0.9, 1.1)))
            air = rng.standard_normal(len(along)) * rng.uniform(0.1, 0.6)
            shape = np.sin(np.pi * along ** rng.uniform(0.4, 1.2))
            sound[here] += strength * shape * ((1 - breathy) * voiced + breathy * air)
            strength *= fading
            pitch *= rng.uniform(0.93, 1.02)
            begin += rng.uniform(0.8, 1.2) / rate
        begin += rng.uniform(0.1, 1.5)
    return sound


def hawking(time: _Time, rng: np.random.Generator) -> _Sound:
    """Throats cleared, groans and sniffs: creaking pulses and rough air, with a vowel that moves."""
    sound = np.zeros(len(time))
    begin = float(rng.uniform(0, 0.6))
    while begin < time[-1]:
        here = slice(*np.searchsorted(time, (begin, begin + rng.uniform(0.08, 0.7))))
        along = np.linspace(0, 1, here.stop - here.start)
        pitch = rng.uniform(45, 320) * (1 + 0.08 * rng.standard_normal() + rng.uniform(-0.4, 0.4) * along)
        voiced = _harmonics(pitch, (rng.uniform(250, 900), rng.uniform(800, 2600)))
        air = rng.standard_normal(len(along))
        if rng.random() < 0.5:  # air through the nose or the teeth is brighter
            air = np.diff(air, prepend=0.0)
        rough = 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(15, 60) * time[here])
        shape = np.minimum(1, along / rng.uniform(0.02, 0.4)) * (1 - along) ** rng.uniform(0.3, 2)
        breathy = rng.uniform(0, 1)
        sound[here] += shape * rough * ((1 - breathy) * voiced + 0.6 * breathy * air)
        begin += rng.uniform(0.15, 1.6)
    return sound


def alarms(time: _Time, rng: np.random.Generator) -> _Sound:
    """Bells, beepers and sirens: tones with harmonics that switch, sweep or warble."""
    low, high = np.sort(rng.uniform(400, 3200, 2))
    turn = np.sin(2 * np.pi * rng.uniform(0.5, 12) * time + rng.uniform(0, 6))
    turn = np.sign(turn) if rng.random() < 0.5 else turn
    phase = 2 * np.pi * np.cumsum(low + (high - low) * (turn + 1) / 2) / SAMPLE_RATE
    beeping = (time * rng.uniform(1, 6)) % 1 < rng.choice([0.5, 0.8, 2.0])
    return np.asarray((np.sin(phase) + rng.uniform(0, 0.6) * np.sin(2 * phase)) * beeping)


def rustle(time: _Time, rng: np.random.Generator) -> _Sound:
    """Breath, wind, cloth and traffic: noise of some colour that swells and dies."""
    spectrum = np.fft.rfft(rng.standard_normal(len(time)))
    frequency = np.maximum(np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE), 40)
    coloured = np.fft.irfft(spectrum * frequency ** (-rng.uniform(0, 1.2)), len(time))
    moments = np.arange(0, time[-1] + 0.3, 0.3)
    swell = np.interp(time, moments, rng.uniform(0, 1, len(moments)))
    return np.asarray(coloured / np.sqrt(np.mean(coloured**2)) * swell)


def _voice(time: _Time, pitch: float | _Sound, rng: np.random.Generator) -> _Sound:
    """A voice on some vowel."""
    return _harmonics(np.broadcast_to(pitch, time.shape), (rng.uniform(300, 950), rng.uniform(900, 2500)))


def _harmonics(pitch: _Sound, formants: tuple[float, float]) -> _Sound:
    """Harmonics of a pitch, Hz at every sample, shaped by two formants."""
    if not pitch.size:
        return np.zeros(0)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    mean = float(np.mean(pitch))
    sound = np.zeros(len(pitch))
    for k in range(1, int(3600 / mean) + 1):
        strength = sum(np.exp(-(((k * mean - f) / 250) ** 2)) for f in formants) + 0.03
        sound += strength * np.sin(k * phase) / np.sqrt(k)
    return sound / 2


SOUNDS: Mapping[str, Callable[[_Time, np.random.Generator], _Sound]] = {
    "silence": silence,
    "ringback": ringback,
    "DTMF": keys,
    "hum": hum,
    "music": music,
    "clicks": clicks,
    "knocks": knocks,
    "coughs": coughs,
    "laughter": laughter,
    "bouts": bouts,
    "hawking": hawking,
    "alarms": alarms,
    "rustle": rustle,
}


MOUTHS = ("coughs", "laughter", "bouts", "hawking")
"""Sounds of a throat: the ones most easily taken for words."""
MOUTH_SHARE = 0.6
"""Of what is trained on."""


def sound(name: str, seconds: float, rng: np.random.Generator) -> Waveform:
    """One of them, with a little noise."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    made = SOUNDS[name](time, rng)
    return np.asarray(made * 0.3 + 1e-4 * rng.standard_normal(len(time)), np.float32)


def any_sound(rng: np.random.Generator) -> Waveform:
    """One to four seconds of any of them, of a throat more often than not."""
    among = MOUTHS if rng.random() < MOUTH_SHARE else list(SOUNDS)
    return sound(str(rng.choice(among)), rng.uniform(1, 4), rng)
