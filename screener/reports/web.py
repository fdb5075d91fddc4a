"""A report as one self-contained web page, for desk, phone and paper.

Charts are inline SVG that stretches with the page; their words and numbers are ordinary text beside them, so that
they stay readable at any width.
"""

import math
import re
from collections.abc import Callable, Sequence
from html import escape

from screener.reports.follow import both
from screener.reports.layout import Asks, Bars, Chart, Figure, Heat, Page, Sheet, Trend, amount

STYLE = """
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5c6b7a; --line: #d5dde5; --bar: #2f6f9f;
  --hot: 192, 57, 43; --paper: #fff; --tile: #f2f5f8; --deep: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaf0; --soft: #9aa8b5; --line: #36424d; --bar: #6aaede;
  --hot: 226, 94, 78; --paper: #12181e; --tile: #1c252d; } }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
.notes { color: var(--soft); margin: 0; } .date { white-space: nowrap; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; margin: 1rem 0; }
.figures div { background: var(--tile); border-radius: 6px; padding: .5rem .8rem; }
.figures b { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: .8rem; }
.names { color: var(--soft); font-size: .78rem; display: flex; justify-content: space-between; }
.legend { color: var(--soft); font-size: .78rem; display: flex; align-items: center; gap: .4rem;
  margin-top: .4rem; }
.legend i { width: 6rem; height: .8rem; border-radius: 2px;
  background: linear-gradient(90deg, rgba(var(--hot), .04), rgba(var(--hot), .9)); }
.empty { padding: 2rem 0; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 2rem; }
figure { margin: 0; break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
svg { display: block; width: 100%; }
.bars { display: grid; grid-template-columns: fit-content(45%) 1fr max-content;
  gap: .25rem .6rem; align-items: center; }
.bars span:nth-child(3n) { text-align: right; font-variant-numeric: tabular-nums; }
.bars svg { height: .9rem; }
.plot { display: grid; grid-template-columns: minmax(3.2rem, max-content) minmax(0, 1fr); gap: .2rem .5rem; }
.plot .scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; }
.plot .axis { grid-column: 2; display: flex; overflow: hidden; }
.axis span { flex: 1 1 0; min-width: 0; overflow: visible; white-space: nowrap; }
.scale, .axis, .heat th { color: var(--soft); font-size: .78rem; font-weight: normal; }
.plot svg { height: 11rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
/* A shadow where a table goes on beyond the edge. */
.scroll { overflow-x: auto;
  background: linear-gradient(to left, var(--paper) 50%, transparent) right / 2.4rem 100% no-repeat local,
  linear-gradient(to left, rgba(128, 128, 128, .5), transparent) right / .9rem 100% no-repeat scroll; }
.sheet th, .sheet td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; }
.sheet th { border-bottom-width: 2px; word-break: keep-all; vertical-align: bottom; font-weight: 600; }
.sheet .n { text-align: right; }
.sheet td { white-space: nowrap; }
.sheet td:first-child, .sheet th:first-child { position: sticky; left: 0; background: var(--paper); }
.heat table { table-layout: fixed; border-spacing: 1px; border-collapse: separate; }
.heat td { height: 1.5rem; padding: 0; text-align: center; font-size: .68rem; border-radius: 2px; }
/* Ten steps of a heat map: classes, because a strict page forbids styles of single elements. */
.heat .h0 { background: rgba(var(--hot), 0.04); }
.heat .h1 { background: rgba(var(--hot), 0.14); }
.heat .h2 { background: rgba(var(--hot), 0.23); }
.heat .h3 { background: rgba(var(--hot), 0.33); }
.heat .h4 { background: rgba(var(--hot), 0.42); }
.heat .h5 { background: rgba(var(--hot), 0.52); }
.heat .h6 { background: rgba(var(--hot), 0.61); color: #fff; }
.heat .h7 { background: rgba(var(--hot), 0.71); color: #fff; }
.heat .h8 { background: rgba(var(--hot), 0.80); color: #fff; }
.heat .h9 { background: rgba(var(--hot), 0.90); color: #fff; }
.heat th:first-child { width: 2.6rem; text-align: left; }
@media (max-width: 40rem) { .figures { grid-template-columns: 1fr 1fr; }
  .heat td { font-size: 0; } .heat th { font-size: .65rem; }
  .sheet { font-size: .9rem; } .sheet th:lang(zh) { white-space: nowrap; }
  .sheet th, .sheet td { padding: .3rem .35rem; }
  .axis .second { visibility: hidden; } }
@media print { :root { --ink: #1b2733; --soft: #5c6b7a; --line: #d5dde5; --bar: #2f6f9f; --hot: 192, 57, 43;
    --paper: #fff; --tile: #f2f5f8; }
  /* One sheet of A4, with every kind, line and hour in it. */
  .compact { font-size: 8pt; line-height: 1.3; }
  .compact .figures { grid-template-columns: repeat(4, 1fr); gap: 3px; margin: 3px 0; }
  .compact .figures div { padding: 2px 8px; } .compact .figures b { font-size: 12pt; }
  .compact .figures span { font-size: 7pt; }
  .compact .names, .compact .legend, .compact .scale, .compact .axis, .compact .heat th { font-size: 6.5pt; }
  .compact figure.trend { grid-column: auto; } .compact .plot { row-gap: 0; }
  .compact .plot svg { height: 4rem; }
  .compact h2 { margin: .35rem 0 .1rem; font-size: 9pt; }
  .compact .heat td, .compact .heat td a { height: .85rem; font-size: 6pt; line-height: .85rem; }
  .compact .legend { margin-top: 0; } .compact .legend i { height: .5rem; }
  .compact .bars { row-gap: 0; font-size: 7pt; } .compact .bars svg { height: .5rem; }
  .compact .tables > div:nth-child(n+2) { display: none; }
  .compact .sheet { font-size: 7.5pt; } .compact .sheet td, .compact .sheet th { padding: 1px 4px; }
  .scroll { overflow: visible; background: none; }
  .charts { grid-template-columns: 1fr 1fr; } .plot svg { height: 7rem; } .heat td { height: 1.1rem; }
  h2 { margin-top: 1rem; break-after: avoid; } .sheet th, .sheet td { padding: .15rem .4rem; }
  .sheet td:first-child, .sheet th:first-child { position: static; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } tr, figure { break-inside: avoid; } }
.bars a, .heat td a, .sheet a, .figures a { color: inherit; }
.heat td a { display: block; text-decoration: none; line-height: 1.5rem; }
.heat td a:hover, .heat td a:focus { text-decoration: underline; }
.plot a:hover rect, .plot a:focus rect { opacity: .7; }
"""
"""Of what `body` gives."""
_PAGE_STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5
  "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
@media (max-width: 40rem) { body { padding: .8rem; } }
@media print { body { padding: 0; max-width: none; font-size: 9pt; } }
@page { size: A4; margin: 12mm; }
"""

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?")
WIDEST = 12.0
"""A bar takes no more of a chart's width, in percent: that of the only month is a bar and no wall."""

HrefOf = Callable[[Asks], str]
"""From what the calls of a figure are asked for to their address; empty for none."""


def web_page(page: Page) -> str:
    """The page; needs nothing from anywhere."""
    return f"""<!doctype html>
<html lang="{"en" if page.lang == "en" else "zh-CN"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
<style>{STYLE}{_PAGE_STYLE}</style>
</head>
<body{' class="compact"' if page.compact else ""}>
<h1>{escape(page.title)}</h1>
{body(page)}
</body>
</html>
"""


def body(page: Page, link: HrefOf = lambda _of: "") -> str:
    """What stands below the title of a report, as HTML that needs `STYLE` alone.

    Args:
        page: the report.
        link: where the calls of a bar are.
    """
    notes = "".join(f'<p class="notes">{unbroken(escape(note))}</p>' for note in page.notes)
    figures = "".join(_figure_tile(figure, link) for figure in page.figures)
    figures = f'<div class="figures">{figures}</div>' if figures else ""
    charts = "".join(_chart(chart, link) for chart in page.charts if chart.values)
    sheets = "".join(f"<div>{_sheet(sheet.for_people(), page.empty, link)}</div>" for sheet in page.sheets)
    if page.compact and not page.figures:
        charts, sheets = "", f'<p class="empty">{escape(page.empty)}</p>'
    return f"""{notes}
{figures}
<div class="charts">{charts}</div>
<div class="tables">{sheets}</div>"""


def unbroken(text: str) -> str:
    """A text for a page on which, by its style, no date is broken off at the end of a line.

    Args:
        text: escaped.
    """
    return _DATE.sub(r'<span class="date">\g<0></span>', text)


def _figure_tile(figure: Figure, link: HrefOf) -> str:
    now = _linked(escape(figure.now), "" if figure.asks is None else link(figure.asks))
    beside = f"{escape(figure.change)} ({escape(figure.then)})" if figure.change else escape(figure.then)
    return f"<div><span>{escape(figure.name)}</span><b>{now}</b><span>{beside}</span></div>"


def _sheet(sheet: Sheet, empty: str, link: HrefOf) -> str:
    types = [sheet.type_of(column) for column in range(len(sheet.keys))]
    marks = ["" if kind in ("text", "phone", "time") else ' class="n"' for kind in types]
    heads = "".join(f"<th{mark}>{escape(head)}</th>" for mark, head in zip(marks, sheet.heads, strict=True))
    rows = "".join(
        f"<tr>{''.join(f'<td{mark}>{text}</td>' for mark, text in zip(marks, row, strict=True))}</tr>\n"
        for row in zip(*(_cells(sheet, column, link) for column in range(len(sheet.keys))), strict=True)
    )
    body = rows or f'<tr><td colspan="{len(sheet.keys)}">{escape(empty)}</td></tr>'
    return (
        f'<h2>{escape(sheet.title)}</h2><div class="scroll"><table class="sheet">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )


def _cells(sheet: Sheet, column: int, link: HrefOf) -> list[str]:
    """A column's cells; those that count calls lead to them."""
    texts = [escape(text) for text in sheet.texts(column)]
    asks = sheet.asks.get(sheet.keys[column])
    if asks is None:
        return texts
    return [
        _linked(text, link(of)) if row[column] and (of := both(where, asks)) is not None else text
        for text, row, where in zip(texts, sheet.rows, sheet.row_asks, strict=True)
    ]


def _chart(chart: Chart, link: HrefOf) -> str:
    match chart:
        case Bars(upright=True):
            return _figure(chart.title, _columns(chart, link), wide=len(chart.labels) > 12)
        case Bars():
            return _figure(chart.title, _bars(chart, link))
        case Heat():
            return _figure(chart.title, _heat(chart, link), wide=True)
        case Trend():
            return _figure(chart.title, _trend(chart), wide=True, kind="trend")


def _figure(title: str, inside: str, wide: bool = False, kind: str = "") -> str:
    names = " ".join(name for name in ("wide" if wide else "", kind) if name)
    mark = f' class="{names}"' if names else ""
    return f"<figure{mark}><h2>{escape(title)}</h2>{inside}</figure>\n"


def _bars(chart: Bars, link: HrefOf) -> str:
    most = chart.most or max(chart.values, default=0) or 1
    rows = "".join(
        f"<span>{_linked(escape(label), address)}</span>"
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * value / most:.2f}" height="10" fill="var(--bar)"/></svg>'
        f"<span>{amount(value, chart.share)}</span>"
        for label, value, address in zip(chart.labels, chart.values, _addresses(chart, link), strict=True)
    )
    return f'<div class="bars">{rows}</div>'


def _columns(chart: Bars, link: HrefOf) -> str:
    most = _top([*chart.values, chart.most], chart.share)
    place = 100 / max(1, len(chart.values))
    gap, wide = min(0.1 * place, 1.0), min(0.8 * place, WIDEST)
    bars = "".join(
        _linked(
            f'<rect x="{place * number + gap:.3f}" y="{100 - 100 * value / most:.2f}" width="{wide:.3f}" '
            f'height="{100 * value / most:.2f}" fill="var(--bar)">'
            f"<title>{escape(label)}: {amount(value, chart.share)}</title></rect>",
            address if value else "",
            f"{label}: {amount(value, chart.share)}",
        )
        for number, (label, value, address) in enumerate(
            zip(chart.labels, chart.values, _addresses(chart, link), strict=True)
        )
    )
    return _plot(chart.title, bars, most, chart.labels, chart.share, chart.axes)


def _addresses(chart: Bars, link: HrefOf) -> list[str]:
    """Where each bar leads."""
    return ["" if asks is None else link(asks) for asks in chart.asks or [None] * len(chart.labels)]


def _linked(inside: str, address: str, name: str = "") -> str:
    if not address:
        return inside
    called = f' aria-label="{escape(name)}"' if name else ""
    return f'<a href="{escape(address)}"{called}>{inside}</a>'


def _trend(chart: Trend) -> str:
    most = _top([*chart.values, chart.most], chart.share)
    values = chart.values if len(chart.values) > 1 else [*chart.values, *chart.values]  # of one day: a level
    step = 100 / max(1, len(values) - 1)
    places = [f"{step * n:.3f},{100 - 100 * value / most:.2f}" for n, value in enumerate(values)]
    level = len(chart.values) == 1  # of one day there is no line, but how high it stands is seen
    over = places[:-1] if chart.partial and not level else places
    end = step * (len(over) - 1)
    stroke = 'fill="none" stroke="var(--bar)" stroke-width="2" vector-effect="non-scaling-stroke"'
    line = (
        f'<polygon points="0,100 {" ".join(over)} {end:.3f},100" fill="var(--bar)" opacity=".15"/>'
        f'<polyline points="{" ".join(over)}" {stroke} stroke-linejoin="round"/>'
    )
    if level and chart.partial:
        line = line.replace(' stroke-linejoin="round"', ' stroke-dasharray="3 4"')
    if over is not places:  # of a time that goes on
        line += f'<polyline points="{" ".join(places[-2:])}" {stroke} stroke-dasharray="3 4"/>'
    return _plot(chart.title, line, most, chart.labels, chart.share, chart.axes)


def _top(values: Sequence[float], share: bool = False) -> float:
    """Where the scale ends: at an even number, of calls or of per cent, so that its middle is a whole one too."""
    most = max(values, default=0)
    return min(1.0, _top([round(100 * most, 6)]) / 100) if share else 2 * max(1, math.ceil(most / 2))


def _plot(
    title: str,
    inside: str,
    most: float,
    labels: Sequence[str],
    share: bool = False,
    axes: tuple[str, str] = ("", ""),
) -> str:
    grid = "".join(
        f'<line x1="0" x2="100" y1="{y}" y2="{y}" stroke="var(--line)" vector-effect="non-scaling-stroke"/>'
        for y in (0, 50, 100)
    )
    scale = "".join(f"<span>{amount(value, share)}</span>" for value in (most, most / 2, 0))
    every = max(1, -(-len(labels) // 6))
    wide = [n // every % 2 or _is_cut(label, n, len(labels)) for n, label in enumerate(labels)]
    axis = "".join(
        f'<span class="{"second" if wide[n] else "first"}">{escape(label)}</span>'
        if n % every == 0 and 2 * (len(labels) - n) > every  # a label needs its room
        else "<span></span>"
        for n, label in enumerate(labels)
    )
    role = f' role="{"group" if "<a " in inside else "img"}" aria-label="{escape(title)}"'
    names = f'<div class="names"><span>{escape(axes[1])}</span></div>' if axes[1] else ""
    under = f'<div class="names"><span></span><span>{escape(axes[0])} →</span></div>' if axes[0] else ""
    return (
        f'{names}<div class="plot"><div class="scale">{scale}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none"{role}>{grid}{inside}</svg>'
        f'<div class="axis">{axis}</div></div>{under}'
    )


def _is_cut(label: str, n: int, of: int) -> bool:
    """Whether the nth of so many labels sticks out at the right of a phone, which has room for 33 letters."""
    return (of - n) * 33 < len(label) * of


def _heat(chart: Heat, link: HrefOf) -> str:
    most = chart.most or max((value for row in chart.values for value in row), default=0) or 1

    def cell(row: str, n: int, m: int, value: float) -> str:
        address = link(chart.asks[n][m]) if value and chart.asks else ""
        column = chart.columns[m]
        name = f"{row} {column}: {amount(value)}"
        return (
            f'<td class="h{round(9 * value / most)}" title="{escape(name)}">'
            f"{_linked(amount(value), address, name) if value else ''}</td>"
        )

    heads = "".join(f"<th>{escape(label) if n % 3 == 0 else ''}</th>" for n, label in enumerate(chart.columns))
    rows = "".join(
        f"<tr><th>{escape(label)}</th>"
        + "".join(cell(label, n, m, value) for m, value in enumerate(values))
        + "</tr>"
        for n, (label, values) in enumerate(zip(chart.rows, chart.values, strict=True))
    )
    legend = f'<div class="legend">{escape(chart.unit)} 0 <i></i> {amount(most)}</div>'
    return f'<div class="heat"><table><tr><th></th>{heads}</tr>{rows}</table>{legend}</div>'
