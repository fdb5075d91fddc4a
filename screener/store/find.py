"""Finding calls in the log: which somebody wants, and what the log is asked for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Select, String, case, func, literal_column, or_, select, type_coerce
from sqlalchemy.orm import aliased

from screener.core.evidence import GRAVEST_FIRST, Kind, Treatment, Verdict
from screener.events import LineClass
from screener.store.insert import COLUMNS
from screener.store.log import CallLog
from screener.store.numbered import begins, by_index
from screener.store.offered import came
from screener.store.records import CallRecord, Review
from screener.store.search import said, said_by_index
from screener.store.tables import RARE, CallRow

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is not said, any call has.

    Attributes:
        since, until: aware; `until` itself is not among them.
        number: whole, or its beginning; `withheld` wants calls without one.
        without_kind: flags without a kind.
        flagged: what reports count: harassment that nobody overturned, at the moment at which the caller dialled.
        text: was said by either, in these very words; the database looks for them itself.
        hour, weekday: 0 … 23, and 1 (Monday) … 7, of the moment in `zone`.
    """

    since: datetime | None = None
    until: datetime | None = None
    verdict: Verdict | None = None
    kind: Kind | None = None
    without_kind: bool = False
    number: str = ""
    withheld: bool = False
    agent: str = ""
    queue: str = ""
    dialled: str = ""
    line: LineClass | None = None
    region: str = ""
    carrier: str = ""
    flagged: bool = False
    review: Review | None = None
    text: str = ""
    treatment: Treatment | None = None
    hour: int | None = None
    weekday: int | None = None
    zone: tzinfo = UTC

    @property
    def places(self) -> dict[str, str]:
        """Where the calls came from and went, as far as it is said."""
        said = {
            "queue": self.queue,
            "dialled": self.dialled,
            "line": self.line.value if self.line else "",
            "region": self.region,
            "carrier": self.carrier,
        }
        return {name: value for name, value in said.items() if value}

    def is_at(self, moment: datetime) -> bool:
        """Whether a moment is in the hour and on the weekday; no database knows every zone."""
        if self.hour is None and self.weekday is None:
            return True
        local = moment.astimezone(self.zone)
        return self.hour in (None, local.hour) and self.weekday in (None, local.isoweekday())

    def spans(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When the hour and the weekday were between two moments, newest first, from and to.

        No database knows every zone: it is asked for these.
        """
        local = last.astimezone(self.zone).date()
        while (day := datetime.combine(local, time(), self.zone)) + DAY > first:
            if self.weekday in (None, day.isoweekday()):
                hours = (0, 24) if self.hour is None else (self.hour, self.hour + 1)
                begins, ends = (day + timedelta(hours=hour) for hour in hours)  # of the wall clock
                yield begins.astimezone(UTC), ends.astimezone(UTC)
            local -= DAY

    def conditions(self, at: Any) -> list[Any]:  # noqa: ANN401 - SQLAlchemy's own
        """What a row of `calls` must fulfil; `at` is the column of its moment."""
        found: list[Any] = []
        if self.flagged:  # in the words of the index of marked calls
            found += [*_judged(CallRow), CallRow.review != Review.OVERTURNED]
        if self.since is not None:
            found.append(at >= self.since)
        if self.until is not None:
            found.append(at < self.until)
        rare = {"agent": self.agent, "review": self.review, "treatment": self.treatment}
        exact = {"verdict": self.verdict, **rare, **self.places}
        found += [getattr(CallRow, name) == value for name, value in exact.items() if value]
        if not self.flagged:  # whose own index knows these
            found += [
                literal_column(RARE[name]) for name, value in rare.items() if value not in ("", None, "none")
            ]
        if self.flagged and (self.kind or self.without_kind):
            found += self._of_kind()
        elif self.kind or self.without_kind:
            found.append(CallRow.kind == self.kind if self.kind else CallRow.kind.is_(None))
        if self.withheld:
            found.append(CallRow.number == "")
        elif self.number:
            found.append(begins(self.number))
        if self.text:
            found.append(said(self.text))
        return found

    def _of_kind(self) -> list[Any]:
        """Calls of which this is the gravest kind, as reports count them, whichever of their rows was of it."""
        other = aliased(CallRow)
        same = other.called_at == CallRow.called_at, other.root == CallRow.root
        gravest = select(func.min(kind_rank(other))).where(*_judged(other), *same).scalar_subquery()
        return [gravest == GRAVEST_FIRST.index(self.kind)]


def kind_rank(call: Any) -> Any:  # noqa: ANN401 - `CallRow` or an alias of it
    """Where the kind of a row stands in `GRAVEST_FIRST`."""
    ranks = {kind.value: rank for rank, kind in enumerate(GRAVEST_FIRST) if kind}
    return case(ranks, value=type_coerce(call.kind, String), else_=GRAVEST_FIRST.index(None))


def marked(call: Any) -> Any:  # noqa: ANN401 - likewise
    """Flagged or treated rows, in the very words of the index that holds them (`store.tables.MARKED`)."""
    return or_(call.verdict == literal_column("'harassment'"), call.treatment != literal_column("'none'"))


def _judged(call: Any) -> list[Any]:  # noqa: ANN401 - likewise
    """Rows that were judged harassment, by the index of marked calls."""
    return [marked(call), call.verdict == Verdict.HARASSMENT]


def find(log: CallLog, wanted: Wanted, limit: int) -> list[CallRecord]:
    """Calls without their parts, newest first: of each call the newest row that is wanted.

    Raises:
        StoreError: the database failed.
    """
    at = CallRow.called_at if wanted.flagged else CallRow.started_at
    query: Select[Any] = select(CallRow.root, at, *(getattr(CallRow, name) for name in COLUMNS))
    query = query.where(*wanted.conditions(at)).order_by(at.desc(), CallRow.id.desc())
    found: dict[str, CallRecord] = {}
    with log.reading() as connection:
        if wanted.text and (few := said_by_index(connection, wanted.text)) is not None:
            query = query.where(few)
        if wanted.number and (few := by_index(connection, wanted.number)) is not None:
            query = query.where(few)
        for part in _parts(connection, query, wanted, at):
            for root, moment, *row in connection.execute(part, execution_options={"yield_per": max(100, limit)}):
                if not wanted.is_at(moment):
                    continue
                found.setdefault(root, CallRecord(*row))
                if len(found) == limit:
                    return list(found.values())
    return list(found.values())


def _parts(connection: Connection, query: Select[Any], wanted: Wanted, at: Any) -> Iterator[Select[Any]]:  # noqa: ANN401
    """The query; where an hour, a weekday or a place is wanted one for each time that there were such calls."""
    if wanted.hour is None and wanted.weekday is None:
        if wanted.flagged or not wanted.places:
            yield query
        else:
            for since, until in came(connection, wanted.places, wanted.since, wanted.until):
                yield query.where(at >= since, at < until)
        return
    oldest, newest = (connection.scalar(select(edge(CallRow.started_at))) for edge in (func.min, func.max))
    if oldest is None or newest is None:
        return
    first = max(oldest - DAY, wanted.since or oldest - DAY)  # a caller dialled before the call came here
    for since, until in wanted.spans(first, min(newest, wanted.until or newest)):
        yield query.where(at >= since, at < until)


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


def reviews(log: CallLog) -> dict[Review, int]:
    """How many flags there are by what people said of them.

    Raises:
        StoreError: the database failed.
    """
    query = select(CallRow.review, func.count()).where(*_judged(CallRow))
    with log.reading() as connection:
        return {review: int(number) for review, number in connection.execute(query.group_by(CallRow.review))}
