"""The tables of the call log. Times are UTC; enums are their values; text is never formatted for a reader."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, ForeignKey, Index, MetaData, String, false, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import EndedBy, Entrance, LineClass, ListName, Speaker
from screener.store.records import Review
from screener.store.utc import Utc


def _enum(kind: type[StrEnum]) -> Enum:
    """Values as text with a check constraint: readable in SQL, changed by migration only."""
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        length=20,
        name=kind.__name__.lower(),
    )


ENUMS = (Kind, Source, Treatment, Verdict, EndedBy, Entrance, LineClass, ListName, Speaker, Review)
_TYPES: dict[Any, Any] = {datetime: Utc(), **{kind: _enum(kind) for kind in ENUMS}}


MARKED = "(verdict = 'harassment' OR treatment != 'none')"
"""SQL of the calls that reports look at one by one: flagged or treated, a few of a hundred.

One index holds them with every column that a report wants, so that no report reads the whole of `calls`. The
databases know it again only in these very words.
"""
JUDGED = "verdict = 'harassment'"
"""SQL of the calls that people review: an index holds what they said of them. Likewise in these very words."""
RARE = {
    "agent": "agent != ''",
    "kind": "kind IS NOT NULL",
    "review": "review != 'none'",
    "treatment": "treatment != 'none'",
}
"""What most calls have nothing of, and SQL of those that have: each has an index of them alone, so that nobody
reads all calls for the few. Likewise in these very words.
"""
LONG_AGO = "1970-01-01 00:00:00+00"
"""Stands in `called_at` where nothing does yet."""
QUARTER_SECONDS = 900
"""Length of a slot of `OfferedTime`: the offset of every time zone in use is a multiple of it."""
DAY_SECONDS = 86400
"""Length of a slot of `OfferedPlace`."""


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = _TYPES


class CallRow(Base):
    """One call. The row is written when the call is offered and completed when it ends.

    One that is flagged is written at its flag too. `ended_at` is null while the call is up, and for ever when the
    process was killed under it; then `ended_by` says so once the service runs again.
    """

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    number: Mapped[str]
    display_name: Mapped[str]
    line: Mapped[LineClass]
    region: Mapped[str]
    carrier: Mapped[str]
    dialled: Mapped[str]
    queue: Mapped[str] = mapped_column(server_default="")
    entrance: Mapped[Entrance]
    referred_by: Mapped[str]
    node: Mapped[str]
    uniqueid: Mapped[str]
    linkedid: Mapped[str]
    verdict: Mapped[Verdict | None]
    kind: Mapped[Kind | None]
    flagged_at: Mapped[float | None]
    score: Mapped[float | None]
    treatment: Mapped[Treatment]
    dry_run: Mapped[bool]
    ended_by: Mapped[EndedBy | None]
    review: Mapped[Review] = mapped_column(default=Review.NONE)
    reviewed_by: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]
    agent: Mapped[str] = mapped_column(server_default="")
    own: Mapped[bool] = mapped_column(server_default=true())
    """The first row of a call that a caller dialled; see `store.insert`."""
    root: Mapped[str] = mapped_column(server_default="")
    """Id of the first row of the same call; its own where it is that."""
    called_at: Mapped[datetime] = mapped_column(server_default=LONG_AGO)
    """When the caller dialled: `started_at` of that first row."""
    by_hand: Mapped[bool] = mapped_column(server_default=false())
    """An agent handed the caller over into the analysis queue."""

    segments: Mapped[list["SegmentRow"]] = relationship(cascade="all, delete-orphan", order_by="SegmentRow.id")
    evidence: Mapped[list["EvidencePiece"]] = relationship(
        cascade="all, delete-orphan", order_by="EvidencePiece.id"
    )
    decisions: Mapped[list["DecisionMade"]] = relationship(
        cascade="all, delete-orphan", order_by="DecisionMade.id"
    )
    treatments: Mapped[list["TreatmentGiven"]] = relationship(
        cascade="all, delete-orphan", order_by="TreatmentGiven.id"
    )
    pause_offered: Mapped[bool] = mapped_column(server_default=false())
    """The agent was offered a pause after the call; whether it was taken is nobody's record."""
    warnings: Mapped[list["WarningGiven"]] = relationship(cascade="all, delete-orphan", order_by="WarningGiven.id")
    orders: Mapped[list["OrderGiven"]] = relationship(cascade="all, delete-orphan", order_by="OrderGiven.id")
    transfers: Mapped[list["TransferTried"]] = relationship(
        cascade="all, delete-orphan", order_by="TransferTried.id"
    )

    __table_args__ = (
        Index(None, "started_at", "verdict"),
        Index(None, "number", "started_at", "own", "verdict"),
        Index(None, "linkedid"),
        Index(None, "root"),
        Index(
            "ix_calls_rests",
            "called_at",
            sqlite_where=text("pause_offered"),
            postgresql_where=text("pause_offered"),
        ),
        Index(
            "ix_calls_judged",
            *("review", "called_at", "verdict"),  # the last one for SQLite alone: it looks at the condition again
            sqlite_where=text(JUDGED),
            postgresql_where=text(JUDGED),
        ),
        Index(
            "ix_calls_marked",
            *("called_at", "root", "id", "number", "region", "carrier", "line", "dialled", "queue", "entrance"),
            *("verdict", "kind", "treatment", "dry_run", "by_hand", "review", "reviewed_by", "agent"),
            sqlite_where=text(MARKED),
            postgresql_where=text(MARKED),
        ),
        *(
            Index(f"ix_calls_{name}", name, "started_at", sqlite_where=text(some), postgresql_where=text(some))
            for name, some in RARE.items()
        ),
    )


class OfferedTime(Base):
    """How many calls came in a quarter of an hour; kept by the writer, so that reports need not count them.

    Only calls of the callers' own (`CallRow.own`) are among them.
    """

    __tablename__ = "offered_times"
    __table_args__ = ({"sqlite_with_rowid": False},)

    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Quarters of an hour since 1970, UTC."""
    queue: Mapped[str] = mapped_column(primary_key=True)
    dialled: Mapped[str] = mapped_column(primary_key=True)
    offered: Mapped[int]


class OfferedPlace(Base):
    """The same calls by day and by where they came from."""

    __tablename__ = "offered_places"
    __table_args__ = (
        *(Index(None, name, "day") for name in ("queue", "dialled", "line", "region", "carrier")),
        {"sqlite_with_rowid": False},
    )

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Days since 1970, UTC."""
    queue: Mapped[str] = mapped_column(primary_key=True)
    dialled: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str] = mapped_column(primary_key=True)
    offered: Mapped[int]


def _call() -> Any:  # noqa: ANN401 - SQLAlchemy's own type of a column
    return mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)


class SegmentRow(Base):
    """Final words of one utterance."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    speaker: Mapped[Speaker]
    start: Mapped[float]
    end: Mapped[float]
    text: Mapped[str]
    confidence: Mapped[float | None]


class EvidencePiece(Base):
    """One reason."""

    __tablename__ = "evidence"
    __table_args__ = (Index(None, "call_id", "rule", "weight"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    at: Mapped[float]
    rule: Mapped[str]
    source: Mapped[Source]
    kind: Mapped[Kind | None]
    weight: Mapped[float]
    span: Mapped[str]
    detail: Mapped[str]


class DecisionMade(Base):
    """One decision."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    at: Mapped[float]
    verdict: Mapped[Verdict]
    kind: Mapped[Kind | None]
    treatment: Mapped[Treatment]
    score: Mapped[float]
    threshold: Mapped[float]
    dry_run: Mapped[bool]
    emergency: Mapped[bool]
    reason: Mapped[str]


class TreatmentGiven(Base):
    """One treatment."""

    __tablename__ = "treatments"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    treatment: Mapped[Treatment]
    began: Mapped[float]
    ended: Mapped[float | None]
    completed: Mapped[bool]
    by_hand: Mapped[bool]
    agent: Mapped[str]


class TransferTried(Base):
    """One REFER that was judged to its end."""

    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    at: Mapped[float]
    target: Mapped[str]
    ok: Mapped[bool]
    status: Mapped[int]


class WarningGiven(Base):
    """One step of a warning, or of the end after the warnings."""

    __tablename__ = "warnings"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    at: Mapped[float]
    about: Mapped[str] = mapped_column(String(20))
    level: Mapped[int]
    step: Mapped[str] = mapped_column(String(20))
    by: Mapped[str]
    said: Mapped[str]


class OrderGiven(Base):
    """One order of a person about the running call, and what came of it."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    at: Mapped[float]
    act: Mapped[str] = mapped_column(String(20))
    by: Mapped[str]
    outcome: Mapped[str] = mapped_column(String(20))


class ReviewSaid(Base):
    """What a person said of a call: every word, also one that another's took the place of."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    review: Mapped[Review]
    by: Mapped[str]
    at: Mapped[datetime]
    way: Mapped[str]
    reason: Mapped[str]


class Listed(Base):
    """A number on a list."""

    __tablename__ = "lists"

    name: Mapped[ListName] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    added_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Lift(Base):
    """A number that a person took off the ladder, and when."""

    __tablename__ = "lifts"

    number: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]


class AccessNote(Base):
    """Somebody took data out of the log, or looked into a call."""

    __tablename__ = "accesses"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    destination: Mapped[str]
    masked: Mapped[bool]


class AccountOf(Base):
    """Somebody who may use the console."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    extension: Mapped[str]
    secret: Mapped[str]
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    added_at: Mapped[datetime]


class LoginOf(Base):
    """Somebody who is logged in; the token is kept as its SHA-256 only."""

    __tablename__ = "logins"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(ForeignKey("accounts.name", ondelete="CASCADE"), index=True)
    guard: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class TokenOf(Base):
    """A program that may use the console's API; the token is kept as its SHA-256 only."""

    __tablename__ = "tokens"

    name: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str] = mapped_column(String(64), index=True)
    role: Mapped[str] = mapped_column(String(20))
    extension: Mapped[str]
    added_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
