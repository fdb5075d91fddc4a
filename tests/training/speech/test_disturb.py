"""Throats, colours and gaps on features: what is said stays, who says it changes."""

import numpy as np
import pytest

knf = pytest.importorskip("kaldi_native_fbank", reason="needs the extra `train`")

from screener.events import SAMPLE_RATE  # noqa: E402
from screener.training.speech.augment import to_pcm  # noqa: E402
from screener.training.speech.disturb import TO_BANDS, TO_CEPSTRA, colour, disturb, throat  # noqa: E402
from screener.training.speech.features import CEPSTRA, HIGH_HZ, LOW_HZ, Features, cepstra  # noqa: E402

TIME = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def tone(hertz: float) -> bytes:
    sound = 0.3 * np.sin(2 * np.pi * hertz * TIME) + 0.001 * np.random.default_rng(1).standard_normal(len(TIME))
    return to_pcm(sound.astype(np.float32))


def loudest_band(features: Features) -> float:
    """Hertz of the band with the most energy, from Kaldi's mel scale."""
    band = int(np.argmax((features @ TO_BANDS.T).mean(0)))
    low, high = (1127 * np.log(1 + hertz / 700) for hertz in (LOW_HZ, SAMPLE_RATE / 2 + HIGH_HZ))
    return float(700 * (np.exp((low + (high - low) * (band + 1) / (CEPSTRA + 1)) / 1127) - 1))


def test_the_transform_is_kaldis() -> None:
    options = knf.FbankOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = CEPSTRA
    options.mel_opts.low_freq, options.mel_opts.high_freq = LOW_HZ, HIGH_HZ
    computer = knf.OnlineFbank(options)
    pcm = tone(700)
    computer.accept_waveform(SAMPLE_RATE, np.frombuffer(pcm, "<i2").astype(np.float32).tolist())
    computer.input_finished()
    bands = np.array([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    assert bands @ TO_CEPSTRA.T == pytest.approx(cepstra(pcm), abs=0.02)


@pytest.mark.parametrize("shorter", [0.85, 0.92, 1.08, 1.18])
def test_a_shorter_throat_sounds_higher_by_as_much(shorter: float) -> None:
    heard = cepstra(tone(1200)) @ throat(shorter).T
    assert loudest_band(heard) == pytest.approx(1200 * shorter, rel=0.05)


def test_the_same_throat_changes_nothing() -> None:
    assert throat(1.0) == pytest.approx(np.eye(CEPSTRA), abs=1e-3)


def test_the_first_strength_tilts_the_spectrum_and_no_strength_leaves_it() -> None:
    bands = TO_BANDS @ colour(np.array([1.0, 0.0, 0.0]))
    assert np.all(np.diff(bands) < 0)
    assert bands[0] == pytest.approx(1.0, abs=0.01)
    assert colour(np.zeros(6)) == pytest.approx(np.zeros(CEPSTRA))


def test_every_pass_hears_another_mouth_and_what_is_kept_is_untouched() -> None:
    kept = cepstra(tone(900))
    before = kept.copy()
    rng = np.random.default_rng(5)
    one, other = disturb(kept, rng), disturb(kept, rng)
    assert one.shape == kept.shape
    assert one.dtype == np.float32
    assert np.array_equal(kept, before)
    assert float(np.abs(one - other).max()) > 1.0
    assert np.array_equal(one, disturb(kept, np.random.default_rng(5)))


def test_hidden_frames_say_nothing() -> None:
    """They are the mean of all, so they are alike: four stretches, of four frames on average."""
    moving = np.stack([cepstra(tone(hertz))[10] for hertz in np.linspace(300, 3000, 120)])
    alike = 0
    for seed in range(20):
        frames = np.round(disturb(moving, np.random.default_rng(seed)), 3)
        alike += len(frames) - len(np.unique(frames, axis=0))
    assert 20 * 8 < alike < 20 * 24


def test_a_call_shorter_than_a_gap_is_no_trouble() -> None:
    for frames in (1, 2, 5):
        assert disturb(np.ones((frames, CEPSTRA), np.float32), np.random.default_rng(frames)).shape[0] == frames
