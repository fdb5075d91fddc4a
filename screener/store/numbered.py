"""Calls by number or id, whole or its beginning, as an index finds them in the collation of every database."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, literal_column, or_, select

from screener.errors import InputError, MissingError
from screener.store.tables import CallRow

FEW = 20_000
"""Rows of a number that are looked at one by one; of more, the newest are soon found without it."""
NAMED_MOST = 10
"""Calls that are named where the beginning of an id stands for several."""
_DIGITS = re.compile(r"\+?\d+", re.ASCII)
_DIGITS_MOST = 20


def begins(number: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    """The condition that a number begins so: in the log's writing, or as it is dialled within the country."""
    return or_(*(CallRow.number.startswith(written, autoescape=True) for written in _writings(number)))


def not_one(beginning: str, ids: Sequence[str]) -> InputError:
    """What is wrong with the beginning of an id that stands for none (`MissingError`), or for all of these."""
    if not ids:
        return MissingError(
            f"no call has an id that begins with {beginning!r}", "see: screener calls list", "call"
        )
    named = ", ".join([*ids[:NAMED_MOST], *["…"] * (len(ids) > NAMED_MOST)])
    return InputError(f"several calls have an id that begins with {beginning!r}", f"there are: {named}", "call")


def by_index(connection: Connection, number: str) -> Any:  # noqa: ANN401 - likewise
    """The same as a set of calls that the index finds; None where there are many."""
    found = 0
    for between in map(_between, _writings(number)):  # one by one, and no column more: so the index alone is read
        some = select(literal_column("1")).select_from(CallRow).where(between).limit(FEW + 1).subquery()
        found += int(connection.scalar(select(func.count()).select_from(some)) or 0)
        if found > FEW:
            return None
    return CallRow.id.in_(select(CallRow.id).where(or_(*map(_between, _writings(number)))))


def _writings(number: str) -> list[str]:
    within = number.lstrip("0") if number.isascii() and number.isdigit() else ""
    return [number, f"+86{within}"] if within else [number]


def _between(number: str) -> Any:  # noqa: ANN401 - likewise
    same = CallRow.number.startswith(number, autoescape=True)
    if not _DIGITS.fullmatch(number):
        return same
    return and_(same, CallRow.number.between(number, number + "9" * _DIGITS_MOST))
