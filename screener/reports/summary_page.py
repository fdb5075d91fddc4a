"""The manager's page: this period beside the last, and where to look first."""

from collections import Counter
from collections.abc import Sequence

from screener.reports.page import Bars, Cell, Coded, Chart, Page, Sheet, Trend
from screener.reports.pages import Reader, heat_chart, source_bars, source_sheet, treatment_sheet
from screener.reports.sources import SourceBy
from screener.reports.summary import Measures, Summary


def summary_page(answer: Summary, reader: Reader) -> Page:
    """The report `summary`."""
    hours = Counter[int]()
    for (_, hour), flags in answer.days.heat.items():
        hours[hour] += flags
    kinds = sorted(answer.kinds.items(), key=lambda item: -item[1])
    charts: Sequence[Chart] = [
        Trend(
            reader.word("t_trend"),
            [row.bucket for row in answer.days.rows],
            [row.flagged for row in answer.days.rows],
        ),
        heat_chart(answer.days, reader),
        Bars(
            reader.word("t_hours"),
            [f"{hour:02}" for hour in range(24)],
            [hours[hour] for hour in range(24)],
            upright=True,
        ),
        Bars(reader.word("t_kinds"), [reader.word(k or "no_kind") for k, _ in kinds], [n for _, n in kinds]),
        source_bars(answer.top, SourceBy.NUMBER, reader, "t_top"),
        source_bars(answer.regions, SourceBy.REGION, reader, "t_regions"),
        source_bars(answer.lines, SourceBy.LINE, reader, "t_lines"),
    ]
    sheets = [
        _measures(answer.now, answer.then, reader),
        source_sheet(answer.top, SourceBy.NUMBER, reader, "t_top", "top"),
        treatment_sheet(answer.treatments, reader),
    ]
    return reader.page("t_summary", answer.span, sheets, charts)


def _measures(now: Measures, then: Measures, reader: Reader) -> Sheet:
    names = (
        "offered", "flagged", "share", "treated", "by_hand", "numbers", "new", "confirmed", "overturned",
        "entered", "to_the_end", "stay_median",
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for name in names:
        this, last = getattr(now, name), getattr(then, name)
        change = this / last - 1 if last and this is not None else None
        rows.append([Coded(reader.word(f"m_{name}"), name), _plain(name, this), _plain(name, last), change])
    keys = ["measure", "now", "then", "change_share"]
    return Sheet(
        reader.word("t_measures"), keys, reader.words(keys), rows, {"now": "number", "then": "number"}, "measures"
    )


def _plain(name: str, value: float | None) -> Cell:
    """One column holds counts, shares and seconds: a share says itself that it is one."""
    return f"{value:.2%}" if name == "share" and value is not None else value
