"""What every recogniser looks like from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from screener.events import Speaker, Transcript


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model is.

    Attributes:
        engine: `vosk`, `sherpa` or `none`.
        name: the model's name.
        synthetic_only: True for the embedded demo model: it understands espeak-ng voices and must treat nobody
            on live calls.
        gives_pinyin: True when transcripts are pinyin instead of characters.
    """

    engine: str
    name: str
    synthetic_only: bool = False
    gives_pinyin: bool = False


class Recognizer(Protocol):
    """One speaker's stream. Not thread-safe: one thread feeds one recogniser."""

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:
        """Take audio; give back what changed.

        Args:
            pcm: any whole number of 16-bit little-endian samples at 8 kHz, in order.
            at: audio time of the first sample, seconds. A gap to the audio before is silence.

        Raises:
            ModelError: the engine failed; the stream is dead.
        """
        ...

    def finish(self) -> Sequence[Transcript]:
        """Close the last utterance; the stream takes no more audio."""
        ...


class SpeechModel(Protocol):
    """A loaded model; opens any number of streams. Thread-safe."""

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        ...

    def open(self, speaker: Speaker) -> Recognizer:
        """A new stream."""
        ...


@dataclass(frozen=True, slots=True)
class ServerState:
    """A recogniser server on another machine, as one process of ours knows it.

    Attributes:
        place: host and port.
        up: it has not failed since it answered last.
        streams: of ours, that it hears now.
    """

    place: str
    up: bool
    streams: int


@runtime_checkable
class Spread(Protocol):
    """A model whose work is done by servers."""

    def states(self) -> Sequence[ServerState]:
        """How each is."""
        ...
