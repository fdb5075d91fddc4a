"""What the net sees: mel-frequency cepstra, exactly as Kaldi computes them inside Vosk.

The options stand once here, go into `conf/mfcc.conf` and configure kaldi-native-fbank.
"""

import kaldi_native_fbank as knf
import numpy as np
from numpy.typing import NDArray

from screener.events import SAMPLE_RATE

CEPSTRA = 40
LOW_HZ = 20
HIGH_HZ = -400
"""Below the Nyquist frequency, as Kaldi counts it."""
LIFTER = 22
"""Cepstrum n is scaled by 1 + LIFTER / 2 · sin(π n / LIFTER), as HTK does it."""

MFCC_CONF = f"""\
--sample-frequency={SAMPLE_RATE}
--use-energy=false
--num-mel-bins={CEPSTRA}
--num-ceps={CEPSTRA}
--low-freq={LOW_HZ}
--high-freq={HIGH_HZ}
--cepstral-lifter={LIFTER}
--dither=0
"""

Features = NDArray[np.float32]
"""One row of 40 cepstra every 10 ms."""


def _options() -> knf.MfccOptions:
    options = knf.MfccOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = CEPSTRA
    options.mel_opts.low_freq = LOW_HZ
    options.mel_opts.high_freq = HIGH_HZ
    options.num_ceps = CEPSTRA
    options.cepstral_lifter = LIFTER
    options.use_energy = False
    return options


def cepstra(pcm: bytes) -> Features:
    """The features of 16-bit samples at 8 kHz."""
    computer = knf.OnlineMfcc(_options())
    # Kaldi works at the scale of 16-bit integers.
    computer.accept_waveform(SAMPLE_RATE, np.frombuffer(pcm, "<i2").astype(np.float32).tolist())
    computer.input_finished()
    rows = [computer.get_frame(i) for i in range(computer.num_frames_ready)]
    return np.array(rows, np.float32).reshape(-1, CEPSTRA)
