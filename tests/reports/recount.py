"""Every report counted again, slowly and in another way: plain loops over the records that went into the log."""

import statistics
from collections import Counter
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from screener.core.evidence import Treatment, Verdict
from screener.events import Entrance
from screener.reports.span import Span
from screener.store.records import CallRecord, Review
from tests.reports.random_log import ON

Calls = list[CallRecord]


def kept(calls: Calls) -> Calls:
    """What the log makes of a hand-over."""
    for call in calls:
        if call.entrance is Entrance.BY_HAND:
            object.__setattr__(call, "review", Review.CONFIRMED)
            object.__setattr__(call, "reviewed_by", call.referred_by)
            object.__setattr__(call, "agent", call.referred_by)
    return sorted(calls, key=lambda call: call.started_at)


def inside(calls: Calls, span: Span) -> Calls:
    return [
        call
        for call in calls
        if (span.since is None or call.started_at >= span.since)
        and (span.until is None or call.started_at < span.until)
        and (not span.queue or call.dialled == span.queue)
    ]


def own(calls: Calls) -> Calls:
    return [call for call in calls if call.entrance is not Entrance.BY_HAND and not call.id.startswith(ON)]


def flagged(calls: Calls, span: Span) -> Calls:
    return [call for call in reported(calls, span) if call.review is not Review.OVERTURNED]


def reported(calls: Calls, span: Span) -> Calls:
    return [
        call
        for call in calls
        if call.verdict is Verdict.HARASSMENT and (span.kind is None or call.kind is span.kind)
    ]


def local(call: CallRecord, zone: tzinfo) -> datetime:
    return call.started_at.astimezone(zone)


def frequency(calls: Calls, span: Span, form: str, zone: tzinfo) -> dict[str, tuple[object, ...]]:
    """By a format of `strftime`; buckets in which nothing happened are left out."""
    asked = inside(calls, span)
    found = {}
    for bucket in {local(call, zone).strftime(form) for call in asked}:
        here = [call for call in asked if local(call, zone).strftime(form) == bucket]
        bad = flagged(here, span)
        treated = [call for call in bad if call.treatment is not Treatment.NONE and not call.dry_run]
        by_hand = [call for call in bad if call.entrance is Entrance.BY_HAND]
        kinds = Counter(call.kind for call in bad if call.kind)
        if own(here) or bad:
            found[bucket] = (len(own(here)), len(bad), len(treated), len(by_hand), dict(kinds))
    return found


def heat(calls: Calls, span: Span, zone: tzinfo) -> Counter[tuple[int, int]]:
    bad = flagged(inside(calls, span), span)
    return Counter((local(call, zone).weekday() + 1, local(call, zone).hour) for call in bad)


def sources(calls: Calls, span: Span, field: str, letters: int | None = None) -> dict[str, tuple[object, ...]]:
    asked = inside(calls, span)
    bad = flagged(asked, span)
    found = {}
    for source in {getattr(call, field)[:letters] for call in bad}:
        here = [call for call in bad if getattr(call, field)[:letters] == source]
        numbers = {call.number for call in here}
        every = [call for call in own(asked) if getattr(call, field)[:letters] == source]
        old = {
            number
            for number in numbers
            if span.since and any(c.number == number and c.started_at < span.since for c in flagged(calls, Span()))
        }
        again = {n for n in numbers if sum(call.number == n for call in here) > 1}
        found[source] = (
            len(every),
            len(here),
            Fraction(len(here), len(bad)),
            len(numbers),
            len(numbers - old),
            len(old | again),
            min(call.started_at for call in here).replace(microsecond=0),
            max(call.started_at for call in here).replace(microsecond=0),
        )
    return found


def queue(calls: Calls, span: Span) -> tuple[object, ...]:
    """Entered, to the end, abandoned, repeated, by hand, abandoned after, median, 95 %."""

    def entered(call: CallRecord) -> bool:
        return any(row.treatment is Treatment.ANALYSIS_QUEUE for row in call.treatments)

    def earlier(call: CallRecord, other: CallRecord) -> bool:
        if other.number != call.number or call.number == "" or other.treatment is not Treatment.ANALYSIS_QUEUE:
            return False
        before = span.since is not None and other.started_at < span.since and not other.dry_run
        return before or (other in mine and mine.index(other) < mine.index(call))

    mine = [c for c in inside(calls, span) if entered(c) and (span.kind is None or c.kind is span.kind)]
    rows = [row for call in mine for row in call.treatments]
    stays = sorted(row.ended - row.began for row in rows if row.ended is not None)
    left = [row.ended - row.began for row in rows if row.ended is not None and not row.completed]
    return (
        len(rows),
        sum(row.completed for row in rows),
        sum(not row.completed for row in rows),
        sum(any(earlier(call, other) for other in calls) for call in mine),
        sum(row.by_hand for row in rows),
        statistics.median(left) if left else None,
        statistics.median(stays) if stays else None,
        next((s for s in stays if sum(other <= s for other in stays) >= Fraction(95, 100) * len(stays)), None),
    )


def treatment(calls: Calls, span: Span) -> dict[str, tuple[object, ...]]:
    newest = calls[-1].started_at
    bad = [call for call in flagged(inside(calls, span), span) if call.number]
    first: dict[tuple[str, str], CallRecord] = {}
    for call in bad:
        first.setdefault(("dry_run" if call.dry_run else call.treatment.value, call.number), call)
    found = {}
    for arm in {arm for arm, _ in first}:
        begins = [call for (name, _), call in first.items() if name == arm]
        cells: list[object] = [len(begins)]
        for days in (1, 7, 30):
            watched = [c for c in begins if whole(c.started_at) + timedelta(days=days) <= whole(newest)]
            again = [
                c
                for c in watched
                if any(
                    other.number == c.number
                    and other.started_at > c.started_at
                    and whole(other.started_at) - whole(c.started_at) <= timedelta(days=days)
                    for other in own(calls)
                )
            ]
            cells += [len(watched), len(again)]
        found[arm] = tuple(cells)
    return found


def whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def agents(calls: Calls, span: Span) -> dict[str, tuple[int, ...]]:
    asked = inside(calls, span)
    bad, every = flagged(asked, span), reported(asked, span)
    people = {call.agent for call in bad} | {call.reviewed_by for call in every if call.review is not Review.NONE}
    return {
        who: (
            sum(call.agent == who for call in bad),
            sum(call.agent == who and call.entrance is Entrance.BY_HAND for call in bad),
            sum(call.reviewed_by == who and call.review is Review.CONFIRMED for call in every),
            sum(call.reviewed_by == who and call.review is Review.OVERTURNED for call in every),
        )
        for who in people
    }


def accuracy(calls: Calls, span: Span) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    every = reported(inside(calls, span), span)

    def judged(some: Calls) -> tuple[int, ...]:
        return len(some), *(sum(call.review is r for call in some) for r in (Review.CONFIRMED, Review.OVERTURNED))

    kinds = {kind or "": judged([call for call in every if call.kind is kind]) for kind in {c.kind for c in every}}
    looked = [call for call in every if call.review is not Review.NONE]
    rules: dict[str, tuple[int, ...]] = {}
    for rule in {row.rule for call in looked for row in call.evidence if row.weight > 0}:
        hits = [call for call in looked for row in call.evidence if row.rule == rule and row.weight > 0]
        rules[rule] = judged(hits)[1:]
    return {"all": judged(every), **kinds}, rules
