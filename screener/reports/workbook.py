"""A report as an Excel workbook: a tab for each sheet, every column of its own type."""

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from screener.reports.layout import Cell, Page, Sheet, Type, shown

_FORMATS: dict[Type, dict[str, Any]] = {
    "text": {"num_format": "@"},
    "phone": {"num_format": "@"},
    "count": {"num_format": "#,##0"},
    "number": {"num_format": "0.00"},
    "share": {"num_format": "0.0%"},
    "seconds": {"num_format": "0.0"},
    "time": {"num_format": "yyyy-mm-dd hh:mm"},
}
NAME_MOST = 31
"""Characters of a tab's name that Excel allows."""


def workbook(page: Page) -> bytes:
    """The file: on each tab its title, site and period, then the table."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": page.title, "comments": "\n".join(page.notes)})
    formats = {kind: book.add_format(form) for kind, form in _FORMATS.items()}
    bold = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top"})
    title, plain = book.add_format({"bold": True, "font_size": 14}), book.add_format({"font_color": "#5C6B7A"})
    for sheet in page.sheets:
        tab = book.add_worksheet(sheet.title.translate(dict.fromkeys(map(ord, "[]:*?/\\")))[:NAME_MOST])
        about = [sheet.title, *page.notes]
        for line, note in enumerate(about):
            tab.write_string(line, 0, note, title if not line else plain)
        top = len(about)
        tab.freeze_panes(top + 1, 1)
        for column, head in enumerate(sheet.heads):
            tab.write_string(top, column, head, bold)
            tab.set_column(column, column, _width(sheet, column), formats[sheet.type_of(column)])
            for line, (row, kind) in enumerate(zip(sheet.rows, sheet.types_in(column), strict=True)):
                _write(tab, top + 1 + line, column, row[column], formats[kind])
        if sheet.rows:
            tab.autofilter(top, 0, top + len(sheet.rows), len(sheet.keys) - 1)
    book.close()
    return out.getvalue()


def _write(tab: Any, line: int, column: int, cell: Cell, form: Any) -> None:  # noqa: ANN401 - the library's own
    match cell:
        case None:
            return
        case datetime():
            tab.write_datetime(line, column, cell.replace(tzinfo=None), form)
        case str() | bool():
            tab.write_string(line, column, shown("text", cell), form)
        case _:
            tab.write_number(line, column, cell, form)


def _width(sheet: Sheet, column: int) -> int:
    """Characters that hold the column; Chinese ones are two wide."""
    texts = [sheet.heads[column], *(str(row[column]) for row in sheet.rows[:200] if isinstance(row[column], str))]
    widest = max(sum(1 + (ord(letter) > 0x2E7F) for letter in text) for text in texts)
    return min(max(widest + 2, 17 if sheet.type_of(column) == "time" else 9), 40)
