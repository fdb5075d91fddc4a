"""The vocabulary of a judgement: evidence, assessment, decision."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What kind of call it is."""

    GENUINE = "genuine"
    COMPLAINT = "complaint"
    ABUSIVE_COMPLAINT = "abusive_complaint"
    """A real grievance plus sustained insult of the agent after a warning: a supervisor's case."""
    HARASSMENT = "harassment"
    UNDECIDED = "undecided"


class Kind(StrEnum):
    """Kinds of harassment."""

    LEWD = "lewd"
    ABUSE = "abuse"
    PRANK = "prank"
    CHITCHAT = "chitchat"
    THREAT = "threat"
    SILENT = "silent"
    REDIAL = "redial"


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
    MODEL = "model"
    BUSINESS = "business"
    GRIEVANCE = "grievance"
    VULNERABLE = "vulnerable"
    CALLER = "caller"
    TIME = "time"
    HISTORY = "history"
    SOUND = "sound"
    DIALOGUE = "dialogue"
    """Steering attempts, silence, dialled again."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason, for or against.

    Attributes:
        rule: stable id of the rule or lexicon entry, for example `lewd.body.3`.
        source: where it comes from.
        kind: the kind of harassment that it speaks for; None when it speaks for none or against all.
        weight: log-odds (nats); positive speaks for harassment.
        at: audio time in seconds at which it was complete; 0 for what is known before the call.
        span: the words or value that matched, as heard.
        note: what a supervisor reads, in Chinese.
    """

    rule: str
    source: Source
    kind: Kind | None
    weight: float
    at: float
    span: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything known at one moment, weighed.

    Attributes:
        at: audio time, seconds.
        score: log-odds of harassment of the leading kind, the prior included.
        kind: the leading kind, None while nothing speaks for any.
        evidence: all evidence so far, oldest first.
        vetoes: rule ids that protect the call now.
    """

    at: float
    score: float
    kind: Kind | None
    evidence: tuple[Evidence, ...]
    vetoes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, with what it stands on and what follows.

    Attributes:
        threshold: the log-odds that `assessment.score` was held against.
        treatment: what is to be done.
        dry_run: decided and logged, but nobody is treated.
        emergency: pass to an agent at once, marked.
        reason: one line in Chinese for agents and supervisors.
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
