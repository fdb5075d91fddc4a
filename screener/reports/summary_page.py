"""The manager's page: the key figures, this period beside the last, and where to look first."""

from collections.abc import Sequence

from screener.reports.follow import BY_HAND, ENTERED, FLAGGED, NEW, OFFERED, OVERTURNED
from screener.reports.layout import Asks, Bars, Cell, Chart, Coded, Figure, Page, Sheet, Trend, Type, shown
from screener.reports.pages import (
    heat_chart,
    kind_name,
    source_bars,
    source_sheet,
    treatment_sheet,
)
from screener.reports.reader import Reader
from screener.reports.sources import SourceBy
from screener.reports.span import Span
from screener.reports.summary import Measures, Summary

_MEASURES: dict[str, Type] = {
    "offered": "count", "flagged": "count", "share": "share", "treated": "count", "by_hand": "count",
    "numbers": "count", "new": "count", "confirmed": "count", "overturned": "count", "entered": "count",
    "to_the_end": "count", "stay_median": "seconds",
}  # fmt: skip
_ASKS: dict[str, Asks] = {
    "offered": OFFERED, "flagged": FLAGGED, "share": FLAGGED, "treated": FLAGGED | {"treated": "1"},
    "by_hand": BY_HAND, "numbers": FLAGGED, "new": NEW, "confirmed": FLAGGED | {"reviewed": "confirmed"},
    "overturned": OVERTURNED, "entered": ENTERED, "to_the_end": ENTERED | {"stay": "to_the_end"},
    "stay_median": ENTERED,
}  # fmt: skip
"""The calls of each; of a share those that it is the share of, of a median those among which it stands."""
_FIRST = ("offered", "flagged", "share", "treated", "by_hand", "numbers", "new", "confirmed")
"""What the page begins with."""


def summary_page(answer: Summary, reader: Reader) -> Page:
    """The report `summary`: one sheet of paper."""
    days = [row.bucket[5:] for row in answer.days.rows]
    partial = reader.is_partial(answer.span)
    kinds = sorted(answer.kinds.items(), key=lambda item: -item[1])
    names = [kind_name(kind, reader) for kind, _ in kinds]
    of_kinds = [FLAGGED | {"kind": kind or "none"} for kind, _ in kinds]
    axes = reader.word("day"), reader.word("flagged_calls")
    charts: Sequence[Chart] = [
        Trend(reader.word("t_trend"), days, [row.flagged for row in answer.days.rows], axes=axes, partial=partial),
        Trend(
            reader.word("t_share"),
            days,
            [row.share or 0.0 for row in answer.days.rows],
            share=True,
            axes=(reader.word("day"), reader.word("m_share")),
            partial=partial,
        ),
        heat_chart(answer.days, reader),
        Bars(reader.word("t_kinds"), names, [n for _, n in kinds], asks=of_kinds),
        source_bars(answer.top, SourceBy.NUMBER, reader, "t_top"),
        source_bars(answer.regions, SourceBy.REGION, reader, "t_regions"),
        source_bars(answer.lines, SourceBy.LINE, reader, "t_lines"),
    ]
    sheets = [
        treatment_sheet(answer.treatments, reader),
        measures_sheet(answer.now, answer.then, answer.before, reader),
        source_sheet(answer.top, SourceBy.NUMBER, reader, "t_top", "top"),
    ]
    figures = tuple(_figure(name, answer.now, answer.then, reader) for name in _FIRST)
    empty = not answer.now.offered
    return reader.page(
        "t_summary", answer.span, sheets, () if empty else charts, figures=() if empty else figures, compact=True
    )


def _figure(name: str, now: Measures, then: Measures, reader: Reader) -> Figure:
    this, last, kind = getattr(now, name), getattr(then, name), _MEASURES[name]
    change = _change(this, last)
    seen = None if change is None else round(change, 2)  # as it is shown
    text = "" if seen is None else f"{'▲' if seen > 0 else '▼' if seen < 0 else '='} {abs(seen):.0%}"
    before = f"{reader.word('then')} {shown(kind, last) or '–'}"
    return Figure(reader.word(f"m_{name}"), shown(kind, this) or "–", before, text, _ASKS.get(name))


def measures_sheet(now: Measures, then: Measures, period: Span, reader: Reader) -> Sheet:
    """Every figure of both periods; `period` is the one before, which has both ends."""
    rows: list[list[Cell]] = []
    for name in _MEASURES:
        this, last = getattr(now, name), getattr(then, name)
        rows.append([Coded(reader.word(f"m_{name}"), name), this, last, _change(this, last)])
    keys = ["measure", "now", "then", "change_share"]
    numbers: dict[str, Type] = {"now": "number", "then": "number"}
    types = list(_MEASURES.values())
    assert period.since is not None
    assert period.until is not None
    before = {"from": period.since.isoformat(), "to": period.until.isoformat()}
    return Sheet(
        reader.word("t_measures"), keys, reader.words(keys), rows, numbers, "measures",
        row_types=types, row_asks=[_ASKS.get(name) for name in _MEASURES], asks={"now": {}, "then": before},
    )  # fmt: skip


def _change(now: float | None, then: float | None) -> float | None:
    """By how much, as a part of what it was; None where there is nothing to compare."""
    return now / then - 1 if then and now is not None else None
