"""Watches every call and hands its record to the log: when it is offered, when it is flagged, when it has ended.

What is known at the flag is written then, and again with every decision and treatment that follows: a service
that is killed loses of a flagged call only what came after.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from screener.core.actions import Action, Decided, EvidenceFound, OrderAnswered, PauseOffered, Treated, Warned
from screener.core.evidence import Decision, Treatment, Verdict
from screener.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    Event,
    PartiesTold,
    Transcript,
    TransferEnded,
)
from screener.store.records import (
    CallRecord,
    DecisionRow,
    EvidenceRow,
    OrderRow,
    Segment,
    TransferRow,
    TreatmentRow,
    WarningRow,
)


@dataclass(slots=True)
class _Note:
    """What has been seen of one call."""

    record: CallRecord
    segments: list[Segment] = field(default_factory=list)
    evidence: list[EvidenceRow] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    treatments: list[TreatmentRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    warnings: list[WarningRow] = field(default_factory=list)
    orders: list[OrderRow] = field(default_factory=list)


class CallNotes:
    """An observer that keeps the log. Runs on the calls thread.

    Args:
        put: takes a record; must not block.
        clock: the wall clock, aware UTC.
    """

    def __init__(self, put: Callable[[CallRecord], None], clock: Callable[[], datetime]) -> None:
        self._put = put
        self._clock = clock
        self._node = socket.gethostname()
        self._notes: dict[str, _Note] = {}

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call."""
        note = self._notes.get(call_id)
        if note is None:
            note = self._notes[call_id] = _Note(_begin(offer, self._node))
            self._put(note.record)
        match item:
            case PartiesTold():
                note.record = replace(note.record, **_parties(offer))
                self._put(note.record)
            case CallAnswered():
                note.record = replace(note.record, answered_at=self._clock())
            case Transcript(final=True) if item.text:
                note.segments.append(Segment(item.speaker, item.start, item.end, item.text, item.confidence))
            case EvidenceFound(e):
                note.evidence.append(EvidenceRow(e.at, e.rule, e.source, e.kind, e.weight, e.span, e.detail))
            case Decided(decision):
                note.decisions.append(decision)
            case Treated(treatment=treatment, done=False):
                agent = offer.referred_by if item.by_hand else ""
                note.treatments.append(TreatmentRow(treatment, item.at, None, False, item.by_hand, agent))
            case Treated() if note.treatments:
                note.treatments[-1] = replace(note.treatments[-1], ended=item.at, completed=item.completed)
            case TransferEnded():
                note.transfers.append(TransferRow(item.at, item.target, item.ok, item.status))
            case Warned(about, level, step, by, at, said):
                note.warnings.append(WarningRow(at, about, level, step, by, said))
            case OrderAnswered(act, by, at, outcome):
                note.orders.append(OrderRow(at, act.value, by, outcome.value))
            case PauseOffered():
                note.record = replace(note.record, pause_offered=True)
            case _:
                pass
        if isinstance(item, CallEnded):
            note.record = replace(note.record, ended_at=self._clock(), ended_by=item.by)
        elif isinstance(item, Decided | Treated) and (so_far := _complete(note)).flagged_at is not None:
            self._put(so_far)

    def close(self, call_id: str) -> None:
        """The call has ended and everything about it has been seen."""
        if note := self._notes.pop(call_id, None):
            self._put(_complete(note))


def _begin(offer: CallOffered, node: str) -> CallRecord:
    return CallRecord(
        id=offer.call_id,
        started_at=offer.started_at,
        queue=offer.queue,
        entrance=offer.entrance,
        referred_by=offer.referred_by,
        node=node,
        **_parties(offer),
    )


def _parties(offer: CallOffered) -> dict[str, Any]:
    """What of a record may be told anew while the call goes on."""
    caller = offer.caller
    return {
        "number": caller.number,
        "display_name": caller.display_name,
        "line": caller.line,
        "region": caller.region,
        "carrier": caller.carrier,
        "dialled": offer.dialled,
        "uniqueid": offer.uniqueid,
        "linkedid": offer.linkedid,
        "agent": offer.agent,
    }


def _complete(note: _Note) -> CallRecord:
    last = note.decisions[-1] if note.decisions else None
    flag = next((d for d in note.decisions if d.verdict is Verdict.HARASSMENT), None)
    return replace(
        note.record,
        verdict=last.verdict if last else None,
        kind=last.kind if last else None,
        flagged_at=flag.at if flag else None,
        score=last.assessment.score if last else None,
        treatment=note.treatments[-1].treatment if note.treatments else Treatment.NONE,
        dry_run=last.dry_run if last else False,
        segments=tuple(note.segments),
        evidence=tuple(note.evidence),
        decisions=tuple(
            DecisionRow(
                d.at,
                d.verdict,
                d.kind,
                d.treatment,
                d.assessment.score,
                d.threshold,
                d.dry_run,
                d.emergency,
                d.reason,
            )
            for d in note.decisions
        ),
        treatments=tuple(note.treatments),
        transfers=tuple(note.transfers),
        warnings=tuple(note.warnings),
        orders=tuple(note.orders),
    )
