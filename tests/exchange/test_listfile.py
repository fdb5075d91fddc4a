from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from screener.events import ListName
from screener.exchange.listfile import (
    NO_ROW,
    BadLine,
    from_csv,
    national,
    to_asterisk,
    to_csv,
    to_freepbx,
    to_kamailio,
)
from screener.store.records import ListedNumber

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, tzinfo=UTC)
ENTRIES = [
    ListedNumber(ListName.BLOCK, "+8613800138000", '恶"作剧\n', NOW),
    ListedNumber(ListName.BLOCK, "+862012345678", "", NOW, NOW + timedelta(days=1)),
]


def read(text: str, name: ListName = ListName.BLOCK) -> list[ListedNumber | BadLine]:
    found = from_csv(text, name, NOW, SHANGHAI)
    return [item if isinstance(item, BadLine) else item[1] for item in found]


def test_csv_is_read_back_as_it_was_written() -> None:
    assert read(to_csv(ENTRIES[1:])) == ENTRIES[1:]
    assert read(to_csv(ENTRIES), ListName.ALLOW) == []


def test_a_plain_list_of_numbers_is_enough_and_bad_rows_are_named() -> None:
    text = "number,reason\n13800138000,吵闹\n# note\nnobody,x\n13900139000,x,someday\n\n95588\n"
    found = read(text, ListName.WATCH)
    assert [item.number for item in found] == ["13800138000", 4, 5, "95588"]
    assert [isinstance(item, BadLine) for item in found] == [False, True, True, False]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_what_a_reason_holds_is_no_row(sign: str) -> None:
    """A name or a reason that somebody else has written lists nobody."""
    text = f"13800138000,a{sign}13900139000\r\n13700137000,c\r\n"
    found = read(text)
    assert [item.number for item in found] == ["13800138000", "13700137000"]


@pytest.mark.parametrize("row", ["1" * 200_000, '"' + "1" * 200_000, '13800138000,"' + "x" * 200_000])
def test_a_row_without_end_is_named_and_the_others_are_read(row: str) -> None:
    found = read(f"{row}\n13700137000,c\n")
    assert found[0] == BadLine(1, NO_ROW)
    assert found[1].number == "13700137000"


@pytest.mark.parametrize(
    ("number", "taken"), [("１３８００１３８０００", True), ("\u0661\u0663\u0668\u0660\u0660", False)]
)
def test_digits_are_those_of_a_telephone(number: str, taken: bool) -> None:
    (found,) = read(f"{number},x")
    assert isinstance(found, ListedNumber) is taken


def test_a_day_without_a_zone_is_the_sites() -> None:
    (entry,) = read("13800138000,x,2026-12-31\n")
    assert isinstance(entry, ListedNumber) and entry.expires_at == datetime(2026, 12, 30, 16, tzinfo=UTC)


def test_an_end_may_be_so_many_days() -> None:
    ends = ["90d", "90天", " 1 d", "0d", "", "2026-12-31T18:00"]
    found = read("\n".join(f"13800138000,x,{said}" for said in ends))
    days = [NOW + timedelta(days=90)] * 2 + [NOW + timedelta(days=1), None, None]
    assert [item.expires_at for item in found] == [*days, datetime(2026, 12, 31, 10, tzinfo=UTC)]


@pytest.mark.parametrize(
    "row",
    [
        '13800138000,"未关引号,2027-01-01',
        '"13800138000,x',
        '13800138000,"a"b,2027-01-01',
        "13800138000\t推销\t2027-01-01",
        "13800138000\t2027-01-01",
        "13800138000;推销;2027-01-01",
        "13800138000，推销，2027-01-01",
        "13800138000|推销",
        "13800138000,推销，2027-01-01",
        "13800138000,推销；90d",
        "13800138000,推销,骚扰,2027-01-01",
        "13800138000,推销,,2027-01-01",
    ],
)
def test_a_row_that_would_become_an_entry_for_ever_is_named(row: str) -> None:
    """Behind a quote that is not closed, or another sign than a comma, stands no part of a reason."""
    found = read(f"number,reason,expires\n{row}\n13700137000,c")
    assert [item.number for item in found] == [2, "13700137000"]


@pytest.mark.parametrize("head", ["number,reason,expires", "号码,原因,到期", "电话"])
def test_a_head_is_no_row_in_whatever_language(head: str) -> None:
    assert [item.number for item in read(f"{head}\n13700137000,c\nnobody")] == ["13700137000", 3]


@pytest.mark.parametrize("expires", ["0001-01-01", "9999-12-31T23:59-05:00", "abc"])
def test_an_end_that_no_calendar_holds_is_named(expires: str) -> None:
    (found,) = read(f"13800138000,x,{expires}\n")
    assert isinstance(found, BadLine)
    assert found.reason.startswith(f"the end '{expires}' is none, allowed a day or time such as")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800138000", "13800138000"),
        ("+862012345678", "02012345678"),
        ("+864008001234", "4008001234"),
        ("+442079460000", "00442079460000"),
        ("10086", "10086"),
    ],
)
def test_a_pbx_gets_the_number_that_it_shows(number: str, shown: str) -> None:
    assert national(number) == shown


def test_what_pbxes_take() -> None:
    assert to_asterisk(ENTRIES, NOW) == (
        'database put blacklist 13800138000 "恶 作剧 "\ndatabase put blacklist 02012345678 "1"\n'
    )
    assert to_freepbx(ENTRIES[1:], NOW) == "number,description\n02012345678,\n"
    assert to_kamailio(ENTRIES, NOW) == (
        "htable.seti block s:13800138000 1\nhtable.seti block s:02012345678 1\n"
        "htable.setex block s:02012345678 86400\n"
    )
