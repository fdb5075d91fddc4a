"""Recognisers that read whole utterances, for the second reading: sherpa-onnx's offline models, and Whisper.

A folder is told apart by its files, and where those are alike by its name, as sherpa-onnx's releases are called::

    am/…                                        a Vosk model, which reads like any other
    tokens.txt, encoder, decoder, joiner        a transducer, streaming or not as its encoder says
    tokens.txt, model*.onnx                     Paraformer where the name says so, SenseVoice otherwise
    *-tokens.txt, *-encoder, *-decoder          Whisper, for sherpa-onnx
    model.bin, tokenizer.json                   Whisper, for CTranslate2; needs `pip install faster-whisper`
"""

import mmap
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech.models import AGAIN, describe, engine_of, find_model, transducer_in
from screener.speech.pinyin import syllables
from screener.speech.recognizer import ModelInfo, SpeechModel
from screener.speech.upsample import Upsampler

NICE = 5
"""More than other recogniser processes: hearing the calls comes first."""
BEAMS = 5
LONGEST_SECONDS = 28.0
"""Whisper reads half a minute at once."""

ReadWhole = Callable[[Any], str]
"""Takes samples at 16 kHz, -1 to 1, and gives the words."""


class OfflineModel:
    """Any such model.

    Args:
        name: of it.
        read: reads an utterance.
    """

    def __init__(self, name: str, read: ReadWhole) -> None:
        self.info = ModelInfo("offline", name)
        self._read = read

    def open(self, speaker: Speaker) -> "WholeRecognizer":
        """A new utterance."""
        return WholeRecognizer(speaker, self._read)


class WholeRecognizer:
    """Gathers an utterance, and reads it when it is over."""

    def __init__(self, speaker: Speaker, read: ReadWhole) -> None:
        self._speaker, self._read = speaker, read
        self._pcm = bytearray()

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:  # noqa: ARG002 - it comes without gaps
        """Take audio; nothing is heard yet."""
        self._pcm += pcm
        return ()

    def finish(self) -> Sequence[Transcript]:
        """Read all of it."""
        seconds = len(self._pcm) / 2 / SAMPLE_RATE
        pcm = bytes(self._pcm[-2 * round(LONGEST_SECONDS * SAMPLE_RATE) :])
        if not pcm:
            return ()
        upsampler = Upsampler()
        samples = np.concatenate((upsampler.accept(pcm), upsampler.accept(bytes(SAMPLE_RATE))))
        text = self._read(samples).replace(" ", "")
        return (Transcript(self._speaker, 0, text, tuple(syllables(text)), 0.0, seconds, final=True),)


def load_second(speech: Speech, folder: Path) -> SpeechModel:
    """Load what `[speech] second` names, in a process that may be slow.

    Args:
        speech: the section.
        folder: where the settings file lies.

    Raises:
        ModelError: there is no such model, it is damaged, or what it needs is not installed.
    """
    os.nice(NICE)
    return load_reader(find_model(speech.second, folder).folder)


def load_reader(folder: Path) -> SpeechModel:
    """Load a model that reads utterances again."""
    try:
        return _load(folder)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"the second reader in {folder} cannot be loaded: {error}") from error


def _load(folder: Path) -> SpeechModel:
    name = describe(folder).name
    if (folder / "model.bin").exists():
        return OfflineModel(name, _ctranslate2(folder))
    if engine_of(folder) == "vosk":
        from screener.speech.vosk import VoskModel

        return VoskModel(folder)
    from screener.speech.sherpa import SherpaModel, whole_reader

    if list(folder.glob("joiner*.onnx")):
        chosen = transducer_in(folder)
        if is_streaming(chosen.files["encoder"]):
            return SherpaModel(folder)
        files = {part: str(path) for part, path in chosen.files.items()}
        return OfflineModel(chosen.named(name), whole_reader("from_transducer", **files))
    if list(folder.glob("*-tokens.txt")):
        whisper = {part: str(_one(folder, f"*-{part}*.onnx")) for part in ("encoder", "decoder")}
        tokens = str(_one(folder, "*-tokens.txt"))
        return OfflineModel(name, whole_reader("from_whisper", **whisper, tokens=tokens, language="zh"))
    if (folder / "tokens.txt").exists():
        model, tokens = str(_one(folder, "model*.onnx")), str(folder / "tokens.txt")
        if "paraformer" in name.lower():
            return OfflineModel(name, whole_reader("from_paraformer", paraformer=model, tokens=tokens))
        return OfflineModel(name, whole_reader("from_sense_voice", model=model, tokens=tokens, language="zh"))
    raise ModelError(
        f"{folder} is no model that reads utterances again", "see [speech] second in deploy/README.md"
    )


def is_streaming(encoder: Path) -> bool:
    """Whether an encoder says how much it takes at once: streaming ones do."""
    with encoder.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"decode_chunk_len") >= 0


def _one(folder: Path, pattern: str) -> Path:
    """The file of a part; the quantised one where both are there."""
    found = max(folder.glob(pattern), key=lambda path: (".int8." in path.name, path.name), default=None)
    if found is None or found.stat().st_size == 0:
        raise ModelError(f"{pattern} is missing or empty in the speech model {folder}", AGAIN)
    return found


def _ctranslate2(folder: Path) -> ReadWhole:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ModelError("faster-whisper is not installed", "pip install faster-whisper") from error
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)

    def read(samples: Any) -> str:  # noqa: ANN401
        segments, _ = model.transcribe(
            samples, language="zh", beam_size=BEAMS, temperature=0.0, condition_on_previous_text=False,
            without_timestamps=True,
        )  # fmt: skip
        return "".join(segment.text for segment in segments)

    return read
