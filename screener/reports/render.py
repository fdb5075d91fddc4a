"""Answers as people and programs want them: a table for the terminal, CSV, JSON, a workbook, a web page."""

import csv
import io
import json
from datetime import datetime
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from screener.outside.text import IN_A_CELL, cell, in_json, visible
from screener.reports.page import Cell, Page, Sheet, Type, shown
from screener.reports.web import web_page
from screener.reports.workbook import workbook

Format = Literal["table", "csv", "json", "xlsx", "html"]


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
            return workbook(page)
        case "html":
            return web_page(page)


def _json(page: Page) -> str:
    """One sheet is a list of objects; several are an object of such lists."""
    lists = {
        sheet.name or sheet.title: [dict(zip(sheet.keys, row, strict=True)) for row in sheet.rows]
        for sheet in page.sheets
    }
    answer: Any = lists if len(page.sheets) != 1 else next(iter(lists.values()))
    return in_json(json.dumps(answer, ensure_ascii=False, default=datetime.isoformat)) + "\n"


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
            writer.writerow([_for_excel(kind, value) for kind, value in zip(types, row, strict=True)])
    return "\ufeff" + out.getvalue()


def _for_excel(kind: Type, value: Cell) -> Cell:
    """A cell that a spreadsheet would take for a number or a formula, made text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str) and value:
        return IN_A_CELL + visible(value) if kind == "phone" else cell(value)
    return round(value, 6) if isinstance(value, float) else value


def _table(sheet: Sheet, width: int | None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    table = Table(title=_shown(sheet.title), box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    types = [sheet.type_of(column) for column in range(len(sheet.keys))]
    for column, (head, kind) in enumerate(zip(sheet.heads, types, strict=True)):
        cells = [shown(kind, row[column]) for row in sheet.rows]
        table.add_column(
            _shown(head),
            justify="left" if kind in ("text", "phone", "time") else "right",
            overflow="fold",
            width=10 if kind == "time" else None,  # the day above the hour
            min_width=None if kind == "time" else min(max(map(cell_len, cells), default=0), 20),
        )
    for row in sheet.rows:
        table.add_row(*(_shown(shown(kind, value)) for kind, value in zip(types, row, strict=True)))
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _shown(text: str) -> Text:
    """Text that says what it is: no markup, and nothing that controls a terminal."""
    return Text(visible(text))
