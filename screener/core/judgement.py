"""Everything that judges, as data: lexicon, weights, calendar. Loaded once, shared by all calls, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from screener.core.actions import Prompt
from screener.core.dialogue_acts import Understanding
from screener.core.evidence import Kind
from screener.core.lexicon import Lexicon
from screener.events import Entrance, LineClass

Strength = Literal["decisive", "strong", "weak"]
STRENGTH: dict[Strength, float] = {"decisive": 5.5, "strong": 1.5, "weak": 0.6}


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds (nats), times (seconds of audio) and limits of the scoring: `config/weights.toml`.

    Attributes:
        prior: of harassment before anything is known.
        threshold: at which a call is flagged; `threshold_of` overrides it for a kind.
        in_path: added to every threshold where the caller speaks with the product before any agent.
        afterwards: likewise once the call is over: nobody is treated any more, and all that was said is known;
            `afterwards_of` overrides it for a kind.
        release: once over a threshold, the score must fall this far below it to be under it again.
        carry: the caller's own words and acts must weigh this much: no agent's word and no number flags a call.
        clear: a caller with a matter whose score is this low is passed on; who scores more is listened to.
        waiting: likewise of one who has said it and is silent.
        emergency: a call for help is not believed of a caller whose score is this far above the threshold.
        support: the most that caller, time, history and sound add or take together.
        repeat: factor for each further find of the same listed word.
        again: factor for each further utterance in which the agent is cursed or threatened, and no matter is told.
        factor: for what an act or a listed word weighs at this site, by rule (`act.agent.steer`); 1 where none is.
        silent: asked several times and not a sound.
        strength: log-odds of the lexicon's words for how much a phrase says.
        line: by class of line.
        night, noon, holiday: by the calendar.
        flagged_before, confirmed_before, overturned_before, genuine_before, watched, redial: by history.
        laughter: one finding at full confidence; three count.
    """

    prior: float = -4.0
    threshold: float = 2.0
    threshold_of: dict[Kind, float] = field(default_factory=dict)
    in_path: float = 0.0
    afterwards: float = 0.0
    afterwards_of: dict[Kind, float] = field(default_factory=dict)
    release: float = 0.5
    carry: float = 1.0
    clear: float = -2.0
    waiting: float = -1.0
    emergency: float = 1.5
    support: float = 1.5
    repeat: float = 0.5
    factor: dict[str, float] = field(default_factory=dict)
    again: float = 3.3
    silent: float = 8.0
    strength: dict[Strength, float] = field(default_factory=lambda: dict(STRENGTH))
    line: dict[LineClass, float] = field(default_factory=dict)
    night: float = 0.5
    noon: float = 0.4
    holiday: float = 0.2
    flagged_before: float = 0.8
    confirmed_before: float = 1.0
    overturned_before: float = -1.5
    genuine_before: float = -0.5
    watched: float = 0.8
    redial: float = 0.5
    laughter: float = 0.4

    def at(self, entrance: Entrance) -> "Weights":
        """The weights as they hold for a call that came this way."""
        if entrance is not Entrance.IN_PATH:
            return self
        return replace(self._moved({}, self.in_path), in_path=0.0)

    def when_over(self) -> "Weights":
        """The weights as they hold for a call that has ended."""
        return replace(self._moved(self.afterwards_of, self.afterwards), afterwards=0.0, afterwards_of={})

    def _moved(self, by_kind: Mapping[Kind, float], by: float) -> "Weights":
        known = {**dict.fromkeys(by_kind, self.threshold), **self.threshold_of}
        of_kind = {kind: limit + by_kind.get(kind, by) for kind, limit in known.items()}
        return replace(self, threshold=self.threshold + by, threshold_of=of_kind)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The site's own hours, local time: `config/calendar.toml`.

    Attributes:
        night: first and last hour, may pass midnight; the last is not part of it. Likewise `noon`.
        holidays: days on which nobody works.
    """

    night: tuple[int, int] = (22, 7)
    noon: tuple[int, int] = (12, 14)
    holidays: frozenset[date] = frozenset()

    def is_night(self, local: datetime) -> bool:
        """Whether it is night at the site."""
        return _within(local.hour, self.night)

    def is_noon(self, local: datetime) -> bool:
        """Whether it is the noon break at the site."""
        return _within(local.hour, self.noon)

    def is_holiday(self, local: datetime) -> bool:
        """Whether nobody works at the site that day."""
        return local.date() in self.holidays


@dataclass(frozen=True, slots=True)
class Judgement:
    """What every session is given."""

    lexicon: Lexicon
    acts: Understanding
    weights: Weights = field(default_factory=Weights)
    calendar: Calendar = field(default_factory=Calendar)
    prompts: Mapping[Prompt, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """What the product's own recordings say, and its toneless pinyin: in path they are the agent's turns."""
    played: Mapping[Prompt, str] = field(default_factory=dict)
    """What the log writes down as played: the same words, or which file it was where nobody knows them."""


def _within(hour: int, span: tuple[int, int]) -> bool:
    begin, end = span
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
