"""Many finished calls at once, for importing a history and for measuring: rows go past the models to the driver.

Calls that are in the log already are left alone, but for what was dialled where nobody knew it: a second run
changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, select, text

from screener.errors import StoreError
from screener.store.engine import remedy_of, why
from screener.store.insert import COLUMNS, PARTS, ROOT_COLUMNS, Root, placing, root_of, take_turns
from screener.store.log import CallLog
from screener.store.offered import count_offered, tell_dialled
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
from screener.store.tables import ENUMS, Base, CallRow

AT_ONCE = 10_000
"""Calls in one transaction."""
_PART_FIELDS = {
    name: ("call_id", *(field.name for field in fields(part)))
    for name, part in zip(
        PARTS, (Segment, EvidenceRow, DecisionRow, TreatmentRow, TransferRow, WarningRow, OrderRow), strict=True
    )
}
_Writers = Mapping[type, Callable[[Any], Any]]


def load(log: CallLog, records: Iterable[CallRecord]) -> int:
    """Write calls, each as `store.insert.tidy` leaves it.

    Returns:
        how many were new.

    Raises:
        StoreError: the database failed; what was written before stays.
    """
    loaded = 0
    source = iter(records)
    while batch := list(islice(source, AT_ONCE)):
        try:
            with log.writing() as connection:
                loaded += _load(connection, batch)
        except log.driver_error as problem:
            said = why(problem, log.engine.url)
            raise StoreError(f"{log.place}: cannot be written ({said})", remedy_of(said)) from problem
    return loaded


def _load(connection: Connection, batch: Sequence[CallRecord]) -> int:
    postgres = connection.dialect.name == "postgresql"
    send, writers = (_copy, _FOR_POSTGRES) if postgres else (_insert, _FOR_SQLITE)
    fresh = list({call.id: call for call in reversed(batch)}.values())[::-1]  # the first of an id counts
    take_turns(connection)
    known = _among(connection, select(CallRow.id), CallRow.id, [call.id for call in fresh])
    again = [call for call in fresh if call.id in known]
    fresh = [call for call in fresh if call.id not in known]
    roots = _roots(connection, fresh)
    own = [call for call in fresh if call.id not in roots]
    rows = (_row(call, roots.get(call.id)) for call in fresh)
    send(connection, CallRow, (*COLUMNS, *_PLACED), _plain(rows, writers))
    for part, columns in _PART_FIELDS.items():
        cells = attrgetter(*columns[1:])
        rows = ((call.id, *cells(row)) for call in fresh for row in getattr(call, part))
        send(connection, PARTS[part], columns, _plain(rows, writers))
    count_offered(connection, own)
    tell_dialled(connection, [*again, *(call for call in fresh if call.id in roots)])
    return len(fresh)


_PLACED = ("own", "root", "called_at", "by_hand")
_CELLS = attrgetter(*COLUMNS)


def _row(call: CallRecord, root: Root | None) -> tuple[Any, ...]:
    placed = placing(call, root)
    cells = _CELLS(call)
    if root is not None:
        cells = tuple(placed.get(name, cell) for name, cell in zip(COLUMNS, cells, strict=True))
    return (*cells, *(placed[name] for name in _PLACED))


def _roots(connection: Connection, fresh: Sequence[CallRecord]) -> dict[str, Root]:
    """The first row of the call, as `store.insert` knows it, for every row that goes on with one."""
    first = {call.linkedid: call for call in reversed(fresh) if call.linkedid}
    known: dict[str, Root] = {}
    names = list(first)
    for start in range(0, len(names), 500):
        of_log = select(CallRow.linkedid, *ROOT_COLUMNS).where(
            CallRow.own, CallRow.linkedid.in_(names[start : start + 500])
        )
        known.update((linkedid, Root(*root)) for linkedid, *root in connection.execute(of_log))
    return {
        call.id: known.get(call.linkedid) or root_of(first[call.linkedid])
        for call in fresh
        if call.linkedid and (call.linkedid in known or first[call.linkedid] is not call)
    }


def _among(connection: Connection, query: Any, column: Any, values: Sequence[str]) -> set[str]:  # noqa: ANN401
    """What a query finds where a column has one of these values."""
    return {
        found
        for start in range(0, len(values), 500)
        for found in connection.scalars(query.where(column.in_(values[start : start + 500])))
    }


def _insert(connection: Connection, table: type[Base], columns: Sequence[str], rows: Iterable[list[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    cursor: Any = connection.connection.cursor()
    cursor.executemany(f"INSERT INTO {_name(table)} ({names}) VALUES ({marks})", rows)  # noqa: S608 - our own names


def _copy(connection: Connection, table: type[Base], columns: Sequence[str], rows: Iterable[list[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {_name(table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _name(table: type[Base]) -> str:
    return _table(table).name


def _table(table: type[Base]) -> Table:
    assert isinstance(table.__table__, Table)
    return table.__table__


def _plain(rows: Iterable[tuple[Any, ...]], writers: _Writers) -> Iterator[list[Any]]:
    """Cells as the driver takes them."""
    writer_of = writers.get
    for row in rows:
        yield [cell if (write := writer_of(type(cell))) is None else write(cell) for cell in row]


def _sqlite_time(value: datetime) -> str:
    """As SQLAlchemy writes it."""
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


BY_NUMBER = "ix_calls_number_started_at_own_verdict"
_FOR_POSTGRES: _Writers = dict.fromkeys(ENUMS, str)
_FOR_SQLITE: _Writers = {**_FOR_POSTGRES, datetime: _sqlite_time}


@contextmanager
def filling(log: CallLog) -> Iterator[None]:
    """While an empty log is filled: its index by number, in whose order no calls come, is made at the end."""
    with log.reading() as connection:
        empty = connection.execute(select(CallRow.id).limit(1)).first() is None
    by_number = next(index for index in _table(CallRow).indexes if index.name == BY_NUMBER)
    if not empty:
        yield
        return
    with log.writing() as connection:
        by_number.drop(connection)
    try:
        yield
    finally:
        with log.writing() as connection:
            by_number.create(connection)
        _settle(log)


def _settle(log: CallLog) -> None:
    """Tell the database what it holds now, so that it plans well from the first question on."""
    with log.faults("written"), log.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"))
