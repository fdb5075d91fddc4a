"""Answers as people and programs want them: a table for the terminal, CSV, JSON, a workbook, a web page."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from screener.outside.text import IN_A_CELL, cell, in_json, visible
from screener.reports.layout import Cell, Coded, Page, Sheet, Type

Format = Literal["table", "csv", "json", "xlsx", "html"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""Media type of a workbook."""


def render(page: Page | Sheet, form: Format, width: int | None = None, colour: bool = False) -> str | bytes:
    """The whole output, text ending with a newline.

    Args:
        page: the report.
        form: for whom.
        width: columns of the terminal that a table is for.
        colour: the terminal understands colours.
    """
    if isinstance(page, Sheet):
        page = Page(page.title, (page,))
    if form == "json":
        return _json(page)
    if form == "csv":
        return _csv(page)
    page = replace(page, sheets=tuple(sheet.for_people() for sheet in page.sheets))
    match form:
        case "table":
            from screener.reports.terminal import terminal

            return terminal(page, width, colour)
        case "xlsx":
            from screener.reports.workbook import workbook

            return workbook(page)
        case "html":
            from screener.reports.web import web_page

            return web_page(page)


def _json(page: Page) -> str:
    """One sheet is a list of objects; several are an object of such lists."""
    lists = {
        sheet.name or sheet.title: [
            dict(zip(sheet.keys, map(_for_program, row), strict=True)) for row in sheet.rows
        ]
        for sheet in page.sheets
    }
    answer: Any = lists if len(page.sheets) != 1 else next(iter(lists.values()))
    return in_json(json.dumps(answer, ensure_ascii=False, default=datetime.isoformat)) + "\n"


def _for_program(value: Cell) -> Cell:
    return value.code if isinstance(value, Coded) else value


def _csv(page: Page) -> str:
    """For programs: keys, codes, numbers and ISO times in every language; several sheets under their names.

    With a byte order mark, so that Excel reads Chinese; phone numbers as text, so that none is rounded.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, sheet in enumerate(page.sheets):
        if number:
            writer.writerow([])
        if len(page.sheets) > 1:
            writer.writerow([sheet.name or sheet.title])
        writer.writerow(sheet.keys)
        types = [sheet.type_of(column) for column in range(len(sheet.keys))]
        for row in sheet.rows:
            writer.writerow([_for_excel(kind, value) for kind, value in zip(types, row, strict=True)])
    return "\ufeff" + out.getvalue()


def _for_excel(kind: Type, value: Cell) -> Cell:
    """A cell that a spreadsheet would take for a number or a formula, made text."""
    value = _for_program(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value:
        return IN_A_CELL + visible(value) if kind == "phone" else cell(value)
    return round(value, 6) if isinstance(value, float) else value
