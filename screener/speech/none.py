"""No recogniser: nothing is understood; only sounds, the caller's number and the time are judged."""

import logging
from collections.abc import Sequence

from screener.events import Speaker, Transcript
from screener.speech.recognizer import ModelInfo

log = logging.getLogger(__name__)


class NoModel:
    """A model that hears nothing, and says so when it is opened."""

    def __init__(self) -> None:
        log.warning(
            "speech.engine is none: nothing that callers say is understood; only sounds, numbers and times judge"
        )

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        return ModelInfo("none", "none")

    def open(self, speaker: Speaker) -> "NoRecognizer":  # noqa: ARG002 - every speaker is unheard
        """A new stream."""
        return NoRecognizer()


class NoRecognizer:
    """Takes audio and says nothing."""

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:  # noqa: ARG002
        """Nothing is heard."""
        return ()

    def finish(self) -> Sequence[Transcript]:
        """Nothing was heard."""
        return ()
