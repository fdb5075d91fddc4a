"""The second reader: a better, slower recogniser in a process of its own, which reads again what a flag stands on.

One thread, `second`, gives the process one reading after the other. Few may wait, and what comes too late is not
begun: whoever asked has gone on without it by then. When the process breaks, what it read is answered with
nothing, and it is started again.
"""

import contextlib
import logging
import queue
import select
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, count

from screener.errors import ModelError
from screener.events import FRAME_SECONDS, Speaker, Transcript
from screener.speech import wire
from screener.speech.process import Process
from screener.speech.wire import Record, RecordKind
from screener.speech.worker import Loader

log = logging.getLogger(__name__)

RECENT_SECONDS = 30.0
"""Audio of a caller that is kept for it: 0.5 MB a call."""
MARGIN_SECONDS = 0.3
"""Read before and after an utterance too: where a recogniser sets its ends is not exact."""
WAITING = 8
"""Readings that may wait."""
LOAD_SECONDS = 120.0
STUCK_SECONDS = 20.0
"""A process that reads one utterance for longer is given up."""
AGAIN_SECONDS = 5.0
"""Between two starts of the process."""
RECORD_BYTES = 32_000


class ReadingOutcome(StrEnum):
    """What became of a reading."""

    READ = "read"
    LATE = "late"
    """It would have begun after its time."""
    FULL = "full"
    """Too many waited."""
    FAILED = "failed"


OnReread = Callable[[tuple[Transcript, ...]], None]
"""Takes the utterances with the words that were read; none where nothing could be."""


class Recent:
    """The newest audio of one voice. `feed` is the media thread's."""

    def __init__(self) -> None:
        self._frames: deque[tuple[bytes, float]] = deque(maxlen=round(RECENT_SECONDS / FRAME_SECONDS))

    def feed(self, pcm: bytes, at: float) -> None:
        """The next frame and its audio time."""
        self._frames.append((pcm, at))

    def cut(self, start: float, end: float) -> bytes:
        """What was heard from `start` to `end`, with a little around it."""
        first, last = start - MARGIN_SECONDS, end + MARGIN_SECONDS
        return b"".join(pcm for pcm, at in self._frames.copy() if first <= at <= last)


@dataclass(frozen=True, slots=True)
class _Job:
    said: tuple[Transcript, ...]
    audio: tuple[bytes, ...]
    until: float
    answered: OnReread = field(repr=False)


class SecondReader:
    """Reads utterances again, one after the other.

    Args:
        loader: loads the model, in its process.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING)
        self.counts: Counter[ReadingOutcome] = Counter()
        """Readings, by what became of them."""
        self.seconds = 0.0
        """That readings took."""
        self._process: Process | None = None
        self._ready = False
        self._start_at = 0.0
        self._unusable = False
        """The process has said why it cannot read: to start it again is no use."""
        self._numbers = count(1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="second", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether it would read now."""
        return self._ready

    def ask(self, said: Sequence[Transcript], recent: Recent, seconds: float, answered: OnReread) -> None:
        """Have utterances read again; any thread. `answered` follows in any case, but may come late.

        Args:
            said: as they were heard first.
            recent: where their audio is.
            seconds: after which nobody waits for it any more.
            answered: must only enqueue; may be called at once.
        """
        audio = tuple(recent.cut(t.start, t.end) for t in said)
        job = _Job(tuple(said), audio, time.monotonic() + seconds, answered)
        if not self._ready:
            self._end(job, ReadingOutcome.FAILED)
            return
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._end(job, ReadingOutcome.FULL)

    def stop(self) -> None:
        """Read nothing more."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._jobs.put_nowait(None)
        self._thread.join(2.0)

    def _end(self, job: _Job, outcome: ReadingOutcome, said: tuple[Transcript, ...] = ()) -> None:
        self.counts[outcome] += 1
        job.answered(said)

    # The thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception:
                log.exception("second reading: a fault of ours; it goes on")
                self._give_up()
                self._stopping.wait(1.0)
        self._give_up()

    def _round(self) -> None:
        self._attend()
        try:
            job = self._jobs.get(timeout=1.0)
        except queue.Empty:
            return
        if job is not None:
            self._work(job)

    def _attend(self) -> None:
        """See that there is a process with its model loaded."""
        now = time.monotonic()
        if self._process is not None and self._died():
            log.error("the second reader died; it is started again")
            self._give_up()
        if self._process is not None or self._unusable or now < self._start_at:
            return
        self._start_at = now + AGAIN_SECONDS
        try:
            self._process = Process(self._loader)
            self._await(RecordKind.READY, LOAD_SECONDS)
        except (ModelError, OSError) as problem:
            log.error("there is no second reading: %s", problem)
            self._give_up()
            return
        self._ready = True

    def _died(self) -> bool:
        assert self._process is not None
        try:
            return self._process.read() is None
        except ModelError:
            return True

    def _give_up(self) -> None:
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            process.kill()

    def _work(self, job: _Job) -> None:
        begun = time.monotonic()
        if begun >= job.until:
            self._end(job, ReadingOutcome.LATE)
            return
        try:
            heard = [self._read(pcm) for pcm in job.audio]
        except ModelError as problem:
            log.error("a second reading failed: %s", problem)
            self._give_up()
            self._end(job, ReadingOutcome.FAILED)
            return
        except Exception:
            self._end(job, ReadingOutcome.FAILED)
            raise
        self.seconds += time.monotonic() - begun
        read = (
            replace(
                said,
                text="".join(t.text for t in finals),
                syllables=tuple(chain.from_iterable(t.syllables for t in finals)),
                confidence=None,
            )
            for said, finals in zip(job.said, heard, strict=True)
        )
        self._end(job, ReadingOutcome.READ, tuple(read))

    def _read(self, pcm: bytes) -> list[Transcript]:
        """What is said in a piece of audio.

        Raises:
            ModelError: the process is broken, or the engine failed.
        """
        process, number = self._process, next(self._numbers)
        if process is None:
            raise ModelError("there is no process")
        process.say(wire.opened(number, Speaker.CALLER))
        for begin in range(0, len(pcm), RECORD_BYTES):
            process.say(wire.audio(number, begin / 16000, pcm[begin : begin + RECORD_BYTES]))
        process.say(Record(RecordKind.CLOSE, number))
        said = self._await(RecordKind.CLOSED, STUCK_SECONDS)
        heard = [wire.words_of(r.content) for r in said if r.kind is RecordKind.WORDS and r.stream == number]
        return [t for t in heard if t.final]

    def _await(self, kind: RecordKind, seconds: float) -> list[Record]:
        """What it says up to a record of this kind.

        Raises:
            ModelError: it died, failed, or says nothing for so long.
        """
        process, until = self._process, time.monotonic() + seconds
        assert process is not None
        said: list[Record] = []
        while not self._stopping.is_set():
            process.flush()
            left = until - time.monotonic()
            if left <= 0:
                raise ModelError(f"it has not answered for {seconds:g} s")
            waits = [] if process.takes_more else [process.socket]
            select.select([process.socket], waits, [], min(left, 0.5))
            records = process.read()
            if records is None:
                raise ModelError("its process died")
            for record in records:
                said.append(record)
                if record.kind is RecordKind.UNUSABLE:
                    self._unusable = True
                    raise wire.error_of(record.content)
                if record.kind is RecordKind.FAILED:
                    raise ModelError(record.content.decode("utf-8", "replace"))
                if record.kind is kind:
                    return said
        raise ModelError("it is stopped")
