"""Answers as people and programs want them: a table for the terminal, CSV for Excel, JSON."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

Format = Literal["table", "csv", "json"]
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under titles.

    Attributes:
        title: what a person reads above the table.
        keys: names of the columns for programs, stable in every language.
        heads: names of the columns for people.
        rows: a cell for each key. Shares are 0..1; the table shows them as percent where the key ends in `share`.
    """

    title: str
    keys: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def render(sheet: Sheet, form: Format, width: int | None = None) -> str:
    """The whole output, ending with a newline; `width` is the terminal's columns."""
    match form:
        case "json":
            return (
                json.dumps([dict(zip(sheet.keys, row, strict=True)) for row in sheet.rows], ensure_ascii=False)
                + "\n"
            )
        case "csv":
            return _csv(sheet)
        case "table":
            return _table(sheet, width)


def _csv(sheet: Sheet) -> str:
    """With a byte order mark, so that Excel reads Chinese; phone numbers as text, so that none is rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(sheet.heads)
    for row in sheet.rows:
        writer.writerow([_as_text(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _as_text(cell: Cell) -> Cell:
    """A cell that a spreadsheet would take for a number or a formula, made text."""
    if isinstance(cell, str) and cell[:1] in "+-=@" and cell:
        return "\t" + cell
    return cell


def _table(sheet: Sheet, width: int | None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    table = Table(title=sheet.title)
    for head, key in zip(sheet.heads, sheet.keys, strict=True):
        numeric = any(isinstance(row[sheet.keys.index(key)], int | float) for row in sheet.rows)
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*(_shown(key, cell) for key, cell in zip(sheet.keys, row, strict=True)))
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _shown(key: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.1%}" if key.endswith("share") else f"{cell:.2f}"
    return str(cell)
