"""Who stands on the ladder, as the log knows it: confirmed calls, complaints that protect, what was lifted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, select

from screener.core.evidence import Reason, Verdict
from screener.core.ladder import HEIGHT, Confirmed, Ladder, LadderPlace, standing
from screener.events import History, ListName
from screener.store.history import history, holds
from screener.store.insert import upsert
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.tables import CallRow, DecisionMade, Lift, Listed

COMPLAINTS = (Verdict.COMPLAINT, Verdict.ABUSIVE_COMPLAINT)
AT_ONCE = 500


def past(log: CallLog, ladder: Ladder, number: str, at: datetime) -> History:
    """What is known of a number just before `at`, with where it stands; nothing of a withheld one.

    Raises:
        StoreError: the database failed, or took too long.
    """
    with log.reading() as connection, connection.begin():
        known = history(connection, number, at)
        stands = standing_of(connection, number, ladder, at)
        return replace(known, rung=stands.rung) if stands else known


def standings(log: CallLog, ladder: Ladder, at: datetime) -> dict[str, LadderPlace]:
    """Every number that stands on a step, the highest first.

    Raises:
        StoreError: the database failed.
    """
    if not ladder.steps:
        return {}
    with log.reading() as connection:
        calls = _confirmed(connection)
        found = {number: where for number, some in calls.items() if (where := standing(some, ladder, at))}
        free = _protected(connection, list(found), ladder, at)
    kept = [(number, where) for number, where in found.items() if number not in free]
    return dict(sorted(kept, key=lambda pair: (HEIGHT[pair[1].rung], pair[1].until), reverse=True))


def standing_of(connection: Connection, number: str, ladder: Ladder, at: datetime) -> LadderPlace | None:
    """Where a number stands; None on no step, and for a withheld one."""
    if not (ladder.steps and number):
        return None
    found = standing(_confirmed(connection, number).get(number, ()), ladder, at)
    return None if found is None or _protected(connection, [number], ladder, at) else found


def lift(log: CallLog, ladder: Ladder, number: str, who: str, at: datetime) -> bool:
    """Take a number off the ladder: what was confirmed until now takes it up no more; False when it is not there.

    Args:
        log: the log.
        ladder: of the site.
        number: in its one form.
        who: does so.
        at: now; aware.

    Raises:
        StoreError: the database failed.
    """
    with log.writing() as connection:
        if standing_of(connection, number, ladder, at) is None:
            return False
        added = upsert(connection, Lift, {"number": number, "at": at, "who": who})
        newer = {"at": added.excluded.at, "who": added.excluded.who}
        connection.execute(added.on_conflict_do_update(index_elements=[Lift.number], set_=newer))
        return True


def _confirmed(connection: Connection, number: str | None = None) -> Mapping[str, Sequence[Confirmed]]:
    """Confirmed calls by number, each once, that no suspension brought about and that came after any lift."""
    unheard = exists().where(DecisionMade.call_id == CallRow.id, DecisionMade.reason == Reason.SUSPENDED)
    said_at = func.max(func.coalesce(CallRow.reviewed_at, CallRow.started_at), type_=CallRow.started_at.type)
    query = select(CallRow.number, CallRow.called_at, said_at, Lift.at).outerjoin(
        Lift, Lift.number == CallRow.number
    )
    query = query.where(CallRow.verdict == Verdict.HARASSMENT, CallRow.review == Review.CONFIRMED, ~unheard)
    query = query.where(CallRow.number == number) if number is not None else query.where(CallRow.number != "")
    found: defaultdict[str, list[Confirmed]] = defaultdict(list)
    for who, called_at, said, lifted in connection.execute(
        query.group_by(CallRow.number, CallRow.root, CallRow.called_at, Lift.at)
    ):
        if lifted is None or said > lifted:
            found[who].append(Confirmed(called_at, said))
    return found


def _protected(connection: Connection, numbers: Sequence[str], ladder: Ladder, at: datetime) -> set[str]:
    """Which of these have an open complaint, or are on the allow list."""
    found: set[str] = set()
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        open_since = at - timedelta(days=ladder.complaint_days)
        complained = select(CallRow.number).where(CallRow.number.in_(some), CallRow.started_at >= open_since)
        found.update(connection.scalars(complained.where(CallRow.verdict.in_(COMPLAINTS)).distinct()))
        allowed = select(Listed.number).where(Listed.number.in_(some), Listed.name == ListName.ALLOW, holds(at))
        found.update(connection.scalars(allowed))
    return found
