import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import RtpError
from screener.media.rtcp import Reception, Report, ReportBlock, ntp, parse

BLOCK = ReportBlock(7, 64, -3, 0x1_0005, 12, 99, 65536)


@pytest.mark.parametrize(
    "report", [Report(1), Report(1, (BLOCK,)), Report(1, (BLOCK, BLOCK), ntp(1_700_000_000.5), 160, 3, 480)]
)
def test_reports_read_back_and_are_whole_words(report):
    data = report.serialize("name@host")
    assert parse(data) == (report,)
    assert len(data) % 4 == 0
    assert b"name@host\0" in data, "the source description must follow"


def test_ntp_counts_from_1900():
    assert ntp(0.5) == (2_208_988_800 << 32) + (1 << 31)


@pytest.mark.parametrize(
    "data", [b"\x80", b"\x40\xc9\x00\x01abcd", b"\x81\xc9\x00\x01abcd", b"\x80\xc9\x00\x09abcd"]
)
def test_what_is_refused(data):
    with pytest.raises(RtpError):
        parse(data)


@given(st.binary(max_size=120))
def test_any_bytes(data):
    try:
        reports = parse(data)
    except RtpError:
        return
    for report in reports:
        assert parse(report.serialize("x")) == (report,)


def heard(numbers, start=0.0, stamps=None):
    reception = Reception()
    for n, number in enumerate(numbers):
        stamp = number * 160 if stamps is None else stamps[n]
        reception.packet(number & 0xFFFF, stamp, 5, start + n * 0.02)
    return reception


def test_loss_is_counted_across_the_wrap():
    reception = heard([65533, 65534, 65536, 65538, 65539])
    assert (reception.expected, reception.received, reception.lost) == (7, 5, 2)
    block = reception.block(1.0)
    assert (block.highest, block.lost, block.fraction) == (0x10003, 2, 2 * 256 // 7)
    assert reception.block(2.0).fraction == 0, "only what was lost since the report before"


def test_doubled_and_late_packets_make_the_loss_negative_or_none():
    assert heard([1, 2, 2, 3]).lost == -1
    assert heard([1, 3, 2]).lost == 0


def test_another_source_begins_anew():
    reception = heard(range(10))
    reception.packet(500, 0, 6, 1.0)
    assert (reception.ssrc, reception.expected) == (6, 1)


def test_jitter_of_a_steady_stream_is_none_and_of_a_shaken_one_is_near_its_size():
    assert heard(range(200)).jitter == pytest.approx(0, abs=0.01)
    shaken = heard(range(400), stamps=[n * 160 + (80 if n % 2 else 0) for n in range(400)])
    assert shaken.jitter == pytest.approx(80, rel=0.05)


def test_the_last_sender_report_and_its_age():
    reception = heard([1])
    reception.reported(ntp(1000.25), 5.0)
    block = reception.block(5.5)
    assert (block.last_report, block.delay) == (ntp(1000.25) >> 16 & 0xFFFFFFFF, 32768)
