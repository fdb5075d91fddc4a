"""Finding the calls in the log that somebody wants."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, or_, select

from screener.errors import MissingError
from screener.store.again import stayed_away
from screener.store.insert import COLUMNS
from screener.store.log import CallLog
from screener.store.numbered import by_index
from screener.store.offered import LONGEST_CALL, times_offered
from screener.store.records import CallRecord, Review, ReviewNote
from screener.store.search import said_by_index
from screener.store.tables import JUDGED, CallRow, ReviewSaid
from screener.store.wanted import DAY, SINCE, UNTIL, Wanted, of_span

AT_ONCE = 500
"""Ids in one question."""
ROWS: Select[Any] = select(CallRow.root, CallRow.called_at, *(getattr(CallRow, name) for name in COLUMNS))
"""Which call a row is of, when that was dialled, and the row."""


def find(log: CallLog, wanted: Wanted, limit: int, after: str = "") -> list[CallRecord]:
    """Calls without their parts, newest first: of each call the newest row that is wanted.

    Args:
        log: where they are.
        wanted: which.
        limit: so many at most.
        after: id of the last one of the page before; empty begins with the newest. New calls move no page.

    Raises:
        MissingError: there is no call `after` which to look.
        StoreError: the database failed.
    """
    query = ROWS.where(*wanted.conditions()).order_by(wanted.at.desc(), CallRow.id.desc())
    found: dict[str, CallRecord] = {}
    with log.reading() as connection:
        found_by_index = (
            said_by_index(connection, wanted.text) if wanted.text else None,
            by_index(connection, wanted.number) if wanted.number else None,
        )
        few: list[Any] = [rows for rows in found_by_index if rows is not None]
        query = query.where(*few)
        if wanted.watched or wanted.again:
            query = query.where(*stayed_away(connection, wanted))
        shown: set[str] = set()
        if after:
            query, shown = _older(connection, query, wanted, after)
        piecemeal = {"yield_per": max(100, limit)}
        for part, span in [(query, {})] if few else _parts(connection, query, wanted):
            for root, moment, *row in connection.execute(part, span, execution_options=piecemeal):
                if root in shown or not wanted.is_at(moment):
                    continue
                found.setdefault(root, CallRecord(*row))
                if len(found) == limit:
                    return list(found.values())
    return list(found.values())


def _older(connection: Connection, query: Select[Any], wanted: Wanted, after: str) -> tuple[Select[Any], set[str]]:
    """The query for what comes after a row, and roots of calls that a newer row of theirs has shown already."""
    row = connection.execute(select(wanted.at, CallRow.root).where(CallRow.id == after)).first()
    if row is None:
        raise MissingError(f"no call has the id {after!r}", "see: screener calls list", "after")
    moment, root = row
    newer = query.with_only_columns(CallRow.root).order_by(None)
    newer = newer.where(wanted.at >= moment, wanted.at < moment + LONGEST_CALL, CallRow.root != CallRow.id)
    newer = newer.where(or_(wanted.at > moment, CallRow.id > after))
    older = query.where(wanted.at <= moment, or_(wanted.at < moment, CallRow.id < after))
    return older, {root, *connection.scalars(newer)}


def _parts(
    connection: Connection, query: Select[Any], wanted: Wanted
) -> Iterator[tuple[Select[Any], dict[str, datetime]]]:
    """The query; where an hour, a weekday or a place is wanted with each time that there were such calls.

    It is made once: to make it costs more than to ask it. What few calls an index finds are seen one by one.
    """
    if wanted.hour is None and wanted.weekday is None:
        if wanted.at is CallRow.called_at or not wanted.places:
            yield query, {}
        else:
            part = query.where(CallRow.started_at >= SINCE, CallRow.started_at < UNTIL)
            for since, until in times_offered(connection, wanted.places, wanted.since, wanted.until):
                yield part, of_span(since, until)
        return
    oldest, newest = (connection.scalar(select(edge(CallRow.started_at))) for edge in (func.min, func.max))
    if oldest is None or newest is None:
        return
    first = max(oldest - DAY, wanted.since or oldest - DAY)  # a caller dialled before the call came here
    part = query.where(*wanted.in_span())
    for since, until in wanted.spans(first, min(newest, wanted.until or newest)):
        yield part, of_span(since, until)


def calls_of(log: CallLog, number: str) -> int:
    """How often a number has called.

    Raises:
        StoreError: the database failed.
    """
    query = select(func.count()).select_from(CallRow).where(CallRow.number == number, CallRow.own)
    with log.reading() as connection:
        return int(connection.scalar(query) or 0)


def nodes(log: CallLog, since: datetime | None = None) -> set[str]:
    """Who wrote the calls of the log, or those since a moment.

    Raises:
        StoreError: the database failed.
    """
    query = select(CallRow.node).distinct()
    with log.reading() as connection:
        return set(connection.scalars(query if since is None else query.where(CallRow.started_at >= since)))


def words_of(log: CallLog, call_ids: Sequence[str]) -> list[ReviewNote]:
    """Every word that people said of these rows, the oldest first.

    Raises:
        StoreError: the database failed.
    """
    columns = [ReviewSaid.call_id, *(getattr(ReviewSaid, f.name) for f in fields(ReviewNote)[1:])]
    query: Select[Any] = select(*columns).order_by(ReviewSaid.id)
    with log.reading() as connection:
        return [
            ReviewNote(*row)
            for start in range(0, len(call_ids), AT_ONCE)
            for row in connection.execute(query.where(ReviewSaid.call_id.in_(call_ids[start : start + AT_ONCE])))
        ]


def reviews(log: CallLog) -> dict[Review, int]:
    """How many flags there are by what people said of them.

    Raises:
        StoreError: the database failed.
    """
    query = select(CallRow.review, func.count()).where(literal_column(JUDGED))
    with log.reading() as connection:
        return {review: int(number) for review, number in connection.execute(query.group_by(CallRow.review))}
