"""How a call becomes rows: once, whoever tries how often; and which rows are calls of a caller's own.

A caller who dials once may leave several rows: screened in path, listened to beside the agent, handed over by
hand. What they have in common is the PBX's linkedid. The first of them to reach the log is the caller's own call,
which reports and histories count; the others are the same call going on: they belong to its root, and to the
number, queue and moment of that root. A call that is flagged in several of its rows is one flagged call.
"""

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from screener.events import Entrance, LineClass
from screener.store.engine import insert_into
from screener.store.records import CallRecord, Review
from screener.store.tables import (
    Base,
    CallRow,
    DecisionMade,
    EvidencePiece,
    OrderGiven,
    SegmentRow,
    TransferTried,
    TreatmentGiven,
    WarningGiven,
)

PARTS: dict[str, type[Base]] = {
    "segments": SegmentRow,
    "evidence": EvidencePiece,
    "decisions": DecisionMade,
    "treatments": TreatmentGiven,
    "transfers": TransferTried,
    "warnings": WarningGiven,
    "orders": OrderGiven,
}
COLUMNS = tuple(f.name for f in fields(CallRecord) if f.name not in PARTS)
"""Fields of a record that are columns of `calls`."""
_REVIEW = ("review", "reviewed_by", "reviewed_at")
"""What people write: never touched when a call is completed."""
_OF_ROOT = ("number", "line", "region", "carrier", "dialled", "queue")
"""What all rows of a call have in common with its first."""
_FIXED = ("id", "started_at", *_OF_ROOT, "entrance")
"""Known when a call begins: never touched when it is completed, because it is counted by them."""
_SHORT = (
    "id",
    "number",
    "display_name",
    "region",
    "carrier",
    "dialled",
    "queue",
    "referred_by",
    "uniqueid",
    "linkedid",
    "agent",
)
_TEXTS = (*_SHORT, "node", "reviewed_by")
_LOCK = 0x5C4EE5
"""PostgreSQL advisory lock of `take_turns`."""
SHORT_MOST = 100
"""Characters of a text that the network sends and an index holds; an index entry of PostgreSQL has 2,700 bytes."""


def upsert(connection: Connection, table: type[Base], values: dict[str, Any]) -> Any:  # noqa: ANN401
    """An INSERT that understands `on_conflict_…`."""
    return insert_into(connection, table).values(values)


def insert_call(connection: Connection, record: CallRecord) -> bool:
    """Write a call that has begun, what is known of one that is flagged, or complete it.

    A call that is complete already is left alone.

    Args:
        connection: inside a transaction that has its turn.
        record: as `tidy` leaves it.

    Returns:
        whether a call of a caller's own has got its row just now; whoever asked counts it.
    """
    root = _root(connection, record)
    placed = {name: getattr(record, name) for name in COLUMNS} | placing(record, root)
    # The values apart: SQLAlchemy need not look through forty of them for every call.
    row = insert_into(connection, CallRow).on_conflict_do_nothing().returning(CallRow.own)
    fresh = connection.execute(row, placed).first()
    counts = fresh is not None and fresh.own
    values = {name: value for name, value in placed.items() if name not in ("own", "root", "called_at")}
    flagged = record.flagged_at is not None
    if (record.ended_at is None and not flagged) or not (fresh or _complete(connection, record.id, values)):
        return counts
    if flagged and not fresh:  # what was written at the flag
        for table in PARTS.values():
            connection.execute(delete(table).where(table.__table__.c.call_id == record.id))
    for name, table in PARTS.items():
        if parts := getattr(record, name):
            connection.execute(insert(table), [asdict(part) | {"call_id": record.id} for part in parts])
    return counts


def take_turns(connection: Connection) -> None:
    """One transaction after the other adds calls: which row of a call is the first must not be open.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


@dataclass(frozen=True, slots=True)
class Root:
    """The first row of a call, as far as the others share it; a number that is withheld they may know."""

    id: str
    started_at: datetime
    number: str
    line: LineClass
    region: str
    carrier: str
    dialled: str
    queue: str


ROOT_COLUMNS = tuple(getattr(CallRow, f.name) for f in fields(Root))


def placing(record: CallRecord, root: Root | None) -> dict[str, Any]:
    """The columns that say which call a row belongs to, and what it has from the call's first row.

    Args:
        record: as `tidy` leaves it.
        root: None where the record is the first row itself.
    """
    by_hand = record.entrance is Entrance.BY_HAND or any(given.by_hand for given in record.treatments)
    if root is None:
        return {"own": True, "root": record.id, "called_at": record.started_at, "by_hand": by_hand}
    shared = {name: getattr(root, name) for name in _OF_ROOT}
    return shared | {"own": False, "root": root.id, "called_at": root.started_at, "by_hand": by_hand}


def root_of(record: CallRecord) -> Root:
    """What the other rows of its call have from it."""
    return Root(**{f.name: getattr(record, f.name) for f in fields(Root)})


def _root(connection: Connection, record: CallRecord) -> Root | None:
    if not record.linkedid:
        return None
    query = select(*ROOT_COLUMNS).where(CallRow.linkedid == record.linkedid, CallRow.own, CallRow.id != record.id)
    found = connection.execute(query.limit(1)).first()
    return Root(*found) if found else None


def tidy(record: CallRecord) -> CallRecord:
    """The record as the log keeps it: text that every database holds, and what a hand-over means."""
    values: dict[str, Any] = {}
    for name in _TEXTS:
        value = getattr(record, name)
        kept = _clean(value)
        if len(kept) > SHORT_MOST and name in _SHORT:
            kept = kept[:SHORT_MOST]
        if kept != value:
            values[name] = kept
    for name in PARTS:
        if parts := getattr(record, name):
            values[name] = tuple(_tidy_part(part) for part in parts)
    record = replace(record, **values) if values else record
    if record.entrance is not Entrance.BY_HAND:
        return record
    agent = record.agent or record.referred_by  # who hands over confirms: rule 8 of review.verdict
    review: dict[str, Any] = dict(zip(_REVIEW, (Review.CONFIRMED, agent, record.started_at), strict=True))
    return replace(record, agent=agent, **review)


def _tidy_part(part: Any) -> Any:  # noqa: ANN401 - any of the six
    return replace(part, **{f.name: _clean(getattr(part, f.name)) for f in fields(part)})


def _complete(connection: Connection, call_id: str, values: dict[str, Any]) -> bool:
    """Whether the call was up until now."""
    late = {name: value for name, value in values.items() if name not in _REVIEW + _FIXED}
    return (
        connection.execute(
            update(CallRow).where(CallRow.id == call_id, CallRow.ended_at.is_(None)).values(late)
        ).rowcount
        > 0
    )


def _clean(value: Any) -> Any:  # noqa: ANN401 - any column
    """Text from the network without what PostgreSQL or UTF-8 cannot hold."""
    if type(value) is not str or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
