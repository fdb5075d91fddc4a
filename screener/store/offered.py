"""Keeps the counts of offered calls in step with the calls themselves, inside the transaction that writes them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import compress
from operator import not_

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import aliased

from screener.events import Entrance
from screener.store.engine import insert_into
from screener.store.insert import ROOT_COLUMNS, Root, insert_call
from screener.store.records import CallRecord
from screener.store.tables import DAY_SECONDS, QUARTER_SECONDS, Base, CallRow, OfferedPlace, OfferedTime

_Counts = Counter[tuple[int, *tuple[str, ...]]]


_TIMES = OfferedTime, ("quarter", "queue", "dialled")
_PLACES = OfferedPlace, ("day", "queue", "dialled", "line", "region", "carrier")
_ASKED_AT_ONCE = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LONGEST_CALL = timedelta(hours=6)
"""No row of a call begins so long after its first."""


def insert_counted(connection: Connection, records: Sequence[CallRecord]) -> None:
    """Write records as `insert_call` does, and keep the counts in step.

    Args:
        connection: inside a transaction that has its turn.
        records: as `tidy` leaves them.
    """
    fresh, told = list[bool](), list[tuple[Root, Root]]()
    for record in records:
        if changed := _tell_caller(connection, record):
            told.append(changed)
        fresh.append(insert_call(connection, record))
    count_offered(connection, compress(records, fresh))
    if told:
        count_offered(connection, (before for before, _ in told), -1)
        count_offered(connection, (now for _, now in told))
    tell_dialled(connection, compress(records, map(not_, fresh)))


def count_offered(connection: Connection, fresh: Iterable[CallRecord | Root], by: int = 1) -> None:
    """Add calls of the callers' own that have just got their row, or with -1 take them away.

    Rows are taken in the order of their keys, so that two writers never wait for each other in a circle.
    """
    times: _Counts = Counter()
    places: _Counts = Counter()
    for call in fresh:
        second = int(call.started_at.timestamp() // 1)
        times[second // QUARTER_SECONDS, call.queue, call.dialled] += by
        where = (call.queue, call.dialled, call.line.value, call.region, call.carrier)
        places[second // DAY_SECONDS, *where] += by
    for (table, keys), counts in ((_TIMES, times), (_PLACES, places)):
        _add(connection, table, keys, counts)
        if by < 0:
            _drop_empty(connection, table, keys, list(counts))


def tell_dialled(connection: Connection, others: Iterable[CallRecord]) -> None:
    """What was dialled, where the first row of a call did not know it, and another does.

    A queue_log does not say it; the CDR file, or the listening beside the agent, may.

    Args:
        connection: inside the transaction that wrote these records, or found them written already.
        others: records that are no new call of a caller's own; of several that know it the first counts.
    """
    told = {record.id: record.dialled for record in others if record.dialled and record.linkedid}
    known = _without_dialled(connection, list(told))
    roots: dict[Root, str] = {}
    for name, dialled in told.items():
        if name in known:
            roots.setdefault(known[name], dialled)
    for root, dialled in roots.items():
        connection.execute(update(CallRow).where(CallRow.root == root.id).values(dialled=dialled))
    if roots:
        count_offered(connection, roots, -1)
        count_offered(connection, (replace(root, dialled=dialled) for root, dialled in roots.items()))


def _tell_caller(connection: Connection, record: CallRecord) -> tuple[Root, Root] | None:
    """Who calls, where a recording client says so once the call has its first row: the row then, and now.

    Only a call beside an agent can be told anew, and while it goes on; it has to be counted anew.
    """
    if record.entrance is not Entrance.BESIDE or not record.number:
        return None
    row = (CallRow.id == record.id) & CallRow.own & CallRow.ended_at.is_(None)
    if (found := connection.execute(select(*ROOT_COLUMNS).where(row)).first()) is None:
        return None
    before = Root(*found)
    told = {name: getattr(record, name) for name in ("number", "line", "region", "carrier")}
    told["dialled"] = record.dialled or before.dialled
    now = replace(before, **told)
    if now == before:
        return None
    connection.execute(update(CallRow).where(CallRow.root == before.id).values(told))
    return before, now


def times_offered(
    connection: Connection, places: Mapping[str, str], since: datetime | None = None, until: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """When there were calls of a place, newest first, from and to; days in a row are one time, longer and longer.

    Args:
        connection: to the log.
        places: columns of `OfferedPlace` and their values.
        since: aware; earlier days do not matter.
        until: aware; nor do later ones.
    """
    table = OfferedPlace.__table__.c
    query = select(table.day).where(*(table[name] == value for name, value in places.items()), table.offered > 0)
    if since is not None:
        query = query.where(table.day >= (since - LONGEST_CALL - EPOCH) // DAY)
    if until is not None:
        query = query.where(table.day <= (until - EPOCH) // DAY)
    days = connection.scalars(
        query.group_by(table.day).order_by(table.day.desc()).execution_options(yield_per=100)
    )
    low = high = end = 0  # days from `low` up to `high`; what begins on `end` was told already
    most = 1
    for day in days:
        if low and day == low - 1 and high - low < most:
            low = day
            continue
        if low:
            yield _time(low, high, end)
            end, most = low, 2 * most
        low, high = day, day + 1
    if low:
        yield _time(low, high, end)


def _time(low: int, high: int, end: int) -> tuple[datetime, datetime]:
    until = EPOCH + high * DAY + LONGEST_CALL
    return EPOCH + low * DAY, min(until, EPOCH + end * DAY) if end else until


def _without_dialled(connection: Connection, ids: Sequence[str]) -> dict[str, Root]:
    """The first row of the calls of these rows, where it does not say what was dialled."""
    row = aliased(CallRow)
    query = select(row.id, *ROOT_COLUMNS).join(CallRow, CallRow.id == row.root).where(CallRow.dialled == "")
    return {
        name: Root(*root)
        for start in range(0, len(ids), _ASKED_AT_ONCE)
        for name, *root in connection.execute(query.where(row.id.in_(ids[start : start + _ASKED_AT_ONCE])))
    }


def _add(connection: Connection, table: type[Base], keys: tuple[str, ...], counts: _Counts) -> None:
    if not counts:
        return
    added = insert_into(connection, table)
    offered = table.__table__.c.offered
    connection.execute(
        added.on_conflict_do_update(index_elements=keys, set_={"offered": offered + added.excluded.offered}),
        [dict(zip((*keys, "offered"), (*key, number), strict=True)) for key, number in sorted(counts.items())],
    )


def _drop_empty(
    connection: Connection,
    table: type[Base],
    keys: tuple[str, ...],
    touched: Sequence[tuple[int, *tuple[str, ...]]],
) -> None:
    columns = table.__table__.c
    for key in touched:
        here = [columns[name] == value for name, value in zip(keys, key, strict=True)]
        connection.execute(delete(table).where(*here, columns.offered == 0))
