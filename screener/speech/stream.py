"""One speaker's stream over any decoder: audio times, gaps, chunks, utterance numbers, and two gates.

What a decoder claims to have heard is told only when there was voice enough behind it, and, until the utterance is
over, only as far as the next chunk bears it out (local agreement): what flickers up for a tenth of a second on a
cough, a knock or a foreign word is no evidence. When a decoder looks once more and adds nothing, or has read all
that there was and no voice comes, the partial is told again: that is a pause, by the clock of what was decoded.

Decoding silence costs as much as decoding speech, and of two people who talk one is silent: once the decoder has
looked at what came after the last voice, it is left alone until there is one again. A short pause it gets whole
then; a longer one has ended the utterance, with nothing more decoded, and the decoder gets the last of that.
An engine that only ends utterances itself gets silence for as long as a word is open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker, Transcript
from screener.speech.gate import VoiceGate

CHUNK_BYTES = 1600
"""100 ms: the audio that a decoder gets at once."""
JITTER_SECONDS = 0.005
"""Frames this near to their time are in time."""
TAIL_BYTES = 6400
"""400 ms: a look so long after the last voice has read all that was said, but for a syllable that is half printed.
sherpa-onnx's models are given 0.14 s beyond what they read, and print late: on 24 clips of people, cut off in the
middle of a word, looks after 0.3 s missed two syllables. They look every 0.32 s, so the tail has 0.4 to 0.7 s."""
PAUSE_BYTES = 12800
"""800 ms: so long a silence ends an utterance."""
DOZE_BYTES = 16000
"""1 s: so long after the last voice an engine that ends utterances itself is left alone, if no word is open."""
LEAD_BYTES = 4800
"""300 ms: what the decoder gets of the time before a voice is noticed."""
AGAIN_SECONDS = 0.3
"""After so much without another word a partial is told again; sherpa-onnx's models look every 0.32 s."""
LONGEST_SILENCE_SECONDS = 2.0
"""A gap is fed as silence up to here: enough to end any utterance. The rest only moves the clock on."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a decoder makes of the utterance so far.

    Attributes:
        text: as the engine prints it, without spaces; may be empty.
        syllables: the same as toneless pinyin.
        final: the utterance is over.
        confidence: 0..1 or None.
        firm: further audio adds to it and takes nothing back.
        half: the initial of a syllable whose rest is still to come; it says nothing yet, but that somebody speaks.
    """

    text: str
    syllables: tuple[str, ...] = ()
    final: bool = False
    confidence: float | None = None
    firm: bool = False
    half: str = ""


class Decoder(Protocol):
    """The engine's side of one stream."""

    def feed(self, pcm: bytes) -> Hypothesis:
        """Decode the next chunk of 16-bit samples at 8 kHz.

        Gives the very object that it gave last while the audio is not enough to look again.
        """
        ...

    def flush(self) -> Hypothesis:
        """Close the utterance; `final` is True."""
        ...


class StreamRecognizer:
    """A `Recognizer` around a decoder.

    Args:
        speaker: whose voice.
        decoder: fresh, for this stream alone.
        end: closes its utterance with what is decoded so far, and nothing more; None where only the engine does.
    """

    def __init__(self, speaker: Speaker, decoder: Decoder, end: Callable[[], Hypothesis] | None = None) -> None:
        self._speaker = speaker
        self._decoder, self._end = decoder, end
        self._gate = VoiceGate()
        self._pending = b""
        self._clock: float | None = None  # audio time after the last byte taken, pending ones included
        self._start: float | None = None  # first voice of the utterance
        self._utterance = 0
        self._text, self._told_at = "", 0.0
        """The partial that was told last, and when."""
        self._claimed = Hypothesis("")
        self._voiceless = 0
        """Bytes since the last voice."""
        self._is_read = self._is_over = False
        """Whether all that was said up to the last voice is decoded, and its utterance ended."""
        self._lead = b""
        """What was not decoded, as far as it may be yet."""
        self._finished = False

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:
        """Take audio; see `Recognizer`."""
        if self._finished:
            raise ModelError("the stream is finished and takes no more audio")
        found: list[Transcript] = []
        if self._clock is None:
            self._clock = at
        gap = at - self._clock
        if gap > JITTER_SECONDS:
            silence = min(gap, LONGEST_SILENCE_SECONDS)
            found += self._take(bytes(2 * round(silence * SAMPLE_RATE)))
            if gap > LONGEST_SILENCE_SECONDS:
                found += self._decode(whole=True)
            self._clock = at
        found += self._take(pcm)
        return found

    def finish(self) -> Sequence[Transcript]:
        """Close the last utterance; see `Recognizer`."""
        if self._finished:
            return ()
        self._finished = True
        found = self._decode(whole=True)
        if self._clock is not None:
            found += self._report(self._decoder.flush(), self._clock)
        return found

    def _take(self, pcm: bytes) -> list[Transcript]:
        assert self._clock is not None
        self._pending += pcm
        self._clock += len(pcm) / 2 / SAMPLE_RATE
        return self._decode(whole=False)

    def _decode(self, *, whole: bool) -> list[Transcript]:
        """Decode what is pending in chunks; the rest too when `whole`."""
        found: list[Transcript] = []
        while len(self._pending) >= CHUNK_BYTES or (whole and self._pending):
            chunk, self._pending = self._pending[:CHUNK_BYTES], self._pending[CHUNK_BYTES:]
            assert self._clock is not None
            end = self._clock - len(self._pending) / 2 / SAMPLE_RATE
            if self._gate.accept(chunk):
                self._voiceless, self._is_read, self._is_over = 0, False, False
                if self._start is None:
                    self._start = end - len(chunk) / 2 / SAMPLE_RATE
            else:
                self._voiceless += len(chunk)
            found += self._doze(chunk, end) if self._dozes else self._feed(chunk, end)
        return found

    @property
    def _dozes(self) -> bool:
        """Whether the decoder is left alone."""
        if self._end is None:
            return self._voiceless > DOZE_BYTES and not (self._text or self._claimed.text)
        return self._is_read

    def _feed(self, chunk: bytes, end: float) -> list[Transcript]:
        chunk, self._lead = self._lead + chunk, b""
        before, heard = self._claimed, self._decoder.feed(chunk)
        looked = heard is not before
        self._is_read = looked and self._voiceless >= TAIL_BYTES and not heard.half
        agreed = self._agree(heard)
        return self._report(agreed, end, anew=looked and heard.half == before.half) if agreed else []

    def _doze(self, chunk: bytes, end: float) -> list[Transcript]:
        """Keep a chunk for the next word; tell the pause, and when it is too long for one the utterance's end."""
        self._lead += chunk
        if self._voiceless < PAUSE_BYTES:
            return self._report(self._claimed, end)
        self._lead = self._lead[-LEAD_BYTES:]
        if self._end is None:
            self._start = None
        elif not self._is_over:
            self._is_over, self._claimed = True, Hypothesis("")
            return self._report(self._end(), end)
        return []

    def _agree(self, heard: Hypothesis) -> Hypothesis | None:
        """A final as it is; of a partial what the one before claimed too, None where both differ."""
        before, self._claimed = self._claimed, Hypothesis("") if heard.final else heard
        if heard.final or heard.firm or heard.text == before.text:
            return heard
        return before if heard.text.startswith(before.text) else None

    def _report(self, heard: Hypothesis, end: float, *, anew: bool = True) -> list[Transcript]:
        """What has changed and has a voice behind it."""
        found: list[Transcript] = []
        changed = heard.text != self._text
        again = anew and bool(heard.text) and end - self._told_at > AGAIN_SECONDS - JITTER_SECONDS
        # A final is told even when its text is empty, if a partial was told: it takes that one back.
        if self._gate.allows(len(heard.syllables)) and (changed or again or (heard.final and heard.text)):
            start = self._start if self._start is not None else end
            found.append(
                Transcript(
                    speaker=self._speaker,
                    utterance=self._utterance,
                    text=heard.text,
                    syllables=heard.syllables,
                    start=start,
                    end=end,
                    final=heard.final,
                    confidence=heard.confidence,
                )
            )
            self._text, self._told_at = heard.text, end
        if heard.final:
            self._utterance += bool(self._text or found)
            self._text = ""
            self._start = None
            self._gate.reset()
        return found
