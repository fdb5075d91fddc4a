"""A caller who dials once is counted once, however many rows the call leaves; and every flag counts."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from screener.core.evidence import Kind, Verdict
from screener.events import Entrance, LineClass
from screener.reports.frequency import Bucket, frequency
from screener.reports.sources import sources
from screener.reports.span import SourceBy, Span
from screener.store.bulk import load
from screener.store.history import history
from screener.store.insert import tidy
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord
from tests.store.test_writer import NOON, finished

NUMBER = "+8613800138000"
DIALLED = finished("dialled", number=NUMBER, linkedid="17.1", verdict=Verdict.GENUINE)
BESIDE = finished(
    "beside",
    number=NUMBER,
    linkedid="17.1",
    started_at=NOON + timedelta(seconds=20),
    ended_at=NOON + timedelta(seconds=90),
    entrance=Entrance.BESIDE,
    verdict=Verdict.HARASSMENT,
    kind=Kind.LEWD,
)
BY_HAND = replace(BESIDE, id="hand", entrance=Entrance.BY_HAND, referred_by="8001")

Write = Callable[[CallLog, Sequence[CallRecord]], object]


def one_by_one(log: CallLog, records: Sequence[CallRecord]) -> None:
    for record in records:
        log.write([replace(record, ended_at=None, verdict=None)])
    for record in records:
        log.write([record])


@pytest.fixture(params=["together", "one by one", "bulk"])
def write(request: pytest.FixtureRequest) -> Write:
    return {
        "together": CallLog.write,
        "one by one": one_by_one,
        "bulk": lambda log, records: load(log, map(tidy, records)),
    }[request.param]


def counted(log: CallLog) -> tuple[int, int, int, int]:
    """Calls and flagged calls by time; offered by region, and by number, which the calls themselves tell."""
    (day,) = frequency(log, Span(), Bucket.DAY, UTC).rows
    regions = sources(log, Span(), SourceBy.REGION)
    numbers = sources(log, Span(), SourceBy.NUMBER)
    return day.offered, day.flagged, sum(row.calls for row in regions), sum(row.calls for row in numbers)


def test_a_call_that_goes_on_beside_an_agent_is_one_call_and_its_flag_counts(url: str, write: Write) -> None:
    log = open_log(url)
    write(log, [DIALLED, BESIDE, BY_HAND])
    assert counted(log) == (1, 1, 1, 1)
    write(log, [DIALLED, BESIDE, BY_HAND])
    assert counted(log) == (1, 1, 1, 1), "whoever tries how often"
    with log.reading() as connection:
        known = history(connection, NUMBER, NOON + timedelta(minutes=2))
    assert (known.calls_15min, known.flagged, known.confirmed, known.genuine) == (1, 1, 1, 1)
    log.close()


def test_what_was_only_heard_beside_an_agent_is_a_call_too(url: str, write: Write) -> None:
    log = open_log(url)
    write(log, [BESIDE, replace(BESIDE, id="second leg")])
    assert counted(log) == (1, 1, 1, 1)
    log.close()


def test_a_call_whose_parts_come_in_another_order_is_counted_once(url: str, write: Write) -> None:
    log = open_log(url)
    write(log, [BY_HAND])
    write(log, [BESIDE])
    write(log, [DIALLED])
    assert counted(log) == (1, 1, 1, 1)
    log.close()


def test_calls_of_which_the_pbx_tells_nothing_are_calls_each(url: str, write: Write) -> None:
    log = open_log(url)
    write(log, [replace(DIALLED, linkedid=""), replace(BESIDE, linkedid=""), replace(BESIDE, id="b", linkedid="")])
    assert counted(log) == (3, 2, 3, 3)
    log.close()


def test_a_genuine_end_beside_an_agent_is_a_genuine_past(url: str) -> None:
    log = open_log(url)
    log.write([replace(DIALLED, verdict=Verdict.UNDECIDED), replace(BESIDE, verdict=Verdict.GENUINE, kind=None)])
    with log.reading() as connection:
        assert history(connection, NUMBER, NOON + timedelta(days=1)).genuine == 1
    log.close()


@pytest.mark.parametrize("together", [True, False])
def test_who_called_may_be_told_while_the_call_goes_on_and_is_counted_once(url: str, together: bool) -> None:
    log = open_log(url)
    unknown = replace(BESIDE, number="", line=LineClass.ANONYMOUS, region="", linkedid="", dialled="")
    begun = replace(unknown, ended_at=None, verdict=None)
    named = replace(begun, number=NUMBER, line=LineClass.MOBILE, region="上海", linkedid="s", dialled="8001")
    ended = replace(BESIDE, number=NUMBER, line=LineClass.MOBILE, region="上海", linkedid="s", dialled="8002")
    for records in [[begun, named, ended]] if together else [[begun], [named], [ended]]:
        log.write(records)
    log.write([named, replace(ended, number="+8613700002222")])
    call = log.call(BESIDE.id)
    assert (call.number, call.line, call.region) == (NUMBER, LineClass.MOBILE, "上海"), "over is over"
    assert counted(log) == (1, 1, 1, 1)
    assert [(row.source, row.calls) for row in sources(log, Span(), SourceBy.REGION)] == [("上海", 1)]
    assert [(row.source, row.calls) for row in sources(log, Span(), SourceBy.NUMBER)] == [(NUMBER, 1)]
    log.close()


def test_two_nodes_that_write_the_parts_at_the_same_moment_count_each_call_once(url: str) -> None:
    logs = [open_log(url), open_log(url)]
    calls = [replace(DIALLED, id=f"d{n}", linkedid=f"17.{n}") for n in range(60)]
    beside = [replace(BESIDE, id=f"b{n}", linkedid=f"17.{n}") for n in range(60)]
    start = threading.Barrier(2)

    def node(log: CallLog, records: Sequence[CallRecord]) -> None:
        for record in records:
            start.wait()
            log.write([record])

    threads = [threading.Thread(target=node, args=pair) for pair in zip(logs, (calls, beside), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(logs[0]) == (60, 60, 60, 60)
    for log in logs:
        log.close()
