"""From the telephone's 8 kHz to the 16 kHz that models of people are trained on.

Every second sample is the telephone's own; between two of them stands what a band-limited signal has there: a
sinc, cut off by a Kaiser window.
"""

import numpy as np
from numpy.typing import NDArray

REACH = 16
"""Samples to either side that a new one is made of; so many the output is late: 2 ms."""
_KAISER = 6.0
_PLACES = np.arange(-REACH, REACH) + 0.5
Upsampled = NDArray[np.float32]

_SINC = np.sinc(_PLACES) * np.kaiser(2 * REACH, _KAISER)
TAPS: Upsampled = (_SINC / _SINC.sum()).astype(np.float32)


class Upsampler:
    """Of one stream; pieces join without a seam."""

    def __init__(self) -> None:
        self._before: Upsampled = np.zeros(2 * REACH - 1, np.float32)

    def accept(self, pcm: bytes) -> Upsampled:
        """Twice as many samples, -1..1, as there are 16-bit ones in `pcm`."""
        if not pcm:
            return np.empty(0, np.float32)
        new = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        held: Upsampled = np.concatenate((self._before, new))
        self._before = held[new.size :]
        made = np.empty(2 * new.size, np.float32)
        made[0::2] = held[REACH - 1 : REACH - 1 + new.size]
        made[1::2] = np.convolve(held, TAPS, "valid")
        return made
