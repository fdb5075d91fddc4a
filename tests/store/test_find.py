"""Every filter finds what a plain loop over all calls finds, however rare or frequent it is."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from screener.core.evidence import Kind, Treatment, Verdict
from screener.events import LineClass
from screener.reports.facts import facts
from screener.store.bulk import BY_NUMBER
from screener.store.find import find, reviews
from screener.store.insert import tidy
from screener.store.log import CallLog, open_log
from screener.store.offered import LONGEST_CALL
from screener.store.records import CallRecord, Review
from screener.store.wanted import Counted, Wanted
from tests.store.databases import new_log

BEGIN = datetime(2026, 1, 1, 15, 50, tzinfo=UTC)
DAYS = 60
FREQUENT = {
    "queue": "sales",
    "dialled": "95500",
    "line": LineClass.MOBILE,
    "region": "北京市",
    "carrier": "中国移动",
}
RARE = {
    "queue": "complaints",
    "dialled": "96118",
    "line": LineClass.FIXED,
    "region": "上海市",
    "carrier": "中国联通",
}
NOWHERE = {
    "queue": "no",
    "dialled": "1",
    "line": LineClass.ANONYMOUS,
    "region": "西藏拉萨市",
    "carrier": "中国广电",
}


def made(seed: int) -> list[CallRecord]:
    """Calls of two months, of which a few are of another place; some leave a second row, hours later."""
    dice = random.Random(seed)
    calls = []
    for n in range(300):
        at = BEGIN + timedelta(days=dice.randrange(DAYS), seconds=dice.randrange(40_000))
        places = {name: (RARE if dice.random() < 0.03 else FREQUENT)[name] for name in FREQUENT}
        first = CallRecord(
            id=f"{n:04}", started_at=at, ended_at=at, number=f"+861380000{n % 40:04}", linkedid=str(n),
            verdict=dice.choice([Verdict.GENUINE, Verdict.GENUINE, Verdict.HARASSMENT]), **places,
        )  # fmt: skip
        calls.append(first)
        if dice.random() < 0.2:
            later = at + LONGEST_CALL * dice.random()
            odd = {
                "agent": dice.choice(["", "8001", "8002"]),
                "kind": dice.choice([None, Kind.LEWD, Kind.THREAT]),
                "review": dice.choice(list(Review)),
                "treatment": dice.choice([Treatment.NONE, Treatment.ANALYSIS_QUEUE]),
            }
            calls.append(
                CallRecord(id=f"{n:04}b", started_at=later, ended_at=later, linkedid=str(n), **places, **odd)
            )
    return calls


def by_hand(calls: list[CallRecord], **wanted: object) -> list[str]:
    """The newest row of each call that has all that."""
    found: dict[str, str] = {}
    for row in sorted(calls, key=lambda one: (one.started_at, one.id), reverse=True):
        if all(getattr(row, name) == value for name, value in wanted.items()):
            found.setdefault(row.linkedid, row.id)
    return list(found.values())


@pytest.fixture(scope="module", params=[(0, "sqlite"), pytest.param((1, "postgres"), marks=pytest.mark.postgres)])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[CallLog, list[CallRecord]]]:
    """Written once, into each kind of database another: who asks changes nothing."""
    seed, kind = request.param
    url = new_log(request, kind, tmp_path_factory.mktemp("log"))
    log, calls = open_log(url), [tidy(call) for call in made(seed)]
    log.write(sorted(calls, key=lambda one: one.started_at))
    yield log, calls
    log.close()


def test_each_place_and_each_pair_of_them(site: tuple[CallLog, list[CallRecord]]) -> None:
    log, calls = site
    one = [{name: of[name]} for name in FREQUENT for of in (FREQUENT, RARE, NOWHERE)]
    pairs = [first | second for first, second in combinations(one, 2) if first.keys() != second.keys()]
    for wanted in one + pairs:
        found = [call.id for call in find(log, Wanted(**wanted), 1000)]
        assert found == by_hand(calls, **wanted), wanted
        assert [call.id for call in find(log, Wanted(**wanted), 3)] == found[:3]


@pytest.mark.parametrize("days", [(3, 9), (0, 1), (50, 70)])
def test_a_rare_place_of_a_time(site: tuple[CallLog, list[CallRecord]], days: tuple[int, int]) -> None:
    log, calls = site
    since, until = (BEGIN + timedelta(days=day, hours=5) for day in days)
    inside = [call for call in calls if since <= call.started_at < until]
    for name, value in RARE.items():
        found = find(log, Wanted(since=since, until=until, **{name: value}), 1000)
        assert [call.id for call in found] == by_hand(inside, **{name: value}), name


def test_what_few_calls_have(site: tuple[CallLog, list[CallRecord]]) -> None:
    log, calls = site
    odd = [("agent", "8001"), ("agent", "9999"), ("kind", Kind.THREAT), ("kind", Kind.PRANK)]
    odd += [("review", review) for review in Review] + [("treatment", Treatment.ANALYSIS_QUEUE)]
    for (name, value), region in product(odd, ("", "上海市")):
        wanted = {name: value} | ({"region": region} if region else {})
        assert [call.id for call in find(log, Wanted(**wanted), 1000)] == by_hand(calls, **wanted), wanted


@pytest.mark.parametrize(("hour", "weekday"), [(9, None), (None, 2), (9, 2)])
def test_of_a_number_s_few_calls_each_is_looked_at_and_no_day_is_asked_for(
    site: tuple[CallLog, list[CallRecord]], hour: int | None, weekday: int | None
) -> None:
    log, calls = site
    zone = ZoneInfo("Asia/Shanghai")
    number = "+86138000000"
    dialled = {call.linkedid: call.started_at.astimezone(zone) for call in calls if call.number.startswith(number)}
    at = {one: (moment.hour, moment.isoweekday()) for one, moment in dialled.items()}
    own = {one for one, (of, on) in at.items() if hour in (None, of) and weekday in (None, on)}
    then = [call for call in calls if call.linkedid in own]
    wanted = Wanted(number=number, hour=hour, weekday=weekday, zone=zone)
    statements = asked(log, lambda log: find(log, wanted, 1000))
    assert [call.id for call in find(log, wanted, 1000)] == by_hand(then)
    assert then
    assert len(statements) < 10


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallLog]:
    """SQLite tells which index it takes; written once: who asks changes nothing."""
    log = open_log(f"sqlite:///{tmp_path_factory.mktemp('log')}/calls.db")
    log.write(made(0))
    yield log
    log.close()


def asked(log: CallLog, question: Callable[[CallLog], object]) -> list[tuple[str, Any]]:
    """The statements of a question, with their values."""
    seen: list[tuple[str, Any]] = []

    def see(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        seen.append((sql, values))

    event.listen(log.engine, "before_cursor_execute", see)
    question(log)
    event.remove(log.engine, "before_cursor_execute", see)
    return seen


def plan(log: CallLog, sql: str, values: Any) -> list[str]:
    with log.engine.connect() as connection:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(agent="9999"), "ix_calls_agent"),
        (Wanted(kind=Kind.MIMIC), "ix_calls_kind"),
        (Wanted(review=Review.OVERTURNED), "ix_calls_review"),
        (Wanted(treatment=Treatment.LINE_FAULT), "ix_calls_treatment"),
        (Wanted(agent="9999", counted=Counted.FLAGGED), "ix_calls_marked"),
        (Wanted(kind=Kind.MIMIC, counted=Counted.FLAGGED), "ix_calls_marked"),
    ],
)
def test_for_the_few_nobody_reads_all(planned: CallLog, wanted: Wanted, index: str) -> None:
    (*_, last) = asked(planned, lambda log: find(log, wanted, 50))
    assert index in plan(planned, *last)[0]


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda log: reviews(log), "SCAN calls USING COVERING INDEX ix_calls_judged"),
        (
            lambda log: find(log, Wanted(counted=Counted.FLAGGED, review=Review.NONE), 10),
            "SEARCH calls USING INDEX ix_calls_judged (review=?)",
        ),
        (
            lambda log: find(log, Wanted(number="138"), 10),
            f"SEARCH calls USING COVERING INDEX {BY_NUMBER} (number>? AND number<?)",
        ),
        (lambda log: genuine(log), f"SEARCH calls USING COVERING INDEX {BY_NUMBER} (number=?)"),
    ],
    ids=["reviews", "waiting", "number", "genuine"],
)
def test_what_pages_ask_first_is_read_from_an_index_alone(planned: CallLog, ask: Any, index: str) -> None:
    """From a cold disk each page of `calls` beside it would be read alone."""
    first = next(one for one in asked(planned, ask) if one[0].startswith("SELECT") and "FROM calls" in one[0])
    assert index in plan(planned, *first)


def genuine(log: CallLog) -> set[str]:
    with facts(log) as known:
        return known.genuine(["+8613800138000", "+8613800138001"])
