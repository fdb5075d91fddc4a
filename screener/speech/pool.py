"""Recogniser threads: streams go in frame by frame from the media thread, transcripts come out.

A stream's queue is bounded. Who falls further behind than that, or whose recogniser raises, is *lost*: that is
said once, and the stream is closed. A recogniser that hangs keeps the one thread that it is on; another thread is
put in its place, so that the other calls go on being heard.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from screener.errors import ModelError
from screener.events import SAMPLE_RATE, RecognizerLost, Speaker, Transcript
from screener.speech.recognizer import Recognizer, SpeechModel

log = logging.getLogger(__name__)

ResultSink = Callable[[str, Transcript | RecognizerLost], None]
"""Takes a stream's key and a result; called from any thread, must only enqueue."""

BYTES_A_SECOND = 2 * SAMPLE_RATE
BATCH_BYTES = BYTES_A_SECOND // 10
"""A stream waits until it has 100 ms of audio: fifty frames a second need not wake a thread fifty times."""
STOP_SECONDS = 2.0
"""How long `stop` waits for each thread; one that hangs dies with the process."""


@dataclass(slots=True, eq=False)
class _Stream:
    key: str
    speaker: Speaker
    frames: deque[tuple[bytes, float]] = field(default_factory=deque)
    queued: int = 0
    """Bytes of audio in `frames`."""
    scheduled: bool = False
    """It is in the ready queue or on a thread: never on two."""
    on_thread: bool = False
    replaced: bool = False
    """Another thread works in the place of the one that it hangs on."""
    closed: bool = False
    """No more audio comes; what is queued is still heard."""
    lost: bool = False
    recognizer: Recognizer | None = None


class RecognizerPool:
    """Hears any number of streams on a few threads, fairly: each stream in turn.

    Args:
        model: opens the recognisers.
        threads: how many streams are decoded at once.
        queue_seconds: audio that a stream may be behind.
        sink: where transcripts and losses go.
    """

    def __init__(self, model: SpeechModel, threads: int, queue_seconds: float, sink: ResultSink) -> None:
        self._model = model
        self._queue_seconds = queue_seconds
        self._queue_bytes = round(queue_seconds * BYTES_A_SECOND)
        self._sink = sink
        self._streams: dict[str, _Stream] = {}
        self._ready: deque[_Stream] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads: set[threading.Thread] = set()
        self._spare_threads = threads  # so many that hang can be replaced; then the pool shrinks
        with self._changed:
            for _ in range(threads):
                self._start_thread()

    def open(self, key: str, speaker: Speaker) -> None:
        """Begin a stream; one that is open under the same key is closed first."""
        self.close(key)
        with self._changed:
            self._streams[key] = _Stream(key, speaker)

    def feed(self, key: str, pcm: bytes, at: float) -> None:
        """Give a stream its next audio. Never blocks; a key that is not open is ignored.

        Args:
            key: as opened.
            pcm: 16-bit samples, any whole number.
            at: audio time of the first, seconds.
        """
        with self._changed:
            stream = self._streams.get(key)
            if stream is None:
                return
            if stream.queued + len(pcm) <= self._queue_bytes:
                stream.frames.append((pcm, at))
                stream.queued += len(pcm)
                self._schedule(stream)
                return
            self._forget(stream)
            if stream.on_thread and self._spare_threads:
                self._spare_threads -= 1
                stream.replaced = True
                self._start_thread()
        self._tell(stream, RecognizerLost(f"more than {self._queue_seconds:g} s behind", at))

    def close(self, key: str) -> None:
        """No more audio comes; the last words still do."""
        with self._changed:
            stream = self._streams.pop(key, None)
            if stream is not None:
                stream.closed = True
                self._schedule(stream)

    def stop(self) -> None:
        """Stop every thread; streams that are open are dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join(STOP_SECONDS)

    # Under the lock.

    def _schedule(self, stream: _Stream) -> None:
        due = stream.closed or stream.queued >= min(BATCH_BYTES, self._queue_bytes // 2)
        if due and not stream.scheduled and not stream.lost:
            stream.scheduled = True
            self._ready.append(stream)
            self._changed.notify()

    def _forget(self, stream: _Stream) -> None:
        stream.lost = True
        stream.frames.clear()
        if self._streams.get(stream.key) is stream:
            del self._streams[stream.key]

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"recogniser-{len(self._threads)}", daemon=True)
        self._threads.add(thread)
        thread.start()

    # On the recogniser threads.

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            stream, frames, last = job
            problem = ""
            try:
                self._decode(stream, frames, last)
            except Exception as error:
                problem = f"the recogniser failed: {error}"
                if not stream.lost:
                    log.error("%s", problem, exc_info=not isinstance(error, ModelError))
            if problem and not last:
                self._lose(stream, RecognizerLost(problem, frames[-1][1] if frames else 0.0))
            if not self._goes_on(stream, last):
                return

    def _next_job(self) -> tuple[_Stream, Sequence[tuple[bytes, float]], bool] | None:
        with self._changed:
            while not self._ready and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            stream = self._ready.popleft()
            stream.on_thread = True
            frames = list(stream.frames)
            stream.frames.clear()
            stream.queued = 0
            return stream, frames, stream.closed

    def _decode(self, stream: _Stream, frames: Sequence[tuple[bytes, float]], last: bool) -> None:
        if stream.recognizer is None:
            stream.recognizer = self._model.open(stream.speaker)
        for pcm, at in frames:
            for transcript in stream.recognizer.accept(pcm, at):
                self._tell(stream, transcript)
        if last:
            for transcript in stream.recognizer.finish():
                self._tell(stream, transcript)

    def _lose(self, stream: _Stream, loss: RecognizerLost) -> None:
        with self._changed:
            wanted = not (stream.lost or stream.closed)
            self._forget(stream)
        if wanted:
            self._tell(stream, loss)

    def _goes_on(self, stream: _Stream, last: bool) -> bool:
        """Let go of a stream after a batch; tells whether this thread is still wanted."""
        with self._changed:
            stream.on_thread = stream.scheduled = False
            if stream.replaced:
                self._spare_threads += 1
                self._threads.discard(threading.current_thread())
                return False
            if not last:
                self._schedule(stream)
        return True

    def _tell(self, stream: _Stream, result: Transcript | RecognizerLost) -> None:
        if stream.lost and isinstance(result, Transcript):
            return  # the call has moved on without it
        self._sink(stream.key, result)
