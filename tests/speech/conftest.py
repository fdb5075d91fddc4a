"""Small models, made by hand: enough for every check except listening."""

import json
from pathlib import Path

import pytest

from screener.speech.models import VOSK_FILES, VOSK_IVECTOR, sha256_of


@pytest.fixture
def vosk_folder(tmp_path: Path) -> Path:
    """A folder in Vosk's layout, with a card; its files are noise."""
    folder = tmp_path / "vosk-model-made"
    for name in (*VOSK_FILES, *VOSK_IVECTOR, "graph/HCLG.fst", "graph/words.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"made {name}")
    sums = {p.relative_to(folder).as_posix(): sha256_of(p) for p in folder.rglob("*") if p.is_file()}
    (folder / "model.json").write_text(json.dumps({"name": "made", "synthetic_only": True, "sha256": sums}))
    return folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for installed models."""
    folder = tmp_path / "models"
    monkeypatch.setenv("SCREENER_MODELS", str(folder))
    return folder
