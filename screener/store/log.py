"""The call log: one database, opened and migrated, asked and written."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, func, or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from screener.core.evidence import Treatment, Verdict
from screener.errors import InputError, StoreError
from screener.events import History
from screener.store.records import (
    CallRecord,
    DecisionRow,
    EvidenceRow,
    Segment,
    TransferRow,
    TreatmentRow,
)
from screener.store.tables import (
    Call,
    DecisionMade,
    EvidencePiece,
    Listed,
    Review,
    SegmentRow,
    TransferTried,
    TreatmentGiven,
)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 5000
CONNECT_SECONDS = 3
_PARTS: dict[str, tuple[type[Any], type[Any]]] = {
    "segments": (SegmentRow, Segment),
    "evidence": (EvidencePiece, EvidenceRow),
    "decisions": (DecisionMade, DecisionRow),
    "treatments": (TreatmentGiven, TreatmentRow),
    "transfers": (TransferTried, TransferRow),
}
_PLAIN = tuple(field.name for field in fields(CallRecord) if field.name not in _PARTS)


def open_log(url: str, folder: Path | None = None) -> "CallLog":
    """Open a call log, made or brought up to date where needed.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: where the settings file lies.

    Raises:
        StoreError: the database cannot be opened, written or migrated.
    """
    engine = _engine(url, folder or Path.cwd())
    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, OSError) as problem:
        engine.dispose()
        raise _store_error(engine, "opened", problem) from problem
    return CallLog(engine)


def _engine(url: str, folder: Path) -> Engine:
    try:
        place = make_url(url)
    except ArgumentError as problem:
        raise StoreError("store.url is not a database URL", "for example sqlite:///screener.db") from problem
    if place.get_backend_name() != "sqlite":
        try:
            return create_engine(place, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
        except ImportError as problem:
            raise StoreError(f"no driver for {place.drivername}", "install screener[postgres]") from problem
    if place.database and place.database != ":memory:":
        place = place.set(database=str(folder / place.database))
    engine = create_engine(place)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    return engine


def _store_error(engine: Engine, done: str, problem: Exception) -> StoreError:
    reason = str(getattr(problem, "orig", None) or problem).splitlines()[0]
    where = engine.url.render_as_string(hide_password=True)
    return StoreError(
        f"the call log {where} cannot be {done}: {reason}", "check store.url, its folder and its server"
    )


class CallLog:
    """An open log. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def write(self, records: Sequence[CallRecord]) -> None:
        """Write calls; a call that is there already is replaced, its review kept.

        Raises:
            StoreError: nothing was written.
        """
        try:
            with Session(self.engine) as session, session.begin():
                for record in records:
                    self._write(session, record)
        except SQLAlchemyError as problem:
            raise _store_error(self.engine, "written", problem) from problem

    def _write(self, session: Session, record: CallRecord) -> None:
        call = session.get(Call, record.id)
        if call is not None and call.ended_at is not None and record.ended_at is None:
            return  # the beginning of a call whose end has been written arrives late, from the spool
        if call is None:
            call = Call(id=record.id)
            session.add(call)
        for name in _PLAIN:
            setattr(call, name, getattr(record, name))
        for name, (table, _) in _PARTS.items():
            setattr(call, name, [table(**asdict(part)) for part in getattr(record, name)])

    def history(self, number: str, at: datetime) -> History:
        """What the log knows about a number at a moment; counts exclude calls at or after it.

        Raises:
            StoreError: the database is away.
        """
        if not number:
            return History()
        flagged = (Call.verdict == Verdict.HARASSMENT) & (Call.review != Review.OVERTURNED)

        def count(condition: Any) -> Any:  # noqa: ANN401 - SQL expressions
            return func.count().filter(condition)

        query = select(
            count(Call.started_at >= at - timedelta(minutes=15)),
            count(Call.started_at >= at - timedelta(minutes=60)),
            count(Call.started_at >= at - timedelta(hours=24)),
            count(flagged),
            count(flagged & (Call.treatment != Treatment.NONE)),
            count(Call.review == Review.CONFIRMED),
            count(Call.review == Review.OVERTURNED),
            count(Call.verdict.in_([Verdict.GENUINE, Verdict.COMPLAINT])),
            func.max(Call.started_at).filter(flagged),
        ).where(Call.number == number, Call.started_at < at)
        lists = select(Listed.name).where(
            Listed.number == number, or_(Listed.expires_at.is_(None), Listed.expires_at > at)
        )
        try:
            with Session(self.engine) as session:
                row = session.execute(query).one()
                on = frozenset(session.scalars(lists))
        except SQLAlchemyError as problem:
            raise _store_error(self.engine, "read", problem) from problem
        c15, c60, c24, flags, treated, confirmed, overturned, genuine, newest = row
        return History(
            calls_15min=c15,
            calls_60min=c60,
            calls_24h=c24,
            flagged=flags,
            treated=treated,
            confirmed=confirmed,
            overturned=overturned,
            genuine=genuine,
            last_flag_age=(at - newest).total_seconds() if newest else None,
            lists=on,
        )

    def call(self, prefix: str) -> CallRecord:
        """One call by its id or the beginning of it.

        Raises:
            InputError: no call or several begin so.
            StoreError: the database is away.
        """
        try:
            with Session(self.engine) as session:
                found = session.scalars(
                    select(Call).where(Call.id.startswith(prefix, autoescape=True)).limit(2)
                ).all()
                if len(found) != 1:
                    many = "several calls begin" if found else "no call begins"
                    raise InputError(f"{many} with {prefix}", "see: screener calls list")
                return _record(found[0], parts=True)
        except SQLAlchemyError as problem:
            raise _store_error(self.engine, "read", problem) from problem

    def calls(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        verdict: Verdict | None = None,
        limit: int = 50,
    ) -> Sequence[CallRecord]:
        """Calls without their parts, newest first.

        Raises:
            StoreError: the database is away.
        """
        query = select(Call).order_by(Call.started_at.desc(), Call.id).limit(limit)
        if since:
            query = query.where(Call.started_at >= since)
        if until:
            query = query.where(Call.started_at < until)
        if verdict:
            query = query.where(Call.verdict == verdict)
        try:
            with Session(self.engine) as session:
                return [_record(call, parts=False) for call in session.scalars(query)]
        except SQLAlchemyError as problem:
            raise _store_error(self.engine, "read", problem) from problem

    def review(self, call_id: str, review: Review, by: str, at: datetime | None = None) -> None:
        """Note what a person says about a flag.

        Raises:
            InputError: there is no such call.
            StoreError: the database is away.
        """
        try:
            with Session(self.engine) as session, session.begin():
                call = session.get(Call, call_id)
                if call is None:
                    raise InputError(f"no call {call_id}", "see: screener calls list")
                call.review, call.reviewed_by, call.reviewed_at = review, by, at or datetime.now(UTC)
        except SQLAlchemyError as problem:
            raise _store_error(self.engine, "written", problem) from problem


def _record(call: Call, *, parts: bool) -> CallRecord:
    values = {name: getattr(call, name) for name in _PLAIN}
    if parts:
        for name, (_, kind) in _PARTS.items():
            keys = [field.name for field in fields(kind)]
            values[name] = tuple(kind(**{key: getattr(row, key) for key in keys}) for row in getattr(call, name))
    return CallRecord(**values)
