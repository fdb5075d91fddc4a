from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from screener.events import ListName
from screener.exchange.listfile import BadLine, from_csv, national, to_asterisk, to_csv, to_freepbx, to_kamailio
from screener.store.records import ListedNumber

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, tzinfo=UTC)
ENTRIES = [
    ListedNumber(ListName.BLOCK, "+8613800138000", '恶"作剧\n', NOW),
    ListedNumber(ListName.BLOCK, "+862012345678", "", NOW, NOW + timedelta(days=1)),
]


def test_csv_is_read_back_as_it_was_written() -> None:
    assert list(from_csv(to_csv(ENTRIES[1:]), ListName.BLOCK, NOW, SHANGHAI)) == ENTRIES[1:]
    assert list(from_csv(to_csv(ENTRIES), ListName.ALLOW, NOW, SHANGHAI)) == []


def test_a_plain_list_of_numbers_is_enough_and_bad_rows_are_named() -> None:
    text = "number,reason\n13800138000,吵闹\n# note\nnobody,x\n13900139000,x,someday\n\n95588\n"
    found = list(from_csv(text, ListName.WATCH, NOW, SHANGHAI))
    assert [item.number for item in found] == ["13800138000", 4, 5, "95588"]
    assert [isinstance(item, BadLine) for item in found] == [False, True, True, False]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_what_a_reason_holds_is_no_row(sign: str) -> None:
    """A name or a reason that somebody else has written lists nobody."""
    text = f"13800138000,a{sign}13900139000\r\n13700137000,c\r\n"
    found = list(from_csv(text, ListName.BLOCK, NOW, SHANGHAI))
    assert [item.number for item in found] == ["13800138000", "13700137000"]


@pytest.mark.parametrize("row", ["1" * 200_000, '"' + "1" * 200_000, '13800138000,"' + "x" * 200_000])
def test_a_row_without_end_is_named_and_the_others_are_read(row: str) -> None:
    found = list(from_csv(f"{row}\n13700137000,c\n", ListName.BLOCK, NOW, SHANGHAI))
    assert found[0] == BadLine(1, "no whole row of a CSV file")
    assert found[1].number == "13700137000"


@pytest.mark.parametrize(
    ("number", "taken"), [("１３８００１３８０００", True), ("\u0661\u0663\u0668\u0660\u0660", False)]
)
def test_digits_are_those_of_a_telephone(number: str, taken: bool) -> None:
    (found,) = from_csv(f"{number},x", ListName.BLOCK, NOW, SHANGHAI)
    assert isinstance(found, ListedNumber) is taken


def test_a_day_without_a_zone_is_the_sites() -> None:
    (entry,) = from_csv("13800138000,x,2026-12-31\n", ListName.BLOCK, NOW, SHANGHAI)
    assert isinstance(entry, ListedNumber) and entry.expires_at == datetime(2026, 12, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize("expires", ["0001-01-01", "9999-12-31T23:59-05:00", "abc"])
def test_an_end_that_no_calendar_holds_is_named(expires: str) -> None:
    (found,) = from_csv(f"13800138000,x,{expires}\n", ListName.BLOCK, NOW, SHANGHAI)
    assert isinstance(found, BadLine)
    assert found.reason.startswith(f"expires: found '{expires}', allowed a day or time such as")


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
