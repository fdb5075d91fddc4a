"""The same recipe gives the same model, to the byte."""

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("kaldi_native_fbank", reason="needs the extra `train`")
pytest.importorskip("soundfile", reason="needs the extra `train`")
if shutil.which("espeak-ng") is None:
    pytest.skip("needs espeak-ng", allow_module_level=True)

from screener.speech.models import check_folder
from screener.speech.vosk import VoskModel
from screener.training.speech import provenance
from screener.training.speech.build import Recipe, build


def test_the_same_recipe_gives_the_same_model(tmp_path: Path) -> None:
    said: list[str] = []
    recipe = Recipe("2026-01-01", items=12, epochs=1)
    made = build(recipe, tmp_path / "a", said.append)
    build(recipe, tmp_path / "b", lambda _: None)
    one, two = (json.loads((tmp_path / name / "model.json").read_text()) for name in "ab")
    assert one == two
    assert one["synthetic_only"] is True
    assert made.sentences > 1000
    assert any("sentences" in line for line in said)
    check_folder(tmp_path / "a")
    assert VoskModel(tmp_path / "a").info.synthetic_only


def test_the_card_says_what_it_is_good_for() -> None:
    made = provenance.Provenance(
        hours=7.1, voices=60, sentences=3, words=4, parameters=0.7, seed=1, wall=600, cpu=900
    )
    text = provenance.write("name", "1", "2026-01-01", made, ["first row", "second row"])
    assert "synthetic speech" in text
    assert "    first row\n    second row\n" in text
    assert "7.1 h" in text
