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
DEFAULT_WHY = "one syllable in seven to ten wrong on people through a telephone, for under 2 % of a core a voice"
"""Measured by tests/bench/people.py."""
MEASURED = "epoch-12-avg-2-chunk-16-left-64"
"""The stem of its files with which it was; its release holds another set too."""
DEFAULT_FILES = (
    "tokens.txt",
    f"encoder-{MEASURED}.int8.onnx",
    f"decoder-{MEASURED}.onnx",
    f"joiner-{MEASURED}.int8.onnx",
)
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
FORMS = ("", ".int8", ".fp16")
"""In which a file may be there, as the end of its name before `.onnx`; the first of them is taken."""
LARGE_FORMS = (".int8", "", ".fp16")
"""Likewise of encoder and joiner, which are most of the work; a quantised decoder would save next to nothing."""

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


@dataclass(frozen=True, slots=True)
class Transducer:
    """One set of files of a transducer, of one training.

    Attributes:
        files: by part, as `SHERPA_FILES`.
        alone: the folder holds no other.
    """

    files: dict[str, Path]
    alone: bool

    def named(self, name: str) -> str:
        """The model's name, with that of a file where it must be said which of several sets it is."""
        return name if self.alone else f"{name} ({self.files['encoder'].name})"


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


def transducer_in(folder: Path) -> Transducer:
    """The set of files of a folder that is loaded: all of one stem, that of `MEASURED` where there are several.

    Raises:
        ModelError: a part is missing or empty, or no three of them belong together.
    """
    found = {part: _by_stem(folder, part) for part in SHERPA_FILES if part != "tokens"}
    for part, stems in found.items():
        if not stems:
            _check_file(folder, SHERPA_FILES[part])
    whole = set.intersection(*map(set, found.values()))
    if not whole:
        there = ", ".join(sorted(path.name for stems in found.values() for path in stems.values()))
        raise ModelError(
            f"encoder, decoder and joiner in {folder} are of different sets: {there}",
            "keep three files whose names differ in that first word alone",
        )
    stem = max(whole, key=lambda stem: (stem == MEASURED, stem))
    files = {"tokens": folder / SHERPA_FILES["tokens"], **{part: found[part][stem] for part in found}}
    for path in files.values():
        _check_file(folder, path.name)
    return Transducer(files, alone=all(len(stems) == 1 for stems in found.values()))


def _by_stem(folder: Path, part: str) -> dict[str, Path]:
    """The files of a part, each in its best form, by what stands between: `encoder-STEM.int8.onnx`."""
    forms = FORMS if part == "decoder" else LARGE_FORMS
    best_last = sorted(folder.glob(SHERPA_FILES[part]), key=lambda path: -forms.index(_form(path)))
    ends = [(path, f"{_form(path)}.onnx") for path in best_last]
    return {path.name.removeprefix(part).removesuffix(end).strip("-_."): path for path, end in ends}


def _form(path: Path) -> str:
    found = Path(path.stem).suffix
    return found if found in FORMS else ""


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
    if engine == "sherpa":
        transducer_in(folder)
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
