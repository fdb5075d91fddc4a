"""The place of one recogniser process in the pool, which another one takes when it dies. The speech thread's."""

import math
from dataclasses import dataclass, field

from screener.events import Speaker
from screener.speech import wire
from screener.speech.process import Process
from screener.speech.recognizer import ServerState
from screener.speech.voice import BATCH_FRAMES, Voice
from screener.speech.wire import Record, RecordKind

NEARLY_BUSY = 0.85
"""A process that works a larger part of its time takes no further voice."""
FULL_SECONDS = 0.5
"""Nor does one that has a voice so far behind, whoever has the processor."""
CALLERS_MOST = 0.7
"""Where agents can give way to one more caller, they still have the rest of what the process does."""
LATE_SECONDS, LATE_FOR_SECONDS = 0.8, 0.5
"""A process that is nearly busy and has a caller so late for so long gives up its newest call, and another one
after as long again."""
STARVED_FOR = 1 / 2
"""One that waits for the processor, which others have, begins after this part of the bound: all may be well by
then, and all callers would be lost at once at the bound."""
AGENT_LATE = 2 / 3
"""Agents, who are heard after all callers, are late when they are this part of the bound behind: then, whoever has
the processor, the newest agent is given up."""
RETRY_SECONDS = (0.0, 0.0, 0.2, 1.0, 5.0, 30.0)
"""Waits before a process is started again that dies again and again; one that lived is started at once."""
LIVED_SECONDS = 30.0
BUSY_SECONDS = 3.0
"""How far back `busy` looks."""


@dataclass(slots=True, eq=False)
class Slot:
    """One place.

    Attributes:
        process: None until the next one is started, at `start_at`.
        ready: it has loaded its model.
        started, died: monotonic seconds, of the newest process and of the one before; 0 for none.
        voices: whom it hears, by the number of the stream, oldest first.
        waiting_since: since when it owes an answer; None when it owes none.
        late_since: since when whose voices are late.
        busy: part of a processor that it has used lately.
        for_callers: what callers took of that.
        behind: seconds, of each speaker's latest voice.
        servers: on other machines, as the process knows them.
    """

    number: int
    process: Process | None = None
    ready: bool = False
    started: float = 0.0
    died: float = 0.0
    start_at: float = math.inf
    voices: dict[int, Voice] = field(default_factory=dict)
    waiting_since: float | None = None
    late_since: dict[Speaker, float] = field(default_factory=dict)
    busy: float = 0.0
    for_callers: float = 0.0
    behind: dict[Speaker, float] = field(default_factory=lambda: dict.fromkeys(Speaker, 0.0))
    servers: tuple[ServerState, ...] = ()
    _deaths: int = 0
    _status: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs: one that has died may not have been read to its end yet."""
        return self.process is not None and not self.process.ended(0)

    def has_time(self, speaker: Speaker) -> bool:
        """Whether it can take a further voice without being slower for those it has; agents give way."""
        if not self.voices:
            return True
        if self.busy < NEARLY_BUSY and max(self.behind.values()) < FULL_SECONDS:
            return True
        give_way = self.for_callers < CALLERS_MOST * self.busy
        return speaker is Speaker.CALLER and give_way and self.behind[Speaker.CALLER] < FULL_SECONDS

    def put(self, process: Process, now: float) -> None:
        """A process stands here from now on."""
        self.process, self.started, self.start_at = process, now, math.inf
        self.waiting_since = None
        self.late_since.clear()

    def is_ready(self) -> None:
        """It hears from now on, first of all whoever was here before it."""
        self.ready, self._status, self.busy, self.for_callers = True, (0.0, 0.0, 0.0), 0.0, 0.0
        for voice in self.voices.values():
            self.begin(voice)

    def clear(self, now: float) -> float:
        """Its process is gone; the wait until the next one."""
        self.process, self.ready, self.died = None, False, now
        self._deaths = self._deaths + 1 if now - self.started < LIVED_SECONDS else 0
        wait = RETRY_SECONDS[min(self._deaths, len(RETRY_SECONDS) - 1)]
        self.start_at = now + wait
        return wait

    def measure(self, at: float, worked: float, for_callers: float) -> None:
        """Take what it says of its own clock, how long it has had a processor, and for whom."""
        (before, *spent), self._status = self._status, (at, worked, for_callers)
        if at > before > 0.0:
            newest = min(1.0, (at - before) / BUSY_SECONDS)
            busy, callers = (
                min(1.0, (now - then) / (at - before)) for now, then in zip(self._status[1:], spent, strict=True)
            )
            self.busy += (busy - self.busy) * newest
            self.for_callers += (callers - self.for_callers) * newest

    def take(self, voice: Voice) -> None:
        """Hear a voice from now on."""
        if not self.voices:  # what its process did for others is over, and nothing was told of its rest
            self.busy = self.for_callers = 0.0
            self.behind = dict.fromkeys(Speaker, 0.0)
        self.voices[voice.number] = voice
        if self.ready:
            self.begin(voice)

    def begin(self, voice: Voice) -> None:
        """Begin to hear a voice that is here."""
        assert self.process is not None
        self.process.say(wire.opened(voice.number, voice.speaker))

    def drop(self, voice: Voice) -> None:
        """Hear it no more."""
        self.voices.pop(voice.number, None)
        if self.process and self.ready:
            self.process.say(Record(RecordKind.DROP, voice.number))

    def skip(self, voice: Voice) -> None:
        """Leave out what waits of it; it is heard from now on."""
        voice.skip()
        if self.process and self.ready:
            self.process.say(Record(RecordKind.SKIP, voice.number))

    def carry(self) -> None:
        """Send the audio that waits, as much as the process takes now."""
        process = self.process
        if process is None:
            return
        if self.ready and process.takes_more:
            for voice in self.voices.values():
                if len(voice.frames) >= BATCH_FRAMES or (voice.closing and voice.frames):
                    for at, pcm in voice.take():
                        process.say(wire.audio(voice.number, at, pcm))
                if voice.closing and not voice.close_said:
                    voice.close_said = True
                    process.say(Record(RecordKind.CLOSE, voice.number))
        process.flush()

    def too_many(self, bound: float, now: float) -> Speaker | None:
        """Whose voices are, who have been late for too long."""
        patience = LATE_FOR_SECONDS if self.busy >= NEARLY_BUSY else STARVED_FOR * bound
        callers, agents = (LATE_SECONDS, patience), (AGENT_LATE * bound, LATE_FOR_SECONDS)
        for speaker, (limit, patience) in {Speaker.CALLER: callers, Speaker.AGENT: agents}.items():
            if not self.ready or self.behind[speaker] < limit:
                self.late_since.pop(speaker, None)
            elif now - self.late_since.setdefault(speaker, now) >= patience:
                self.late_since[speaker] = now - patience + LATE_FOR_SECONDS
                return speaker
        return None
