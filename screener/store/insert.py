"""How a call becomes rows: once, whoever tries how often."""

from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Connection, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from screener.events import Entrance
from screener.store.records import CallRecord, Review
from screener.store.tables import (
    Base,
    Call,
    DecisionMade,
    EvidencePiece,
    SegmentRow,
    TransferTried,
    TreatmentGiven,
)

PARTS: dict[str, type[Base]] = {
    "segments": SegmentRow,
    "evidence": EvidencePiece,
    "decisions": DecisionMade,
    "treatments": TreatmentGiven,
    "transfers": TransferTried,
}
COLUMNS = tuple(f.name for f in fields(CallRecord) if f.name not in PARTS)
"""Fields of a record that are columns of `calls`."""
_REVIEW = ("review", "reviewed_by", "reviewed_at")
"""What people write: never touched when a call is completed."""
_FIXED = ("id", "started_at", "number", "line", "region", "carrier", "dialled", "entrance")
"""Known when a call begins: never touched when it is completed, because it is counted by them."""
_SHORT = (
    "id",
    "number",
    "display_name",
    "region",
    "carrier",
    "dialled",
    "referred_by",
    "uniqueid",
    "linkedid",
    "agent",
)
SHORT_MOST = 100
"""Characters of a text that the network sends and an index holds; an index entry of PostgreSQL has 2,700 bytes."""


def upsert(connection: Connection, table: type[Base], values: dict[str, Any]) -> Any:  # noqa: ANN401
    """An INSERT that understands `on_conflict_…`; the two dialects share it, SQLAlchemy's core does not."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(values)


def insert_call(connection: Connection, record: CallRecord) -> bool:
    """Write a call that has begun, or complete it; a call that is complete already is left alone.

    Args:
        connection: inside a transaction.
        record: as `tidy` leaves it.

    Returns:
        whether the call has got its row just now; the caller counts it.
    """
    values = {name: getattr(record, name) for name in COLUMNS}
    row = upsert(connection, Call, values).on_conflict_do_nothing().returning(Call.id)
    fresh = connection.execute(row).first() is not None
    if record.ended_at is None or not (fresh or _complete(connection, record.id, values)):
        return fresh
    for name, table in PARTS.items():
        if parts := getattr(record, name):
            connection.execute(insert(table), [asdict(part) | {"call_id": record.id} for part in parts])
    return fresh


def tidy(record: CallRecord) -> CallRecord:
    """The record as the log keeps it: text that every database holds, and what a hand-over means."""
    values: dict[str, Any] = {}
    for name in COLUMNS:
        value = getattr(record, name)
        if (cleaned := _clean(value)) is not value:
            values[name] = cleaned
    for name in _SHORT:
        if len(long := values.get(name, getattr(record, name))) > SHORT_MOST:
            values[name] = long[:SHORT_MOST]
    for name in PARTS:
        if parts := getattr(record, name):
            values[name] = tuple(_tidy_part(part) for part in parts)
    record = replace(record, **values) if values else record
    if record.entrance is not Entrance.BY_HAND:
        return record
    agent = record.agent or record.referred_by  # who sends a caller into the queue confirms the flag
    review: dict[str, Any] = dict(zip(_REVIEW, (Review.CONFIRMED, agent, record.started_at), strict=True))
    return replace(record, agent=agent, **review)


def _tidy_part(part: Any) -> Any:  # noqa: ANN401 - any of the five
    return replace(part, **{f.name: _clean(getattr(part, f.name)) for f in fields(part)})


def _complete(connection: Connection, call_id: str, values: dict[str, Any]) -> bool:
    """Whether the call was up until now."""
    late = {name: value for name, value in values.items() if name not in _REVIEW + _FIXED}
    return (
        connection.execute(update(Call).where(Call.id == call_id, Call.ended_at.is_(None)).values(late)).rowcount
        > 0
    )


def _clean(value: Any) -> Any:  # noqa: ANN401 - any column
    """Text from the network without what PostgreSQL or UTF-8 cannot hold."""
    if type(value) is not str or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
