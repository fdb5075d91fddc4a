"""One speaker's stream, heard: words from a recogniser, and the sounds that are none."""

from collections.abc import Sequence

from screener.events import Cue, Speaker, Transcript
from screener.speech.acoustics import Ear
from screener.speech.recognizer import Recognizer


class Listener:
    """Words and sounds of one stream. Not thread-safe.

    Args:
        speaker: whose voice; an agent's sounds say nothing about a call and are not looked for.
        recognizer: fresh, for this stream alone.
    """

    def __init__(self, speaker: Speaker, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._ear = Ear(speaker) if speaker is Speaker.CALLER else None

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript | Cue]:
        """Take audio; give back what was heard in it.

        Args:
            pcm: whole frames of 16-bit samples, in order.
            at: audio time of the first sample, seconds.

        Raises:
            ModelError: the engine failed; the stream is dead.
        """
        words = self._recognizer.accept(pcm, at)
        return [*words, *self._ear.accept(pcm, at)] if self._ear else words

    def finish(self) -> Sequence[Transcript]:
        """Close the last utterance; the stream takes no more audio."""
        return self._recognizer.finish()
