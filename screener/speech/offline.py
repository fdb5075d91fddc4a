"""Recognisers that read whole utterances, for the second reading: sherpa-onnx's offline models, and Whisper.

`models.shape_of` tells them apart. Whisper for CTranslate2 needs `pip install faster-whisper`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech.models import (
    AGAIN,
    WHISPER_FILES,
    WHOLE_FILES,
    Shape,
    check_folder,
    describe,
    file_in,
    find_model,
    transducer_in,
)
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
    """Load a model that reads utterances again.

    Raises:
        ModelError: as `load_second`.
    """
    shape = check_folder(folder)
    if shape is Shape.VOSK:
        from screener.speech.vosk import VoskModel

        return VoskModel(folder)
    if shape is Shape.STREAMING:
        from screener.speech.sherpa import SherpaModel

        return SherpaModel(folder)
    name = describe(folder).name
    try:
        if shape is Shape.CTRANSLATE2:
            return OfflineModel(name, _ctranslate2(folder))
        return _sherpa(shape, folder, name)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"the second reader in {folder} cannot be loaded: {error}", AGAIN) from error


def _sherpa(shape: Shape, folder: Path, name: str) -> SpeechModel:
    from screener.speech.sherpa import whole_reader

    if shape is Shape.TRANSDUCER:
        chosen = transducer_in(folder)
        files = {part: str(path) for part, path in chosen.files.items()}
        return OfflineModel(chosen.named(name), whole_reader("from_transducer", **files))
    if shape is Shape.WHISPER:
        parts = zip(("tokens", "encoder", "decoder"), WHISPER_FILES, strict=True)
        files = {part: str(file_in(folder, pattern)) for part, pattern in parts}
        return OfflineModel(name, whole_reader("from_whisper", **files, language="zh"))
    tokens, model = (str(file_in(folder, pattern)) for pattern in WHOLE_FILES)
    if shape is Shape.PARAFORMER:
        return OfflineModel(name, whole_reader("from_paraformer", paraformer=model, tokens=tokens))
    return OfflineModel(name, whole_reader("from_sense_voice", model=model, tokens=tokens, language="zh"))


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
