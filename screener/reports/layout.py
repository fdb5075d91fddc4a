"""What an answer is made of, for whoever renders it: sheets of typed columns, charts, a page of both."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from typing import Literal

from screener.outside.text import visible


class Coded(str):
    """A word for people that stands for a code; programs get the code."""

    __slots__ = ("code",)
    code: str | None

    def __new__(cls, text: str, code: str | None) -> "Coded":
        """`code` None is nothing for a program."""
        made = super().__new__(cls, text)
        made.code = code
        return made


Cell = str | int | float | datetime | None
Asks = Mapping[str, str]
"""What the calls of a figure are asked for, besides what the whole report is; see `reports.follow`."""
BARS_MOST = 20
"""Sources or agents that a chart shows."""
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
    _: KW_ONLY
    sparse: Collection[str] = ()
    """Columns that people do not see where nothing is in them; programs always do."""
    row_types: Sequence[Type] = ()
    """Where each row holds something else: the type of its numbers."""
    row_asks: Sequence[Asks | None] = ()
    """What the calls of each row are asked for; None leads nowhere."""
    asks: Mapping[str, Asks] = field(default_factory=dict)
    """Likewise of each column that counts calls, by its key."""

    def for_people(self) -> "Sheet":
        """The same without empty columns."""
        kept = [n for n, key in enumerate(self.keys) if key not in self.sparse or any(row[n] for row in self.rows)]
        return replace(
            self,
            keys=[self.keys[n] for n in kept],
            heads=[self.heads[n] for n in kept],
            rows=[[row[n] for n in kept] for row in self.rows],
        )

    def types_in(self, column: int) -> Sequence[Type]:
        """What each cell of a column holds."""
        kind = self.type_of(column)
        return self.row_types if self.row_types and kind == "number" else [kind] * len(self.rows)

    def texts(self, column: int) -> list[str]:
        """A column's cells for a person's eyes, on every surface the same."""
        return [shown(kind, row[column]) for kind, row in zip(self.types_in(column), self.rows, strict=True)]

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
    most: float = 0.0
    """Where the scale ends, the same for charts that are compared; 0 takes the largest value."""
    axes: tuple[str, str] = ("", "")
    """What lies along it, and what it counts."""
    asks: Sequence[Asks | None] = ()
    """What the calls of each bar are asked for; None leads nowhere."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A value for each row and column, the darker the more; `unit` is what is counted."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]
    unit: str = ""
    most: float = 0.0
    asks: Sequence[Sequence[Asks]] = ()
    """What the calls of each value are asked for."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line over time; its last point may be of a time that is not over yet."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    share: bool = False
    axes: tuple[str, str] = ("", "")
    partial: bool = False
    most: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a manager looks for first, beside what it was in the period before, as text."""

    name: str
    now: str
    then: str
    change: str = ""
    asks: Asks | None = None
    """What its calls are asked for; None leads nowhere."""


Chart = Bars | Heat | Trend


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes:
        title, notes: what a person reads first: name of the report, site, period.
        sheets: the first one is the report itself.
        figures: what a web page begins with.
        charts: a web page draws them, and a terminal.
        compact: a web page is one sheet of paper: its tables stand beside each other.
        lang: of the words.
    """

    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    lang: str = "zh"
    empty: str = field(default="", kw_only=True)
    figures: tuple[Figure, ...] = field(default=(), kw_only=True)
    compact: bool = field(default=False, kw_only=True)
    hint: str = field(default="", kw_only=True)
    """How to go on from here, for whoever reads it on a terminal."""


def alike(first: Page, second: Page) -> tuple[Page, Page]:
    """Two pages of one report, their charts of the same name drawn to one scale."""
    scales: dict[str, float] = {}
    for chart in (*first.charts, *second.charts):
        if not isinstance(chart, Heat):
            scales[chart.title] = max(scales.get(chart.title, 0.0), *chart.values, 0.0)
        else:
            scales[chart.title] = max(scales.get(chart.title, 0.0), *(v for row in chart.values for v in row), 0.0)

    def scaled(page: Page) -> Page:
        charts = tuple(chart if chart.most else replace(chart, most=scales[chart.title]) for chart in page.charts)
        return replace(page, charts=charts)

    return scaled(first), scaled(second)


def shown(kind: Type, cell: Cell) -> str:
    """A cell for a person's eyes."""
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
        case bool():
            return "✔" if cell else ""
        case str():
            return visible(cell)
        case _ if kind == "share":
            return f"{cell:z.1%}"
        case float():
            return f"{cell:.1f}" if kind == "seconds" else f"{cell:.2f}"
        case int():
            return str(cell)


def amount(value: float, share: bool = False) -> str:
    """What a bar or a field of a chart stands for, for a person's eyes."""
    if share:
        return f"{value:.1%}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
