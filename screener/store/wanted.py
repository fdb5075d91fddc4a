"""Which calls somebody wants, and the conditions that the log is asked with.

Whoever follows a figure of a report says as what its calls are counted there (`Counted`), and gets as many.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import aliased

from screener.core.evidence import GRAVEST_FIRST, Kind, Treatment, Verdict
from screener.events import Entrance, LineClass
from screener.store.numbered import begins
from screener.store.offered import LONGEST_CALL
from screener.store.records import Review
from screener.store.search import said
from screener.store.tables import RARE, CallRow, EvidencePiece, TreatmentGiven, WarningGiven

DAY = timedelta(days=1)
DRY_RUN = "dry_run"
"""Stands among the treatments for what was not done."""
UNKNOWN = "-"
"""Stands for what the log does not know: no queue, no region, no agent."""
_LAST = datetime.max.replace(tzinfo=UTC) - LONGEST_CALL - DAY
SINCE, UNTIL, LAST = (bindparam(name, type_=CallRow.called_at.type) for name in ("since", "until", "last"))
"""Moments that come with each execution of a statement: of years there are a thousand for one question."""
LISTENING = (Entrance.IN_PATH, Entrance.BESIDE)
"""How calls come whose flags are the product's own, and neither an agent's nor an imported log's."""
REVIEWS = (Review.CONFIRMED, Review.OVERTURNED, Review.NONE)
"""Which word on the product's own flags of one call counts."""


class Counted(StrEnum):
    """As what a report counts calls: at the moment at which the caller dialled, each once."""

    FLAGGED = "flagged"
    """Judged harassment, and nobody overturned it."""
    JUDGED = "judged"
    """Judged harassment, overturned or not."""
    OVERTURNED = "overturned"
    """Judged harassment, and no flag of it holds."""
    OWN = "own"
    """Flags of the product itself, overturned or not."""
    ENTERED = "entered"
    """Came into the analysis queue."""


class Past(StrEnum):
    """Whether the number had been flagged before, of whatever kind and in whatever queue.

    No withheld one has a past.
    """

    NEW = "new"
    """Not before the time that is asked about."""
    RETURNING = "returning"
    """Before this call."""


class QueueEntry(StrEnum):
    """How a caller came into the analysis queue."""

    AUTOMATIC = "automatic"
    BY_HAND = "by_hand"


class QueueStay(StrEnum):
    """How long a caller stayed there."""

    TO_THE_END = "to_the_end"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is not said, any call has. Of a place and an agent `UNKNOWN` wants calls without one.

    Attributes:
        since, until: when the caller dialled; aware; `until` itself is not among them.
        counted: as what reports count them; then kind and review are the call's, as there.
        number: its beginning, or with `exact` whole; `withheld` wants calls without one.
        without_kind: flags without a kind.
        treatment: what was done, and not in dry run only; `dry_run` is the control.
        treated: something was done about it.
        way: with `agent` what this one did, else what any did.
        rule: spoke for harassment.
        warned, level, step: a warning about that, of that level, came to that step.
        pause_offered: a pause was offered after it.
        past: of the number.
        repeated: of a number of which an earlier call was in the analysis queue.
        watched: of each number the first of these calls, so many days before the newest of the log; `again`: and
            the number called again within so many days; see `store.again`.
        text: was said by either, in these very words; the database looks for them itself.
        hour, weekday: 0 … 23, and 1 (Monday) … 7, of the moment in `zone`.
    """

    since: datetime | None = None
    until: datetime | None = None
    counted: Counted | None = None
    verdict: Verdict | None = None
    kind: Kind | None = None
    without_kind: bool = False
    number: str = ""
    exact: bool = False
    withheld: bool = False
    agent: str = ""
    queue: str = ""
    dialled: str = ""
    line: LineClass | None = None
    region: str = ""
    carrier: str = ""
    review: Review | None = None
    reviewer: str = ""
    text: str = ""
    treatment: Treatment | None = None
    dry_run: bool = False
    treated: bool = False
    way: QueueEntry | None = None
    stay: QueueStay | None = None
    rule: str = ""
    warned: str = ""
    level: int | None = None
    step: str = ""
    pause_offered: bool = False
    past: Past | None = None
    repeated: bool = False
    watched: int | None = None
    again: int | None = None
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
        return {name: known(value) for name, value in said.items() if value}

    @property
    def at(self) -> Any:  # noqa: ANN401 - SQLAlchemy's own
        """The column that calls are looked for along: whose index they are in."""
        return CallRow.called_at if self.counted or self.pause_offered else CallRow.started_at

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

    def between(self, since: datetime | None, until: datetime | None) -> list[Any]:
        """Calls that were dialled then; rows of one call begin later, and are looked for along their own time."""
        found: list[Any] = []
        if since is not None:
            found.append(CallRow.called_at >= since)
        if until is not None:
            found.append(CallRow.called_at < until)
        if self.at is not CallRow.called_at:
            found += [CallRow.started_at >= since] if since is not None else []
            found += [CallRow.started_at < until + LONGEST_CALL] if until is not None and until < _LAST else []
        return found

    def in_span(self) -> list[Any]:
        """As `between`, of moments that come with each execution: those of `of_span`."""
        beside = (
            [CallRow.started_at >= SINCE, CallRow.started_at < LAST] if self.at is not CallRow.called_at else []
        )
        return [CallRow.called_at >= SINCE, CallRow.called_at < UNTIL, *beside]

    def conditions(self) -> list[Any]:
        """What a row of `calls` must fulfil, besides hour and weekday."""
        found = [*self._as_counted(), *self.between(self.since, self.until)]
        exact = {"verdict": self.verdict, "treatment": self.treatment}
        found += [getattr(CallRow, name) == value for name, value in exact.items() if value]
        found += [getattr(CallRow, name) == value for name, value in self.places.items()]
        found += [CallRow.reviewed_by == known(self.reviewer)] if self.reviewer else []
        if self.treatment or self.dry_run:
            found.append(CallRow.dry_run.is_(self.dry_run))
        found += self._of_agent() + self._reviewed() + self._done()
        if self.kind or self.without_kind:
            as_reported = self.counted or self.pause_offered or self.warned
            found.append(
                gravest_kind(own=self.counted is Counted.OWN) == GRAVEST_FIRST.index(self.kind)
                if as_reported
                else CallRow.kind == self.kind  # None is NULL
            )
        if self.withheld:
            found.append(CallRow.number == "")
        elif self.number:
            found.append(CallRow.number == self.number if self.exact else begins(self.number))
        found += self._with_past()
        if self.text:
            found.append(said(self.text))
        if not self.counted:  # whose own index knows these
            rare = {"agent": known(self.agent), "review": self.review, "treatment": self.treatment}
            found += [
                literal_column(RARE[name]) for name, value in rare.items() if value not in ("", None, "none")
            ]
        return found

    def _as_counted(self) -> list[Any]:
        match self.counted:
            case Counted.FLAGGED:  # in the words of the index of marked calls
                return [*judged(CallRow), CallRow.review != Review.OVERTURNED]
            case Counted.OVERTURNED:
                return [*judged(CallRow), not_(_any_row(lambda other: other.review != Review.OVERTURNED))]
            case Counted.JUDGED:
                return judged(CallRow)
            case Counted.OWN:
                return [*judged(CallRow), CallRow.entrance.in_(LISTENING)]
            case Counted.ENTERED:
                return [marked(CallRow)]
            case None:
                return [literal_column("pause_offered")] if self.pause_offered else []

    def _of_agent(self) -> list[Any]:
        if self.agent == UNKNOWN and self.counted:  # no row of it reached anybody
            return [not_(_any_row(lambda other: and_(other.agent != "", other.review != Review.OVERTURNED)))]
        return [CallRow.agent == known(self.agent)] if self.agent else []

    def _with_past(self) -> list[Any]:
        if not (self.past or self.repeated):
            return []
        # In other words than the index of marked calls has: few calls are of one number, and it has an index too.
        other = aliased(CallRow)
        same = other.number == CallRow.number
        earlier = tuple_(other.called_at, other.root) < tuple_(CallRow.called_at, CallRow.root)
        flagged = other.verdict == Verdict.HARASSMENT, other.review != Review.OVERTURNED
        queued = other.treatment == Treatment.ANALYSIS_QUEUE, other.dry_run.is_(False)
        found: list[Any] = [CallRow.number != ""]
        if self.repeated:
            found.append(exists().where(same, *queued, earlier))
        if self.past is Past.RETURNING:
            found.append(exists().where(same, *flagged, earlier))
        elif self.past is Past.NEW and self.since is not None:
            found.append(not_(exists().where(same, *flagged, other.called_at < self.since)))
        return found

    def _reviewed(self) -> list[Any]:
        if self.review is None:
            return []
        if self.counted is Counted.OWN and not self.rule:  # of several flags of a call one word counts
            return [_over_rows(lambda o: func.min(_review_rank(o)), own=True) == REVIEWS.index(self.review)]
        return [CallRow.review == self.review]

    def _done(self) -> list[Any]:
        """What came of the call, and why."""
        found: list[Any] = []
        if self.treated:
            found.append(_any_row(_treated) if self.counted else _treated(CallRow))
        if self.counted is Counted.ENTERED:
            given = [TreatmentGiven.call_id == CallRow.id, TreatmentGiven.treatment == Treatment.ANALYSIS_QUEUE]
            given += [TreatmentGiven.by_hand.is_(self.way is QueueEntry.BY_HAND)] if self.way else []
            given += [TreatmentGiven.completed.is_(self.stay is QueueStay.TO_THE_END)] if self.stay else []
            found.append(exists().where(*given))
        elif self.way:
            of_any = self.counted and not self.agent
            by_hand = _any_row(lambda other: other.by_hand.is_(True)) if of_any else CallRow.by_hand.is_(True)
            found.append(by_hand if self.way is QueueEntry.BY_HAND else not_(by_hand))
        if self.rule:
            spoke = EvidencePiece.rule == self.rule, EvidencePiece.weight > 0
            found.append(exists().where(EvidencePiece.call_id == CallRow.id, *spoke))
        steps = {"about": self.warned or None, "level": self.level, "step": self.step or None}
        came_to = [getattr(WarningGiven, name) == value for name, value in steps.items() if value is not None]
        if came_to:
            found.append(CallRow.id.in_(select(WarningGiven.call_id).where(*came_to)))
        return found


def known(value: str) -> str:
    """What stands in the log for a value that is wanted."""
    return "" if value == UNKNOWN else value


def kind_rank(call: Any) -> Any:  # noqa: ANN401 - `Call` or an alias of it
    """Where the kind of a row stands in `GRAVEST_FIRST`."""
    ranks = {kind.value: rank for rank, kind in enumerate(GRAVEST_FIRST) if kind}
    return case(ranks, value=type_coerce(call.kind, String), else_=GRAVEST_FIRST.index(None))


def marked(call: Any) -> Any:  # noqa: ANN401 - likewise
    """Flagged or treated rows, in the very words of the index that holds them (`store.tables.MARKED`)."""
    return or_(call.verdict == literal_column("'harassment'"), call.treatment != literal_column("'none'"))


def judged(call: Any) -> list[Any]:  # noqa: ANN401 - likewise
    """Rows that were judged harassment, by the index of marked calls or that of reviews (`tables.JUDGED`)."""
    return [marked(call), call.verdict == literal_column("'harassment'")]


def gravest_kind(*, own: bool = False) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    """Rank of the kind of a row's call: of all its rows that were judged harassment, or of the product's own."""
    return _over_rows(lambda other: func.min(kind_rank(other)), own=own)


def _over_rows(value: Callable[[Any], Any], *, own: bool = False) -> Any:  # noqa: ANN401 - likewise
    """Something of all rows of a call that were judged harassment."""
    other = aliased(CallRow)
    listened = [other.entrance.in_(LISTENING)] if own else []
    return select(value(other)).where(*_judged_of_call(other), *listened).scalar_subquery()


def _any_row(condition: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - likewise
    other = aliased(CallRow)
    return exists().where(*_judged_of_call(other), condition(other))


def _judged_of_call(other: Any) -> list[Any]:  # noqa: ANN401 - likewise
    return [*judged(other), other.called_at == CallRow.called_at, other.root == CallRow.root]


def _treated(call: Any) -> Any:  # noqa: ANN401 - likewise
    return and_(call.treatment != Treatment.NONE, call.dry_run.is_(False))


def _review_rank(call: Any) -> Any:  # noqa: ANN401 - likewise
    ranks = {review.value: rank for rank, review in enumerate(REVIEWS)}
    return case(ranks, value=type_coerce(call.review, String))


def of_span(since: datetime, until: datetime) -> dict[str, datetime]:
    """The values of `SINCE`, `UNTIL` and `LAST`."""
    return {"since": since, "until": until, "last": min(until, _LAST) + LONGEST_CALL}
