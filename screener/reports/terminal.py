"""A report on a terminal: tables that never cut a number, bars, and a map of weekday and hour.

What does not fit beside each other stands below each other: a table that is too wide goes on in a second one,
which begins with the same first column.
"""

import io
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
TIME_COLUMNS = 10
"""The day above the hour."""
SHADES = " ░▒▓█"
BAR_COLUMNS = 30
BARS_MOST = 24
HOT = ("grey11", "dark_red", "red3", "bright_red", "bold white on bright_red")
_FOLDED = ("text",)


def terminal(page: Page, width: int | None = None, colour: bool = False) -> str:
    """The whole text.

    Args:
        page: the report.
        width: columns of the screen.
        colour: escape sequences are understood, and charts are drawn.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or USUAL_COLUMNS,
        force_terminal=colour,
        color_system="standard" if colour else None,  # rich itself heeds NO_COLOR
        highlight=False,
        markup=False,
        emoji=False,
    )
    for number, sheet in enumerate(page.sheets):
        if number:
            console.print()
        if not sheet.rows and page.empty:
            console.print(Text(sheet.title, "bold italic"))
            console.print(page.empty)
            continue
        for part, columns in enumerate(parts(sheet, console.width)):
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
    room = width - widths[0]
    for column in range(1, len(widths)):
        needed = widths[column] + 1
        if needed > room and found[-1] != [0]:
            found.append([0])
            room = width - widths[0]
        found[-1].append(column)
        room -= needed
    return found


def _width(sheet: Sheet, column: int) -> int:
    """Columns of the screen: a number whole, a text up to a measure, a head folded if need be."""
    kind = sheet.type_of(column)
    cells = max(map(cell_len, sheet.texts(column)), default=0)
    if len(sheet.keys) == 1:  # there is room
        return max(cells, cell_len(sheet.heads[column]))
    head = min(cell_len(sheet.heads[column]), max(HEAD_LEAST, cells, _longest_word(sheet.heads[column])))
    if kind == "time":
        return max(TIME_COLUMNS, head)
    return max(min(cells, TEXT_MOST) if kind in _FOLDED else cells, head, 1)


def _longest_word(head: str) -> int:
    """Chinese can be folded anywhere, English between words."""
    return max((cell_len(word) for word in head.split() if word.isascii()), default=2)


def _table(sheet: Sheet, columns: Sequence[int], *, titled: bool) -> Table:
    table = Table(title=sheet.title if titled else None, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for column in columns:
        numbers = sheet.type_of(column) not in ("text", "phone", "time")
        table.add_column(
            _shown(sheet.heads[column]),
            justify="right" if numbers else "left",
            overflow="fold",
            width=_width(sheet, column),
        )
    for row in zip(*map(sheet.texts, columns), strict=True):
        table.add_row(*map(_shown, row))
    return table


def _shown(text: str) -> Text:
    """Text that says what it is: no markup, and nothing that controls a terminal."""
    return Text(visible(text))


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
    steps = (1, *(max(1, round(most * level / 4)) for level in (2, 3, 4)))
    text.append(" " * (wide + 1), "none")
    for level, step in enumerate(steps, start=1):
        text.append(SHADES[level] * 2, HOT[level])
        text.append(f" {'≤' if level > 1 else ''}{amount(step)}  ", "dim")
    return text
