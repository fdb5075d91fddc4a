"""Keeps the counts of offered calls in step with the calls themselves, inside the transaction that writes them."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection

from screener.store.engine import insert_into
from screener.store.records import CallRecord
from screener.store.tables import DAY_SECONDS, QUARTER_SECONDS, Base, OfferedPlace, OfferedTime

_Counts = Counter[tuple[int, *tuple[str, ...]]]


def count_offered(connection: Connection, fresh: Iterable[CallRecord]) -> None:
    """Add calls of the callers' own that have just got their row.

    Rows are taken in the order of their keys, so that two writers never wait for each other in a circle.
    """
    times: _Counts = Counter()
    places: _Counts = Counter()
    for call in fresh:
        second = int(call.started_at.timestamp() // 1)
        times[second // QUARTER_SECONDS, call.queue, call.dialled] += 1
        where = (call.queue, call.dialled, call.line.value, call.region, call.carrier)
        places[second // DAY_SECONDS, *where] += 1
    _add(connection, OfferedTime, ("quarter", "queue", "dialled"), times)
    _add(connection, OfferedPlace, ("day", "queue", "dialled", "line", "region", "carrier"), places)


def _add(connection: Connection, table: type[Base], keys: tuple[str, ...], counts: _Counts) -> None:
    if not counts:
        return
    added = insert_into(connection, table)
    offered = table.__table__.c.offered
    connection.execute(
        added.on_conflict_do_update(index_elements=keys, set_={"offered": offered + added.excluded.offered}),
        [dict(zip((*keys, "offered"), (*key, number), strict=True)) for key, number in sorted(counts.items())],
    )
