"""Model folders: what must be in one, where they are, what is known of them.

A folder may carry a card, `model.json`::

    {"name": "…", "synthetic_only": false, "sha256": {"am/final.mdl": "<hex>", …}}

Every file that the card names is checked against its sum before the folder is loaded.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from screener.errors import ModelError
from screener.resources import embedded_model_folder

DEFAULT_MODEL = "sherpa-onnx-kws-zipformer-wenetspeech-3.3M-2024-01-01"
"""The model of people's voices that a site takes, unless its licence forbids it."""
DEFAULT_WHY = "about one syllable in ten wrong on people through a telephone, for under 2 % of a core a voice"
"""Measured by tests/bench/people.py."""
CARD = "model.json"
AGAIN = "install it again with `screener model install`"

VOSK_FILES = ("am/final.mdl", "conf/model.conf", "conf/mfcc.conf")
"""What every Vosk model has, besides a graph."""
VOSK_STATIC_GRAPH = ("graph/HCLG.fst", "graph/words.txt")
VOSK_DYNAMIC_GRAPH = ("graph/HCLr.fst", "graph/Gr.fst")
VOSK_IVECTOR = tuple(
    f"ivector/{name}" for name in ("final.ie", "final.dubm", "final.mat", "global_cmvn.stats", "splice.conf")
)
"""All or none of them."""
SHERPA_FILES = {
    "tokens": "tokens.txt",
    "encoder": "encoder*.onnx",
    "decoder": "decoder*.onnx",
    "joiner": "joiner*.onnx",
}
"""The parts of a streaming transducer and the names of their files."""

Engine = Literal["vosk", "sherpa"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a folder says of itself.

    Attributes:
        name: of the model; the folder's own name when it has no card.
        synthetic_only: it understands synthetic speech only.
        sha256: relative path to hex sum.
    """

    name: str
    synthetic_only: bool = False
    sha256: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder.

    Attributes:
        engine: which engine it is made for, None when it is no model folder at all.
    """

    name: str
    folder: Path
    engine: Engine | None


def models_folder() -> Path:
    """Where installed models live: `$SCREENER_MODELS` or `~/.local/share/screener/models`."""
    named = os.environ.get("SCREENER_MODELS")
    return Path(named) if named else Path.home() / ".local" / "share" / "screener" / "models"


def engine_of(folder: Path) -> Engine | None:
    """The engine that a folder is made for, judged by one file of its layout."""
    if (folder / "am").is_dir() or (folder / "conf" / "model.conf").exists():
        return "vosk"
    return "sherpa" if (folder / "tokens.txt").exists() else None


def find_model(name: str, relative_to: Path = Path()) -> ModelFolder:
    """The folder of a model by name: `embedded`, an installed one, or a path.

    Raises:
        ModelError: there is none.
    """
    if name == "embedded":
        folder = embedded_model_folder()
    elif name and (models_folder() / name).is_dir():
        folder = models_folder() / name
    else:
        folder = relative_to / name
    if not name or not folder.is_dir():
        known = ", ".join(["embedded", *(model.name for model in installed())])
        raise ModelError(
            f"there is no speech model {name!r} (known: {known})",
            "`screener model install` fetches one; a folder may be named too",
        )
    return ModelFolder(name, folder, engine_of(folder))


def installed() -> Iterator[ModelFolder]:
    """The installed models by name."""
    where = models_folder()
    if where.is_dir():
        for folder in sorted(where.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield ModelFolder(folder.name, folder, engine_of(folder))


def describe(folder: Path) -> ModelCard:
    """The card of a folder.

    Raises:
        ModelError: it cannot be read.
    """
    path = folder / CARD
    if not path.exists():
        return ModelCard(folder.resolve().name)
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
        sums = {str(file): str(digest) for file, digest in fields.get("sha256", {}).items()}
        return ModelCard(str(fields.get("name", folder.name)), bool(fields.get("synthetic_only", False)), sums)
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{CARD} in {folder} is damaged: {error}", AGAIN) from error


def check_folder(folder: Path) -> None:
    """See that every file which the engine needs is there, not empty, and, where the card has its sum, unchanged.

    Raises:
        ModelError: names the first file that is not.
    """
    engine = engine_of(folder)
    if engine is None:
        missing = "no am/ and no tokens.txt in it" if folder.is_dir() else "it does not exist"
        raise ModelError(f"{folder} is no speech model: {missing}", AGAIN)
    for file in _needed_by_vosk(folder) if engine == "vosk" else _needed_by_sherpa(folder):
        _check_file(folder, file)
    for file, digest in describe(folder).sha256.items():
        _check_file(folder, file)
        if sha256_of(folder / file) != digest:
            raise ModelError(f"{file} in {folder} is damaged: its SHA-256 is not that of {CARD}", AGAIN)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_file(folder: Path, file: str) -> None:
    path = folder / file
    if not path.is_file():
        raise ModelError(f"{file} is missing in the speech model {folder}", AGAIN)
    if path.stat().st_size == 0:
        raise ModelError(f"{file} is empty in the speech model {folder}", AGAIN)


def _needed_by_vosk(folder: Path) -> Iterator[str]:
    yield from VOSK_FILES
    dynamic = any((folder / file).exists() for file in VOSK_DYNAMIC_GRAPH)
    yield from VOSK_DYNAMIC_GRAPH if dynamic else VOSK_STATIC_GRAPH
    if (folder / "ivector").is_dir():
        yield from VOSK_IVECTOR


def _needed_by_sherpa(folder: Path) -> Iterator[str]:
    for pattern in SHERPA_FILES.values():
        files = sorted(folder.glob(pattern))
        yield from (file.name for file in files) if files else (pattern,)
