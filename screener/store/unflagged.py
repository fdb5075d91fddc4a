"""Calls that were heard and not flagged: the ids of all, of which a sample is drawn, and a few of the calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import aliased

from screener.core.evidence import Verdict
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.tables import RARE, CallRow, EvidencePiece

AT_ONCE = 500
"""Ids of one question."""
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Unflagged:
    """A call that was heard and not flagged, and what a person said of it.

    Attributes:
        id: of the first row that was heard.
        ended_at: or when it began, where the end is not known.
    """

    id: str
    started_at: datetime
    ended_at: datetime
    review: Review
    reviewed_at: datetime | None


def judged_ids(log: CallLog, since: datetime) -> list[str]:
    """Ids of all rows that were judged and not flagged; `unflagged` says which of them stand for a call.

    Raises:
        StoreError: the database failed.
    """
    query = select(CallRow.id).where(*_judged(CallRow, since))
    with log.reading() as connection:
        rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        return [name for part in rows.partitions() for (name,) in part]


def looked_at(log: CallLog, since: datetime) -> list[Unflagged]:
    """Those of which somebody has said something.

    Raises:
        StoreError: the database failed.
    """
    said = CallRow.review.in_((Review.CONFIRMED, Review.OVERTURNED))
    query = select(CallRow.id).where(*_judged(CallRow, since), said, literal_column(RARE["review"]))
    with log.reading() as connection:
        names = list(connection.scalars(query))
    return unflagged(log, names, since)


def unflagged(log: CallLog, names: Sequence[str], since: datetime) -> list[Unflagged]:
    """Which of these rows are the first that was heard of a call of which none was flagged.

    Args:
        log: of the site.
        names: ids of rows.
        since: rows before it do not count, as if they were not in the log.

    Raises:
        StoreError: the database failed.
    """
    found: list[Unflagged] = []
    with log.reading() as connection:
        for start in range(0, len(names), AT_ONCE):
            some = {"names": names[start : start + AT_ONCE], "since": since}
            found += [Unflagged(*row) for row in connection.execute(_first_heard(), some)]
    return found


@cache
def _first_heard() -> Select[str, datetime, datetime, Review, datetime | None]:
    """The question of `unflagged`. It is made once: to make it costs more than to ask it."""
    since = bindparam("since", type_=CallRow.started_at.type)
    other, earlier = aliased(CallRow), aliased(CallRow)
    flag = or_(other.verdict == Verdict.HARASSMENT, other.flagged_at.is_not(None))
    before = and_(
        earlier.root == CallRow.root,
        tuple_(earlier.started_at, earlier.id) < tuple_(CallRow.started_at, CallRow.id),
        *_judged(earlier, since),
        exists().where(EvidencePiece.call_id == earlier.id),
    )
    ended = func.coalesce(CallRow.ended_at, CallRow.started_at)
    query = select(CallRow.id, CallRow.started_at, ended, CallRow.review, CallRow.reviewed_at)
    return query.where(
        *_judged(CallRow, since),
        exists().where(EvidencePiece.call_id == CallRow.id),
        ~exists().where(other.root == CallRow.root, flag),
        ~exists().where(before),
        CallRow.id.in_(bindparam("names", expanding=True)),
    )


def _judged(call: Any, since: Any) -> list[Any]:  # noqa: ANN401 - `Call` or an alias of it; a time, or its place
    return [call.started_at >= since, call.verdict != Verdict.HARASSMENT, call.flagged_at.is_(None)]
