"""The same session that serves live calls, driven from files: this is how everything is tested and measured."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from screener.core.actions import Decided, EvidenceFound
from screener.core.entrances import open_session
from screener.core.evidence import Decision, Evidence, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement, Weights
from screener.core.scoring import counted
from screener.core.signals import left_standing
from screener.events import (
    FRAME_BYTES,
    FRAME_SECONDS,
    CallAnswered,
    CallEnded,
    Caller,
    CallOffered,
    EndedBy,
    Entrance,
    Event,
    History,
    LineClass,
    Speaker,
    Tick,
    Transcript,
)
from screener.media.recordings import read_channels
from screener.speech.listener import Listener
from screener.speech.recognizer import SpeechModel
from screener.words.judgement import Teller

SYLLABLE_SECONDS = 0.2
"""How long a spoken syllable takes when a transcript gives no times."""
TURN_GAP_SECONDS = 0.5
TICK_FRAMES = 10
"""Frames between two ticks: 200 ms."""
EPOCH = datetime(2000, 1, 3, 10, 0, tzinfo=UTC)
"""When calls without `started_at` are taken to begin: a Monday, in office hours nowhere in particular."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said.

    Attributes:
        at: audio time of its beginning, None when the file does not say.
    """

    speaker: Speaker
    text: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call in a file: either turns or audio.

    Attributes:
        started_at: aware; None when the file does not say.
        audio: path of a WAV file.
    """

    id: str
    started_at: datetime | None = None
    caller: str = ""
    line: LineClass | None = None
    turns: tuple[Turn, ...] = ()
    audio: Path | None = None


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What came of a replayed call. `serialize` is the stable interface of `screener replay`.

    Attributes:
        evidence: all that was found, in order, what was taken back later and its end too.
        counts: what each piece counts once the call is over; 0 of what was taken back, and of its end.
    """

    id: str
    decision: Decision
    evidence: tuple[Evidence, ...] = ()
    counts: tuple[float, ...] = ()

    def serialize(self, teller: Teller) -> dict[str, Any]:
        """One JSON object a call; `teller` puts its evidence into words."""
        decision = self.decision
        flagged = decision.verdict is Verdict.HARASSMENT
        return {
            "id": self.id,
            "verdict": decision.verdict.value,
            "kind": decision.kind.value if decision.kind else None,
            "flagged_at": round(decision.at, 2) if flagged else None,
            "score": round(decision.assessment.score, 3),
            "evidence": [
                {
                    "rule": e.rule,
                    "source": e.source.value,
                    "kind": e.kind.value if e.kind else None,
                    "weight": round(count, 3),
                    "at": round(e.at, 2),
                    "span": e.span,
                    "note": teller.evidence(e.rule, e.detail, e.kind),
                }
                for e, count in zip(self.evidence, self.counts, strict=True)
            ],
        }


class Ledger:
    """What a log would know of each number, kept while files are replayed in chronological order."""

    def __init__(self) -> None:
        self._calls: dict[str, list[tuple[datetime, Verdict]]] = defaultdict(list)

    def history(self, number: str, at: datetime) -> History:
        """Counts before `at`; nothing for a withheld number."""
        past = self._calls.get(number, []) if number else []
        since = [(at - when).total_seconds() for when, _ in past]
        return History(
            calls_15min=sum(s <= 900 for s in since),
            calls_60min=sum(s <= 3600 for s in since),
            calls_24h=sum(s <= 86400 for s in since),
            flagged=sum(verdict is Verdict.HARASSMENT for _, verdict in past),
            genuine=sum(verdict in (Verdict.GENUINE, Verdict.COMPLAINT) for _, verdict in past),
        )

    def add(self, number: str, at: datetime, verdict: Verdict) -> None:
        """Remember a call that has ended."""
        if number:
            self._calls[number].append((at, verdict))


class Replayer:
    """Replays calls one after the other; history builds up from call to call.

    Args:
        judgement: lexicon, weights and calendar.
        flow: the site's flow.
        zone: the site's time zone.
        identify: raw number to caller.
        syllables: text to toneless pinyin.
        model: opens a recogniser for calls that are audio.
    """

    def __init__(
        self,
        judgement: Judgement,
        flow: Flow,
        zone: ZoneInfo,
        identify: Callable[[str], Caller],
        syllables: Callable[[str], tuple[str, ...]],
        model: Callable[[], SpeechModel],
    ) -> None:
        self._judgement = judgement
        self._flow = flow
        self._zone = zone
        self._identify = identify
        self._syllables = syllables
        self._model = model
        self._ledger = Ledger()

    def replay(self, call: RecordedCall) -> ReplayOutcome:
        """Drive a session through the whole call.

        Raises:
            AudioError: the WAV file cannot be read.
        """
        started_at = call.started_at or EPOCH
        caller = self._identify(call.caller) if call.caller else Caller()  # not said is not withheld
        if call.line:
            caller = Caller(caller.number, caller.display_name, call.line, caller.region, caller.carrier)
        offer = CallOffered(
            call_id=call.id,
            started_at=started_at,
            local_time=started_at.astimezone(self._zone),
            caller=caller,
            entrance=Entrance.REPLAY,
            history=self._ledger.history(caller.number, started_at),
        )
        session = open_session(offer, self._judgement, self._flow)
        events = self._audio_events(call.audio) if call.audio else self._text_events(call.turns)
        decision: Decision | None = None
        evidence: list[Evidence] = []
        for event in (offer, CallAnswered(), *events):
            for action in session.handle(event):
                if isinstance(action, EvidenceFound):
                    evidence.append(action.evidence)
                elif isinstance(action, Decided):
                    decision = action.decision
        assert decision is not None, "a session decides at the latest when its call ends"
        self._ledger.add(caller.number, started_at, decision.verdict)
        return ReplayOutcome(call.id, decision, tuple(evidence), in_the_end(evidence, self._judgement.weights))

    def _text_events(self, turns: Iterable[Turn]) -> Iterator[Event]:
        now = 0.0
        for number, turn in enumerate(turns):
            heard = self._syllables(turn.text)
            start = max(now, turn.at if turn.at is not None else now + TURN_GAP_SECONDS)
            end = start + SYLLABLE_SECONDS * max(1, len(heard))
            yield from _ticks(now, end)
            yield Transcript(turn.speaker, number, turn.text, heard, start, end, final=True)
            now = end
        yield from _ticks(now, now + 1.0)
        yield CallEnded(EndedBy.CALLER, now + 1.0)

    def _audio_events(self, path: Path) -> Iterator[Event]:
        channels = dict(zip((Speaker.CALLER, Speaker.AGENT), read_channels(path), strict=False))
        model = self._model()
        streams = [(Listener(speaker, model.open(speaker)), pcm) for speaker, pcm in channels.items()]
        length = max(len(pcm) for pcm in channels.values())
        at = 0.0
        for frame in range(0, length, FRAME_BYTES):
            at = frame / FRAME_BYTES * FRAME_SECONDS
            for listener, pcm in streams:
                piece = pcm[frame : frame + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
                yield from listener.accept(piece, at)
            if frame // FRAME_BYTES % TICK_FRAMES == TICK_FRAMES - 1:
                yield Tick(at + FRAME_SECONDS)
        for listener, _ in streams:
            yield from listener.finish()
        yield CallEnded(EndedBy.CALLER, at + FRAME_SECONDS)


def in_the_end(found: Sequence[Evidence], weights: Weights) -> tuple[float, ...]:
    """What each piece counts once the call is over."""
    stands = left_standing(e.rule for e in found)
    counts = dict(zip(stands, counted([found[n] for n in stands], weights), strict=True))
    return tuple(counts.get(n, 0.0) for n in range(len(found)))


def _ticks(start: float, end: float) -> Iterator[Tick]:
    step = TICK_FRAMES * FRAME_SECONDS
    for number in range(int(start / step) + 1, int(end / step) + 1):
        yield Tick(number * step)
