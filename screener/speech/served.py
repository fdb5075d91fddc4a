"""What the engines' own servers speak over a websocket: vosk-server's and sherpa-onnx's protocols. Pure.

Both take audio in binary messages and say in JSON what they have heard so far; both are told when no more comes.
"""

import json
from collections.abc import Callable
from typing import Protocol

from screener.errors import ModelError
from screener.events import SAMPLE_RATE
from screener.speech.models import Engine
from screener.speech.stream import Heard
from screener.speech.upsample import Upsampler

VOSK_END = '{"eof" : 1}'
"""To the byte: the server compares."""
SHERPA_END, SHERPA_ENDED = "Done", "Done!"


class Dialect(Protocol):
    """One stream in the words of its server."""

    @property
    def begin(self) -> tuple[str, ...]:
        """What is said before any audio."""
        ...

    @property
    def end(self) -> str:
        """What is said after it."""
        ...

    def audio(self, pcm: bytes) -> bytes:
        """A message with 16-bit samples at 8 kHz."""
        ...

    def heard(self, message: str) -> Heard | None:
        """What a message of the server says; None for nothing new.

        Raises:
            ModelError: it says what makes no sense.
        """
        ...

    def is_last(self, message: str) -> bool:
        """Whether nothing follows it, once the end is said."""
        ...


class VoskDialect:
    """vosk-server's (`asr_server.py`): one answer to every message, words with their confidence in a final."""

    def __init__(self, min_confidence: float) -> None:
        self.begin = (json.dumps({"config": {"sample_rate": SAMPLE_RATE, "words": True}}),)
        self.end = VOSK_END
        self._min_confidence = min_confidence

    def audio(self, pcm: bytes) -> bytes:
        """The samples as they are."""
        return pcm

    def heard(self, message: str) -> Heard | None:
        """`{"partial": …}` or `{"text": …, "result": …}`."""
        from screener.speech.vosk import parse_final, parse_partial  # the library comes with it

        return _sense(
            lambda: parse_partial(message) if '"partial"' in message else self._final(message, parse_final)
        )

    def _final(self, message: str, parse_final: Callable[[str, float], Heard]) -> Heard:
        if "text" not in json.loads(message):
            raise ValueError("no text")
        return parse_final(message, self._min_confidence)

    def is_last(self, message: str) -> bool:
        """The next final."""
        return '"partial"' not in message


class SherpaDialect:
    """sherpa-onnx's (`sherpa-onnx-online-websocket-server`): 32-bit floats at 16 kHz; an answer a piece."""

    def __init__(self, min_confidence: float) -> None:
        self.begin: tuple[str, ...] = ()
        self.end = SHERPA_END
        self._min_confidence = min_confidence
        self._upsampler = Upsampler()

    def audio(self, pcm: bytes) -> bytes:
        """Twice as many samples, as floats."""
        return self._upsampler.accept(pcm).astype("<f4").tobytes()

    def heard(self, message: str) -> Heard | None:
        """`{"text": …, "tokens": […], "ys_probs": […], "is_final": …}`."""
        from screener.speech.sherpa import parse_result

        if message == SHERPA_ENDED:
            return None
        return _sense(lambda: parse_result(message, json.loads(message)["is_final"] is True, self._min_confidence))

    def is_last(self, message: str) -> bool:
        """Its word for it."""
        return message == SHERPA_ENDED


def dialect(engine: Engine, min_confidence: float) -> Dialect:
    """A fresh stream's."""
    return VoskDialect(min_confidence) if engine == "vosk" else SherpaDialect(min_confidence)


def _sense(read: Callable[[], Heard]) -> Heard:
    try:
        return read()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"a recogniser server says what makes no sense: {error}") from error
