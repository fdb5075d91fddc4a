"""Recogniser processes: voices go in frame by frame from the media thread, words and sounds come out.

The media thread appends a frame to a list and does nothing else. One thread, `speech`, carries the frames to the
processes every 20 ms, takes what they heard, and watches them. One more process waits with its model loaded, and
takes the place of one that dies or hangs at once. Whoever was heard by that one is told to be *lost*, once, and is
heard again, unless closed meanwhile. A caller who falls further behind than the bound is lost for good; of an
agent what is older than the bound is left out. Callers are heard before agents, who give way to them: when the
processes are nearly busy or behind, further agents are not taken in, and where callers are behind, or alone keep
a process busy, further callers neither. When they fall further behind all the same, the newest agent is given up,
and where callers are late the newest call: callers who are heard are never slower.
"""

import contextlib
import logging
import math
import queue
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from screener.errors import ModelError
from screener.events import Cue, RecognizerLost, Speaker, Transcript
from screener.speech import wire
from screener.speech.process import Process
from screener.speech.recognizer import ModelInfo, ServerState
from screener.speech.slot import Slot
from screener.speech.voice import Voice
from screener.speech.wire import Record, RecordKind
from screener.speech.worker import Loader

log = logging.getLogger(__name__)

ResultSink = Callable[[str, Speaker, Transcript | Cue | RecognizerLost], None]
"""Takes a call's id, whose voice it is, and a result; called from one thread, must only enqueue."""

FEED_SECONDS = 0.02
LOAD_SECONDS = 120.0
"""A large model may take so long to load."""
SPARE_SECONDS = 3.0
"""The spare process is started so long after the others: calls can be taken meanwhile."""
SOON_SECONDS = 1.0
"""A process that is started again within so long may be waited for."""
CRASHES = 3
"""A voice of which so many processes had heard something when they died is not given to another one."""
STOP_SECONDS = 2.0


class Loss(StrEnum):
    """Why a voice is not heard."""

    CRASH = "crash"
    FAILURE = "failure"
    BEHIND = "behind"
    FULL = "full"


@dataclass(slots=True)
class PoolCounts:
    """What the pool did since it began.

    Attributes:
        lost: voices that were heard no longer, or not at all, by cause.
        heard_again: voices of a process that died, heard by the next one.
        restarts: processes started in place of others.
        left_out: seconds of agents.
    """

    lost: Counter[Loss] = field(default_factory=Counter)
    heard_again: int = 0
    restarts: int = 0
    left_out: float = 0.0


class RecognizerPool:
    """Hears any number of voices in a few processes.

    Args:
        loader: loads the model, in each process.
        processes: how many.
        queue_seconds: audio that a voice may be behind.
        sink: where words, sounds and losses go.

    Raises:
        ModelError: the model cannot be loaded.
    """

    def __init__(self, loader: Loader, processes: int, queue_seconds: float, sink: ResultSink) -> None:
        self.counts = PoolCounts()
        self._loader, self._queue_seconds, self._sink = loader, queue_seconds, sink
        self._slots = [Slot(number) for number in range(processes)]
        self._spare = Slot(processes)
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._calls: dict[str, Slot | None] = {}
        """Who hears a call; None: it was given up."""
        self._voices: dict[tuple[str, Speaker], Voice] = {}
        self._numbers = 0
        self._stopping = False
        self._loaded = threading.Event()
        self._info: ModelInfo | None = None
        self._problem: ModelError | None = None
        self._thread = threading.Thread(target=self._run, name="speech", daemon=True)
        self._thread.start()
        if not self._loaded.wait(LOAD_SECONDS):
            self._problem = ModelError(f"the speech model is not loaded after {LOAD_SECONDS:g} s")
        if self._problem is not None:
            self.stop()
            raise self._problem

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        assert self._info is not None, "the constructor has waited for it"
        return self._info

    @property
    def voices(self) -> int:
        """How many are open now."""
        return len(self._voices)

    def busy(self) -> Sequence[float]:
        """The part of a processor that each process has used lately; 1 while it is not ready."""
        return [slot.busy if slot.ready else 1.0 for slot in self._slots]

    def ready(self) -> int:
        """How many processes hear now."""
        return sum(slot.ready for slot in self._slots)

    def servers(self) -> Sequence[ServerState]:
        """Recogniser servers on other machines: one is up where no process of ours knows better."""
        known: dict[str, ServerState] = {}
        for state in (state for slot in self._slots for state in slot.servers):
            before = known.get(state.place, ServerState(state.place, up=True, streams=0))
            streams = before.streams + state.streams
            known[state.place] = ServerState(state.place, before.up and state.up, streams)
        return list(known.values())

    def failing(self) -> tuple[str, ...]:
        """Places of those that fail now."""
        return tuple(state.place for state in self.servers() if not state.up)

    def open(self, call_id: str, speaker: Speaker) -> Voice:
        """Begin to hear a voice of a call; one that is open is closed first."""
        voice = Voice(call_id, speaker, self._queue_seconds)
        self._do(lambda: self._open(voice))
        return voice

    def close(self, voice: Voice) -> None:
        """No more audio comes; the last words still do."""
        self._do(lambda: self._close(voice))

    def pulse(self, answered: Callable[[], None]) -> None:
        """Call back from the speech thread when it comes round to it: it lives."""
        self._do(answered)

    def stop(self) -> None:
        """Stop every process; voices that are open are dropped."""
        self._stopping = True
        self._do(lambda: None)
        self._thread.join(STOP_SECONDS + 1)

    def _do(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)
        with contextlib.suppress(OSError):  # full: the thread is awake already; closed: nobody is left to wake
            self._wake_write.send(b"\0", socket.MSG_DONTWAIT)

    # The speech thread.

    def _run(self) -> None:
        for slot in self._slots:
            self._start(slot)
        due = time.monotonic()
        while not self._stopping:
            try:
                for key, _ in self._selector.select(self._wait(due)):
                    if key.data is None:
                        self._wake_read.recv(4096)
                    elif key.data.process and key.data.process.socket is key.fileobj:  # not replaced meanwhile
                        self._read(key.data)
                while not self._tasks.empty():
                    self._tasks.get()()
                now = time.monotonic()
                if now >= due:
                    due = max(due + FEED_SECONDS, now)
                    for slot in (*self._slots, self._spare):
                        self._attend(slot, now)
            except Exception:
                log.exception("speech: a fault of ours; it goes on")
        self._end()

    def _wait(self, due: float) -> float | None:
        """How long nothing needs to be done: for ever while nobody speaks and every process stands."""
        if any(slot.voices for slot in self._slots):
            return max(0.0, due - time.monotonic())
        start_at = min(slot.start_at for slot in (*self._slots, self._spare))
        return max(0.0, start_at - time.monotonic()) if start_at < math.inf else None

    def _start(self, slot: Slot) -> None:
        now = time.monotonic()
        try:
            process = Process(self._loader)
        except OSError as error:
            log.error("recogniser process %d cannot be started: %s", slot.number, error)
            slot.start_at = now + SOON_SECONDS
            return
        slot.put(process, now)
        self._selector.register(process.socket, selectors.EVENT_READ, slot)

    def _read(self, slot: Slot) -> None:
        assert slot.process is not None
        try:
            records = slot.process.read()
            if records is None:
                self._died(slot)
                return
            slot.waiting_since = None
            for record in records:
                self._take(slot, record)
        except ModelError as error:
            log.error("%s", error)
            self._died(slot)

    def _take(self, slot: Slot, record: Record) -> None:
        match record.kind:
            case RecordKind.READY:
                self._is_ready(slot, wire.info_of(record.content))
            case RecordKind.UNUSABLE:
                problem = wire.error_of(record.content)
                log.error("recogniser process %d: %s", slot.number, problem)
                if self._info is None:
                    self._problem = problem
                    self._loaded.set()
            case RecordKind.SERVERS:
                slot.servers = wire.servers_of(record.content)
            case RecordKind.STATUS:
                slot.measure(*wire.status_of(record.content))
            case _:
                if voice := slot.voices.get(record.stream):
                    self._take_of_voice(slot, voice, record)

    def _take_of_voice(self, slot: Slot, voice: Voice, record: Record) -> None:
        match record.kind:
            case RecordKind.WORDS:
                self._tell(voice, voice.numbered(wire.words_of(record.content)))
            case RecordKind.SOUND:
                self._tell(voice, wire.sound_of(record.content))
            case RecordKind.DONE:
                voice.heard_so_far(wire.done_of(record.content))
            case RecordKind.FAILED:
                slot.voices.pop(voice.number, None)
                self._lose(voice, Loss.FAILURE, record.content.decode("utf-8", "replace"))
            case RecordKind.CLOSED:
                slot.voices.pop(voice.number, None)
            case _:
                raise ModelError(f"a recogniser process said what makes no sense: {record.kind.name}")

    def _is_ready(self, slot: Slot, info: ModelInfo) -> None:
        self._info = info
        slot.is_ready()
        again = [voice for voice in slot.voices.values() if voice.is_lost]
        for voice in again:
            voice.begin_again()
            voice.is_lost = False
        self.counts.heard_again += len(again)
        if slot.died:
            log.warning(
                "recogniser process %d is back after %.2f s: %d voices are heard again",
                slot.number, time.monotonic() - slot.died, len(again),
            )  # fmt: skip
        if not self._loaded.is_set() and all(slot.ready for slot in self._slots):
            self._spare.start_at = time.monotonic() + SPARE_SECONDS
            self._loaded.set()

    def _died(self, slot: Slot) -> None:
        """It is gone, or must go: whoever it heard is lost until the next one is there."""
        assert slot.process is not None
        self._selector.unregister(slot.process.socket)
        how, now = slot.process.kill(), time.monotonic()
        wait = slot.clear(now)
        if self._info is None and self._problem is None:
            self._problem = ModelError(f"a recogniser process died while it loaded the model ({how})")
            self._loaded.set()
        if self._problem is not None or self._stopping:
            return
        self.counts.restarts += 1
        log.error(
            "recogniser process %d died (%s): %d voices are not heard; it is started again %s",
            slot.number, how, len(slot.voices), f"in {wait:g} s" if wait else "now",
        )  # fmt: skip
        for voice in list(slot.voices.values()):
            voice.crashes += voice.was_given
            if voice.closing or voice.crashes >= CRASHES:
                slot.voices.pop(voice.number, None)
            voice.begin_again()
            if not voice.is_lost:
                self._lose(voice, Loss.CRASH, f"the recogniser process died ({how})")
        if slot is not self._spare and self._spare.ready and self._spare.is_alive:
            self._replace(slot)
        elif not wait:
            self._start(slot)

    def _replace(self, slot: Slot) -> None:
        """The spare process takes the place at once, and another one becomes the spare."""
        spare, now = self._spare, time.monotonic()
        process = spare.process
        assert process is not None
        spare.start_at = max(now, slot.start_at)
        spare.process, spare.ready = None, False
        slot.put(process, now)
        self._selector.modify(process.socket, selectors.EVENT_READ, slot)
        self._is_ready(slot, self.info)

    # Every 20 ms.

    def _attend(self, slot: Slot, now: float) -> None:
        if slot.process is None and now >= slot.start_at:
            self._start(slot)
        slot.carry()
        if slot.ready and slot.waiting_since is not None and now - slot.waiting_since > self._queue_seconds:
            log.error("recogniser process %d has not answered for %g s", slot.number, self._queue_seconds)
            self._died(slot)
            return
        owes = False
        slot.behind = dict.fromkeys(Speaker, 0.0)
        for voice in list(slot.voices.values()):
            behind = voice.behind
            if voice.is_lost:
                voice.frames.clear()  # until it is heard again
                continue
            if behind > self._queue_seconds:
                if voice.speaker is Speaker.CALLER:
                    slot.drop(voice)
                    self._lose(voice, Loss.BEHIND, f"more than {self._queue_seconds:g} s behind")
                    continue
                if not voice.skipping:
                    slot.skip(voice)
                    self.counts.left_out += behind
            slot.behind[voice.speaker] = max(slot.behind[voice.speaker], behind)
            owes = owes or voice.owed
        slot.waiting_since = (slot.waiting_since or now) if owes else None
        if speaker := slot.too_many(self._queue_seconds, now):
            self._give_up_newest(slot, speaker)

    def _give_up_newest(self, slot: Slot, speaker: Speaker) -> None:
        """An agent's voice; with a caller the whole call. Whoever is heard alone is not in anybody's way."""
        heard = [voice for voice in slot.voices.values() if not (voice.closing or voice.is_lost)]
        newest = next((voice for voice in reversed(heard) if voice.speaker is speaker), None)
        if newest is None or len({voice.call_id for voice in heard}) == 1:
            return
        whole = [newest] if speaker is Speaker.AGENT else [v for v in heard if v.call_id == newest.call_id]
        for voice in whole:
            slot.drop(voice)
            self._lose(voice, Loss.FULL, "the recognisers are too busy")
        if speaker is Speaker.CALLER:
            self._calls[newest.call_id] = None

    # Voices.

    def _open(self, voice: Voice) -> None:
        if before := self._voices.get(voice.key):
            self._close(before)
        self._numbers += 1
        voice.number = self._numbers
        self._voices[voice.key] = voice
        slot = self._calls[voice.call_id] if voice.call_id in self._calls else self._room(voice.speaker)
        if slot is None or not slot.has_time(voice.speaker):
            self._lose(voice, Loss.FULL, "the recognisers are busy with other calls")
            return
        self._calls[voice.call_id] = slot
        slot.take(voice)

    def _room(self, speaker: Speaker) -> Slot | None:
        """The process that takes the next call: of those with time to spare the one with the fewest voices."""
        soon = time.monotonic() + SOON_SECONDS
        free = [slot for slot in self._slots if slot.has_time(speaker) and (slot.process or slot.start_at <= soon)]
        return min(free, key=lambda slot: (not slot.ready, len(slot.voices)), default=None)

    def _close(self, voice: Voice) -> None:
        if self._voices.get(voice.key) is not voice:
            return
        del self._voices[voice.key]
        slot = self._calls.get(voice.call_id)
        if not any((voice.call_id, speaker) in self._voices for speaker in Speaker):
            self._calls.pop(voice.call_id, None)
        if voice.is_lost and slot is not None:
            slot.voices.pop(voice.number, None)
        voice.closing = True

    def _lose(self, voice: Voice, cause: Loss, reason: str) -> None:
        voice.is_lost = True
        voice.frames.clear()
        self.counts.lost[cause] += 1
        if not voice.closing:
            self._sink(voice.call_id, voice.speaker, RecognizerLost(reason, voice.at))

    def _tell(self, voice: Voice, result: Transcript | Cue) -> None:
        if not voice.is_lost:  # else the call has moved on without it
            self._sink(voice.call_id, voice.speaker, result)

    def _end(self) -> None:
        processes = [slot.process for slot in (*self._slots, self._spare) if slot.process]
        for process in processes:
            process.leave()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            if not process.ended(max(0.0, deadline - time.monotonic())):
                process.kill()
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
