"""How hearing is measured: the distance between what was said and what was heard."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("soundfile", reason="needs the extra `train`")

from screener.errors import ModelError
from screener.training.speech.evaluate import contains, distance, key_phrases, pcm_of

syllables = st.lists(st.sampled_from(("ni", "hao", "ma", "wo")), max_size=8)


@given(syllables, syllables, syllables)
def test_distance_is_a_metric(a: list[str], b: list[str], c: list[str]) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_distance_counts_changed_dropped_and_added() -> None:
    said = ("wo", "yao", "tou", "su")
    assert distance(("wo", "yao", "tou", "shu"), said) == 1
    assert distance(("wo", "yao", "su"), said) == 1
    assert distance(("a", "wo", "yao", "tou", "su"), said) == 1


@given(syllables, syllables, syllables)
def test_a_phrase_is_found_where_it_stands(before: list[str], phrase: list[str], after: list[str]) -> None:
    assert contains([*before, *phrase, *after], phrase)


def test_a_phrase_with_a_hole_is_not_found() -> None:
    assert not contains(("ni", "a", "hao"), ("ni", "hao"))


def test_key_phrases_are_those_of_harassment() -> None:
    found = key_phrases(("decisive",))
    assert "你穿什么内衣" in found
    assert "我要投诉" not in found
    assert not any("…" in phrase for phrase in found)


def test_any_recording_comes_at_8_khz(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = np.sin(2 * np.pi * 440 * np.arange(32000) / 16000) * 16000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(tone.astype("<i2").tobytes())
    samples = np.frombuffer(pcm_of(path), "<i2")
    assert len(samples) == 16000
    assert np.abs(np.fft.rfft(samples)).argmax() == 880  # of two seconds


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"a\.flac"):
        pcm_of(tmp_path / "a.flac")
