"""Which numbers could be watched for so many days after their first call, and which called again within."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, cast, exists, extract, false, func, select
from sqlalchemy.orm import aliased

from screener.store.tables import DAY_SECONDS, CallRow
from screener.store.wanted import Wanted

_SECOND = timedelta(seconds=1)


def epoch_seconds(column: Any, *, sqlite: bool) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    """Whole seconds since 1970."""
    if sqlite:
        return cast(func.strftime("%s", column), Integer)
    return cast(func.floor(extract("epoch", column)), BigInteger)


def stayed_away(connection: Connection, wanted: Wanted) -> list[Any]:
    """What the wanted calls must fulfil besides their conditions, so that each number is there once at most.

    As `reports.treatment` counts: by its first call among those wanted, a withheld number never; and only where
    the log goes on for so many days after it.

    Args:
        connection: to the log.
        wanted: has `watched` or `again`.
    """
    days = wanted.again or wanted.watched or 0
    newest = connection.scalar(select(func.max(CallRow.started_at)))
    if newest is None:
        return [false()]
    order = CallRow.called_at, CallRow.root, CallRow.id
    place = func.row_number().over(partition_by=CallRow.number, order_by=order).label("place")
    ranked = select(CallRow.id, place).where(*wanted.conditions(), CallRow.number != "").subquery()
    found = [
        CallRow.id.in_(select(ranked.c.id).where(ranked.c.place == 1)),
        CallRow.called_at < newest.replace(microsecond=0) - timedelta(days=days) + _SECOND,
    ]
    if wanted.again:
        later, sqlite = aliased(CallRow), connection.dialect.name == "sqlite"
        within = epoch_seconds(later.started_at, sqlite=sqlite) - epoch_seconds(CallRow.called_at, sqlite=sqlite)
        same = later.number == CallRow.number, later.own, later.started_at > CallRow.called_at
        found.append(exists().where(*same, within <= days * DAY_SECONDS))
    return found
