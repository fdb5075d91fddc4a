"""What a session asks the edge to do. The edge carries each out in order; nothing here is optional."""

from dataclasses import dataclass
from enum import StrEnum

from screener.core.evidence import Decision, Evidence, Treatment
from screener.events import CallControl, Target, Transcript


class Prompt(StrEnum):
    """The recordings in audio/, by file name without its ending."""

    GREETING = "greeting"
    NOTICE = "notice"
    """This call may be recorded."""
    STEER = "steer"
    """Which business may I help you with? Asked of a caller who mentions none."""
    STILL_THERE = "still_there"
    """Re-prompt of a silent call."""
    SILENT_CLOSING = "silent_closing"
    CONNECTING = "connecting"
    """Before the caller is moved to an agent another way, the first having failed."""
    WARNING = "warning"
    """Asks a caller to stay civil: an abusive complainant, or one whose earlier calls ask for it."""
    WARNING_ABUSE_1 = "warning_abuse_1"
    """Graded warnings, by what they are about and their level."""
    WARNING_ABUSE_2 = "warning_abuse_2"
    WARNING_ABUSE_3 = "warning_abuse_3"
    WARNING_LEWD_1 = "warning_lewd_1"
    WARNING_LEWD_2 = "warning_lewd_2"
    WARNING_LEWD_3 = "warning_lewd_3"
    IDLE_NOTICE = "idle_notice"
    """To a caller who has talked for long and has no matter."""
    LINE_FAULT = "line_fault"
    """您好,您好,听得到吗?对不起线路故障,请您稍后再拨。"""
    TERMINATE = "terminate"
    ANALYSIS_ENTER = "analysis_enter"
    """您已进入来电自动分析系统,请稍候。"""
    SIGNAL_TONE = "signal_tone"
    ANALYSIS_DONE = "analysis_done"
    """分析完成,请挂断。"""


ON_PBX = {
    Treatment.ANALYSIS_QUEUE: Target.ANALYSIS,
    Treatment.LINE_FAULT: Target.LINE_FAULT,
    Treatment.TERMINATE: Target.TERMINATE,
}
"""Where each treatment is for a caller whom an agent already has."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Do not take the call; the PBX goes on by itself.

    Attributes:
        status: SIP status code, 4xx to 6xx.
    """

    status: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Start (or stop) recognising the caller; a call in the analysis queue is not listened to."""

    on: bool


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """Have what the caller said read by the second recogniser. `Reread` follows, if it comes in time.

    Attributes:
        said: the utterances, as they were heard first.
        seconds: after which nobody waits for it any more.
    """

    said: tuple[Transcript, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Play:
    """Play recordings one after the other; replaces what is playing. `PlaybackEnded` follows.

    Attributes:
        prompts: pairs of recording and seconds; None plays the recording once, a number repeats or cuts it.
    """

    prompts: tuple[tuple[Prompt, float | None], ...]


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Fall silent at once; no `PlaybackEnded` follows."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """REFER the caller on. `TransferEnded` follows; the session falls back, the edge does not.

    Attributes:
        target: where to.
        marked: an emergency; the edge adds a priority header where it can.
    """

    target: Target
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call with BYE."""


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """New evidence, for the live view and the log.

    Attributes:
        score: where the call stands with it, log-odds.
        threshold: at which the kind that leads then is flagged.
    """

    evidence: Evidence
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, for the live view and the log. The actions that carry it out follow it."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Treated:
    """A treatment has begun or ended, for the log.

    Attributes:
        at: audio time, seconds.
        done: False when it begins; True when it ended.
        completed: whether the caller heard it to its end; meaningful when done.
        by_hand: whether an agent sent the caller in.
    """

    treatment: Treatment
    at: float
    done: bool
    completed: bool = False
    by_hand: bool = False


class Misconduct(StrEnum):
    """What a caller is warned about."""

    ABUSE = "abuse"
    """Insults and threats."""
    LEWD = "lewd"
    IDLE = "idle"
    """Talks for long without a matter."""


class WarningStep(StrEnum):
    """How far a warning, or the end after the warnings, has come."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    """Nobody answered in time."""
    BEGUN = "begun"
    HEARD = "heard"
    """The recording was sent to its end."""
    UNHEARD = "unheard"
    """It was not: the warning counts for nothing."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A step of a warning, for the log and for whoever has to approve.

    Attributes:
        level: from 1; 0 is the end of the call after the warnings.
        by: who asked, or answered: a person's name, or `rule`.
        at: audio time, seconds.
        said: the words of the recording that begins; empty at other steps.
    """

    kind: Misconduct
    level: int
    step: WarningStep
    by: str
    at: float
    said: str = ""


class OrderOutcome(StrEnum):
    """What came of a person's order about a call."""

    DONE = "done"
    ALREADY = "already"
    """What is ordered goes on, or is on its way."""
    TOO_LATE = "too_late"
    """The caller is on the way to somebody else, or gone."""
    NOT_HERE = "not_here"
    """Nobody can be warned here or now, or nothing waits for an answer."""
    REPLACED = "replaced"
    """Another order came before the call was answered."""


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """A person's order was carried out, or could not be: for the log and for whoever gave it.

    Attributes:
        by: who ordered.
        at: audio time, seconds.
    """

    act: CallControl
    by: str
    at: float
    outcome: OrderOutcome


@dataclass(frozen=True, slots=True)
class PauseOffered:
    """The agent may take a pause after what the caller did; whether it is taken is nobody's record.

    Attributes:
        seconds: how long it is.
        at: audio time, seconds.
    """

    seconds: float
    at: float


Action = (
    Answer
    | Reject
    | Listen
    | ReadAgain
    | Play
    | StopPlaying
    | Transfer
    | Hangup
    | EvidenceFound
    | Decided
    | Treated
    | Warned
    | OrderAnswered
    | PauseOffered
)
