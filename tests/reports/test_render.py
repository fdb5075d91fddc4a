"""What leaves a report arrives as it was meant: in Excel, in a browser, in a program, on a terminal."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.reports.layout import Bars, Cell, Coded, Heat, Page, Sheet, Trend, shown
from screener.reports.render import render

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 4, 12, 30, tzinfo=SHANGHAI)
SHEET = Sheet(
    "骚扰来电来源",
    ["number", "calls", "share", "stay_seconds", "first"],
    ["号码", "来电", "占比", "停留", "首次"],
    [["+8613800138000", 12, 0.125, 9.54, NOON], ["4008001234", 3, None, None, None], ["=1+1", 0, 1.0, 0.0, NOON]],
    {"number": "phone"},
    "sources",
)
OTHER = Sheet("[类别]: 一/二", ["kind"], ["类别"], [["恶作剧"]], name="kinds")
PAGE = Page(
    "小结 <b>",
    (SHEET, OTHER),
    ("呼叫中心",),
    (
        Bars("横", ["甲<", "乙"], [3, 0]),
        Bars("竖", [f"{n:02}" for n in range(24)], list(range(24)), upright=True, share=False),
        Heat("热", ["周一"], ["00", "01"], [[0, 5]]),
        Trend("线", ["2026-03-01"], [4]),
    ),
    empty="没有数据",
)


def test_json_of_one_sheet_is_a_list_and_of_several_an_object_of_lists() -> None:
    rows = json.loads(render(SHEET, "json"))
    assert rows[0] == {
        "number": "+8613800138000",
        "calls": 12,
        "share": 0.125,
        "stay_seconds": 9.54,
        "first": "2026-03-04T12:30:00+08:00",
    }
    assert json.loads(render(PAGE, "json")) == {"sources": rows, "kinds": [{"kind": "恶作剧"}]}


def test_csv_begins_with_a_mark_and_keeps_numbers_text() -> None:
    text = render(SHEET, "csv")
    assert isinstance(text, str)
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == list(SHEET.keys)
    assert [row[0] for row in rows[1:]] == ["\t+8613800138000", "\t4008001234", "\t=1+1"]
    assert rows[1][1:] == ["12", "0.125", "9.54", "2026-03-04T12:30:00+08:00"]
    assert "\nkinds\r\n" in str(render(PAGE, "csv")) and "类别" not in str(render(PAGE, "csv"))


TOP = 2 + len(PAGE.notes)
"""Row of the heads in a workbook: below title, site and period."""


def test_another_library_finds_typed_cells_in_the_workbook() -> None:
    data = render(PAGE, "xlsx")
    assert isinstance(data, bytes)
    import openpyxl  # slow to load, and every worker collects this

    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["骚扰来电来源", "类别 一二"]
    tab = book.worksheets[0]
    assert [cell.value for cell in tab[TOP]] == list(SHEET.heads)
    number, calls, share, stay, first = tab[TOP + 1]
    assert (number.value, number.data_type, number.number_format) == ("+8613800138000", "s", "@")
    assert (calls.value, calls.data_type, calls.number_format) == (12, "n", "#,##0")
    assert (share.value, share.number_format) == (0.125, "0.0%")
    assert (stay.value, stay.number_format) == (9.54, "0.0")
    assert (first.value, first.is_date) == (NOON.replace(tzinfo=None), True)
    assert tab[f"A{TOP + 3}"].value == "=1+1"
    assert tab[f"A{TOP + 3}"].data_type == "s", "no formula"
    assert tab[f"C{TOP + 2}"].value is None
    assert tab.auto_filter.ref == f"A{TOP}:E{TOP + 3}"
    assert [tab.cell(n, 1).value for n in range(1, TOP)] == [SHEET.title, *PAGE.notes], "site and period"


class Names(HTMLParser):
    """Checks that every tag is closed, and collects what a page would fetch."""

    VOID = frozenset({"meta", "rect", "line", "polygon", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("page", [PAGE, Page("空", (Sheet("空", ["a"], ["甲"], []),), empty="没有数据")])
def test_a_web_page_is_whole_and_fetches_nothing(page: Page) -> None:
    text = render(page, "html")
    assert isinstance(text, str)
    parser = Names()
    parser.feed(text)
    assert parser.open == []
    assert parser.fetched == []
    assert "url(" not in text
    for title in (page.title, *(sheet.title for sheet in page.sheets), *(chart.title for chart in page.charts)):
        assert title in parser.text
    assert ("没有数据" in parser.text) == (not page.sheets[0].rows)


def test_charts_have_whole_counts_on_their_scale_and_only_labels_that_have_room() -> None:
    month = [f"2026-03-{day:02}" for day in range(1, 32)]
    parser = Names()
    parser.feed(str(render(Page("页", (), (), (Trend("线", month, [9] * 31),), empty=""), "html")))
    scale = parser.text.partition("线")[2].split("2026")[0].strip()
    assert scale == "1050", "10, 5 and 0; a middle of 4.5 calls is none"
    assert month[24] in parser.text
    assert month[30] not in parser.text, "it would stick out of the page"


@pytest.mark.parametrize("form", ["table", "html"])
def test_a_count_of_a_million_keeps_its_digits_on_every_chart(form: Literal["table", "html"]) -> None:
    charts = (
        Bars("横", ["甲"], [1234567]),
        Bars("竖", ["00"], [2345678], upright=True),
        Heat("热", ["周一"], ["00"], [[3456789]]),
        Trend("线", ["2026-03-01"], [4567890]),
    )
    text = str(render(Page("页", (SHEET,), charts=charts), form, colour=True))
    assert "e+06" not in text
    for count in ("1,234,567", "2,345,678", "3,456,789", "4,567,890"):
        assert count in text


def test_nothing_is_less_than_none() -> None:
    assert shown("share", -0.0002) == "0.0%"
    assert shown("share", -0.002) == "-0.2%"


def test_a_table_fits_the_terminal_that_it_is_for() -> None:
    text = render(SHEET, "table", width=60)
    assert isinstance(text, str)
    assert "12.5%" in text
    assert max(map(len, text.splitlines())) <= 60
    assert "+8613800138000" in text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["+8613800138000", "+8613800138001·k3f9q", "未显示"]),
            st.sampled_from(["8001", "wang-li", "sales-after-hours", ""]),
            st.sampled_from(["2025-11", "第 3 次警告（辱骂）", "asked for by supervisor 8001", "深夜来电"]),
            st.integers(0, 10**7),
        ),
        min_size=1,
    ),
    st.integers(12, 140),
)
def test_no_number_agent_date_or_word_is_cut_in_two(rows: list[tuple[str, str, str, int]], width: int) -> None:
    heads = ["Number", "Agent", "Confirmed by a person", "骚扰来电"]
    sheet = Sheet("Table", ["number", "agent", "what", "calls"], heads, rows, {"number": "phone"})
    lines = str(render(sheet, "table", width=width)).splitlines()
    for row in [heads[:3], *rows]:
        for word in " ".join(map(str, row)).split():
            for whole in re.findall(r"[!-~·]+", word):
                assert any(whole in re.split(r"[\s\u2e80-\uffef]+", line) for line in lines), (whole, lines)


def test_a_head_is_folded_beside_its_marks() -> None:
    sheet = Sheet("表", ["a"], ["挂断前停留（秒）"], [[1.0]], {"a": "seconds"})
    wide = Sheet("表", ["a", "b"], ["甲", "挂断前停留（秒）"], [["甲" * 30, 1.0]])
    for one in (sheet, wide):
        assert any("（秒）" in line for line in str(render(one, "table", 40)).splitlines())


@pytest.mark.parametrize(
    ("most", "legend"),
    [(1, "██ 1"), (2, "▒▒ 1 ██ 2"), (9, "░░ 1–2 ▒▒ 3–4 ▓▓ 5–6 ██ 7–9"), (4, "░░ 1 ▒▒ 2 ▓▓ 3 ██ 4")],
)
def test_a_legend_names_the_shades_that_occur(most: int, legend: str) -> None:
    heat = Heat("热力图", ["一"], [str(n) for n in range(most)], [list(range(1, most + 1))])
    *_, shades, said = str(render(Page("页", (), (), (heat,)), "table", 80, colour=True)).splitlines()
    said, shades = (re.sub(r"\x1b\[[\d;]*m", "", line) for line in (said, shades))
    assert " ".join(said.split()) == legend
    assert set(shades) & set("░▒▓█") == set(legend) & set("░▒▓█")


@pytest.mark.parametrize(("variable", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_colours_only_where_the_terminal_and_its_reader_want_them(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page("页", (), (), (Bars("条", ["甲"], [3]),))
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    blue = re.compile(r"\x1b\[[\d;]*34m")
    assert blue.search(str(render(page, "table", 80, colour=True)))
    monkeypatch.setenv(variable, value)
    plain = str(render(page, "table", 80, colour=True))
    assert not blue.search(plain) and "█" in plain, "the bar stays"


def test_a_title_is_not_folded_to_a_narrow_table() -> None:
    title = "辱骂通话后提供的暂停接听次数"
    text = str(render(Sheet(title, ["pauses"], ["次数"], [[0]]), "table"))
    assert title in text


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        ("share", 0.5, "50.0%"),
        ("seconds", 9.54, "9.5"),
        ("number", 9.546, "9.55"),
        ("count", 3, "3"),
        ("text", None, ""),
    ],
)
def test_cells_for_the_eye(kind: str, cell: object, text: str) -> None:
    assert shown(kind, cell) == text  # type: ignore[arg-type]


def test_programs_get_codes_and_every_column_and_people_words_and_those_with_something_in_them() -> None:
    cells: list[list[Cell]] = [[Coded("恶作剧", "prank"), 3, 0, True], [Coded("威胁", "threat"), 1, 0, False]]
    sheet = Sheet("表", ["kind", "a", "b", "yes"], ["类别", "甲", "乙", "是"], cells, sparse={"a", "b"})
    rows = json.loads(render(sheet, "json"))
    assert rows == [
        {"kind": "prank", "a": 3, "b": 0, "yes": True},
        {"kind": "threat", "a": 1, "b": 0, "yes": False},
    ]
    told = list(csv.reader(io.StringIO(str(render(sheet, "csv")).removeprefix("\ufeff"))))
    assert told == [["kind", "a", "b", "yes"], ["prank", "3", "0", "True"], ["threat", "1", "0", "False"]]
    table = str(render(sheet, "table"))
    assert "恶作剧" in table and "甲" in table and "乙" not in table and "✔" in table and "False" not in table


def test_a_trend_of_one_day_is_a_line_too() -> None:
    shown = str(render(Page("页", (), (), (Trend("线", ["2026-03-01"], [4]),), empty=""), "html"))
    today = Trend("线", ["2026-03-01"], [4], partial=True)
    goes_on = str(render(Page("页", (), (), (today,), empty=""), "html"))
    assert re.search(r'<polygon points="0,100 0.000,[0-9.]+ 100.000,[0-9.]+ 100.000,100"', goes_on), (
        "a day that goes on"
    )
    assert goes_on.count("<polyline") == 1 and "stroke-dasharray" in goes_on
    assert 'points="0.000,0.00 100.000,0.00"' in shown


@pytest.mark.parametrize("months", [1, 2, 12, 31])
def test_a_bar_stays_within_its_place_and_that_of_an_only_month_is_no_wall(months: int) -> None:
    chart = Bars("竖", [f"{n:02}" for n in range(months)], [1] * months, upright=True)
    text = render(replace(PAGE, charts=(chart,)), "html")
    bars = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', str(text))
    assert len(bars) == months
    for number, (left, wide) in enumerate(bars):
        assert 100 / months * number <= float(left) + 0.01
        assert float(left) + float(wide) <= 100 / months * (number + 1) + 0.01
        assert float(wide) <= 12
