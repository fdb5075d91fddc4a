"""What the tests of the core share: the shipped judgement, and a caller on a line that answers like an edge."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from screener.core.actions import (
    Action,
    Answer,
    Decided,
    EvidenceFound,
    Hangup,
    Listen,
    OrderAnswered,
    OrderOutcome,
    Play,
    Prompt,
    StopPlaying,
    Transfer,
    Treated,
)
from screener.core.entrances import open_session
from screener.core.evidence import Decision, Evidence, Kind
from screener.core.flow import Flow
from screener.core.judgement import Judgement, Weights
from screener.core.lexicon import Lexicon, Phrase, PhraseRole
from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    CallOffered,
    Cue,
    CueKind,
    EndedBy,
    Entrance,
    Event,
    LineClass,
    Ordered,
    PlaybackEnded,
    Speaker,
    Target,
    Tick,
    Transcript,
    TransferEnded,
)
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from tests.core.plain import Plain

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SYLLABLE = 0.2
PROMPT_SECONDS = 2.0


@cache
def shipped() -> Judgement:
    return load_judgement(JudgementSection(), Path(), syllables, None)


def lexicon() -> Lexicon:
    return shipped().lexicon


LISTED = "陪我睡觉"
"""The only harassing words on the list of `plain`; they flag by themselves."""


@cache
def plain() -> Judgement:
    """What anybody can follow: acts of a few words, and a list of one phrase."""
    phrases = [p for p in lexicon().phrases if p.role is PhraseRole.EMERGENCY]
    phrases.append(Phrase("lewd.listed.1", PhraseRole.HARASSMENT, Kind.LEWD, 6.5, LISTED, (syllables(LISTED),)))
    steps = "陪我睡觉觉的绘本"
    phrases.append(Phrase("safe.listed.1", PhraseRole.SAFE, None, 1.0, steps, (syllables(steps),)))
    return replace(
        shipped(), lexicon=Lexicon(phrases), acts=Plain(), weights=Weights(line={LineClass.PUBLIC: 0.6})
    )


def offer(**changes) -> CallOffered:
    local = changes.pop("local_time", MONDAY.replace(hour=10))
    return replace(CallOffered(call_id="1", started_at=MONDAY, local_time=local), **changes)


def said(
    text: str, at: float = 1.0, utterance: int = 0, *, final: bool = True, speaker=Speaker.CALLER
) -> Transcript:
    heard = syllables(text)
    return Transcript(speaker, utterance, text, heard, max(0.0, at - SYLLABLE * len(heard)), at, final)


@dataclass
class Line:
    """A call on a line: carries actions out as an edge would, on audio time.

    Attributes:
        refuse: targets that answer a REFER with 503; each once for every time it stands here.
        heard: whether the caller's audio arrives.
    """

    flow: Flow = field(default_factory=Flow)
    judgement: Judgement = field(default_factory=plain)
    offered: CallOffered = field(default_factory=offer)
    refuse: list[str] = field(default_factory=list)
    at: float = 0.0
    up: bool = True
    heard: bool = True
    listening: bool = False
    played: list[Prompt] = field(default_factory=list)
    actions: list[tuple[float, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = open_session(self.offered, self.judgement, self.flow)
        self._play_ends: float | None = None
        self._transfer: tuple[float, Target] | None = None
        self._utterance = 0

    def begin(self) -> "Line":
        self.give(self.offered)
        if self.of(Answer) or self.offered.entrance in (Entrance.BESIDE, Entrance.REPLAY):
            self.give(CallAnswered())
        return self

    def give(self, event: Event) -> list[Action]:
        actions = self.session.handle(event)
        for action in actions:
            self._perform(action)
        return list(actions)

    def say(self, text: str) -> "Line":
        """The caller speaks: partials as they grow, told again in the silence, then the final."""
        heard = syllables(text)
        start = self.at
        self.give(Cue(CueKind.SPEECH_START, self.at))
        for number in range(1, len(heard) + 1):
            self.wait(SYLLABLE)
            if not (self.up and self.listening):
                return self
            shown = text[: round(len(text) * number / len(heard))]
            self.give(
                Transcript(Speaker.CALLER, self._utterance, shown, heard[:number], start, self.at, final=False)
            )
        spoke_until = self.at
        for _ in range(2):
            self.wait(0.3)
            if self.up and self.listening:
                self.give(Transcript(Speaker.CALLER, self._utterance, text, heard, start, self.at, final=False))
        self.give(Cue(CueKind.SPEECH_END, self.at))
        if self.up and self.listening:
            self.wait(0.6)
            if self.up and self.listening:
                self.give(Transcript(Speaker.CALLER, self._utterance, text, heard, start, spoke_until, final=True))
        self._utterance += 1
        return self

    def wait(self, seconds: float) -> "Line":
        until = self.at + seconds
        while self.up and self.at < until - 1e-9:
            before, self.at = self.at, min(until, self.at + 0.02)
            if self._play_ends is not None and self.at >= self._play_ends:
                self._play_ends = None
                self.give(PlaybackEnded(self.at))
            if self._transfer and self.at >= self._transfer[0]:
                _, target = self._transfer
                self._transfer = None
                refused = target.value in self.refuse
                if refused:
                    self.refuse.remove(target.value)
                self.give(TransferEnded(target, ok=not refused, status=503 if refused else 200, at=self.at))
                if not refused:
                    self.end(EndedBy.TRANSFER)
            if self.up and int(self.at / 0.2 + 1e-6) > int(before / 0.2 + 1e-6):
                self.give(Tick(self.at, self.heard))
        self.at = max(self.at, until)
        return self

    def end(self, by: EndedBy = EndedBy.CALLER) -> "Line":
        if self.up:
            self.give(CallEnded(by, self.at))
            self.up = False
        return self

    def _perform(self, action: Action) -> None:
        self.actions.append((self.at, action))
        match action:
            case Listen(on):
                self.listening = on
            case Play(prompts):
                self.played += [prompt for prompt, _ in prompts]
                self._play_ends = self.at + sum(seconds or PROMPT_SECONDS for _, seconds in prompts)
            case StopPlaying():
                self._play_ends = None
            case Transfer(target):
                self._play_ends = None
                self._transfer = (self.at + 0.1, target)
            case Hangup():
                self.end(EndedBy.SCREENER)

    # What came of it.

    def of(self, *kinds: type) -> list:
        return [action for _, action in self.actions if isinstance(action, kinds)]

    def when(self, kind: type) -> float:
        return next(at for at, action in self.actions if isinstance(action, kind))

    @property
    def transfers(self) -> list[str]:
        return [action.target.value for action in self.of(Transfer)]

    @property
    def decisions(self) -> list[Decision]:
        return [action.decision for action in self.of(Decided)]

    @property
    def treated(self) -> list[Treated]:
        return self.of(Treated)

    @property
    def evidence(self) -> list[Evidence]:
        return [action.evidence for action in self.of(EvidenceFound)]


def rules(found: Iterable[Evidence]) -> set[str]:
    """Rules without their numbers: `lewd.bed.3` is `lewd.bed`."""
    return {e.rule.rsplit(".", 1)[0] if e.rule.rsplit(".", 1)[-1].isdigit() else e.rule for e in found}


QUEUE = [Prompt.ANALYSIS_ENTER, Prompt.SIGNAL_TONE, Prompt.ANALYSIS_DONE]
"""What the analysis queue plays."""


def call(flow: Flow | None = None, refuse=(), **changes) -> Line:
    return Line(flow or Flow(), offered=offer(**changes), refuse=list(refuse)).begin()


def beside(flow: Flow | None = None, refuse=(), **changes) -> Line:
    return call(flow, refuse, entrance=Entrance.BESIDE, agent="agent1", **changes)


def ordered(line: Line, act: CallControl) -> Line:
    line.give(Ordered(act, "王主管", line.at))
    return line


def answers(line: Line) -> list[tuple[CallControl, OrderOutcome]]:
    return [(answer.act, answer.outcome) for answer in line.of(OrderAnswered)]
