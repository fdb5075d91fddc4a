"""Recognition on other machines, as a model.

Streams go to servers, to the next one when one fails, then to a model of this machine where the site wants it, and
else are lost, which the pool says and counts. What was said since the last final goes along, so that a failure
costs no word. A stream that is heard here goes back to a server at the end of an utterance, once one may be asked.
"""

import time
import weakref
from collections.abc import Sequence
from typing import Protocol

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker
from screener.speech.models import Engine
from screener.speech.recognizer import ModelInfo, ServerState, SpeechModel
from screener.speech.served import dialect
from screener.speech.servers import Link, Server, Servers
from screener.speech.stream import Decoder, Hypothesis, StreamRecognizer

BEHIND_SECONDS = 3.0
"""Audio without a word from the server, after which it does not keep up."""
LAST_WORDS_SECONDS = 0.5
KEPT_BYTES = 20 * 2 * SAMPLE_RATE
"""Of an utterance that goes on for ever only its end goes along."""


class LocalModel(SpeechModel, Protocol):
    """A model of this machine."""

    def decoder(self) -> Decoder:
        """A fresh stream's."""
        ...


class RemoteModel:
    """Servers, and what is left when none of them hears. Thread-safe as far as a recogniser process needs it.

    Args:
        engine: whose protocol the servers speak.
        urls: of the servers.
        local: heard with where no server answers; None is nothing.
        min_confidence: finals below it are empty.
    """

    def __init__(
        self, engine: Engine, urls: Sequence[str], local: LocalModel | None, min_confidence: float
    ) -> None:
        self._engine, self._local, self._min_confidence = engine, local, min_confidence
        self.servers = Servers(urls)

    @property
    def info(self) -> ModelInfo:
        """That of the model of this machine, which is the least that callers are heard with."""
        if self._local is not None:
            return self._local.info
        return ModelInfo(self._engine, f"{len(self.servers.servers)} servers")

    def states(self) -> Sequence[ServerState]:
        """How each server is."""
        return [ServerState(s.place, not s.failures, s.streams) for s in self.servers.servers]

    def open(self, speaker: Speaker) -> StreamRecognizer:
        """A new stream."""
        return StreamRecognizer(speaker, _Travelling(self))

    def decoder(self) -> Decoder | None:
        """The next one that may hear; None where there is nothing left."""
        if server := self.servers.choose():
            return ServedDecoder(self.servers.link(server, dialect(self._engine, self._min_confidence)))
        return self._local.decoder() if self._local is not None else None


class ServedDecoder:
    """A decoder whose work is done elsewhere: what it says is what has come back so far."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._closed = weakref.finalize(self, link.close)
        """A stream that is dropped without its last words closes too."""
        self._last = Hypothesis("")
        self._told: list[Hypothesis] = []

    @property
    def server(self) -> Server:
        """Who does it."""
        return self._link.server

    def feed(self, pcm: bytes) -> Hypothesis:
        """Send a chunk; a final that has come is told before anything newer."""
        if self._last.final:
            self._last = Hypothesis("")
        self._link.say(pcm, len(pcm) / 2 / SAMPLE_RATE)
        self._told += self._read(self._link.take())
        if self._link.unanswered > BEHIND_SECONDS:
            raise ModelError(f"nothing heard of {BEHIND_SECONDS:g} s")
        while self._told:
            self._last = self._told.pop(0)
            if self._last.final:
                break
        return self._last

    def flush(self) -> Hypothesis:
        """What comes of the end, within a moment."""
        told = self._told + self._read(self._link.finish(LAST_WORDS_SECONDS))
        self._closed()
        text = next((heard for heard in reversed(told) if heard.text), self._last)
        return Hypothesis(text.text, text.syllables, final=True, confidence=text.confidence)

    def close(self) -> None:
        """It is not used any more."""
        self._closed()

    def _read(self, messages: Sequence[str]) -> list[Hypothesis]:
        return [heard for message in messages if (heard := self._link.read(message)) is not None]


class _Travelling:
    """One stream's decoder, wherever it is now."""

    def __init__(self, model: RemoteModel) -> None:
        self._model = model
        self._kept = b""
        self._decoder = self._next()

    def feed(self, pcm: bytes) -> Hypothesis:
        self._kept = (self._kept + pcm)[-KEPT_BYTES:]
        try:
            heard = self._decoder.feed(pcm)
        except ModelError as problem:
            heard = self._moved(problem)
        if heard.final:
            self._kept = b""
            if not isinstance(self._decoder, ServedDecoder) and self._model.servers.choose():
                self._decoder = self._next()
        return heard

    def flush(self) -> Hypothesis:
        before = Hypothesis("")
        while True:
            try:
                last = self._decoder.flush()
            except ModelError as problem:
                before = self._moved(problem)
            else:
                return _joined(before, last) if before.final else last

    def _moved(self, problem: ModelError) -> Hypothesis:
        """What the next decoder makes of the utterance so far."""
        while True:
            if isinstance(self._decoder, ServedDecoder):
                self._decoder.server.failed(problem.message, time.monotonic())
                self._decoder.close()
            else:
                raise problem
            self._decoder = self._next()
            try:
                return self._decoder.feed(self._kept)
            except ModelError as again:
                problem = again

    def _next(self) -> Decoder:
        decoder = self._model.decoder()
        if decoder is None:
            raise ModelError("no recogniser server answers", "see [speech] servers")
        return decoder


def _joined(one: Hypothesis, other: Hypothesis) -> Hypothesis:
    """Two finals as one, as sure as the less sure of them."""
    sure = [heard.confidence for heard in (one, other) if heard.text and heard.confidence is not None]
    return Hypothesis(
        one.text + other.text, one.syllables + other.syllables, final=True, confidence=min(sure, default=None)
    )
