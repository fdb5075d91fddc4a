"""What happens to a voice between the mouth and the recogniser.

Each function takes and gives samples at 8 kHz, full scale 1.0. All chance comes from the generator handed in.
"""

import audioop

import numpy as np
from numpy.typing import NDArray

from screener.events import FRAME_SAMPLES, SAMPLE_RATE
from screener.training.speech.synthesis import Waveform


def telephone(samples: Waveform, rng: np.random.Generator) -> Waveform:
    """Everything, as chance has it: room, line, noise, level, G.711, lost packets. Nothing moves in time."""
    if rng.random() < 0.25:
        samples = room(samples, rng.uniform(0.05, 0.35), rng)
    if rng.random() < 0.5:
        samples = band(samples, rng.uniform(150, 350), rng.uniform(3200, 3700))
    if rng.random() < 0.85:
        samples = noise(samples, rng.uniform(5, 40), float(rng.choice([0.0, 0.0, rng.uniform(0, 2)])), rng)
    samples = level(samples, rng.uniform(-36, -12))
    if rng.random() < 0.15:
        samples = lose(samples, rng.uniform(0.0, 0.04), rng)
    return g711(samples, alaw=bool(rng.random() < 0.5)) if rng.random() < 0.85 else samples


def between_pauses(samples: Waveform, rng: np.random.Generator) -> Waveform:
    """With a tenth to seven tenths of a second of silence before and after."""
    before, after = (np.zeros(int(seconds * SAMPLE_RATE), np.float32) for seconds in rng.uniform(0.1, 0.7, 2))
    return np.concatenate([before, samples, after])


def room(samples: Waveform, decay: float, rng: np.random.Generator) -> Waveform:
    """Echo of a small room: noise that falls by 60 dB in `decay` seconds follows every sound."""
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    impulse = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay)
    impulse *= rng.uniform(0.1, 0.5) / np.sqrt(np.sum(impulse**2))
    impulse[0] = 1.0
    size = len(samples) + len(impulse)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(impulse, size), size)
    return np.asarray(wet[: len(samples)], np.float32)


def band(samples: Waveform, low: float, high: float) -> Waveform:
    """Only what lies between two frequencies, Hz, with edges 200 Hz wide."""
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    gain = np.clip((frequency - low) / 200 + 1, 0.03, 1) * np.clip((high - frequency) / 200 + 1, 0.03, 1)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gain, len(samples)), np.float32)


def noise(samples: Waveform, snr: float, tilt: float, rng: np.random.Generator) -> Waveform:
    """Add noise.

    Args:
        samples: the voice.
        snr: power of its loud part over that of the noise, dB.
        tilt: 0 white, 1 pink, 2 brown.
        rng: chance.
    """
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    frequency = np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 60)
    added = np.fft.irfft(spectrum * frequency ** (-tilt / 2), len(samples))
    gain = _loudness(samples) * 10 ** (-snr / 20) / np.sqrt(np.mean(added**2))
    return np.asarray(samples + gain * added, np.float32)


def mix(samples: Waveform, behind: Waveform, db: float) -> Waveform:
    """Put another voice behind, over and over, `db` louder than the first."""
    gain = _loudness(samples) * 10 ** (db / 20) / _loudness(behind)
    return np.asarray(samples + gain * np.resize(behind, len(samples)), np.float32)


def overlay(made: NDArray[np.float64], begin: int, sound: NDArray[np.float64], gain: float = 1.0) -> None:
    """Add a sound to what is made already from a sample on, as far as there is room."""
    room = max(0, len(made) - begin)
    made[begin : begin + len(sound)] += gain * sound[:room]


def level(samples: Waveform, dbfs: float) -> Waveform:
    """Bring the loud part to an RMS, dB of full scale; peaks are clipped."""
    return np.asarray(np.clip(samples * (10 ** (dbfs / 20) / _loudness(samples)), -1, 1), np.float32)


def _loudness(samples: Waveform) -> float:
    """RMS of the loud part."""
    loud = samples[np.abs(samples) > 0.05 * max(float(np.abs(samples).max()), 1e-4)]
    return float(np.sqrt(np.mean(loud**2))) if loud.size else 1e-3


def lose(samples: Waveform, share: float, rng: np.random.Generator) -> Waveform:
    """Lose 20 ms packets: each is replaced by silence."""
    samples = samples.copy()
    for begin in range(0, len(samples), FRAME_SAMPLES):
        if rng.random() < share:
            samples[begin : begin + FRAME_SAMPLES] = 0
    return samples


def g711(samples: Waveform, *, alaw: bool) -> Waveform:
    """Through G.711 and back."""
    pcm = to_pcm(samples)
    coded = (
        audioop.alaw2lin(audioop.lin2alaw(pcm, 2), 2) if alaw else audioop.ulaw2lin(audioop.lin2ulaw(pcm, 2), 2)
    )
    return from_pcm(coded)


def to_pcm(samples: Waveform) -> bytes:
    """16-bit little-endian."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> Waveform:
    """The way back."""
    return np.asarray(np.frombuffer(pcm, "<i2") / 32768, np.float32)
