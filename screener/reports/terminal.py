"""A report on a terminal: tables that never cut a number, bars, and a map of weekday and hour.

What does not fit beside each other stands below each other: a table that is too wide goes on in a second one,
which begins with the same first column. A word, a number, a date is never cut in two: a column is as wide as the
longest of its own, even where the terminal is not.
"""

import io
import itertools
import math
import os
import re
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from screener.outside.text import visible
from screener.reports.layout import Bars, Chart, Heat, Page, Sheet, Trend, amount

USUAL_COLUMNS = 80
HEAD_LEAST = 6
"""Columns of the screen that a head may be folded to."""
TEXT_MOST = 34
"""Columns of the screen after which a text goes on in the next line."""
BETWEEN = 2
"""Columns of the screen between two of a table."""
TIME_COLUMNS = 10
"""The day above the hour."""
SHADES = " ░▒▓█"
BAR_COLUMNS = 30
BARS_MOST = 24
HOT = ("grey11", "dark_red", "red3", "bright_red", "bold white on bright_red")
_PIECES = re.compile(r"\s+|[（“]*[\u2e80-\uffef][，；：？！）。、”]*|[^\s\u2e80-\uffef]+")
"""Of a text that may stand on lines of their own: words, and single Chinese characters with their marks."""


def terminal(page: Page, width: int | None = None, colour: bool = False) -> str:
    """The whole text.

    Args:
        page: the report.
        width: columns of the screen.
        colour: somebody looks at it: charts are drawn, in colours unless the environment says no (`NO_COLOR`,
            which rich itself heeds, or `TERM=dumb`).
    """
    out = io.StringIO()
    screen = width or USUAL_COLUMNS
    laid = [(sheet, parts(sheet, screen)) for sheet in page.sheets]
    console = Console(
        file=out,
        width=max([screen, *(_total(sheet, part) for sheet, some in laid for part in some)]),
        force_terminal=colour,
        color_system="standard" if colour and os.environ.get("TERM") != "dumb" else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for number, (sheet, some) in enumerate(laid):
        if number:
            console.print()
        if not sheet.rows and page.empty:
            console.print(Text(sheet.title, "bold italic"))
            console.print(page.empty)
            continue
        for part, columns in enumerate(some):
            console.print(_table(sheet, columns, titled=not part))
    if colour:
        for chart in page.charts:
            console.print()
            console.print(_chart(chart))
    if page.hint:
        console.print("\n" + "\n".join(map(visible, page.hint.splitlines())), style="dim", soft_wrap=True)
    return out.getvalue()


def parts(sheet: Sheet, width: int) -> list[list[int]]:
    """The columns of each table that a sheet takes, so that each fits."""
    widths = [_width(sheet, column) for column in range(len(sheet.keys))]
    found: list[list[int]] = [[0]]
    room = width - widths[0] - 1
    for column in range(1, len(widths)):
        needed = widths[column] + BETWEEN
        if needed > room and found[-1] != [0]:
            found.append([0])
            room = width - widths[0] - 1
        found[-1].append(column)
        room -= needed
    return found


def _total(sheet: Sheet, columns: Sequence[int]) -> int:
    """Columns of the screen that a table takes."""
    return sum(_width(sheet, column) + BETWEEN for column in columns)


def _width(sheet: Sheet, column: int) -> int:
    """Columns of the screen: a number whole, a text up to a measure but no word cut, a head folded if need be."""
    texts, name = list(map(visible, sheet.texts(column))), visible(sheet.heads[column])
    kind = sheet.type_of(column)
    cells = max(map(cell_len, texts), default=0)
    head = min(cell_len(name), max(HEAD_LEAST, min(cells, TEXT_MOST), _longest_word(name)))
    if kind == "time":
        return max(TIME_COLUMNS, head)
    if kind == "text":
        cells = max(min(cells, TEXT_MOST), *map(_longest_word, texts), 0)
    return max(cells, head, 1)


def _longest_word(text: str) -> int:
    return max(map(cell_len, _PIECES.findall(text)), default=0)


def _folded(text: str, width: int) -> str:
    """The text on lines of at most so many columns, between words and between Chinese characters."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] or not piece.isspace() else ""
    return "\n".join(map(str.rstrip, lines))


def _table(sheet: Sheet, columns: Sequence[int], *, titled: bool) -> Table:
    title = sheet.title if titled else None
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.min_width = cell_len(title or "")  # it is folded to the width of the table
    for column in columns:
        numbers = sheet.type_of(column) not in ("text", "phone", "time")
        width = _width(sheet, column)
        table.add_column(_shown(sheet.heads[column], width), justify="right" if numbers else "left", width=width)
    widths = [_width(sheet, column) for column in columns]
    for row in zip(*map(sheet.texts, columns), strict=True):
        table.add_row(*map(_shown, row, widths))
    return table


def _shown(text: str, width: int) -> Text:
    """Text that says what it is: no markup, and nothing that controls a terminal."""
    return Text(_folded(visible(text), width))


def _chart(chart: Chart) -> Text:
    match chart:
        case Heat():
            return _heat(chart)
        case Bars() | Trend():
            return _bars(chart)


def _bars(chart: Bars | Trend) -> Text:
    """One bar a line; of a long course the newest."""
    most = max(chart.values, default=0) or 1
    pairs = list(zip(chart.labels, chart.values, strict=True))[-BARS_MOST:]
    wide = max((cell_len(label) for label, _ in pairs), default=0)
    text = Text(f"{chart.title}\n", "bold")
    for label, value in pairs:
        text.append(f"{visible(label)}{' ' * (wide - cell_len(label))} ", "none")
        text.append("█" * round(BAR_COLUMNS * value / most), "blue")
        text.append(f" {amount(value, chart.share)}\n", "none")
    return text


def _heat(chart: Heat) -> Text:
    most = max((value for row in chart.values for value in row), default=0) or 1
    wide = max(map(cell_len, chart.rows), default=0)
    text = Text(f"{chart.title}\n", "bold")
    heads = "".join(f"{label:<6}" for n, label in enumerate(chart.columns) if n % 3 == 0)
    text.append(f"{' ' * wide} {heads}\n", "dim")
    for label, values in zip(chart.rows, chart.values, strict=True):
        text.append(f"{visible(label)}{' ' * (wide - cell_len(label))} ", "none")
        for value in values:
            level = 0 if not value else 1 + min(3, int(4 * value / most - 1e-9))
            text.append(SHADES[level] * 2, HOT[level])
        text.append("\n")
    text.append(" " * (wide + 1), "none")
    for level, (low, high) in enumerate(_steps(most), start=1):
        if low <= high:
            text.append(SHADES[level] * 2, HOT[level])
            text.append(f" {amount(low)}{f'–{amount(high)}' if high > low else ''}  ", "dim")
    return text


def _steps(most: float) -> list[tuple[int, int]]:
    """The counts that each shade stands for, from and to; where it stands for none, `to` is the smaller."""
    ends = [math.floor(most * level / 4 + 1e-9) for level in range(5)]
    return [(low + 1, high) for low, high in itertools.pairwise(ends)]
