"""An Asterisk's history comes in whole, once, and a broken line costs that line only."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Treatment, Verdict
from screener.events import Caller, EndedBy, LineClass
from screener.exchange import asterisk
from screener.exchange.asterisk import read_queue_log
from screener.exchange.listfile import BadLine
from screener.numbers.identify import Lines
from screener.outside.text import is_number, is_pbx_id, visible
from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.log import open_log
from screener.store.records import CallRecord, Review
from screener.words.told import told

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")

QUEUE_LOG = """\
1772000000|NONE|NONE|NONE|QUEUESTART|
1772000010|100.1|sales|NONE|ENTERQUEUE||13800138000|1
1772000015|100.1|sales|Agent/8001|CONNECT|5|100.2|3
1772000020|100.3|sales|NONE|ENTERQUEUE||02012345678|2
broken
1772000030|100.3|sales|NONE|ABANDON|2|2|10
1772000060|100.1|sales|Agent/8001|COMPLETECALLER|5|45|1
177200007x|100.4|sales|NONE|ENTERQUEUE||1|1
1772000070|100.1|analysis|NONE|ENTERQUEUE||13800138000|1
1772000090|100.1|analysis|NONE|ABANDON|1|1|20
1772000100|100.9|sales|Agent/8001|CONNECT|5|100.2|3
1772000200|100.5|sales|NONE|ENTERQUEUE||13900139000|1
1772000210|100.5|sales|NONE|EXITWITHTIMEOUT|1|1|10
1772000211|100.5|second|NONE|ENTERQUEUE||13900139000|1
1772000220|100.5|second|Agent/8002|CONNECT|9|100.6|2
1772000260|100.5|second|Agent/8002|COMPLETEAGENT|9|40|1
1772000300|100.7|sales|NONE|ENTERQUEUE||13700137000|1
"""


def identify(number: str) -> Caller:
    return Caller(number, line=LineClass.INTERNAL if len(number) < 6 else LineClass.MOBILE)


def read_cdr(lines: Iterable[bytes], *rest: Any) -> Iterator[CallRecord | BadLine]:
    """At a site whose extensions have four digits."""
    return asterisk.read_cdr(lines, *rest, is_extension=lambda name: name.isdigit() and len(name) == 4)


def sort(found: object) -> tuple[dict[str, CallRecord], list[BadLine]]:
    items = list(found)  # type: ignore[call-overload]
    calls = {item.id: item for item in items if isinstance(item, CallRecord)}
    return calls, [item for item in items if isinstance(item, BadLine)]


def test_calls_of_a_queue_log() -> None:
    calls, bad = sort(read_queue_log(QUEUE_LOG.encode().splitlines(), identify, {"analysis"}))
    assert [line.number for line in bad] == [5, 8, 11, 17]
    assert "100.9 began in an earlier file" in bad[2].reason
    assert "100.7 is not over" in bad[3].reason
    assert set(calls) == {"pbx-100.1", "pbx-100.3", "pbx-100.5"}

    left = calls["pbx-100.3"]
    assert (left.number, left.queue, left.ended_by, left.answered_at) == (
        "02012345678",
        "sales",
        EndedBy.CALLER,
        None,
    )
    assert left.verdict is None
    assert left.ended_at == EPOCH + timedelta(seconds=1772000030)

    moved = calls["pbx-100.5"]
    assert (moved.queue, moved.dialled, moved.agent, moved.ended_by) == ("sales", "", "8002", EndedBy.AGENT)
    assert moved.answered_at == EPOCH + timedelta(seconds=1772000220)


def test_a_queue_that_stood_for_harassment_makes_confirmed_flags() -> None:
    calls, _ = sort(read_queue_log(QUEUE_LOG.encode().splitlines(), identify, {"analysis"}))
    flag = calls["pbx-100.1"]
    assert (flag.verdict, flag.treatment, flag.review) == (
        Verdict.HARASSMENT,
        Treatment.ANALYSIS_QUEUE,
        Review.CONFIRMED,
    )
    assert (flag.flagged_at, flag.reviewed_by, flag.agent) == (55.0, "8001", "8001")
    (stay,) = flag.treatments
    assert (stay.began, stay.ended, stay.completed, stay.by_hand) == (55.0, 75.0, False, True)
    plain, _ = sort(read_queue_log(QUEUE_LOG.encode().splitlines(), identify))
    assert plain["pbx-100.1"].verdict is None


def test_what_happened_before_the_answer_is_told_at_its_time() -> None:
    """A call that nobody answered counts from its beginning; one answered later was in the queue before."""
    alone = """\
1772000000|9.1|analysis|NONE|ENTERQUEUE||13800138000|1
1772000020|9.1|analysis|NONE|EXITWITHTIMEOUT|1|1|20
"""
    later = alone + "1772000021|9.1|sales|NONE|ENTERQUEUE||13800138000|1\n"
    later += (
        "1772000030|9.1|sales|Agent/8001|CONNECT|9|x|1\n1772000040|9.1|sales|Agent/8001|COMPLETEAGENT|9|10|1\n"
    )
    for log, began in ((alone, 0.0), (later, -30.0)):
        calls, _ = sort(read_queue_log(log.encode().splitlines(), identify, {"analysis"}))
        call = calls["pbx-9.1"]
        (stay,) = call.treatments
        assert stay.began == call.flagged_at == began
        assert call.audio_began + timedelta(seconds=stay.began) == EPOCH + timedelta(seconds=1772000000)
        assert (stay.agent, call.review) == ("", Review.NONE), "no agent had it before"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *((written, "") for written in ("-", "", "138****8000", "unknown", "0000000000")),
        ("０１０９５５８８", "95588"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("86-95588", "95588"),
    ],
)
def test_a_caller_in_whatever_writing_is_a_call(written: str, number: str) -> None:
    log = QUEUE_LOG.splitlines()[1].replace("13800138000", written)
    calls, bad = sort(read_queue_log([log.encode(), QUEUE_LOG.splitlines()[6].encode()], Lines().identify))
    assert ([call.number for call in calls.values()], bad) == ([number], [])
    line = leg("1.1", written, "95000", "PJSIP/t-1", "PJSIP/8001", "09:00:00", "09:00:05", "09:01:00")
    (found,) = read_cdr([line.encode()], Lines().identify, SHANGHAI)
    assert isinstance(found, CallRecord) and found.number == number


def test_a_caller_that_is_none_costs_the_call_and_is_not_said_to_begin_elsewhere() -> None:
    log = QUEUE_LOG.replace("|13800138000|", "|[/nope]|").splitlines()
    calls, bad = sort(read_queue_log([line.encode() for line in log], identify))
    assert "pbx-100.1" not in calls
    assert [line.number for line in bad][:2] == [2, 5]
    assert not any("100.1" in line.reason for line in bad)


def test_whoever_a_queue_rang_is_an_agent_by_whatever_name() -> None:
    def agent(to: str, app: str, data: str) -> str:
        cells = "", "13800138000", "s", "x", "", "PJSIP/trunk-00000001", to, app, data
        times = "2026-03-01 09:00:00", "2026-03-01 09:00:05", "2026-03-01 09:01:00"
        row = ",".join(f'"{cell}"' for cell in (*cells, *times, "60", "55", "ANSWERED", "", "1.1", "", "1.1"))
        (found,) = read_cdr([row.encode()], identify, SHANGHAI)
        assert isinstance(found, CallRecord)
        return found.agent

    assert agent("PJSIP/wang-li-00000002", "Queue", "sales,t") == "wang-li"
    assert agent("PJSIP/wang-li-00000002", "Dial", "PJSIP/li&PJSIP/wang-li,20,tT") == "wang-li"
    assert agent("PJSIP/8001-00000002", "Dial", "PJSIP/8001/sip:8001@192.0.2.1") == "8001"
    assert agent("PJSIP/carrier-00000002", "Dial", "PJSIP/13900139000@carrier,60") == "", "a line out"


def test_why_a_line_was_skipped_is_told_in_chinese() -> None:
    head = "src,dst,start,answer,end,disposition,uniqueid"
    rows = [
        "[/nope],1,2026-03-01 09:00:00,,2026-03-01 09:00:00,,7.1",
        "1,\x1b,2026-03-01 09:00:00,,2026-03-01 09:00:00,,7.1",
        "1,1,2026-03-01 09:00:00,,2026-03-01 08:00:00,,7.1",
        "1,1,2026-03-01 09:00:00,,2026-03-01 09:00:00,,",
        "1,1,2026-03-01 09:00:00,,2026-03-01 09:00:00,,../x",
        "1,1,noon,,2026-03-01 09:00:00,,7.1",
        '1,"1',
        "1,1",
    ]
    lines = [line.encode() for line in (head, *rows)]
    found = [
        *read_cdr([*lines, b"\xff\xff"], identify, SHANGHAI),
        *read_cdr([b"uniqueid,start,a,b", b"7.1,1,,"], identify, SHANGHAI),
    ]
    assert len(found) == len(rows) + 2
    log = [
        *TORN,
        *QUEUE_LOG.splitlines(),
        "1772000000|9.1|x|y|ABANDON",
        "17720000000|9.1|x|y|ABANDON",
        "abc|9.1|x|y|ABANDON",
        "1772000000|9.1|x|y|Abandon",
    ]
    found += read_queue_log([*(line.encode() for line in log), b"1772000000|9.1|x|y|ABANDON"], identify)
    for bad in found:
        if isinstance(bad, BadLine):
            said = told(bad.reason, "zh")
            assert re.search(r"[\u4e00-\u9fff]", said) and not re.search(r"[a-z]{2,} [a-z]{2,}", said), said


def test_a_restart_of_the_pbx_ends_what_was_up() -> None:
    lines = QUEUE_LOG + "1772009999|NONE|NONE|NONE|QUEUESTART|\n"
    calls, _ = sort(read_queue_log(lines.encode().splitlines(), identify))
    assert calls["pbx-100.7"].ended_by is EndedBy.FAULT


CDR = (
    '"","13800138000","95000","from-trunk","""王"" <13800138000>","PJSIP/t-1","PJSIP/8001","Queue","sales",'
    '"2026-03-01 09:00:00","2026-03-01 09:00:05","2026-03-01 09:01:00",60,55,"ANSWERED","DOCUMENTATION",'
    '"200.1","","200.1"\n'
    '"","8001","13800138000","internal","","PJSIP/8001","","Dial","","2026-03-01 09:00:00","",'
    '"2026-03-01 09:01:00",60,0,"NO ANSWER","","200.2","","200.2"\n'
    '"","13800138000","8001","from-trunk","","a","","Dial","","2026-03-01 09:00:04","",'
    '"2026-03-01 09:01:00",60,0,"NO ANSWER","","200.3","","200.1"\n'
    '"unfinished\n'
    '"","13900139000","95000","other","","a","","Dial","","2026-13-01 09:00:04","","2026-03-01 09:01:00",'
    '60,0,"NO ANSWER","","200.4"\n'
    '"","13900139000","95000","other","","a","","Dial","","2026-03-01 09:00:04","","2026-03-01 09:01:00",'
    '60,0,"NO ANSWER","","200.5"\n'
)


def test_calls_of_a_cdr_file() -> None:
    found = list(read_cdr(CDR.encode().splitlines(), identify, SHANGHAI))
    assert [item.number for item in found if isinstance(item, BadLine)] == [4, 5]
    calls = [item for item in found if isinstance(item, CallRecord)]
    assert [call.id for call in calls] == ["pbx-200.1", "pbx-200.5"]
    first = calls[0]
    assert first.started_at == datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    assert first.answered_at == datetime(2026, 3, 1, 1, 0, 5, tzinfo=UTC)
    assert (first.number, first.dialled, first.uniqueid) == ("13800138000", "95000", "200.1")
    assert (first.queue, first.agent) == ("sales", "8001")
    assert calls[1].answered_at is None
    (only,) = [
        c for c in read_cdr(CDR.encode().splitlines(), identify, SHANGHAI, {"other"}) if isinstance(c, CallRecord)
    ]
    assert only.id == "pbx-200.5"


def leg(uniqueid: str, source: str, dialled: str, channel: str, to: str, begin: str, answer: str, end: str) -> str:
    day = "2026-03-01"
    times = f"{day} {begin}", f"{day} {answer}" if answer else "", f"{day} {end}"
    state = "ANSWERED" if answer else "NO ANSWER"
    cells = (
        "",
        source,
        dialled,
        "from-trunk",
        "",
        channel,
        to,
        "Dial",
        "",
        *times,
        "60",
        "0",
        state,
        "",
        uniqueid,
    )
    return ",".join(f'"{cell}"' for cell in (*cells, "", "300.1"))


def test_the_legs_of_a_call_are_one_call_in_whatever_order_they_stand() -> None:
    """The PBX writes a leg when it ends: what rang in vain first, the caller's own last."""
    legs = [
        leg(
            "300.2",
            "13800138000",
            "8001",
            "Local/8001@agents-0000001a;2",
            "PJSIP/8001-01",
            "09:00:10",
            "",
            "09:00:20",
        ),
        leg(
            "300.4",
            "13800138000",
            "s",
            "PJSIP/trunk-00000001",
            "PJSIP/8002-0000000b",
            "09:00:21",
            "09:00:25",
            "09:03:00",
        ),
        leg("300.1", "13800138000", "4008001234", "PJSIP/trunk-00000001", "", "09:00:00", "09:00:02", "09:03:01"),
    ]
    for order in (legs, legs[::-1]):
        (call,) = read_cdr([line.encode() for line in order], identify, SHANGHAI)
        assert isinstance(call, CallRecord)
        begin = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
        assert (call.started_at, call.answered_at) == (begin, begin + timedelta(seconds=2))
        assert call.ended_at == begin + timedelta(seconds=181)
        assert (call.number, call.dialled, call.agent) == ("13800138000", "4008001234", "8002")


def test_an_outbound_call_has_no_caller_from_outside() -> None:
    out = leg(
        "300.1",
        "05718888000",
        "13800138000",
        "PJSIP/8001-0000000b",
        "PJSIP/trunk-1",
        "09:00:00",
        "09:00:02",
        "09:01:00",
    )
    assert list(read_cdr([out.encode()], identify, SHANGHAI)) == []


def test_a_head_line_names_the_columns_and_old_sites_write_gb18030() -> None:
    lines = [
        b"start,end,answer,src,dst,disposition,uniqueid,clid",
        "2026-03-01 09:00:00,2026-03-01 09:01:00,,13800138000,95000,NO ANSWER,7,王".encode("gb18030"),
    ]
    (call,) = read_cdr(lines, identify, SHANGHAI)
    assert isinstance(call, CallRecord)
    assert (call.id, call.number) == ("pbx-7", "13800138000")


def test_twice_and_from_both_files_is_once(url: str) -> None:
    log = open_log(url)
    queue_log = QUEUE_LOG.replace("100.3", "200.5").encode().splitlines()

    def calls(found: object) -> list[CallRecord]:
        return [tidy(call) for call in sort(found)[0].values()]

    assert load(log, calls(read_queue_log(queue_log, identify))) == 3
    before = log.calls(limit=None)
    assert load(log, calls(read_queue_log(queue_log, identify))) == 0
    assert log.calls(limit=None) == before
    assert load(log, calls(read_cdr(CDR.encode().splitlines(), identify, SHANGHAI))) == 1
    assert len(log.calls(limit=None)) == 4
    log.close()


@given(st.lists(st.binary(max_size=60) | st.sampled_from(QUEUE_LOG.encode().splitlines())))
def test_no_line_stops_the_reading(lines: list[bytes]) -> None:
    for found in read_queue_log(lines, identify, {"analysis"}):
        assert isinstance(found, CallRecord | BadLine)
    for found in read_cdr(lines, identify, SHANGHAI):
        assert isinstance(found, CallRecord | BadLine)


def test_what_cannot_be_read_is_a_bad_line_not_an_end(tmp_path: Path) -> None:
    lines = [
        b"\xff\xff|x",
        b"1e400|a|b|c|ENTERQUEUE",
        b"nan|a|b|c|ENTERQUEUE",
        b"1772000010|||NONE|ENTERQUEUE||1|1",
    ]
    calls, bad = sort(read_queue_log(lines, identify))
    assert (calls, [line.number for line in bad]) == ({}, [1, 2, 3, 4])


TORN = [
    "1772000010|../../etc/x|sales|NONE|ENTERQUEUE||13800138000|1",
    "1772000010|1 2|sales|NONE|ENTERQUEUE||13800138000|1",
    "1772000010|100.1|sales|NONE|ENTERQUEUE||13800138000 <x>|1",
    "1772000010|100.1|sales|NONE|ENTERQUEUE||[/nope]|1",
    "1772000010|100.1|sales|NONE|ENTERQUEUE||=1+1|1",
    "1772000010|100.1|sales|NONE|ENTERQUEUE||\x1b[2J|1",
    "1772000010|100.1|sa\x1bles|NONE|ENTERQUEUE||13800138000|1",
    "1772000010|100.1|sales|NO\x07NE|ENTERQUEUE||13800138000|1",
]


def test_ids_and_numbers_of_another_shape_are_refused_and_named() -> None:
    for line in TORN:
        calls, bad = sort(read_queue_log([line.encode()], identify, {"sales"}))
        assert (calls, [item.number for item in bad]) == ({}, [1]), line
    wrong = [("src", "[/nope]"), ("src", "1\x1b2"), ("uniqueid", "../x"), ("linkedid", "../x"), ("dst", "\x1b")]
    for column, value in wrong:
        row = {
            "src": "13800138000", "dst": "95000", "start": "2026-03-01 09:00:00", "answer": "",
            "end": "2026-03-01 09:01:00", "disposition": "NO ANSWER", "uniqueid": "7.1", "linkedid": "7.1",
        } | {column: value}  # fmt: skip
        lines = [",".join(row), ",".join(f'"{cell}"' for cell in row.values())]
        (found,) = read_cdr([line.encode() for line in lines], identify, SHANGHAI)
        assert isinstance(found, BadLine), column
        assert column in found.reason


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("column", ["start", "answer", "end"])
@pytest.mark.parametrize("value", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "noon"])
def test_a_time_that_is_none_is_named_with_its_column(zone: str, column: str, value: str) -> None:
    row = {
        "src": "13800138000", "dst": "95000", "start": "2026-03-01 09:00:00", "answer": "2026-03-01 09:00:10",
        "end": "2026-03-01 09:01:00", "disposition": "ANSWERED", "uniqueid": "7.1", "linkedid": "7.1",
    } | {column: value}  # fmt: skip
    lines = [",".join(row).encode(), ",".join(row.values()).encode()]
    (found,) = read_cdr(lines, identify, ZoneInfo(zone))
    assert isinstance(found, BadLine) and found.number == 2
    assert found.reason.startswith(f"{column}: found '{value}', allowed a time such as")


def test_a_stranger_s_line_makes_no_confirmed_harasser() -> None:
    """What a line break in a number leaves in queue_log: a stay of a victim's number in the analysis queue."""
    forged = [
        "1772000010|100.1|sales|NONE|ENTERQUEUE||x",
        "1772000011|17.1|analysis|NONE|ENTERQUEUE||13912345678|1",
        "1772000012|17.1|analysis|NONE|COMPLETECALLER|1",
        "1771000000|17.2|analysis|NONE|ENTERQUEUE||13912345678|1",
    ]
    calls, bad = sort(read_queue_log([line.encode() for line in forged], identify, {"analysis"}))
    assert [call.review for call in calls.values()] == [Review.NONE], "no agent had that call"
    assert [item.number for item in bad] == [4, 4], "time does not run back, and the call is not over"


@given(st.lists(st.text(max_size=30) | st.sampled_from(QUEUE_LOG.splitlines() + TORN), max_size=12).map("\n".join))
def test_whatever_a_line_says_an_imported_call_has_plain_ids_and_numbers(text: str) -> None:
    for found in read_queue_log(text.encode("utf-8", "replace").splitlines(), identify, {"analysis"}):
        if isinstance(found, CallRecord):
            assert is_pbx_id(found.linkedid)
            assert found.number in ("", "<unknown>") or is_number(found.number)
            assert visible(found.dialled + found.agent) == found.dialled + found.agent
