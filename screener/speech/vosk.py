"""Vosk: the default recogniser. The only module that knows the library."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from types import ModuleType

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker
from screener.resources import embedded_model_folder
from screener.speech.models import AGAIN, check_folder, describe
from screener.speech.pinyin import syllables
from screener.speech.recognizer import ModelInfo
from screener.speech.stream import Decoder, Hypothesis, StreamRecognizer


class _Unneeded(ModuleType):
    """Stands for a library that vosk imports for its own downloads, which we never ask for."""

    def __getattr__(self, name: str) -> None:
        return None


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Imports that would cost each process that loads vosk a tenth of its start, and are for nothing."""
    absent = {name: _Unneeded(name) for name in names if name not in sys.modules}
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _without("requests", "tqdm", "urllib.request", "srt"):
    import vosk

vosk.SetLogLevel(-1)


class VoskModel:
    """A Vosk model folder, loaded. Thread-safe.

    Args:
        folder: default the embedded model.
        min_confidence: words of a final result below it are dropped.

    Raises:
        ModelError: a file is missing, empty or not what it was; says which.
    """

    def __init__(self, folder: Path | None = None, min_confidence: float = 0.0) -> None:
        folder = folder or embedded_model_folder()
        check_folder(folder)
        card = describe(folder)
        try:
            self._model = vosk.Model(str(folder))
        except Exception as error:  # the library raises the bare class
            raise ModelError(f"Vosk cannot load the model in {folder}", AGAIN) from error
        self._min_confidence = min_confidence
        self._info = ModelInfo("vosk", card.name, synthetic_only=card.synthetic_only)

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        return self._info

    def open(self, speaker: Speaker) -> StreamRecognizer:
        """A new stream."""
        return StreamRecognizer(speaker, self.decoder())

    def decoder(self) -> Decoder:
        """A fresh stream's."""
        return _VoskDecoder(self._model, self._min_confidence)


class _VoskDecoder:
    def __init__(self, model: vosk.Model, min_confidence: float) -> None:
        self._recognizer = vosk.KaldiRecognizer(model, SAMPLE_RATE)
        self._recognizer.SetWords(True)
        self._min_confidence = min_confidence

    def feed(self, pcm: bytes) -> Hypothesis:
        try:
            if self._recognizer.AcceptWaveform(pcm):
                return parse_final(self._recognizer.Result(), self._min_confidence)
            return parse_partial(self._recognizer.PartialResult())
        except Exception as error:
            raise ModelError(f"Vosk failed on a stream: {error}") from error

    def flush(self) -> Hypothesis:
        return parse_final(self._recognizer.FinalResult(), self._min_confidence)


def parse_partial(result: str) -> Hypothesis:
    """A partial result as Vosk prints it: `{"partial": "你 好"}`."""
    text = json.loads(result).get("partial", "").replace(" ", "")
    return Hypothesis(text, syllables(text))


def parse_final(result: str, min_confidence: float) -> Hypothesis:
    """A final result as Vosk prints it: `{"result": [{"conf": 0.98, "word": "你", …}], "text": "你 好"}`.

    Args:
        result: JSON.
        min_confidence: words below it are left out; the confidence given is the mean of the others.
    """
    words = json.loads(result).get("result", [])
    sure = [word for word in words if word["conf"] >= min_confidence]
    text = "".join(word["word"] for word in sure)
    confidence = fmean(word["conf"] for word in sure) if sure else None
    return Hypothesis(text, syllables(text), final=True, confidence=confidence)
