"""The figures of every report are those of an independent recount, on random logs and random questions.

`SCREENER_SEEDS=50 pytest tests/reports/test_recount.py` asks about fifty logs.
"""

import os
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Kind, Treatment
from screener.exchange.asterisk import read_cdr, read_queue_log
from screener.exchange.listfile import BadLine
from screener.numbers.identify import Lines
from screener.reports.accuracy import accuracy, accuracy_page
from screener.reports.agents import agents, agents_page
from screener.reports.facts import facts
from screener.reports.filters import FILTERS, days, wanted
from screener.reports.follow import asked, both
from screener.reports.frequency import Bucket, frequency, frequency_page, heat_page
from screener.reports.layout import Page
from screener.reports.queue import percentile, queue, queue_page
from screener.reports.reader import Reader
from screener.reports.sources import sources, sources_page
from screener.reports.span import SourceBy, Span
from screener.reports.summary import Measures, summary, summary_page, usual_span
from screener.reports.treatment import DAYS as TREATMENT_DAYS
from screener.reports.treatment import treatment, treatment_page
from screener.reports.warnings import warnings, warnings_page
from screener.store.bulk import load
from screener.store.find import find
from screener.store.insert import tidy
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord, Review, TreatmentRow
from screener.store.wanted import Wanted
from screener.words.judgement import Teller
from tests.reports import recount
from tests.reports.random_history import ANALYSIS, History, random_history
from tests.reports.random_log import BEGIN, DAYS, DIALLED, QUEUES, SPELLINGS, edge, random_calls
from tests.store.databases import new_log

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "UTC", "Asia/Kathmandu", "America/New_York")]
FORMS = {
    Bucket.HOUR: "%H",
    Bucket.WEEKDAY: "%u",
    Bucket.DAY: "%Y-%m-%d",
    Bucket.WEEK: "%G-W%V",
    Bucket.MONTH: "%Y-%m",
}
LETTERS = {SourceBy.PREFIX: ("number", 10), SourceBy.NUMBER: ("number", None)}
LINES = Lines()
QUESTIONS = 8
SEEDS = int(os.environ.get("SCREENER_SEEDS", "2"))


def questions(seed: int) -> list[tuple[Span, ZoneInfo]]:
    dice = random.Random(seed)
    spans = [Span()]
    for _ in range(QUESTIONS):
        since, until = edge(dice), edge(dice)
        if since and until and since > until:
            since, until = until, since
        kind = dice.choice((None, None, Kind.PRANK))
        queue, dialled = dice.choice(("", "", *QUEUES)), dice.choice(("", "", "", *DIALLED))
        spans.append(Span(since, until, kind, queue, dialled))
    return [(span, dice.choice(ZONES)) for span in spans]


POSTGRES = pytest.mark.postgres
WAYS = "writer", "bulk"
LOGS = [
    log
    for seed in range(SEEDS)
    for log in (
        (seed, "sqlite", WAYS[seed % 2]),
        pytest.param((seed, "postgres", WAYS[1 - seed % 2]), marks=POSTGRES),
    )
]
"""Random calls by their seed, the kind of database, and the way in; the ways take turns."""


@pytest.fixture(scope="module", params=LOGS, ids=lambda made: "-".join(map(str, made)))
def made(request: pytest.FixtureRequest) -> tuple[int, str, str]:
    seed, kind, way = request.param
    return seed, kind, way


@pytest.fixture(scope="module")
def seed(made: tuple[int, str, str]) -> int:
    return made[0]


@cache
def calls_of(seed: int) -> list[CallRecord]:
    """That the product itself has seen."""
    return random_calls(seed)


@cache
def history_of(seed: int) -> History:
    """Of the same site: some of its calls are in the log already, seen by the product itself."""
    return random_history(seed, sorted({call.linkedid for call in calls_of(seed) if call.linkedid}))


def bring_in(log: CallLog, history: History) -> list[BadLine]:
    """Import both files as `screener import` does; what could not be read."""
    bad: list[BadLine] = []

    def good(found: Iterable[CallRecord | BadLine]) -> Iterator[CallRecord]:
        for item in found:
            if isinstance(item, BadLine):
                bad.append(item)
            else:
                yield tidy(item)

    load(log, good(read_queue_log(history.queue_log, LINES.identify, {ANALYSIS})))
    load(log, good(read_cdr(history.cdr, LINES.identify, UTC, is_extension=LINES.is_extension)))
    return bad


@pytest.fixture(scope="module")
def log(
    request: pytest.FixtureRequest, made: tuple[int, str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CallLog]:
    """Written once: who asks changes nothing."""
    seed, kind, way = made
    calls, history = calls_of(seed), history_of(seed)
    opened = open_log(new_log(request, kind, tmp_path_factory.mktemp("log")))
    if way == "bulk":
        load(opened, map(tidy, calls))
        load(opened, map(tidy, calls))
    else:
        opened.write(calls)
        opened.write(calls[:50])
        with opened.writing() as connection:  # the reviews that `write` leaves to people
            for call in calls:
                if call.reviewed_by:
                    table = "UPDATE calls SET review = %r, reviewed_by = %r WHERE id = %r"
                    values = (call.review.value, call.reviewed_by, call.id)
                    connection.exec_driver_sql(table % values)
    for _ in range(2):  # a second import changes nothing
        bad = bring_in(opened, history)
        assert [line.reason.partition(" ")[0] for line in bad] == ["call"] * history.halves
    yield opened
    opened.close()


@cache
def kept_of(seed: int) -> recount.Calls:
    return recount.kept([*calls_of(seed), *history_of(seed).calls])


@pytest.fixture
def calls(seed: int) -> recount.Calls:
    return kept_of(seed)


def test_every_report_equals_its_recount(log: CallLog, calls: recount.Calls, seed: int) -> None:
    for span, zone in questions(seed):
        check_frequency(log, calls, span, zone)
        check_sources(log, calls, span)
        check_queue(log, calls, span, zone)
        found = {
            row.arm: (row.sources, *(n for w in row.windows for n in (w.watched, w.again)))
            for row in treatment(log, span)
        }
        assert found == recount.treatment(calls, span), span
        people = {row.agent: (row.hit, row.by_hand, row.confirmed, row.overturned) for row in agents(log, span)}
        assert people == recount.agents(calls, span), span
        check_accuracy(log, calls, span)
        check_warnings(log, calls, span)


def check_frequency(log: CallLog, calls: recount.Calls, span: Span, zone: ZoneInfo) -> None:
    heat = dict(recount.heat(calls, span, zone))
    for by, form in FORMS.items():
        answer = frequency(log, span, by, zone)
        rows = {
            row.bucket: (row.offered, row.flagged, row.treated, row.by_hand, row.by_kind)
            for row in answer.rows
            if row.offered or row.flagged
        }
        assert rows == recount.frequency(calls, span, form, zone), (span, zone, by)
        assert [row.bucket for row in answer.rows] == sorted({row.bucket for row in answer.rows})
        assert dict(answer.heat) == heat


def check_sources(log: CallLog, calls: recount.Calls, span: Span) -> None:
    for by in SourceBy:
        field, letters = LETTERS.get(by, (by.value, None))
        rows = sources(log, span, by, 1000)
        found = {
            row.source: (
                row.calls,
                row.flagged,
                pytest.approx(row.share),
                row.numbers,
                row.new,
                row.returning,
                row.first,
                row.last,
            )
            for row in rows
        }
        assert found == recount.sources(calls, span, field, letters), (span, by)
        assert [row.flagged for row in rows] == sorted((row.flagged for row in rows), reverse=True)


def check_queue(log: CallLog, calls: recount.Calls, span: Span, zone: ZoneInfo) -> None:
    answer = queue(log, span, Bucket.DAY, zone)
    every, automatic, by_hand = answer.ways
    cells = (every.entered, every.to_the_end, every.abandoned, every.repeated, every.by_hand)
    expected = recount.queue(calls, span)
    assert (*cells, every.abandoned_after, every.stay_median, every.stay_p95) == expected, span
    assert automatic.entered + by_hand.entered == every.entered
    assert by_hand.entered == by_hand.by_hand == every.by_hand
    assert sum(row.entered for row in answer.periods) == every.entered


def check_accuracy(log: CallLog, calls: recount.Calls, span: Span) -> None:
    answer = accuracy(log, span)
    kinds, rules = recount.accuracy(calls, span)
    found = {row.name: (row.flagged, row.confirmed, row.overturned) for row in answer.kinds}
    assert found == kinds, span
    assert {row.name: (row.confirmed, row.overturned) for row in answer.rules} == rules, span


def check_warnings(log: CallLog, calls: recount.Calls, span: Span) -> None:
    answer = warnings(log, span)
    steps, pauses = recount.warnings(calls, span)
    found = {(row.about, row.level): {step: n for step, n in row.steps.items() if n} for row in answer.rows}
    assert found == steps, span
    assert answer.pauses == pauses, span
    levels = [[row.level for row in answer.rows if row.about == about] for about, _ in steps]
    assert all(of_one == sorted(of_one, key=lambda level: level or 99) for of_one in levels), "the end comes last"


def test_warnings_and_pauses_are_in_the_random_logs(calls: recount.Calls) -> None:
    steps, pauses = recount.warnings(calls, Span())
    assert pauses > 10 and len(steps) == 9
    assert len({step for counted in steps.values() for step in counted}) == 7


def test_the_summary_says_what_the_reports_say(log: CallLog, calls: recount.Calls, seed: int) -> None:
    for question, zone in questions(seed):
        span = usual_span(question, BEGIN + timedelta(days=DAYS))
        answer = summary(log, span, zone)
        assert answer.before.until == span.since
        for measures, period in ((answer.now, span), (answer.then, answer.before)):
            check_measures(measures, calls, period)
        by_day = recount.frequency(calls, span, FORMS[Bucket.DAY], zone)
        assert {row.bucket: row.flagged for row in answer.days.rows if row.flagged} == {
            day: row[1] for day, row in by_day.items() if row[1]
        }
        bad = recount.flagged(recount.inside(calls, span), span)
        assert answer.kinds == Counter(call.kind or "" for call in bad)
        assert sum(answer.kinds.values()) == answer.now.flagged <= answer.now.offered
        assert answer.treatments == treatment(log, span)
        for rows, by in ((answer.top, SourceBy.NUMBER), (answer.regions, SourceBy.REGION)):
            assert rows == sources(log, span, by, 5)


def test_every_figure_of_every_report_can_be_followed_to_its_calls(
    log: CallLog, made: tuple[int, str, str]
) -> None:
    """What a row's filter lists is as many as the row says: by the very words of the console's links.

    Of two questions about a log each kind of database is asked another.
    """
    seed, kind, _ = made
    dice = random.Random(seed)
    span, zone = dice.sample(questions(seed), 2)[kind == "postgres"]
    end = BEGIN + timedelta(days=DAYS)
    reader = Reader("", Teller("zh", {}), zone, None, end)
    for page in pages_of(log, span, zone, reader):
        follow_some(log, page, span, zone, dice)
    whole = usual_span(span, end)
    follow_some(log, summary_page(summary(log, whole, zone), reader), whole, zone, dice)


UNCOUNTED = {"first", "last", "low_share", "high_share", "change_share"}
"""Times, the ends of an interval, and a change: none of them counts calls."""


def test_every_column_with_figures_leads_to_calls(log: CallLog) -> None:
    reader = Reader("", Teller("zh", {}), ZONES[0], None, BEGIN + timedelta(days=DAYS))
    for page in pages_of(log, Span(), ZONES[0], reader):
        for sheet in page.sheets:
            figures = {
                key for n, key in enumerate(sheet.keys) if sheet.type_of(n) not in ("text", "phone", "time")
            }
            assert figures - UNCOUNTED <= sheet.asks.keys(), sheet.name


def pages_of(log: CallLog, span: Span, zone: ZoneInfo, reader: Reader) -> Iterator[Page]:
    """Every report that needs no end of its time."""
    for by in Bucket:
        yield frequency_page(frequency(log, span, by, zone), span, by, reader)
        yield queue_page(queue(log, span, by, zone), span, by, reader)
    yield heat_page(frequency(log, span, Bucket.HOUR, zone), span, reader)
    for source in SourceBy:
        yield sources_page(sources(log, span, source, 1000), span, source, reader)
    yield treatment_page(treatment(log, span), span, reader)
    yield agents_page(agents(log, span), span, reader)
    yield warnings_page(warnings(log, span), span, reader)
    yield accuracy_page(accuracy(log, span), span, reader)


def follow_some(log: CallLog, page: Page, span: Span, zone: ZoneInfo, dice: random.Random) -> None:
    """A figure of each column."""
    for sheet in page.sheets:
        for key, what in sheet.asks.items():
            rows = list(zip(sheet.rows, sheet.row_asks, strict=True))
            for row, where in dice.sample(rows, min(1, len(rows))):
                if (asks := both(where, what)) is not None:
                    figure = row[list(sheet.keys).index(key)]
                    measure = str(getattr(row[0], "code", "")) if key in ("now", "then") else key
                    query = asked(span, asks, zone)
                    assert set(query) <= {*FILTERS, "since", "until"}
                    if (part := PARTS.get(measure)) in sheet.keys:  # a share leads to what it is the share of
                        figure, measure = row[list(sheet.keys).index(part)], part
                    told = listed(log, measure, query, zone)
                    if measure == "share":  # of the summary
                        every = {name: value for name, value in query.items() if name != "flagged"}
                        told = told / offered if (offered := listed(log, "offered", every, zone)) else None
                    assert told == (figure and pytest.approx(figure)), (span, zone, sheet.name, key, row, query)


PARTS = {
    "share": "flagged",
    "confirmed_share": "confirmed",
    **{f"again_{days}_share": f"again_{days}" for days in TREATMENT_DAYS},
}
"""What a share is the share of."""


@cache
def rows_of(log: CallLog, call_id: str) -> list[CallRecord]:
    """Of a log that does not change any more."""
    return log.rows_of(call_id)


@cache
def found(log: CallLog, asked: Wanted) -> list[CallRecord]:
    """The calls that are listed: many figures of a report lead to the same list."""
    calls = find(log, asked, 100_000)
    assert len({call.linkedid or call.id for call in calls}) == len(calls), "each call once"
    return calls


def listed(log: CallLog, measure: str, query: dict[str, str], zone: ZoneInfo) -> float | None:
    """What a measure counts of the calls that are listed."""
    calls = found(log, wanted(query, *days(query, zone), LINES, zone))
    match measure:
        case "numbers" | "new" | "returning" | "sources":  # each counts once, and withheld ones never
            return len({call.number for call in calls} - {""})
        case "entered" | "to_the_end" | "abandoned" | "by_hand" | "repeated" if "entered" in query:
            return len(entries(log, calls, query))  # a call may come into the analysis queue more than once
        case "abandoned_after_seconds" | "stay_median_seconds" | "stay_median" | "stay_p95_seconds":
            stays = sorted(s.ended - s.began for s in entries(log, calls, query) if s.ended is not None)
            if not stays:
                return None
            return percentile(stays, 0.95) if "p95" in measure else statistics.median(stays)
        case step if step.startswith("step_"):  # and have several warnings
            steps = [
                (w.about, str(w.level), w.step)
                for call in calls
                for row in rows_of(log, call.id)
                for w in row.warnings
            ]
            return steps.count((query["warned"], query["level"], query["step"]))
        case _:
            return len(calls)


def entries(log: CallLog, calls: list[CallRecord], query: Mapping[str, str]) -> list[TreatmentRow]:
    given = [given for call in calls for row in rows_of(log, call.id) for given in row.treatments]
    told = [
        (one, "by_hand" if one.by_hand else "automatic", "to_the_end" if one.completed else "abandoned")
        for one in given
        if one.treatment is Treatment.ANALYSIS_QUEUE
    ]
    return [one for one, way, stay in told if query.get("way", way) == way and query.get("stay", stay) == stay]


def check_measures(found: Measures, calls: recount.Calls, period: Span) -> None:
    asked = recount.inside(calls, period)
    bad = recount.flagged(asked, period)
    entered, to_the_end, *_, stay_median, _ = recount.queue(calls, period)
    every = recount.reported(asked, period)
    before = recount.flagged(recount.inside(calls, Span(until=period.since)), Span())
    assert found == Measures(
        offered=len(asked),
        flagged=len(bad),
        treated=sum(call.treated for call in bad),
        by_hand=sum(call.by_hand for call in bad),
        numbers=len({call.number for call in bad} - {""}),
        new=len({call.number for call in bad} - {call.number for call in before} - {""}),
        confirmed=sum(any(row.review is Review.CONFIRMED for row in call.judged) for call in bad),
        overturned=len(every) - len(bad),
        entered=entered,  # type: ignore[arg-type]
        to_the_end=to_the_end,  # type: ignore[arg-type]
        stay_median=stay_median,  # type: ignore[arg-type]
    ), period


def test_every_writing_of_a_number_is_that_number() -> None:
    lines = Lines()
    assert {raw: lines.identify(raw).number for written in SPELLINGS.values() for raw in written} == {
        raw: number for number, written in SPELLINGS.items() for raw in written
    }


def test_no_report_reads_all_calls(url: str, tmp_path: object) -> None:
    """SQLite says for each question which index it takes; `SCAN calls` would be the whole table."""
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL chooses by what the tables hold")
    log = open_log(url)
    load(log, map(tidy, random_calls(0)))
    seen: list[tuple[str, object]] = []
    span = Span(BEGIN, BEGIN.replace(month=3, day=20))
    with facts(log) as known:
        spy(known._connection, lambda sql, values: seen.append((sql, values)))
        known.marked(span), known.offered_by_quarter(span), known.offered_by_place(span, "region")
        known.offered_by_number(span, ["+861"]), known.offered_by_prefix(span, ["+861380013"])
        known.flagged_before(span.since), known.first_queued(span.until)
        known.stays(span), known.stays(Span()), known.returns(span), known.judged_rules(span), known.newest()
        known.pauses(Span()), known.warned(Span()), known.known("queue"), known.totals(span), known.flags(span)
    assert len(seen) >= 17
    with log.engine.connect() as connection:
        for sql, values in seen:
            plan = "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
            for of_few in ("COVERING INDEX ix_calls_marked", "INDEX ix_calls_rests"):
                plan = plan.replace(f"SCAN calls USING {of_few}", "")
            assert "SCAN calls" not in plan, sql + plan
            # Beginning with the treatments would look for every call among all pages of the table.
            assert "SCAN treatments" not in plan, sql + plan
    log.close()


def spy(connection: object, see: Callable[[str, object], None]) -> None:
    from sqlalchemy import event

    @event.listens_for(connection, "before_cursor_execute")
    def before(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        see(sql, values)
