"""The call log: written by one writer per process, read by history look-ups, reports and people."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.orm import Session

from screener.core.evidence import Kind, Verdict
from screener.errors import MissingError, StoreError
from screener.events import Entrance, ListName
from screener.store.engine import WRITES, be_there, database_file, insert_into, make_engine, remedy_of, why
from screener.store.history import holds
from screener.store.insert import COLUMNS, SHORT_MOST, take_turns, tidy
from screener.store.numbered import NAMED_MOST, begins, by_index, not_one
from screener.store.offered import insert_counted
from screener.store.records import (
    Access,
    CallRecord,
    DecisionRow,
    EvidenceRow,
    ListedNumber,
    OrderRow,
    RefusedRecord,
    Review,
    Segment,
    TransferRow,
    TreatmentRow,
    WarningRow,
)
from screener.store.schema import look, migrate, newest_revision
from screener.store.tables import AccessNote, CallRow, Listed, ReviewSaid


def open_log(url: str, folder: Path | None = None, must_exist: bool = False, read_only: bool = False) -> "CallLog":
    """Open the log and bring its schema up to date. A database of anything else is left as it is.

    Args:
        url: SQLAlchemy URL; a relative SQLite path is relative to `folder`.
        folder: None is the current folder.
        must_exist: make no log, neither a file nor in an empty database.
        read_only: for whoever may only read; an older log is brought up to date all the same, if that is allowed.

    Raises:
        StoreError: it cannot be opened or migrated, or is none.
    """
    engine = make_engine(url, folder)
    file = database_file(engine.url, None)
    if must_exist and file:
        be_there(file)
    if not file or file.exists():
        looking = CallLog(make_engine(url, folder, read_only=True), read_only=True)
        with closing(looking), looking.faults("read" if read_only else "opened"):
            revision = look(looking.engine, may_be_made=not must_exist)
        if read_only and revision == newest_revision():
            return looking  # it connects again
    with (log := CallLog(engine)).faults("opened"):
        migrate(engine)
    return log


class CallLog:
    """The log over one database. Safe to share between threads."""

    def __init__(self, engine: Engine, read_only: bool = False) -> None:
        self.engine = engine
        self.read_only = read_only
        self.place = engine.url.render_as_string(hide_password=True)
        dbapi: Any = engine.dialect.loaded_dbapi
        self.driver_error: type[Exception] = dbapi.Error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def faults(self, done: str) -> Iterator[None]:
        """Turns a failure of the database into a StoreError: "the log cannot be `done`"."""
        try:
            yield
        except SQLAlchemyError as problem:
            said = why(problem, self.engine.url)
            raise StoreError(f"{self.place}: cannot be {done} ({said})", remedy_of(said)) from problem

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the log.

        Raises:
            StoreError: the database failed, also inside the block.
        """
        with self.faults("read"), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes.

        Raises:
            StoreError: the database failed, also inside the block; nothing is written.
        """
        with self.faults("written"), self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(**WRITES) as connection, connection.begin():
            yield connection

    def may_write(self) -> bool:
        """Whether whoever asks may add to the access record."""
        file = database_file(self.engine.url, None)
        if file is not None:
            return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
        with self.reading() as connection:
            return bool(connection.scalar(select(func.has_table_privilege("accesses", "INSERT"))))

    # Calls.

    def write(self, records: Sequence[CallRecord]) -> list[RefusedRecord]:
        """Write calls; a call that is complete in the log already is left alone.

        A record without `ended_at` makes a row only where there is none, unless it is flagged.

        Returns:
            the records that the database refuses for what is in them; the others are written.

        Raises:
            StoreError: the database failed; nothing of this is written.
        """
        with self.faults("written"):
            try:
                self._write(records)
            except (DataError, IntegrityError) as problem:
                if len(records) == 1:
                    return [RefusedRecord(records[0], str(problem.orig).strip())]
            except StatementError as problem:
                if type(problem) is not StatementError:
                    raise
                if len(records) == 1:
                    return [RefusedRecord(records[0], str(problem.orig).strip())]
            else:
                return []
        return [refusal for record in records for refusal in self.write([record])]

    def _write(self, records: Sequence[CallRecord]) -> None:
        with self._transaction() as connection:
            take_turns(connection)
            insert_counted(connection, [tidy(record) for record in records])

    def call(self, call_id: str) -> CallRecord:
        """The whole call of an id, or of the only id that begins so.

        Raises:
            InputError: there is none (`MissingError`), or there are several.
            StoreError: the database failed.
        """
        with self.reading() as connection, Session(bind=connection) as session:
            row = session.get(CallRow, call_id)
            if row is None:
                begins = CallRow.id.startswith(call_id, autoescape=True)
                few = select(CallRow).where(begins).order_by(CallRow.id).limit(NAMED_MOST + 1)
                if len(found := session.scalars(few).all()) != 1:
                    raise not_one(call_id, [call.id for call in found])
                row = found[0]
            return _record(row)

    def calls(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        verdict: Verdict | None = None,
        limit: int | None = 50,
        kind: Kind | None = None,
        number: str = "",
    ) -> list[CallRecord]:
        """Calls without their parts, newest first.

        Args:
            since: aware; calls from then on.
            until: aware; calls before.
            verdict: None takes any.
            limit: None is all.
            kind: None takes any.
            number: the whole number or its beginning; empty takes any.

        Raises:
            StoreError: the database failed.
        """
        query: Select[Any] = select(*(getattr(CallRow, name) for name in COLUMNS))
        query = query.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit)
        if since is not None:
            query = query.where(CallRow.started_at >= since)
        if until is not None:
            query = query.where(CallRow.started_at < until)
        if verdict is not None:
            query = query.where(CallRow.verdict == verdict)
        if kind is not None:
            query = query.where(CallRow.kind == kind)
        if number:
            query = query.where(begins(number))
        with self.reading() as connection:
            if number and (few := by_index(connection, number)) is not None:
                query = query.where(few)
            return [CallRecord(*row) for row in connection.execute(query)]

    def rows_of(self, call_id: str) -> list[CallRecord]:
        """Every row of the call that a row belongs to, with their parts, oldest first.

        Args:
            call_id: a whole id of any of them.

        Raises:
            StoreError: the database failed.
        """
        root = select(CallRow.root).where(CallRow.id == call_id).scalar_subquery()
        query = select(CallRow).where(CallRow.root == root).order_by(CallRow.started_at, CallRow.id)
        with self.reading() as connection, Session(bind=connection) as session:
            return [_record(row) for row in session.scalars(query)]

    def flags_of(self, number: str) -> list[CallRecord]:
        """Flagged calls of exactly this number, without their parts, newest first; overturned ones are left out.

        Raises:
            StoreError: the database failed.
        """
        query: Select[Any] = select(*(getattr(CallRow, name) for name in COLUMNS))
        query = query.where(CallRow.number == number, CallRow.verdict == Verdict.HARASSMENT)
        query = query.where(CallRow.review != Review.OVERTURNED).order_by(
            CallRow.started_at.desc(), CallRow.id.desc()
        )
        with self.reading() as connection:
            return [CallRecord(*row) for row in connection.execute(query)]

    def flags_to_take_back(self, agent: str, linkedid: str, since: datetime) -> list[CallRecord]:
        """The flags that an agent means who says that it was a mistake: of one call, all of them.

        Args:
            agent: who says so.
            linkedid: of the call, which may be going on, and which this agent had; empty takes the newest flagged
                one that the agent had.
            since: aware; older calls are not meant.

        Raises:
            StoreError: the database failed.
        """
        columns = [getattr(CallRow, name) for name in COLUMNS]
        flagged = (CallRow.verdict == Verdict.HARASSMENT) | (CallRow.entrance == Entrance.BY_HAND)
        recent = (
            select(*columns)
            .where(CallRow.started_at >= since)
            .order_by(CallRow.started_at.desc(), CallRow.id.desc())
        )
        with self.reading() as connection:
            if not linkedid:
                newest = connection.execute(recent.where(CallRow.agent == agent, flagged).limit(1)).first()
                if newest is None or not (linkedid := CallRecord(*newest).linkedid):
                    return [CallRecord(*newest)] if newest else []
            else:
                had = recent.where(CallRow.linkedid == linkedid, CallRow.agent == agent).limit(1)
                if connection.execute(had).first() is None:
                    return []
            of_call = recent.where(CallRow.linkedid == linkedid, flagged | CallRow.ended_at.is_(None))
            return [CallRecord(*row) for row in connection.execute(of_call)]

    def review(self, call_id: str, review: Review, by: str, at: datetime, way: str = "", reason: str = "") -> None:
        """Keep what a person says about a flag; the newest word holds, those before stay on record.

        Args:
            call_id: a whole id.
            review: what they say.
            by: who.
            at: when; aware.
            way: how it came.
            reason: why, in the person's own words.

        Raises:
            MissingError: there is no such call.
            StoreError: the database failed.
        """
        name, why = by[:SHORT_MOST], {"way": way, "reason": reason}
        change = update(CallRow).where(CallRow.id == call_id)
        change = change.values(review=review, reviewed_by=name, reviewed_at=at)
        with self.writing() as connection:
            if connection.execute(change).rowcount == 0:
                raise MissingError(f"no call has the id {call_id!r}", "see: screener calls list", "call")
            connection.execute(insert(ReviewSaid).values(call_id=call_id, review=review, by=name, at=at, **why))

    # Lists.

    def enlist(self, *entries: ListedNumber) -> None:
        """Put numbers on lists, all or none; the newer reason and expiry of a number hold.

        Raises:
            StoreError: the database failed.
        """
        if not entries:
            return
        rows = [{f.name: getattr(entry, f.name) for f in fields(ListedNumber)} for entry in entries]
        with self.writing() as connection:  # one statement for all: to make one takes longer than to list a number
            added = insert_into(connection, Listed)
            newer = {key: added.excluded[key] for key in ("reason", "added_at", "expires_at")}
            added = added.on_conflict_do_update(index_elements=[Listed.name, Listed.number], set_=newer)
            connection.execute(added, rows)

    def delist(self, name: ListName, number: str) -> bool:
        """Take a number off a list; False when it was not on it.

        Raises:
            StoreError: the database failed.
        """
        gone = delete(Listed).where(Listed.name == name, Listed.number == number)
        with self.writing() as connection:
            return connection.execute(gone).rowcount > 0

    def listed(self, at: datetime) -> list[ListedNumber]:
        """Every number that is on a list at `at`.

        Raises:
            StoreError: the database failed.
        """
        names = [getattr(Listed, f.name) for f in fields(ListedNumber)]
        query = select(*names).where(holds(at)).order_by(Listed.name, Listed.number)
        with self.reading() as connection:
            return [ListedNumber(*row) for row in connection.execute(query)]

    # Privacy.

    def note_access(self, *accesses: Access) -> None:
        """Keep that somebody took data out or changed what it holds, all or none.

        Raises:
            StoreError: the database failed.
        """
        with self.writing() as connection:
            for access in accesses:
                values = {f.name: getattr(access, f.name) for f in fields(access)}
                connection.execute(insert(AccessNote).values(values))

    def note_once(self, access: Access) -> bool:
        """Keep what is done once only, whoever tries: False when the same action, subject and destination is kept.

        Raises:
            StoreError: the database failed.
        """
        values = {f.name: getattr(access, f.name) for f in fields(access)}
        same = [getattr(AccessNote, name) == values[name] for name in ("action", "subject", "destination")]
        with self.writing() as connection:
            take_turns(connection)
            if connection.execute(select(AccessNote.id).where(*same).limit(1)).first():
                return False
            connection.execute(insert(AccessNote).values(values))
        return True

    def accesses(self, since: datetime | None = None, limit: int | None = 50) -> list[Access]:
        """Who took data out, newest first.

        Raises:
            StoreError: the database failed.
        """
        columns = [getattr(AccessNote, f.name) for f in fields(Access)]
        query = select(*columns).order_by(AccessNote.at.desc(), AccessNote.id.desc()).limit(limit)
        if since is not None:
            query = query.where(AccessNote.at >= since)
        with self.reading() as connection:
            return [Access(*row) for row in connection.execute(query)]


_PARTS: dict[str, type[Any]] = {
    "segments": Segment,
    "evidence": EvidenceRow,
    "decisions": DecisionRow,
    "treatments": TreatmentRow,
    "transfers": TransferRow,
    "warnings": WarningRow,
    "orders": OrderRow,
}


def _record(call: CallRow) -> CallRecord:
    values: dict[str, Any] = {name: getattr(call, name) for name in COLUMNS}
    for name, part in _PARTS.items():
        keys = [f.name for f in fields(part)]
        values[name] = tuple(part(**{key: getattr(row, key) for key in keys}) for row in getattr(call, name))
    return CallRecord(**values)
