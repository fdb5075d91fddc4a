"""What the log knows of a number when it calls."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, distinct, func, select

from screener.core.evidence import Verdict
from screener.events import History
from screener.store.records import Review
from screener.store.tables import CallRow, Listed

MILLISECONDS = 500
"""A look-up that takes longer on PostgreSQL is given up: a caller is waiting."""


def history(connection: Connection, number: str, at: datetime) -> History:
    """What is known of a number just before `at`; nothing of a withheld one.

    A call counts once, however many rows it has left; so does its flag.
    """
    if not number:
        return History()
    flag = CallRow.verdict == Verdict.HARASSMENT
    counts = {
        "calls_15min": _within(at, timedelta(minutes=15)),
        "calls_60min": _within(at, timedelta(minutes=60)),
        "calls_24h": _within(at, timedelta(hours=24)),
        "flagged": flag & (CallRow.review != Review.OVERTURNED),
        "confirmed": flag & (CallRow.review == Review.CONFIRMED),
        "overturned": flag & (CallRow.review == Review.OVERTURNED),
        "genuine": CallRow.verdict.in_((Verdict.GENUINE, Verdict.COMPLAINT)),
    }
    roots = [func.count(distinct(case((condition, CallRow.root)))) for condition in counts.values()]
    calls = select(*roots).where(CallRow.number == number, CallRow.started_at < at)
    lists = select(Listed.name).where(Listed.number == number, holds(at))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {MILLISECONDS}")
    found: dict[str, Any] = dict(zip(counts, map(int, connection.execute(calls).one()), strict=True))
    return History(**found, lists=frozenset(connection.scalars(lists)))


def holds(at: datetime) -> Any:  # noqa: ANN401 - an expression of SQLAlchemy's
    """Whether an entry of a list holds at a time."""
    return Listed.expires_at.is_(None) | (Listed.expires_at > at)


def _within(at: datetime, span: timedelta) -> Any:  # noqa: ANN401
    return CallRow.own & (CallRow.started_at >= at - span)
