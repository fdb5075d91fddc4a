"""Answers as people and programs want them: a table for the terminal, CSV, JSON, a workbook, a web page."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

Format = Literal["table", "csv", "json", "xlsx", "html"]
Cell = str | int | float | datetime | None
Type = Literal["text", "phone", "count", "number", "share", "seconds", "time"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under titles.

    Attributes:
        title: what a person reads above the table.
        keys: names of the columns for programs, stable in every language.
        heads: names of the columns for people.
        rows: a cell for each key. Shares are 0..1 and shown as percent; times are aware and in the reader's zone.
        types: what a column holds, where its key and cells do not say it.
        name: of the sheet for programs, when it is one of several.
    """

    title: str
    keys: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    types: Mapping[str, Type] = field(default_factory=dict)
    name: str = ""

    def type_of(self, column: int) -> Type:
        """What a column holds."""
        key = self.keys[column]
        if key in self.types:
            return self.types[key]
        if key.endswith("share"):
            return "share"
        if key.endswith("seconds"):
            return "seconds"
        cells = [row[column] for row in self.rows if row[column] is not None]
        if cells and all(isinstance(cell, datetime) for cell in cells):
            return "time"
        if cells and all(isinstance(cell, int) for cell in cells):
            return "count"
        if cells and all(isinstance(cell, int | float) for cell in cells):
            return "number"
        return "text"


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each label, the longest first or in the order of time."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    share: bool = False
    """Values are 0..1."""
    upright: bool = False
    """Side by side along time instead of one below the other."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A value for each row and column, the darker the more."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Trend:
    """A line over time."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]


Chart = Bars | Heat | Trend


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes:
        title, notes: what a person reads first: name of the report, site, period.
        sheets: the first one is the report itself.
        charts: only a web page draws them.
        lang: of the words.
    """

    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    lang: str = "zh"
    empty: str = field(default="", kw_only=True)


def render(page: Page | Sheet, form: Format, width: int | None = None) -> str | bytes:
    """The whole output, text ending with a newline; `width` is the terminal's columns."""
    if isinstance(page, Sheet):
        page = Page(page.title, (page,))
    match form:
        case "json":
            return _json(page)
        case "csv":
            return _csv(page)
        case "table":
            return "\n".join(_table(sheet, width) for sheet in page.sheets)
        case "xlsx":
            from screener.reports.workbook import workbook

            return workbook(page)
        case "html":
            from screener.reports.web import web_page

            return web_page(page)


def shown(kind: Type, cell: Cell) -> str:
    """A cell for a person's eyes."""
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
        case bool() | str():
            return str(cell)
        case _ if kind == "share":
            return f"{cell:.1%}"
        case float():
            return f"{cell:.1f}" if kind == "seconds" else f"{cell:.2f}"
        case int():
            return str(cell)


def _json(page: Page) -> str:
    """One sheet is a list of objects; several are an object of such lists."""
    lists = {
        sheet.name or sheet.title: [dict(zip(sheet.keys, row, strict=True)) for row in sheet.rows]
        for sheet in page.sheets
    }
    answer: Any = lists if len(page.sheets) != 1 else next(iter(lists.values()))
    return json.dumps(answer, ensure_ascii=False, default=datetime.isoformat) + "\n"


def _csv(page: Page) -> str:
    """With a byte order mark, so that Excel reads Chinese; phone numbers as text, so that none is rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, sheet in enumerate(page.sheets):
        if number:
            writer.writerow([])
        if len(page.sheets) > 1:
            writer.writerow([sheet.title])
        writer.writerow(sheet.heads)
        types = [sheet.type_of(column) for column in range(len(sheet.keys))]
        for row in sheet.rows:
            writer.writerow([_for_excel(kind, cell) for kind, cell in zip(types, row, strict=True)])
    return "\ufeff" + out.getvalue()


def _for_excel(kind: Type, cell: Cell) -> Cell:
    """A cell that a spreadsheet would take for a number or a formula, made text."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, str) and cell and (kind == "phone" or cell[0] in "+-=@"):
        return "\t" + cell
    return round(cell, 6) if isinstance(cell, float) else cell


def _table(sheet: Sheet, width: int | None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    table = Table(title=sheet.title, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    types = [sheet.type_of(column) for column in range(len(sheet.keys))]
    for column, (head, kind) in enumerate(zip(sheet.heads, types, strict=True)):
        cells = [shown(kind, row[column]) for row in sheet.rows]
        table.add_column(
            head,
            justify="left" if kind in ("text", "phone", "time") else "right",
            overflow="fold",
            width=10 if kind == "time" else None,  # the day above the hour
            min_width=None if kind == "time" else min(max(map(cell_len, cells), default=0), 20),
        )
    for row in sheet.rows:
        table.add_row(*(shown(kind, cell) for kind, cell in zip(types, row, strict=True)))
    with console.capture() as captured:
        console.print(table)
    return captured.get()
