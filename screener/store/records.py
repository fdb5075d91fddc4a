"""A whole call as the log keeps it: what the service hands over, and what `calls show` reads back.

Records travel through the spool as JSON, so `serialize` and `parse` are a pair.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import EndedBy, Entrance, LineClass, ListName, Speaker


class Review(StrEnum):
    """What a person said about a flag."""

    NONE = "none"
    CONFIRMED = "confirmed"
    OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Segment:
    """Final words of one utterance; `start` and `end` are audio seconds."""

    speaker: Speaker
    start: float
    end: float
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One reason, as in `core.evidence.Evidence`."""

    at: float
    rule: str
    source: Source
    kind: Kind | None
    weight: float
    span: str
    detail: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, as in `core.evidence.Decision`."""

    at: float
    verdict: Verdict
    kind: Kind | None
    treatment: Treatment
    score: float
    threshold: float
    dry_run: bool
    emergency: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TreatmentRow:
    """One treatment. `ended` is None when the call ended without a word about it."""

    treatment: Treatment
    began: float
    ended: float | None
    completed: bool
    by_hand: bool
    agent: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One REFER that was judged to its end."""

    at: float
    target: str
    ok: bool
    status: int


@dataclass(frozen=True, slots=True)
class WarningRow:
    """One step of a warning, as in `core.actions.Warned`."""

    at: float
    about: str
    level: int
    step: str
    by: str
    said: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of a person and what came of it, as in `core.actions.OrderAnswered`."""

    at: float
    act: str
    by: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call.

    Seconds of its parts count from `audio_began`; what an imported call did before the answer is below zero.

    Attributes:
        id: the product's own; unique for ever.
        started_at, answered_at, ended_at: aware, UTC; None while it has not happened.
        number: E.164, empty when withheld.
        flagged_at: audio seconds of the flag, None when the call was never flagged.
        dialled: the number that the caller dialled (hotline, 400 number, DID); empty when it is not known.
        queue: of agents that the caller was meant for or waited in; empty when it is not known.
        review: what a person said about the flag; the log sets it, not the service. Likewise who and when.
        agent: who had the caller on the line, by the name alone (`8001` of `Agent/8001`).
        pause_offered: the agent was offered a pause after it.
    """

    id: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    number: str = ""
    display_name: str = ""
    line: LineClass = LineClass.UNKNOWN
    region: str = ""
    carrier: str = ""
    dialled: str = ""
    queue: str = ""
    entrance: Entrance = Entrance.IN_PATH
    referred_by: str = ""
    node: str = ""
    uniqueid: str = ""
    linkedid: str = ""
    verdict: Verdict | None = None
    kind: Kind | None = None
    flagged_at: float | None = None
    score: float | None = None
    treatment: Treatment = Treatment.NONE
    dry_run: bool = False
    ended_by: EndedBy | None = None
    review: Review = Review.NONE
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    agent: str = ""
    pause_offered: bool = False
    segments: tuple[Segment, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    treatments: tuple[TreatmentRow, ...] = ()
    transfers: tuple[TransferRow, ...] = ()
    warnings: tuple[WarningRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()

    @property
    def is_over(self) -> bool:
        """Nobody is on the line any more."""
        return self.ended_at is not None or self.is_cut_off

    @property
    def is_cut_off(self) -> bool:
        """The service was killed under it: its end, and what was heard last, are not in the log."""
        return self.ended_at is None and self.ended_by is not None

    @property
    def audio_began(self) -> datetime:
        """When second 0 was: at the answer, or where nobody answered at the beginning."""
        return self.answered_at or self.started_at


_RECORD = TypeAdapter(CallRecord)


def serialize(record: CallRecord) -> str:
    """One line of JSON."""
    return json.dumps(asdict(record), ensure_ascii=False, default=_plain)


def parse(line: str | bytes) -> CallRecord:
    """The record of a line that `serialize` wrote.

    Raises:
        ValueError: it is not one.
    """
    return _RECORD.validate_json(line)


def _plain(value: Any) -> str:  # noqa: ANN401 - what json hands over
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not part of a record")


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """One word of a person about a call; the newest holds.

    Attributes:
        way: how it came: `console`, `screener review`, `agent's key`.
        reason: in the person's own words, perhaps empty.
    """

    call: str
    review: Review
    by: str
    at: datetime
    way: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A number on a list; `expires_at` None is for ever."""

    name: ListName
    number: str
    reason: str
    added_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody took data out of the log, looked into a call, or changed what the log holds.

    Attributes:
        action: the command, such as `screener report sources`, or what was done, such as `list block add`.
        subject: what was asked for: its options, or the ids of calls.
        destination: the file, or the format that went to the terminal or a pipe; the way that a change came.
        masked: phone numbers were hidden.
    """

    at: datetime
    who: str
    action: str
    subject: str
    destination: str
    masked: bool = False


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that the database will never take, and why."""

    record: CallRecord
    reason: str
