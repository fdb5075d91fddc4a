"""What a telephone line does to a voice, for every bench of people: a crowd behind it, packets that are lost.

--snr 20     a crowd talks behind the voice, 20 dB below it
--loss 5     5 % of the packets are lost, in bursts of two on average
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from screener.events import FRAME_BYTES

BURST = 2.0
"""Packets that are lost in a row, on average."""
MOST_LOST = 60.0
"""Per cent; with bursts of that length more cannot be lost by chance."""
CROWD = 8
"""Voices that talk at once."""
QUIET = 0.05
"""Of the loudest sample: what is below is no voice."""


def packed(samples: np.ndarray) -> bytes:
    """16-bit samples in whole frames."""
    pcm = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    return pcm + bytes(-len(pcm) % FRAME_BYTES)


def crowd(voices: Sequence[bytes]) -> np.ndarray:
    """The first voices at once, backwards, so that nobody is behind themself; RMS 1."""
    others = [np.frombuffer(pcm, "<i2").astype(np.float64) for pcm in [v for v in voices if v][:CROWD]]
    longest = max(other.size for other in others)
    noise = np.sum([np.resize(other, longest) / max(other.std(), 1.0) for other in others], axis=0)
    return (noise / noise.std())[::-1]


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A line.

    Attributes:
        snr: dB of the voice above the crowd; None for no crowd.
        loss: packets that are lost, per cent.
        noise: the crowd, where there is one.
    """

    snr: float | None = None
    loss: float = 0.0
    noise: np.ndarray = field(default_factory=lambda: np.zeros(1))

    def __str__(self) -> str:
        said = [f"{self.snr:g} dB"] if self.snr is not None else []
        return ", ".join(said + ([f"{self.loss:g} % loss"] if self.loss else [])) or "clean"

    def noisy(self, pcm: bytes) -> bytes:
        """A voice with the crowd behind it, in its pauses too."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float64)
        if self.snr is None or not samples.any():
            return pcm
        loud = samples[np.abs(samples) > QUIET * np.abs(samples).max()].std()
        return packed(samples + np.resize(self.noise, samples.size) * loud * 10 ** (-self.snr / 20))

    def lost(self, seed: str) -> Iterator[bool]:
        """Of each packet, whether it is lost; the same for the same seed."""
        chance, share, gone = random.Random(seed), self.loss / 100, False
        while True:
            gone = chance.random() < (1 - 1 / BURST if gone else share / BURST / (1 - share))
            yield gone


def add_options(options: argparse.ArgumentParser) -> None:
    """`--snr` and `--loss`."""
    options.add_argument("--snr", type=float, help="dB of each voice above a crowd behind it; none without it")
    options.add_argument("--loss", type=float, default=0.0, help="per cent of the packets that are lost")


def chosen_line(chosen: argparse.Namespace, voices: Sequence[bytes]) -> PhoneLine:
    """The line that the options say.

    Args:
        chosen: the options.
        voices: of the crowd, 16-bit samples at 8 kHz.
    """
    if not 0 <= chosen.loss <= MOST_LOST:
        sys.exit(f"--loss {chosen.loss:g}: allowed 0 to {MOST_LOST:g}")
    noise = crowd(voices) if chosen.snr is not None else np.zeros(1)
    return PhoneLine(chosen.snr, chosen.loss, noise)
