"""Calls by their number, whole or its beginning, as an index finds them in the collation of every database."""

import re
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from screener.store.tables import CallRow

FEW = 20_000
"""Rows of a number that are looked at one by one; of more, the newest are soon found without it."""
_DIGITS = re.compile(r"\+?\d+", re.ASCII)
_DIGITS_MOST = 20


def begins(number: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    """The condition that a number begins so: in the log's writing, or as it is dialled within the country."""
    return or_(*(CallRow.number.startswith(written, autoescape=True) for written in _writings(number)))


def by_index(connection: Connection, number: str) -> Any:  # noqa: ANN401 - likewise
    """The same as a set of calls that the index finds; None where there are many."""
    of_it = select(CallRow.id).where(or_(*map(_between, _writings(number))))
    few = select(func.count()).select_from(of_it.limit(FEW + 1).subquery())
    return None if int(connection.scalar(few) or 0) > FEW else CallRow.id.in_(of_it)


def _writings(number: str) -> list[str]:
    within = number.lstrip("0") if number.isascii() and number.isdigit() else ""
    return [number, f"+86{within}"] if within else [number]


def _between(number: str) -> Any:  # noqa: ANN401 - likewise
    same = CallRow.number.startswith(number, autoescape=True)
    if not _DIGITS.fullmatch(number):
        return same
    return and_(same, CallRow.number.between(number, number + "9" * _DIGITS_MOST))
