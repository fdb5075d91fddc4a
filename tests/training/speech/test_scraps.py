"""Laughter and breath made of scraps of speech."""

import shutil

import numpy as np
import pytest

if shutil.which("espeak-ng") is None:
    pytest.skip("needs espeak-ng", allow_module_level=True)

from screener.events import SAMPLE_RATE, CueKind
from screener.speech.acoustics import Ear
from screener.training.speech.augment import to_pcm
from screener.training.speech.scraps import any_scraps, breaths, coloured, laughter, scrap
from screener.training.speech.synthesis import gibberish


def test_they_fit_the_line_and_the_same_seed_makes_the_same() -> None:
    for seed in range(12):
        made = any_scraps(np.random.default_rng(seed))
        assert made.dtype == np.float32
        assert SAMPLE_RATE <= len(made) <= 4 * SAMPLE_RATE
        assert 0.4 < np.abs(made).max() <= 0.5
        assert np.array_equal(made, any_scraps(np.random.default_rng(seed)))


def test_a_scrap_comes_from_what_was_said_and_fades_at_both_ends() -> None:
    said = np.concatenate([np.zeros(4000), np.ones(4000), np.zeros(4000)])
    piece = scrap(said, 0.1, np.random.default_rng(1))
    assert len(piece) == 800
    assert piece.max() > 0.9
    assert abs(piece[0]) + abs(piece[-1]) < 1e-3


def test_a_breath_has_the_colour_of_the_scrap_and_no_pitch() -> None:
    rng = np.random.default_rng(2)
    low = np.sin(2 * np.pi * 500 * np.arange(1600) / SAMPLE_RATE)
    breath = coloured(low, 4.0, rng)
    assert len(breath) == 6400
    assert np.mean(breath**2) == pytest.approx(np.mean(low**2), rel=0.6)
    spectrum = np.abs(np.fft.rfft(breath))
    frequency = np.fft.rfftfreq(len(breath), 1 / SAMPLE_RATE)
    assert frequency[spectrum.argmax()] == pytest.approx(500, abs=150)
    assert np.count_nonzero(spectrum > spectrum.max() / 10) > 20


def test_the_laughter_is_laughter_to_the_product_and_the_breath_is_not() -> None:
    found = {laughter: 0, breaths: 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        said = np.asarray(gibberish(rng), np.float64)
        for make in found:
            made = np.zeros(8 * SAMPLE_RATE)
            make(made, said, rng)
            cues = Ear().accept(to_pcm(made / np.abs(made).max() * 0.5), 0.0)
            found[make] += any(cue.kind is CueKind.LAUGHTER for cue in cues)

    assert found[laughter] > 2 * found[breaths]
