"""Calls whose service was killed under them: nobody will write their end."""

from datetime import datetime, timedelta

from sqlalchemy import update

from screener.events import EndedBy
from screener.store.log import CallLog
from screener.store.tables import CallRow

LOOKED_BACK = timedelta(days=30)


def cut_off(log: CallLog, node: str, began: datetime) -> None:
    """Note of the calls that an earlier run of a node left open that a fault ended them; when, nobody knows.

    A call that goes on after all, with another service of the same machine, is completed as ever.

    Args:
        log: with all that the earlier run left in its spool.
        node: as in the rows.
        began: this run; aware.

    Raises:
        StoreError: the database failed.
    """
    left = CallRow.ended_at.is_(None) & CallRow.ended_by.is_(None) & (CallRow.node == node)
    of_late = (CallRow.started_at < began) & (CallRow.started_at > began - LOOKED_BACK)
    with log.writing() as connection:
        connection.execute(update(CallRow).where(left, of_late).values(ended_by=EndedBy.FAULT))
