"""Model folders: what must be in one, where they are, what is known of them.

What kind of model it is, a folder's files tell::

    am/, conf/model.conf                             Vosk
    tokens.txt, encoder*, decoder*, joiner* .onnx    a transducer, streaming or not as its encoder says
    tokens.txt, model*.onnx                          SenseVoice or Paraformer, as the model says
    *-tokens.txt, *-encoder*, *-decoder* .onnx       Whisper, for sherpa-onnx
    model.bin, tokenizer.json …                      Whisper, for CTranslate2

A folder may carry a card, `model.json`::

    {"name": "…", "synthetic_only": false, "sha256": {"am/final.mdl": "<hex>", …}}

Every file that the card names is checked against its sum before the folder is loaded.
"""

import hashlib
import json
import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NoReturn

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
AGAIN = "install it again with `screener model install`, without a network from a file that is here: --from FILE"
NAME_IT = "name the folder in which the model's files lie, or install one: `screener model install`"

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
"""The parts of a transducer and the names of their files."""
WHOLE_FILES = ("tokens.txt", "model*.onnx")
"""SenseVoice's and Paraformer's."""
WHISPER_FILES = ("*-tokens.txt", "*-encoder*.onnx", "*-decoder*.onnx")
CTRANSLATE2_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
"""Without the tokenizer the library would fetch one."""
STREAMING_SAYS = (b"decode_chunk_len", b"chunk_shift")
"""How much it takes at once, as an encoder's metadata say: only streaming ones have it."""
SENSE_VOICE_SAYS = (b"lang_zh",)
PARAFORMER_SAYS = (b"neg_mean",)
"""Metadata that the library reads of such a model; SenseVoice has the latter too."""
FORMS = ("", ".int8", ".fp16")
"""In which a file may be there, as the end of its name before `.onnx`; the first of them is taken."""
LARGE_FORMS = (".int8", "", ".fp16")
"""Likewise of encoder and joiner, which are most of the work; a quantised decoder would save next to nothing."""

Engine = Literal["vosk", "sherpa"]


class Shape(StrEnum):
    """What kind of model lies in a folder; the value is how people call it."""

    VOSK = "Vosk"
    STREAMING = "streaming transducer"
    TRANSDUCER = "transducer"
    PARAFORMER = "Paraformer"
    SENSE_VOICE = "SenseVoice"
    WHISPER = "Whisper for sherpa-onnx"
    CTRANSLATE2 = "Whisper for CTranslate2"

    @property
    def engine(self) -> Engine | None:
        """What hears calls with it; None when it only reads whole utterances, for a second reading."""
        return _ENGINES.get(self)


_ENGINES: dict[Shape, Engine] = {Shape.VOSK: "vosk", Shape.STREAMING: "sherpa"}


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
    """A model folder."""

    name: str
    folder: Path

    @property
    def shape(self) -> Shape | None:
        """See `shape_of`."""
        return shape_of(self.folder)


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


def shape_of(folder: Path) -> Shape | None:
    """What kind of model a folder holds, even one that lacks a part; None when it is no model folder at all."""
    if (folder / "am").is_dir() or (folder / "conf" / "model.conf").exists():
        return Shape.VOSK
    if (folder / "model.bin").exists():
        return Shape.CTRANSLATE2
    joins = any(folder.glob(SHERPA_FILES["joiner"]))
    if any(folder.glob(WHISPER_FILES[0])) and not joins:
        return Shape.WHISPER
    if not (folder / "tokens.txt").exists():
        return None
    whole = None if joins else file_in(folder, WHOLE_FILES[1])
    if whole is None:
        return _transducer(folder)
    if _says(whole, SENSE_VOICE_SAYS):
        return Shape.SENSE_VOICE
    return Shape.PARAFORMER if _says(whole, PARAFORMER_SAYS) else None


def _transducer(folder: Path) -> Shape:
    try:
        encoder = transducer_in(folder).files["encoder"]
    except ModelError:
        return Shape.STREAMING  # the usual one; what it lacks is for `check_folder` to say
    return Shape.STREAMING if _says(encoder, STREAMING_SAYS) else Shape.TRANSDUCER


def _says(model: Path, keys: Sequence[bytes]) -> bool:
    """Whether an ONNX file has one of these metadata; they stand at its end."""
    if model.stat().st_size == 0:
        return False
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.rfind(key) >= 0 for key in keys)


def file_in(folder: Path, pattern: str) -> Path | None:
    """The file of a part; the quantised one where both are there."""
    return max(folder.glob(pattern), key=lambda path: (".int8." in path.name, path.name), default=None)


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
    if name and folder.is_file():
        raise ModelError(
            f"{folder} is a file, and no folder of a speech model",
            "unpack it: `screener model install --from FILE`",
        )
    if "/" in name and not folder.is_dir():
        raise ModelError(f"{folder}: no such folder", NAME_IT)
    if not name or not folder.is_dir():
        known = ", ".join(["embedded", *(model.name for model in installed())])
        raise ModelError(
            f"there is no speech model {name!r} (known: {known})",
            "`screener model install` fetches one; a folder may be named too",
        )
    return ModelFolder(name, folder)


def installed() -> Iterator[ModelFolder]:
    """The installed models by name."""
    where = models_folder()
    if where.is_dir():
        for folder in sorted(where.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield ModelFolder(folder.name, folder)


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


def check_folder(folder: Path) -> Shape:
    """See that every file which its reader needs is there, not empty, and, where the card has its sum, unchanged.

    Returns:
        What kind of model it is.

    Raises:
        ModelError: names the first file that is not.
    """
    shape = shape_of(folder)
    if shape is None:
        refuse(folder)
    for file in _needed_by_vosk(folder) if shape is Shape.VOSK else _all_of(folder, _PATTERNS[shape]):
        _check_file(folder, file)
    if shape in (Shape.STREAMING, Shape.TRANSDUCER):
        transducer_in(folder)
    for file, digest in describe(folder).sha256.items():
        _check_file(folder, file)
        if sha256_of(folder / file) != digest:
            raise ModelError(f"{file} in {folder} is damaged: its SHA-256 is not that of {CARD}", AGAIN)
    return shape


_PATTERNS: dict[Shape, Sequence[str]] = {
    Shape.STREAMING: tuple(SHERPA_FILES.values()),
    Shape.TRANSDUCER: tuple(SHERPA_FILES.values()),
    Shape.PARAFORMER: WHOLE_FILES,
    Shape.SENSE_VOICE: WHOLE_FILES,
    Shape.WHISPER: WHISPER_FILES,
    Shape.CTRANSLATE2: CTRANSLATE2_FILES,
}


def refuse(folder: Path) -> NoReturn:
    """Say of what is no model's folder what it lacks.

    Raises:
        ModelError: always.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder", NAME_IT)
    if not any(folder.iterdir()):
        raise ModelError(f"{folder} is no speech model: it is empty", NAME_IT)
    if (folder / "tokens.txt").exists() and (whole := file_in(folder, WHOLE_FILES[1])):
        _check_file(folder, whole.name)
        raise ModelError(f"{folder} is no speech model: {whole.name} is neither SenseVoice nor Paraformer", AGAIN)
    raise ModelError(
        f"{folder} is no speech model: neither am/ (Vosk) nor tokens.txt (sherpa-onnx) nor model.bin "
        "(CTranslate2) is in it",
        NAME_IT,
    )


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


def _all_of(folder: Path, patterns: Sequence[str]) -> Iterator[str]:
    """The names of all files of each pattern, and a pattern that no file has."""
    for pattern in patterns:
        files = sorted(folder.glob(pattern))
        yield from (file.name for file in files) if files else (pattern,)
