"""What the engines' own servers speak over a websocket: vosk-server's and sherpa-onnx's protocols. Pure.

Both take audio in binary messages and say in JSON what they have heard so far; both are told when no more comes.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

from screener.errors import ModelError
from screener.events import SAMPLE_RATE
from screener.outside.objects import read_object
from screener.speech.models import Engine
from screener.speech.stream import Hypothesis
from screener.speech.upsample import Upsampler

VOSK_END = '{"eof" : 1}'
"""To the byte: the server compares."""
SHERPA_END, SHERPA_ENDED = "Done", "Done!"
MESSAGE_MOST, TEXT_MOST = 1 << 17, 2000
"""Characters of a message, and of one utterance: eight minutes without a pause."""
MOST_SURE = 1.001
"""A mean of ones, rounded."""


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

    def heard(self, message: str) -> Hypothesis | None:
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

    def heard(self, message: str) -> Hypothesis | None:
        """`{"partial": …}` or `{"text": …, "result": …}`."""
        from screener.speech.vosk import parse_final, parse_partial  # the library comes with it

        def read(said: dict[str, Any]) -> Hypothesis:
            if "partial" in said:
                return parse_partial(message)
            if "text" not in said:
                raise ValueError("no text")
            return parse_final(message, self._min_confidence)

        return _sense(message, read)

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

    def heard(self, message: str) -> Hypothesis | None:
        """`{"text": …, "tokens": […], "ys_probs": […], "is_final": …}`."""
        from screener.speech.sherpa import parse_result

        if message == SHERPA_ENDED:
            return None
        return _sense(message, lambda said: parse_result(message, said["is_final"] is True, self._min_confidence))

    def is_last(self, message: str) -> bool:
        """Its word for it."""
        return message == SHERPA_ENDED


def dialect(engine: Engine, min_confidence: float) -> Dialect:
    """A fresh stream's."""
    return VoskDialect(min_confidence) if engine == "vosk" else SherpaDialect(min_confidence)


def _sense(message: str, read: Callable[[dict[str, Any]], Hypothesis]) -> Hypothesis:
    """What is read of a message; what no recogniser says is an error, and costs the process nothing."""
    try:
        if len(message) > MESSAGE_MOST:
            raise ValueError(f"{len(message)} characters")
        said = read_object(message)
        if any(isinstance(text, str) and len(text) > TEXT_MOST for text in said.values()):
            raise ValueError(f"more than {TEXT_MOST} characters of one utterance")
        heard = read(said)
        if len(heard.text) > TEXT_MOST or len(heard.syllables) > TEXT_MOST:
            raise ValueError(f"more than {TEXT_MOST} characters of one utterance")
        if not 0.0 <= (heard.confidence or 0.0) <= MOST_SURE:
            raise ValueError(f"confidence {heard.confidence}")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ModelError(f"a recogniser server says what makes no sense: {str(error)[:200]}") from error
    return heard
