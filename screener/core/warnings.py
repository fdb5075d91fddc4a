"""Graded warnings: what a site must be able to prove before it ends a call, and the course of one call's.

::

    offence, or long without a matter ──► ASKED ──► GRANTED ──► BEGUN ──► HEARD     leads to the next level
                                            │                    ▲  └───► UNHEARD   counts for nothing
             REFUSED, LAPSED ◄──────────────┘                    └─ a person's button

A warning counts once its recording was sent to its end, and what was said before that is done with: only an
offence after it leads on. What follows the last level is asked for like a warning (`ENDING`), and never begins by
itself where the site wants an approval. An emergency is never warned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from screener.core.actions import Action, Misconduct, Play, Prompt, Warned, WarningStep
from screener.core.dialogue_acts import Act
from screener.core.evidence import Assessment, Evidence, Veto
from screener.core.signals import OFFENCES, rule_of
from screener.events import CallControl

ENDING: Final = 0
"""In the place of a level: what follows the warnings."""
MOST_LEVELS: Final = 3
RULE: Final = "rule"
"""Who asks when nobody does; no person is called so in the log."""
PLAY_LIMIT: Final = 45.0
"""Seconds after which a recording whose end the edge never reports is taken as not heard."""
SHORTEST: Final = 0.2
"""No recording is shorter, in seconds: what ends sooner was another, which this one has replaced."""
MATTER_SHARE: Final = 0.05
"""A call in which fewer of the caller's utterances are about a matter has none."""

RECORDINGS: Final[Mapping[tuple[Misconduct, int], Prompt]] = {
    (Misconduct.ABUSE, 1): Prompt.WARNING_ABUSE_1,
    (Misconduct.ABUSE, 2): Prompt.WARNING_ABUSE_2,
    (Misconduct.ABUSE, 3): Prompt.WARNING_ABUSE_3,
    (Misconduct.LEWD, 1): Prompt.WARNING_LEWD_1,
    (Misconduct.LEWD, 2): Prompt.WARNING_LEWD_2,
    (Misconduct.LEWD, 3): Prompt.WARNING_LEWD_3,
    (Misconduct.IDLE, 1): Prompt.IDLE_NOTICE,
}


@dataclass(frozen=True, slots=True)
class Warnings:
    """`[flow.warnings]`: who may warn, how often, and what comes then. Seconds are audio time.

    Attributes:
        by: who may bring a warning about: `agent` and `supervisor` by their buttons, `rule` by what is heard.
            Empty is nobody: off.
        approve: who grants what the rule asks for, and every end of a call: `supervisor` (who always may),
            `agent` too, or `nobody` is asked.
        levels: warnings that must have been heard before a call may be ended; 1 to 3, each with its recording.
        offences: insults, threats or lewd words after which the rule asks for the first warning; later ones follow
            the first offence.
        interval_seconds: between the end of a warning and the next, so that a caller can mend their ways.
        approve_seconds: an asking that nobody answers lapses after so long.
        then: what follows the last level: `supervisor`, `terminate`, `line_fault`, or `nothing`.
        notice_seconds: of a call without a matter, after which the rule asks for the notice; 0 is never.
        end_seconds: likewise for its end, once the notice was heard; 0 is never.
    """

    by: tuple[Literal["agent", "supervisor", "rule"], ...] = ()
    approve: Literal["supervisor", "agent", "nobody"] = "supervisor"
    levels: int = 2
    offences: int = 2
    interval_seconds: float = 10.0
    approve_seconds: float = 60.0
    then: Literal["supervisor", "terminate", "line_fault", "nothing"] = "supervisor"
    notice_seconds: float = 0.0
    end_seconds: float = 0.0


class Wait(StrEnum):
    """What a course of warnings waits for."""

    NOTHING = "nothing"
    ANSWER = "answer"
    """Of whoever approves."""
    SOUND = "sound"
    """The end of the recording."""


class Warner:
    """The warnings of one call.

    Args:
        settings: of the site.
        said: what each recording says, for the log.
        by_rule: whether the rule may ask here; not in a dry run.
    """

    def __init__(self, settings: Warnings, said: Mapping[Prompt, str], *, by_rule: bool) -> None:
        self._settings, self._said = settings, said
        self._rule = by_rule and RULE in settings.by
        self._wait = Wait.NOTHING
        self._kind, self._level, self._by = Misconduct.ABUSE, 1, RULE
        """Of what is waited for."""
        self._since = 0.0
        """When the waiting began."""
        self._done_at = 0.0
        """Offences until then are done with."""
        self._heard = 0
        self._noticed = False
        self._idle_done = False
        """Somebody has answered about a call without a matter: it is not asked again."""
        self.ending: Misconduct | None = None
        """An end has been granted: the session carries it out."""

    @property
    def heard(self) -> int:
        """Warnings that were heard to their end, notices not counted."""
        return self._heard

    @property
    def by_rule(self) -> bool:
        """Whether the rule warns in this call."""
        return self._rule

    @property
    def is_used_up(self) -> bool:
        """Whether every level was heard."""
        return self._heard >= self._settings.levels

    def judged(self, assessment: Assessment, at: float, matter: float) -> Iterator[Action]:
        """The rule looks at a call at the end of a turn of the caller.

        Args:
            assessment: of all that was heard.
            at: audio seconds.
            matter: share of the caller's utterances that were about a matter.
        """
        if not self._rule or self._wait is not Wait.NOTHING or Veto.EMERGENCY in assessment.vetoes:
            return
        new = [e for e in assessment.evidence if e.rule in OFFENCES and e.at > self._done_at]
        enough = 1 if self._heard else self._settings.offences
        if len(new) >= enough and (not self._heard or at - self._done_at >= self._settings.interval_seconds):
            yield from self._ask(_misconduct(new[-1]), self._next_level, RULE, at)
        elif matter < MATTER_SHARE:
            yield from self._look_at_the_clock(at)

    def warn_once(self, at: float) -> Iterator[Action]:
        """One word to an abusive complainant who is on the way to a supervisor."""
        self._set(Misconduct.ABUSE, 1, RULE)
        yield from self._begin(at, Prompt.WARNING)

    def ordered(self, act: CallControl, by: str, at: float, assessment: Assessment) -> Iterator[Action]:
        """A person wants a warning, or answers about one."""
        if act is CallControl.WARN:
            if not self._settings.by or self._wait is Wait.SOUND or Veto.EMERGENCY in assessment.vetoes:
                return
            if self._wait is Wait.ANSWER and self._level != ENDING:
                yield from self._answered(by, at, granted=True)
                return
            kinds = [_misconduct(e) for e in assessment.evidence if e.rule in OFFENCES]
            kind, level = kinds[-1] if kinds else Misconduct.ABUSE, self._next_level
            if level != ENDING:
                self._set(kind, level, by)
                yield from self._begin(at)
            elif self._wait is Wait.NOTHING:
                yield from self._ask(kind, level, by, at)
        elif act in (CallControl.APPROVE, CallControl.REFUSE) and self._wait is Wait.ANSWER:
            yield from self._answered(by, at, granted=act is CallControl.APPROVE)

    def played(self, at: float, *, sent: bool) -> Iterator[Action]:
        """The recording has come to its end, or could not be sent."""
        if self._wait is not Wait.SOUND or (sent and at - self._since < SHORTEST):
            return
        if sent and self._kind is Misconduct.IDLE:
            self._noticed = True
        elif sent:
            self._heard += 1
        yield from self._close(WarningStep.HEARD if sent else WarningStep.UNHEARD, at)

    def ticked(self, at: float) -> Iterator[Action]:
        """Time has moved on."""
        if self._wait is Wait.ANSWER and at - self._since >= self._settings.approve_seconds:
            yield from self._close(WarningStep.LAPSED, at)
        elif self._wait is Wait.SOUND and at - self._since >= PLAY_LIMIT:
            yield from self._close(WarningStep.UNHEARD, at)

    def over(self, at: float) -> Iterator[Action]:
        """The caller is moved, or the call has ended: nothing more comes of it."""
        if self._wait is Wait.ANSWER:
            yield from self._close(WarningStep.LAPSED, at)
        elif self._wait is Wait.SOUND:
            yield from self._close(WarningStep.UNHEARD, at)

    @property
    def _next_level(self) -> int:
        return ENDING if self.is_used_up else self._heard + 1

    def _look_at_the_clock(self, at: float) -> Iterator[Action]:
        settings = self._settings
        if self._idle_done:
            return
        if self._noticed:
            if 0 < settings.end_seconds <= at and at - self._done_at >= settings.interval_seconds:
                yield from self._ask(Misconduct.IDLE, ENDING, RULE, at)
        elif 0 < settings.notice_seconds <= at:
            yield from self._ask(Misconduct.IDLE, 1, RULE, at)

    def _ask(self, kind: Misconduct, level: int, by: str, at: float) -> Iterator[Action]:
        if level == ENDING and kind is not Misconduct.IDLE and self._settings.then == "nothing":
            return
        self._set(kind, level, by)
        self._wait, self._since = Wait.ANSWER, at
        yield self._warned(WarningStep.ASKED, by, at)
        if self._settings.approve == "nobody":
            yield from self._answered(by, at, granted=True)

    def _answered(self, by: str, at: float, *, granted: bool) -> Iterator[Action]:
        yield self._warned(WarningStep.GRANTED if granted else WarningStep.REFUSED, by, at)
        if granted and self._level != ENDING:
            yield from self._begin(at)
            return
        if granted:
            self.ending = self._kind
        self._forget(at)

    def _begin(self, at: float, recording: Prompt | None = None) -> Iterator[Action]:
        recording = recording or RECORDINGS[self._kind, self._level]
        self._wait, self._since = Wait.SOUND, at
        yield Warned(self._kind, self._level, WarningStep.BEGUN, self._by, at, self._said.get(recording, ""))
        yield Play(((recording, None),))

    def _close(self, step: WarningStep, at: float) -> Iterator[Action]:
        yield self._warned(step, self._by, at)
        self._forget(at, heard=step is WarningStep.HEARD)

    def _forget(self, at: float, *, heard: bool = False) -> None:
        """What was waited for is over; what was said until now leads to nothing more."""
        self._idle_done = self._idle_done or (self._kind is Misconduct.IDLE and not heard)
        self._wait, self._done_at = Wait.NOTHING, at

    def _set(self, kind: Misconduct, level: int, by: str) -> None:
        self._kind, self._level, self._by = kind, level, by

    def _warned(self, step: WarningStep, by: str, at: float) -> Warned:
        return Warned(self._kind, self._level, step, by, at)


def _misconduct(offence: Evidence) -> Misconduct:
    """What a warning that follows an offence is about."""
    return Misconduct.LEWD if offence.rule == rule_of(Act.LEWD) else Misconduct.ABUSE
