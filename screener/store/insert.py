"""How a call becomes rows: once, whoever tries how often."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, insert
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

_PARTS: dict[str, type[Base]] = {
    "segments": SegmentRow,
    "evidence": EvidencePiece,
    "decisions": DecisionMade,
    "treatments": TreatmentGiven,
    "transfers": TransferTried,
}
_REVIEW = ("review", "reviewed_by", "reviewed_at")
"""What people write: never touched when a call is completed."""


def upsert(connection: Connection, table: type[Base], values: dict[str, Any]) -> Any:  # noqa: ANN401
    """An INSERT that understands `on_conflict_…`; the two dialects share it, SQLAlchemy's core does not."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(values)


def insert_call(connection: Connection, record: CallRecord) -> None:
    """Write a call that has begun, or complete it; a call that is complete already is left alone."""
    values = _values(record)
    row = upsert(connection, Call, values)
    if record.ended_at is None:
        connection.execute(row.on_conflict_do_nothing())
        return
    completed = row.on_conflict_do_update(
        index_elements=[Call.id],
        set_={key: value for key, value in values.items() if key not in _REVIEW},
        where=Call.ended_at.is_(None),
    ).returning(Call.id)
    if connection.execute(completed).first() is None:
        return
    for name, table in _PARTS.items():
        if parts := getattr(record, name):
            rows = [{key: _clean(value) for key, value in asdict(part).items()} for part in parts]
            connection.execute(insert(table), [row | {"call_id": record.id} for row in rows])


def _values(record: CallRecord) -> dict[str, Any]:
    values = {f.name: _clean(getattr(record, f.name)) for f in fields(record) if f.name not in _PARTS}
    if record.entrance is Entrance.BY_HAND:  # an agent who sends a caller into the queue confirms the flag
        values |= dict(zip(_REVIEW, (Review.CONFIRMED, values["referred_by"], record.started_at), strict=True))
    return values


def _clean(value: Any) -> Any:  # noqa: ANN401 - any column
    """Text from the network without what PostgreSQL or UTF-8 cannot hold."""
    if type(value) is not str:
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
