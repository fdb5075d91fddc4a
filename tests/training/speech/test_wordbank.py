"""A bank of spoken words: read by its names, joined into utterances."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile", reason="needs the extra `train`")
pytest.importorskip("kaldi_native_fbank", reason="needs the extra `train`")

from screener.errors import ModelError  # noqa: E402
from screener.training.speech.tokens import encode  # noqa: E402
from screener.training.speech.wordbank import read, utterances  # noqa: E402


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    tone = np.sin(2 * np.pi * 300 * np.arange(16000) / 16000) * 0.5
    path = tmp_path / "bank.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("dian4.ogg", "电话.ogg", "hello.ogg"):
            recording = io.BytesIO()
            soundfile.write(recording, tone, 16000, format="OGG")
            # As zips made elsewhere have it: UTF-8 without the flag that says so.
            archive.writestr(name.encode().decode("cp437"), recording.getvalue())
    return path


def test_names_say_what_is_heard(bank: Path) -> None:
    words = read(bank)
    assert sorted(w.tokens for w in words) == sorted([tuple(encode(("dian",))), tuple(encode(("dian", "hua")))])
    assert all(7000 < len(w.samples) <= 8000 for w in words), "a second at 8 kHz"


def test_utterances_are_words_end_to_end(bank: Path) -> None:
    words = read(bank)
    made = utterances(words, 20, 1)
    assert len(made) == 20
    for (example,) in made:
        assert len(example.tokens) % 2 == 0
        assert len(example.features) > 20
    again = utterances(words, 20, 1)
    assert all(np.array_equal(a.features, b.features) for (a,), (b,) in zip(made, again, strict=True))


def test_what_is_no_bank_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"x\.zip"):
        read(tmp_path / "x.zip")
