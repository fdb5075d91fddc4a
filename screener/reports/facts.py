"""All the SQL of the reports. What comes back is plain numbers and tuples; computing is done elsewhere.

Nothing here reads the whole of `calls`. Calls in total come from the counts that the writer keeps, their two
ragged edges from the calls themselves; flagged and treated calls come from the one index that holds them.

What is counted is calls that callers dialled, at the moment at which they dialled. A call may have left several
rows, and several of them may be flagged: it is one flagged call all the same, treated when one of its rows was,
handed over when one of them was, and of the gravest kind that was found.
"""

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    distinct,
    func,
    literal_column,
    select,
    type_coerce,
)

from screener.core.evidence import GRAVEST_FIRST, Treatment, Verdict
from screener.reports.span import (
    PREFIX_CHARACTERS,
    FlaggedCall,
    Marked,
    Return,
    RuleVerdicts,
    SourceCalls,
    Span,
    Stay,
    Stayed,
    Totals,
    whole_slots,
)
from screener.store.again import epoch_seconds
from screener.store.log import CallLog
from screener.store.records import Review
from screener.store.tables import (
    DAY_SECONDS,
    QUARTER_SECONDS,
    CallRow,
    EvidencePiece,
    OfferedPlace,
    OfferedTime,
    TreatmentGiven,
    WarningGiven,
)
from screener.store.wanted import LISTENING, gravest_kind, kind_rank, marked

Query = Select[*tuple[Any, ...]]
_MARKED_CALL = marked(CallRow)
_STAYED = (TreatmentGiven.ended - TreatmentGiven.began, TreatmentGiven.completed)
PLACES = ("number", "region", "carrier", "line", "dialled", "queue")
"""Where a call came from and went; all rows of a call have them in common."""
ROWS_AT_ONCE = 20_000
NUMBERS_AT_ONCE = 500
NUMBER_DIGITS_MOST = 20
_DIGITS = re.compile(r"\+?\d+")


@contextmanager
def facts(log: CallLog) -> Iterator["Facts"]:
    """Facts that all describe one and the same moment of the log.

    Raises:
        StoreError: the database failed, also inside the block.
    """
    with log.reading() as connection, _no_collecting():
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield Facts(connection)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Half a million rows hold no circles; to look for some in them again and again costs as much as a report."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Facts:
    """Questions to one state of the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"

    def marked(self, span: Span) -> list[Marked]:
        """Flagged and treated calls of the span, oldest first."""
        columns = [self._plain(name) for name in Marked._fields[1:]]
        query = self._of_marked(select(self._epoch_seconds(CallRow.called_at), *columns), span)
        return list(map(Marked._make, self._rows(query.order_by(CallRow.called_at, CallRow.root, CallRow.id))))

    def flags(self, span: Span) -> list[FlaggedCall]:
        """Flagged calls of the span."""
        calls = self._judged(span).c
        quarter = self._epoch_seconds(calls.called_at) // QUARTER_SECONDS
        query: Query = select(quarter, calls.kind, calls.treated, calls.by_hand).where(calls.flagged > 0)
        return [
            FlaggedCall(slot, GRAVEST_FIRST[kind], bool(treated), bool(by_hand))
            for slot, kind, treated, by_hand in self._rows(query)
        ]

    def sources(self, span: Span) -> list[SourceCalls]:
        """Where the flagged calls of the span came from, overturned ones among them."""
        calls = self._judged(span, PLACES).c
        flags_at = case((calls.flagged > 0, calls.called_at))
        where = [calls[name] for name in PLACES]
        first, last = self._epoch_seconds(func.min(flags_at)), self._epoch_seconds(func.max(flags_at))
        query: Query = select(*where, *_totals(calls), first, last, self._first(calls)).group_by(*where)
        return list(map(SourceCalls._make, self._rows(query)))

    def first_flags(self, span: Span, found: Sequence[SourceCalls]) -> dict[str, str]:
        """The first flag of each number in the time of the span, of whatever kind and in whatever queue.

        Args:
            span: only its time counts.
            found: what `sources` says of it.
        """
        firsts: dict[str, str] = {}
        begun: Iterable[tuple[str, str | None]] = ((one.number, one.begun) for one in found)
        if span != Span(span.since, span.until):
            calls = self._judged(Span(span.since, span.until), ("number",)).c
            begun = self._rows(select(calls.number, self._first(calls)).group_by(calls.number))
        for number, at in begun:
            if at is not None:
                firsts[number] = min(at, firsts.get(number, at))
        return firsts

    def totals(self, span: Span) -> Totals:
        """The same of all places together."""
        query: Query = select(*_totals(self._judged(span).c))
        return Totals._make(int(count or 0) for count in self._connection.execute(query).one())

    def offered_by_quarter(self, span: Span) -> Counter[int]:
        """Calls that came, by quarter of an hour since 1970."""
        counts: Counter[int] = Counter()
        table = OfferedTime.__table__.c
        for slot, offered in self._offered(span, QUARTER_SECONDS, table.quarter, table):
            counts[int(slot)] += int(offered)
        edge = self._epoch_seconds(CallRow.started_at) // QUARTER_SECONDS
        for slot, offered in self._edges(span, QUARTER_SECONDS, edge):
            counts[int(slot)] += int(offered)
        return counts

    def offered(self, span: Span) -> int:
        """Calls that came."""
        table = OfferedTime.__table__.c
        whole = self._offered(span, QUARTER_SECONDS, table.dialled, table)
        edges = self._edges(span, QUARTER_SECONDS, self._plain("dialled"))
        return sum(int(offered) for _, offered in chain(whole, edges))

    def offered_by_place(self, span: Span, place: str) -> Counter[str]:
        """Calls that came, by class of line, region or carrier, by the number that was dialled, or by queue."""
        counts: Counter[str] = Counter()
        of_time = place in ("dialled", "queue")
        table = (OfferedTime if of_time else OfferedPlace).__table__.c
        seconds = QUARTER_SECONDS if of_time else DAY_SECONDS
        # Not a plain column: SQLite would read an index by place from end to end, and not the days of the span.
        for source, offered in self._offered(span, seconds, table[place].concat(""), table):
            counts[source] += int(offered)
        for source, offered in self._edges(span, seconds, self._plain(place)):
            counts[source] += int(offered)
        return counts

    def known(self, place: str) -> set[str]:
        """The queues, dialled numbers, regions or carriers of all calls that ever came."""
        column = OfferedPlace.__table__.c[place]
        found: set[str] = set()
        name = self._connection.scalar(select(func.min(column)))
        while name is not None:  # from one to the next by the index: each occurs on every day
            found.add(name)
            name = self._connection.scalar(select(func.min(column)).where(column > name))
        return found

    def has_rule(self, rule: str) -> bool:
        """Whether a rule has ever spoken for harassment."""
        spoke = select(EvidencePiece.call_id).where(EvidencePiece.rule == rule, EvidencePiece.weight > 0)
        return self._connection.execute(spoke.limit(1)).first() is not None

    def warned_about(self) -> set[str]:
        """What callers have ever been warned about."""
        return set(self._connection.scalars(select(WarningGiven.about).distinct()))

    def offered_by_number(self, span: Span, numbers: Sequence[str]) -> Counter[str]:
        """Calls that came from each of these numbers."""
        counts: Counter[str] = Counter()
        for start in range(0, len(numbers), NUMBERS_AT_ONCE):
            some = CallRow.number.in_(numbers[start : start + NUMBERS_AT_ONCE])
            query: Query = select(CallRow.number, func.count()).where(some, CallRow.own).group_by(CallRow.number)
            for number, calls in self._connection.execute(_within(query, span)):
                counts[number] = int(calls)
        return counts

    def offered_by_prefix(self, span: Span, prefixes: Sequence[str]) -> Counter[str]:
        """Calls that came from numbers that begin with each of these prefixes."""
        counts: Counter[str] = Counter()
        for prefix in prefixes:
            begins = func.substr(CallRow.number, 1, PREFIX_CHARACTERS) == prefix
            if len(prefix) < PREFIX_CHARACTERS:  # the whole number
                begins = CallRow.number == prefix
            elif _DIGITS.fullmatch(prefix):  # an index finds these in the collation of every database
                begins = and_(begins, CallRow.number.between(prefix, prefix + "9" * NUMBER_DIGITS_MOST))
            query = _within(select(func.count()).select_from(CallRow).where(begins, CallRow.own), span)
            counts[prefix] = int(self._connection.scalar(query) or 0)
        return counts

    def flagged_before(self, at: datetime | None) -> set[str]:
        """Numbers that were flagged before a moment."""
        return set() if at is None else self.flagged_numbers(Span(until=at))

    def flagged_numbers(self, span: Span) -> set[str]:
        """Numbers that were flagged in the span."""
        if span.kind:
            calls = self._judged(span, ("number",)).c
            return {number for (number,) in self._rows(select(calls.number).where(calls.flagged > 0))}
        query = _within(select(CallRow.number).where(_MARKED_CALL, *_flagged()), span, CallRow.called_at)
        return {number for (number,) in self._rows(query)}

    def genuine(self, numbers: Sequence[str]) -> set[str]:
        """Which of these numbers ever had a call that ended as genuine or as a complaint."""
        found: set[str] = set()
        for start in range(0, len(numbers), NUMBERS_AT_ONCE):
            some = CallRow.number.in_(numbers[start : start + NUMBERS_AT_ONCE])
            good = CallRow.verdict.in_((Verdict.GENUINE, Verdict.COMPLAINT))
            found.update(self._connection.scalars(select(CallRow.number).where(some, good).distinct()))
        return found

    def first_queued(self, until: datetime | None) -> dict[str, str]:
        """The first call of each number that was in the analysis queue before a moment, as `Stay.begun`."""
        number = CallRow.number.concat("")  # no plain column: SQLite would read the index of all numbers
        query = self._of_marked(select(number, func.min(self._begun(CallRow))), Span(until=until)).group_by(number)
        queued = CallRow.treatment == Treatment.ANALYSIS_QUEUE, CallRow.dry_run.is_(False), number != ""
        return dict(map(tuple, self._rows(query.where(*queued))))

    def stays(self, span: Span) -> list[Stay]:
        """Entries into the analysis queue, oldest first."""
        call = self._epoch_seconds(CallRow.called_at), CallRow.number, self._begun(CallRow)
        columns = (*call, TreatmentGiven.by_hand, *_STAYED)
        query = self._of_stays(select(*columns), span).order_by(CallRow.called_at, CallRow.root, TreatmentGiven.id)
        return list(map(Stay._make, self._rows(query)))

    def stayed(self, span: Span) -> list[Stayed]:
        """How long each of these entries stayed, in no order."""
        return list(map(Stayed._make, self._rows(self._of_stays(select(*_STAYED), span))))

    def returns(self, span: Span) -> list[Return]:
        """For each source and treatment of the span: its first flag, and the next call of the number after it."""
        arm = case((CallRow.dry_run, literal_column("'dry_run'")), else_=self._plain("treatment")).label("arm")
        columns = (CallRow.number, arm, func.min(CallRow.called_at).label("first"))
        query = self._of_marked(select(*columns), span).where(*_flagged(), CallRow.number != "")
        first = query.group_by(CallRow.number, arm).subquery()
        later = and_(CallRow.number == first.c.number, CallRow.started_at > first.c.first, CallRow.own)
        again = select(func.min(CallRow.started_at)).where(later).scalar_subquery()
        query = select(first.c.arm, self._epoch_seconds(first.c.first), self._epoch_seconds(again))
        return list(map(Return._make, self._rows(query)))

    def judged_rules(self, span: Span) -> list[RuleVerdicts]:
        """Rules that spoke for harassment on the product's own flags that people have looked at, by name."""

        def calls(review: Review) -> Any:  # noqa: ANN401
            return func.count(distinct(case((CallRow.review == review, CallRow.root))))

        counts = calls(Review.CONFIRMED), calls(Review.OVERTURNED)
        query = self._of_marked(select(EvidencePiece.rule, *counts), replace(span, kind=None))
        query = self._of_kind(query, span, own=True)
        query = query.join(EvidencePiece, EvidencePiece.call_id == CallRow.id)
        query = query.where(
            CallRow.verdict == Verdict.HARASSMENT, CallRow.review != Review.NONE, EvidencePiece.weight > 0
        ).where(CallRow.entrance.in_(LISTENING))
        rows = self._connection.execute(query.group_by(EvidencePiece.rule).order_by(EvidencePiece.rule))
        return [RuleVerdicts(rule, int(good), int(bad)) for rule, good, bad in rows]

    def warned(self, span: Span) -> list[tuple[str, int, str, int]]:
        """How many warnings of the span came to which step: what about, level, step, number."""
        steps = WarningGiven.about, WarningGiven.level, WarningGiven.step
        query: Query = (
            select(*steps, func.count()).join(CallRow, CallRow.id == WarningGiven.call_id).group_by(*steps)
        )
        return [tuple(row) for row in self._rows(self._of_kind(_within(query, span, CallRow.called_at), span))]

    def pauses(self, span: Span) -> int:
        """Calls of the span after which the agent was offered a pause."""
        query: Query = select(func.count(distinct(CallRow.root))).where(literal_column("pause_offered"))
        query = self._of_kind(_within(query, span, CallRow.called_at), span)
        return int(self._connection.execute(query).scalar_one())

    def newest(self) -> datetime | None:
        """When the newest call of the log came."""
        return self._connection.scalar(select(func.max(CallRow.started_at)))

    # Pieces of queries.

    def _rows(self, query: Query) -> Iterator[Any]:
        """Rows in large portions: one by one costs twice the time."""
        options = {"yield_per": ROWS_AT_ONCE}
        for rows in self._connection.execute(query, execution_options=options).partitions():
            yield from rows

    def _judged(self, span: Span, places: Sequence[str] = ()) -> Subquery:
        """Calls with a row that was judged harassment: where from, of what kind, how many such rows hold.

        Rows of one call lie side by side in the index, and have their place in common.
        """
        # SQLite takes a column that is not grouped by from any row of the group, which costs less.
        where = [self._plain(name) if self._sqlite else func.min(self._plain(name)).label(name) for name in places]
        kind = func.min(kind_rank(CallRow)).label("kind")
        counts = {
            "flagged": CallRow.review != Review.OVERTURNED,
            "treated": and_(CallRow.treatment != Treatment.NONE, CallRow.dry_run.is_(False)),
            "by_hand": CallRow.by_hand,
            "confirmed": CallRow.review == Review.CONFIRMED,
        }
        numbers = [_number_of(condition).label(name) for name, condition in counts.items()]
        query: Query = select(CallRow.called_at, CallRow.root, *where, kind, *numbers)
        query = _within(query.where(_MARKED_CALL, CallRow.verdict == Verdict.HARASSMENT), span, CallRow.called_at)
        query = query.group_by(CallRow.called_at, CallRow.root)
        if span.kind:
            query = query.having(func.min(kind_rank(CallRow)) == GRAVEST_FIRST.index(span.kind))
        return query.subquery()

    def _of_marked(self, query: Query, span: Span) -> Query:
        query = _within(query.where(_MARKED_CALL), span, CallRow.called_at)
        return self._of_kind(query, span)

    def _of_kind(self, query: Query, span: Span, *, own: bool = False) -> Query:
        """Rows of calls whose gravest kind it is, whichever of their rows was of it."""
        return query.where(gravest_kind(own=own) == GRAVEST_FIRST.index(span.kind)) if span.kind else query

    def _of_stays(self, query: Query, span: Span) -> Query:
        # SQLite would begin with the treatments and look for each call among all pages of `calls`. It cannot where
        # the calls' side is no plain column; then it reads the index of marked calls and looks among treatments.
        call_id = CallRow.id.concat("") if self._sqlite else CallRow.id
        query = query.select_from(CallRow).join(TreatmentGiven, TreatmentGiven.call_id == call_id)
        return self._of_marked(query, span).where(TreatmentGiven.treatment == Treatment.ANALYSIS_QUEUE)

    def _offered(self, span: Span, slot_seconds: int, by: Any, table: Any) -> Any:  # noqa: ANN401 - columns
        slot = table.quarter if slot_seconds == QUARTER_SECONDS else table.day
        low, high, _ = whole_slots(span.since, span.until, slot_seconds)
        query: Query = select(by, func.sum(table.offered)).group_by(by)
        if low is not None:
            query = query.where(slot >= low)
        if high is not None:
            query = query.where(slot < high)
        if span.queue:
            query = query.where(table.queue == span.queue)
        if span.dialled:
            query = query.where(table.dialled == span.dialled)
        return self._rows(query)

    def _edges(self, span: Span, slot_seconds: int, by: Any) -> Iterator[Any]:  # noqa: ANN401
        *_, edges = whole_slots(span.since, span.until, slot_seconds)
        for since, until in edges:
            part = replace(span, since=since, until=until)
            yield from self._connection.execute(
                _within(select(by, func.count()).where(CallRow.own), part).group_by(by)
            )

    def _plain(self, name: str) -> Any:  # noqa: ANN401
        """A column without the work of making enums of it."""
        column = getattr(CallRow, name)
        return column if name in ("dry_run", "by_hand") else type_coerce(column, String).label(name)

    def _first(self, calls: Any) -> Any:  # noqa: ANN401 - columns of `_judged`
        """The first flagged one of calls."""
        return func.min(case((calls.flagged > 0, self._begun(calls))))

    def _begun(self, calls: Any) -> Any:  # noqa: ANN401 - columns
        """A text that sorts like the time of a call, and says which of those of one time it is."""
        at: Any = type_coerce(calls.called_at, String)
        if not self._sqlite:
            at = func.to_char(func.timezone("UTC", calls.called_at), "YYYYMMDDHH24MISSUS")
        return at.concat(calls.root)

    def _epoch_seconds(self, column: Any) -> Any:  # noqa: ANN401
        return epoch_seconds(column, sqlite=self._sqlite)


def _within(query: Query, span: Span, at: Any = CallRow.started_at) -> Query:  # noqa: ANN401 - a column
    if span.since is not None:
        query = query.where(at >= span.since)
    if span.until is not None:
        query = query.where(at < span.until)
    if span.queue:
        query = query.where(CallRow.queue == span.queue)
    if span.dialled:
        query = query.where(CallRow.dialled == span.dialled)
    return query


def _totals(calls: Any) -> tuple[Any, ...]:  # noqa: ANN401 - columns of `_judged`
    """The columns of `Totals`."""
    good = calls.flagged > 0
    conditions = (
        *(good, and_(good, calls.treated > 0), and_(good, calls.by_hand > 0)),
        *(and_(good, calls.confirmed > 0), calls.flagged == 0),
    )
    return tuple(map(_number_of, conditions))


def _number_of(condition: Any) -> Any:  # noqa: ANN401
    """How many rows fulfil it."""
    return cast(func.sum(case((condition, 1), else_=0)), Integer)


def _flagged() -> tuple[Any, Any]:
    return CallRow.verdict == Verdict.HARASSMENT, CallRow.review != Review.OVERTURNED
