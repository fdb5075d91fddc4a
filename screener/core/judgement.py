"""Everything that judges, as data: lexicon, weights, calendar. Loaded once, shared by all calls, never changed."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from screener.core.evidence import Kind
from screener.core.learned import Learned
from screener.core.lexicon import Lexicon, Role
from screener.events import LineClass

Strength = Literal["decisive", "heavy", "strong", "medium", "weak"]
STRENGTH: dict[Strength, float] = {"decisive": 6.5, "heavy": 5.5, "strong": 4.0, "medium": 2.0, "weak": 0.6}


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds (nats), times (seconds of audio) and limits of the scoring: `config/weights.toml`.

    Attributes:
        prior: of harassment before anything is known.
        threshold: at which a call is flagged; `threshold_of` overrides it for a kind.
        release: once over a threshold, the score must fall this far below it to be under it again.
        carry: words and behaviour alone must weigh this much: no caller, hour or sound ever flags a call.
        support: the most that caller, time, history and sound add or take together.
        repeat: factor for each further find of the same rule.
        other_kinds: share of its weight at which another kind of harassment supports the leading one.
        half_life: after which a harassing word weighs half. `matter_half_life`: likewise business and grievance.
        protection: the most that business and grievance take off together.
        request: a single word of business or grievance that weighs this much is a request, and no talk adrift.
        clear: weight of business and grievance from which a request is clear enough to be passed on.
        matter: weight of business and grievance from which insults and threats flag nobody.
        veto: weight of grievance from which a call is a complaint, whatever is said beside it.
        sustained: weight of insult, threat and lewdness beside a grievance that makes it an abusive complaint.
        directed: factor for an insult, a threat or a lewd word that is meant for the agent; `undirected` for one
            about the firm, a product or a third person; `mixed` where both are named, `unaddressed` where none is.
        off_topic: an utterance without business after the caller was steered back often enough.
        silent: asked several times and not a sound.
        strength: log-odds of the lexicon's words for how much a phrase says.
        line: by class of line.
        night, noon, holiday: by the calendar.
        flagged_before, confirmed_before, overturned_before, genuine_before, watched, redial: by history.
        learned: factor for how far an utterance is over the learned model's bar; to pass weighs `learned_least`.
        learned_most: the most that the learned model says of an utterance; under `carry`, it never flags alone.
        laughter, several_voices: one finding at full confidence; three of each count.
    """

    prior: float = -4.0
    threshold: float = 2.0
    threshold_of: dict[Kind, float] = field(default_factory=dict)
    release: float = 0.5
    carry: float = 5.5
    support: float = 1.5
    repeat: float = 0.5
    other_kinds: float = 0.5
    half_life: float = 120.0
    matter_half_life: float = 60.0
    protection: float = 4.0
    request: float = 3.0
    clear: float = 2.0
    matter: float = 2.0
    veto: float = 4.0
    sustained: float = 6.0
    directed: float = 1.3
    undirected: float = 0.3
    mixed: float = 0.35
    unaddressed: float = 0.95
    off_topic: float = 3.3
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
    learned_least: float = 3.5
    learned: float = 3.0
    learned_most: float = 5.0
    laughter: float = 0.4
    several_voices: float = 0.4


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
    weights: Weights = field(default_factory=Weights)
    calendar: Calendar = field(default_factory=Calendar)
    learned: Learned | None = None
    """None is the lexicon alone."""

    def without_words(self) -> "Judgement":
        """The same with no harassing phrase in the lexicon; what protects stays."""
        kept = (p for p in self.lexicon.phrases if p.role is not Role.HARASSMENT)
        return replace(self, lexicon=Lexicon(kept))


def _within(hour: int, span: tuple[int, int]) -> bool:
    begin, end = span
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
