"""The vocabulary of a judgement: evidence, assessment, decision."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What kind of call it is."""

    GENUINE = "genuine"
    COMPLAINT = "complaint"
    ABUSIVE_COMPLAINT = "abusive_complaint"
    """A real grievance plus insult of the agent: a supervisor's case."""
    HARASSMENT = "harassment"
    UNDECIDED = "undecided"


URGENT = frozenset({Verdict.HARASSMENT, Verdict.ABUSIVE_COMPLAINT})
"""What somebody should know at once, while the call goes on; the second is a supervisor's case."""


class Kind(StrEnum):
    """Kinds of harassment."""

    LEWD = "lewd"
    ABUSE = "abuse"
    PRANK = "prank"
    CHITCHAT = "chitchat"
    THREAT = "threat"
    MIMIC = "mimic"
    """Repeats every word, sings, plays recordings."""
    BREATHING = "breathing"
    SILENT = "silent"
    REDIAL = "redial"


GRAVEST_FIRST: tuple[Kind | None, ...] = (
    *(Kind.THREAT, Kind.LEWD, Kind.ABUSE, Kind.PRANK, Kind.MIMIC, Kind.BREATHING),
    *(Kind.CHITCHAT, Kind.SILENT, Kind.REDIAL, None),
)
"""Of a call whose rows were judged to be of several kinds the gravest counts; None is a flag without a kind."""


class Treatment(StrEnum):
    """What is done with a flagged call."""

    ANALYSIS_QUEUE = "analysis_queue"
    LINE_FAULT = "line_fault"
    TERMINATE = "terminate"
    NONE = "none"
    """Dry run, or nothing to treat."""


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    WORDS = "words"
    ACTS = "acts"
    """What caller and agent do with an utterance."""
    EMERGENCY = "emergency"
    CALLER = "caller"
    TIME = "time"
    HISTORY = "history"
    SOUND = "sound"
    DIALOGUE = "dialogue"
    """Nobody answers."""


class Veto(StrEnum):
    """What protects a call whatever else is said."""

    EMERGENCY = "emergency"


class Standing(StrEnum):
    """What a call is when it is no harassment."""

    GENUINE = "genuine"
    COMPLAINT = "complaint"
    ABUSIVE_COMPLAINT = "abusive_complaint"
    VULNERABLE = "vulnerable"
    """A caller in distress or danger, or who needs care."""


CODE = ":"
"""Stands between a reason's code and what it is about: `by_agent:8001`."""


class Reason(StrEnum):
    """Why a decision was taken; people read the words of `screener.words`."""

    MATTER = "matter"
    COMPLAINT = "complaint"
    ABUSIVE = "abusive"
    INSULTS = "insults"
    """Likewise, but no matter was surely heard: nobody knows that it is a complaint."""
    UNCLEAR = "unclear"
    EMERGENCY = "emergency"
    JUDGED = "judged"
    """Words and behaviour carried it over the threshold; of the kind that follows."""
    AFTERWARDS = "afterwards"
    """So it stood when it was over, at the threshold of a call that is; of the kind that follows."""
    ALLOW_LIST = "allow_list"
    BLOCK_LIST = "block_list"
    REPEAT_OFFENDER = "repeat_offender"
    """Confirmed as often as follows."""
    SUSPENDED = "suspended"
    """It stands on the ladder."""
    BY_AGENT = "by_agent"
    """The agent who follows confirmed it."""
    ORDERED = "ordered"
    """The person who follows decided."""
    WARNED = "warned"
    """So many warnings were heard to their end, and an end was granted."""
    IDLE = "idle"
    """Likewise after the notice of a call without a matter."""
    UNHEARD = "unheard"
    DEAF = "deaf"
    """The caller's voice did not arrive, for the cause that follows (`events.DeafCause`)."""
    STOPPING = "stopping"
    TIME_UP = "time_up"
    FELL_SILENT = "fell_silent"

    def of(self, what: object) -> str:
        """The code with what it is about."""
        return f"{self.value}{CODE}{what}" if what else self.value


GUESSED = "?"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason, for or against.

    Attributes:
        rule: stable id of the act, the rule or the lexicon entry: `act.caller.lewd`, `lewd.slang.3`.
        source: where it comes from.
        kind: the kind of harassment that it speaks for; None when it speaks for none or against all.
        weight: log-odds (nats); positive speaks for harassment.
        at: audio time in seconds at which it was complete; 0 for what is known before the call.
        span: the words or value that matched, as heard.
        detail: what its words in `screener.words` need beside the rule: how often it was; `GUESSED` ends one of
            which that rule is the likeliest and not likely.
    """

    rule: str
    source: Source
    kind: Kind | None
    weight: float
    at: float
    span: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything known at one moment, weighed.

    Attributes:
        at: audio time, seconds.
        score: log-odds of harassment of the leading kind, the prior included.
        kind: the leading kind, None while nothing speaks for any.
        evidence: all evidence so far, oldest first.
        vetoes: what protects the call now.
        standing: what it is if it is no harassment; None before anything was said.
    """

    at: float
    score: float
    kind: Kind | None
    evidence: tuple[Evidence, ...]
    vetoes: tuple[Veto, ...] = ()
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, with what it stands on and what follows.

    Attributes:
        threshold: the log-odds that `assessment.score` was held against.
        treatment: what is to be done.
        dry_run: decided and logged, but nobody is treated.
        emergency: pass to an agent at once, marked.
        reason: a `Reason`, with what it is about behind a colon.
    """

    verdict: Verdict
    kind: Kind | None
    treatment: Treatment
    at: float
    threshold: float
    assessment: Assessment
    dry_run: bool = False
    emergency: bool = False
    reason: str = ""
