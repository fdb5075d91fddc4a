"""Every report counted again, slowly and in another way: plain loops over the records that went into the log."""

import statistics
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from screener.core.evidence import Kind, Treatment, Verdict
from screener.events import Entrance
from screener.reports.span import Span
from screener.store.records import CallRecord, Review

GRAVEST = (
    Kind.THREAT,
    Kind.LEWD,
    Kind.ABUSE,
    Kind.PRANK,
    Kind.MIMIC,
    Kind.BREATHING,
    Kind.CHITCHAT,
    Kind.SILENT,
    Kind.REDIAL,
    None,
)


@dataclass
class Call:
    """What a caller dialled once: its rows, the first of them first."""

    rows: list[CallRecord]

    @property
    def at(self) -> datetime:
        return self.rows[0].started_at

    def __getattr__(self, name: str) -> object:
        """Where it came from and went, as its first row says."""
        return getattr(self.rows[0], name)

    @property
    def dialled(self) -> str:
        """As the first row says that knows it."""
        return next((row.dialled for row in self.rows if row.dialled), "")

    @property
    def judged(self) -> list[CallRecord]:
        return [row for row in self.rows if row.verdict is Verdict.HARASSMENT]

    @property
    def flagged(self) -> bool:
        return any(row.review is not Review.OVERTURNED for row in self.judged)

    @property
    def kind(self) -> Kind | None:
        return GRAVEST[min(GRAVEST.index(row.kind) for row in self.judged)]

    @property
    def treated(self) -> bool:
        return any(row.treatment is not Treatment.NONE and not row.dry_run for row in self.judged)

    @property
    def by_hand(self) -> bool:
        return any(handed(row) for row in self.judged)


Calls = list[Call]


def handed(row: CallRecord) -> bool:
    return row.entrance is Entrance.BY_HAND or any(given.by_hand for given in row.treatments)


def kept(rows: list[CallRecord]) -> Calls:
    """The calls of these rows, oldest first."""
    calls: dict[str, Call] = {}
    for row in rows:
        if row.entrance is Entrance.BY_HAND:
            row = replace(row, review=Review.CONFIRMED, reviewed_by=row.referred_by, agent=row.referred_by)
        calls.setdefault(row.linkedid or row.id, Call([])).rows.append(row)
    return sorted(calls.values(), key=lambda call: call.at)


def inside(calls: Calls, span: Span) -> Calls:
    return [
        call
        for call in calls
        if (span.since is None or call.at >= span.since)
        and (span.until is None or call.at < span.until)
        and (not span.queue or call.queue == span.queue)
        and (not span.dialled or call.dialled == span.dialled)
    ]


def of_kind(call: Call, span: Span) -> bool:
    """A call has one kind, the gravest, whichever of its rows a report counts."""
    return span.kind is None or (bool(call.judged) and call.kind is span.kind)


def reported(calls: Calls, span: Span) -> Calls:
    return [call for call in calls if call.judged and (span.kind is None or call.kind is span.kind)]


def flagged(calls: Calls, span: Span) -> Calls:
    return [call for call in reported(calls, span) if call.flagged]


def frequency(calls: Calls, span: Span, form: str, zone: tzinfo) -> dict[str, tuple[object, ...]]:
    """By a format of `strftime`; buckets in which nothing happened are left out."""
    buckets: dict[str, Calls] = {}
    for call in inside(calls, span):
        buckets.setdefault(call.at.astimezone(zone).strftime(form), []).append(call)
    found = {}
    for bucket, here in buckets.items():
        bad = flagged(here, span)
        kinds = Counter(call.kind for call in bad)
        numbers = sum(call.treated for call in bad), sum(call.by_hand for call in bad)
        found[bucket] = (len(here), len(bad), *numbers, dict(kinds))
    return found


def heat(calls: Calls, span: Span, zone: tzinfo) -> Counter[tuple[int, int]]:
    bad = flagged(inside(calls, span), span)
    return Counter((call.at.astimezone(zone).weekday() + 1, call.at.astimezone(zone).hour) for call in bad)


def sources(calls: Calls, span: Span, field: str, letters: int | None = None) -> dict[str, tuple[object, ...]]:
    asked = inside(calls, span)
    bad = flagged(asked, span)

    def source_of(call: Call) -> str:
        return str(getattr(call, field))[:letters]

    found = {}
    for source in {source_of(call) for call in bad}:
        here = [call for call in bad if source_of(call) == source]
        numbers = {call.number for call in here if call.number}
        old = {
            number
            for number in numbers
            if span.since and any(c.number == number and c.at < span.since for c in flagged(calls, Span()))
        }
        order = sorted(flagged(inside(calls, Span(span.since, span.until)), Span()), key=lambda c: (c.at, c.id))
        first = {call.number: call.id for call in reversed(order)}
        again = {call.number for call in here if call.number and first[call.number] != call.id}
        found[source] = (
            sum(source_of(call) == source for call in asked),
            len(here),
            Fraction(len(here), len(bad)),
            len(numbers),
            len(numbers - old),
            len(old | again),
            whole(min(call.at for call in here)),
            whole(max(call.at for call in here)),
        )
    return found


def queue(calls: Calls, span: Span) -> tuple[object, ...]:
    """Entered, to the end, abandoned, repeated, by hand, abandoned after, median, 95 %."""
    here = [c for c in calls if any(r.treatment is Treatment.ANALYSIS_QUEUE and not r.dry_run for r in c.rows)]
    first: dict[str, tuple[datetime, str]] = {}
    for call in sorted(here, key=lambda c: (c.at, c.rows[0].id)):
        first.setdefault(call.number, (call.at, call.rows[0].id))
    rows = []
    repeated = 0
    for call in inside(calls, span):
        for row in call.rows:
            if not of_kind(call, span):
                continue
            for given in row.treatments:
                if given.treatment is Treatment.ANALYSIS_QUEUE:
                    key = call.at, call.rows[0].id
                    repeated += call.number != "" and first.get(call.number, key) < key
                    rows.append(given)
    stays = sorted(row.ended - row.began for row in rows if row.ended is not None)
    left = [row.ended - row.began for row in rows if row.ended is not None and not row.completed]
    return (
        len(rows),
        sum(row.completed for row in rows),
        sum(not row.completed for row in rows),
        repeated,
        sum(row.by_hand for row in rows),
        statistics.median(left) if left else None,
        statistics.median(stays) if stays else None,
        next((s for s in stays if sum(other <= s for other in stays) >= Fraction(95, 100) * len(stays)), None),
    )


def treatment(calls: Calls, span: Span) -> dict[str, tuple[object, ...]]:
    """Each row of a call says what was done; a source counts once for each thing that was."""
    newest = max(row.started_at for call in calls for row in call.rows)
    first: dict[tuple[str, object], datetime] = {}
    for call in inside(calls, span):
        for row in call.judged:
            arm = "dry_run" if row.dry_run else row.treatment.value
            if call.number and row.review is not Review.OVERTURNED and of_kind(call, span):
                first.setdefault((arm, call.number), call.at)
    found = {}
    for arm in {arm for arm, _ in first}:
        begins = [(at, number) for (name, number), at in first.items() if name == arm]
        cells: list[object] = [len(begins)]
        for days in (1, 7, 30):
            length = timedelta(days=days)
            watched = [(at, number) for at, number in begins if whole(at) + length <= whole(newest)]
            again = [
                at
                for at, number in watched
                if any(c.number == number and c.at > at and whole(c.at) - whole(at) <= length for c in calls)
            ]
            cells += [len(watched), len(again)]
        found[arm] = tuple(cells)
    return found


def whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def agents(calls: Calls, span: Span) -> dict[str, tuple[int, ...]]:
    """Hit, handed over, confirmed, overturned; by agent."""
    counts: dict[str, list[int]] = {}

    def add(who: str, column: int) -> None:
        counts.setdefault(who, [0, 0, 0, 0])[column] += 1

    for call in inside(calls, span):
        rows = call.judged if of_kind(call, span) else []
        good = [row for row in rows if row.review is not Review.OVERTURNED]
        people = {row.agent for row in good}
        for who in people - ({""} if len(people) > 1 else set()):
            add(who, 0)
            if any(row.agent == who and handed(row) for row in good):
                add(who, 1)
        for column, review in ((2, Review.CONFIRMED), (3, Review.OVERTURNED)):
            for who in {row.reviewed_by for row in rows if row.review is review}:
                add(who, column)
    return {who: tuple(numbers) for who, numbers in counts.items()}


def accuracy(calls: Calls, span: Span) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Of flags that the product raised itself: flagged, confirmed, overturned by kind; the last two by rule."""
    kinds: dict[str, list[int]] = {"all": [0, 0, 0]}
    rules: dict[str, list[int]] = {}
    for call in inside(calls, span):
        own = [row for row in call.judged if row.entrance in (Entrance.IN_PATH, Entrance.BESIDE)]
        if not own:
            continue
        kind = GRAVEST[min(GRAVEST.index(row.kind) for row in own)]
        if span.kind not in (None, kind):
            continue
        said = {row.review for row in own}
        for name in ("all", kind or ""):
            cells = kinds.setdefault(name, [0, 0, 0])
            cells[0] += 1
            cells[1] += Review.CONFIRMED in said
            cells[2] += Review.OVERTURNED in said and Review.CONFIRMED not in said
        for column, review in enumerate((Review.CONFIRMED, Review.OVERTURNED)):
            spoke = {e.rule for row in own if row.review is review for e in row.evidence if e.weight > 0}
            for rule in spoke:
                rules.setdefault(rule, [0, 0])[column] += 1
    return {k: tuple(v) for k, v in kinds.items()}, {k: tuple(v) for k, v in rules.items()}


def warnings(calls: Calls, span: Span) -> tuple[dict[tuple[str, int], dict[str, int]], int]:
    """How many came to each step, by what about and level; and the calls after which a pause was offered."""
    steps: dict[tuple[str, int], dict[str, int]] = {}
    pauses = 0
    for call in inside(calls, span):
        if not of_kind(call, span):
            continue
        pauses += any(row.pause_offered for row in call.rows)
        for row in call.rows:
            for given in row.warnings:
                counted = steps.setdefault((given.about, given.level), {})
                counted[given.step] = counted.get(given.step, 0) + 1
    return steps, pauses
