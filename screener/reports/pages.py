"""From answers to pages: which columns, which charts, in whose language and time zone."""

from collections.abc import Callable, Sequence

from screener.core.evidence import Kind
from screener.reports.accuracy import Accuracy, AccuracyRow
from screener.reports.agents import AgentRow
from screener.reports.follow import (
    BY_HAND,
    ENTERED,
    FLAGGED,
    JUDGED,
    NEW,
    OFFERED,
    OWN,
    RESTED,
    RETURNING,
    both,
)
from screener.reports.frequency import Bucket, Frequency
from screener.reports.layout import Asks, Bars, Cell, Chart, Coded, Heat, Page, Sheet, Type
from screener.reports.queue import QueueAnswer, QueueRow
from screener.reports.reader import Reader
from screener.reports.sources import SourceBy, SourceRow
from screener.reports.span import Span
from screener.reports.treatment import DAYS, ArmRow
from screener.reports.warnings import STEPS, WarningFigures
from screener.words.places import place
from screener.words.terms import weekday

BARS_MOST = 20
"""Sources that a chart shows."""


def frequency_page(answer: Frequency, span: Span, by: Bucket, reader: Reader) -> Page:
    """The report `frequency` by a period of time."""
    kinds = (*Kind, None)
    of_kinds = [kind.value if kind else "no_kind" for kind in kinds]
    keys = [by.value, "offered", "flagged", "share", "treated", "by_hand", *of_kinds]
    rows: list[list[Cell]] = [
        [
            _bucket(row.bucket, by, reader),
            row.offered,
            row.flagged,
            row.share,
            row.treated,
            row.by_hand,
            *(row.by_kind.get(kind, 0) for kind in kinds),
        ]
        for row in answer.rows
    ]
    title = reader.word("t_frequency")
    labels, axes = _buckets(answer, by, reader), (reader.word(by.value), reader.word("flagged_calls"))
    places = [{by.value: row.bucket} for row in answer.rows]
    flags = [place | FLAGGED for place in places]
    charts: list[Chart] = [
        Bars(title, labels, [row.flagged for row in answer.rows], upright=True, axes=axes, asks=flags)
    ]
    shares = [row.share or 0.0 for row in answer.rows]
    axes = reader.word(by.value), reader.word("m_share")
    charts.append(Bars(reader.word("t_share"), labels, shares, share=True, upright=True, axes=axes, asks=flags))
    asks = {
        "offered": OFFERED,
        "flagged": FLAGGED,
        "share": FLAGGED,
        "treated": FLAGGED | {"treated": "1"},
        "by_hand": BY_HAND,
    }
    asked = [name for name in of_kinds if span.kind in (None, name)]  # of the others there are none
    asks |= {name: FLAGGED | {"kind": "none" if name == "no_kind" else name} for name in asked}
    sheet = Sheet(
        title, keys, reader.words(keys), rows, {by.value: "text"}, "frequency",
        sparse=of_kinds, row_asks=places, asks=asks,
    )  # fmt: skip
    return reader.page("t_frequency", span, [sheet], [*charts, heat_chart(answer, reader)])


def heat_page(answer: Frequency, span: Span, reader: Reader) -> Page:
    """The report `frequency` as a map of weekday and hour."""
    hours = [f"{hour:02}" for hour in range(24)]
    rows: list[list[Cell]] = [
        [Coded(weekday(day, reader.lang), str(day)), *(answer.heat.get((day, hour), 0) for hour in range(24))]
        for day in range(1, 8)
    ]
    sheet = Sheet(
        reader.word("t_heat"),
        ["weekday", *hours],
        [reader.word("weekday"), *hours],
        rows,
        name="heat",
        row_asks=[{"weekday": str(day)} for day in range(1, 8)],
        asks={hour: FLAGGED | {"hour": hour} for hour in hours},
    )
    return reader.page("t_heat", span, [sheet], [heat_chart(answer, reader)])


def heat_chart(answer: Frequency, reader: Reader) -> Heat:
    """Flags by weekday and hour."""
    values = [[answer.heat.get((day, hour), 0) for hour in range(24)] for day in range(1, 8)]
    days = [Coded(weekday(day, reader.lang), str(day)) for day in range(1, 8)]
    hours = [f"{hour:02}" for hour in range(24)]
    asks = [[FLAGGED | {"weekday": str(day), "hour": hour} for hour in hours] for day in range(1, 8)]
    return Heat(reader.word("t_heat"), days, hours, values, reader.word("flagged_calls"), asks=asks)


def _buckets(answer: Frequency, by: Bucket, reader: Reader) -> list[str]:
    return [_bucket(row.bucket, by, reader) for row in answer.rows]


def _bucket(bucket: str, by: Bucket, reader: Reader) -> str:
    """A weekday is a word, everywhere."""
    return Coded(weekday(int(bucket), reader.lang), bucket) if by is Bucket.WEEKDAY else bucket


def source_sheet(rows: Sequence[SourceRow], by: SourceBy, reader: Reader, title: str, name: str) -> Sheet:
    """Sources as a table."""
    keys = [by.value, "calls", "flagged", "share", "numbers", "new", "returning", "first", "last"]
    heads = [reader.word("flagged_share") if key == "share" else reader.word(key) for key in keys]
    cells: list[list[Cell]] = [
        [
            source_name(row.source, by, reader),
            row.calls,
            row.flagged,
            row.share,
            row.numbers,
            row.new,
            row.returning,
            reader.local(row.first),
            reader.local(row.last),
        ]
        for row in rows
    ]
    kind: Type = "phone" if by in (SourceBy.NUMBER, SourceBy.PREFIX, SourceBy.DIALLED) else "text"
    return Sheet(
        reader.word(title), keys, heads, cells, {by.value: kind}, name,
        row_asks=[reader.whole(by, row.source) for row in rows],
        asks={
            "calls": OFFERED, "flagged": FLAGGED, "share": FLAGGED,
            "numbers": FLAGGED, "new": NEW, "returning": RETURNING,
        },
    )  # fmt: skip


def source_name(source: str, by: SourceBy, reader: Reader) -> str:
    """A source as the reader may see it."""
    match by:
        case SourceBy.NUMBER | SourceBy.PREFIX:
            return reader.number(source)
        case SourceBy.DIALLED | SourceBy.QUEUE:
            return source or Coded(reader.word("unknown_source"), None)
        case SourceBy.LINE:
            return reader.coded(source)
        case SourceBy.REGION | SourceBy.CARRIER:
            known = Coded(place(source, reader.lang), source)
            return known if source else Coded(reader.word("unknown_source"), None)


def source_bars(rows: Sequence[SourceRow], by: SourceBy, reader: Reader, title: str) -> Bars:
    """Sources as bars."""
    names = [source_name(row.source, by, reader) for row in rows[:BARS_MOST]]
    asks = [both(reader.whole(by, row.source), FLAGGED) for row in rows[:BARS_MOST]]
    return Bars(reader.word(title), names, [row.flagged for row in rows[:BARS_MOST]], asks=asks)


def sources_page(rows: Sequence[SourceRow], span: Span, by: SourceBy, reader: Reader) -> Page:
    """The report `sources`."""
    sheet = source_sheet(rows, by, reader, "t_sources", "sources")
    return reader.page("t_sources", span, [sheet], [source_bars(rows, by, reader, "t_sources")])


_QUEUE = (
    "entered", "to_the_end", "abandoned", "abandoned_after_seconds", "repeated", "by_hand",
    "stay_median_seconds", "stay_p95_seconds",
)  # fmt: skip


def queue_page(answer: QueueAnswer, span: Span, by: Bucket, reader: Reader) -> Page:
    """The report `queue`."""
    periods = [{by.value: row.group} for row in answer.periods]
    sheets = [
        _queue_sheet(
            answer.ways, "group", reader.coded, reader, "t_queue", [{}, {"way": "automatic"}, {"way": "by_hand"}]
        ),
        _queue_sheet(
            answer.periods,
            by.value,
            lambda bucket: _bucket(bucket, by, reader),
            reader,
            "t_queue_periods",
            periods,
        ),
    ]
    entered = [row.entered for row in answer.periods]
    bars = Bars(
        reader.word("entered"),
        [_bucket(row.group, by, reader) for row in answer.periods],
        entered,
        upright=True,
        asks=[period | ENTERED for period in periods],
    )
    return reader.page("t_queue", span, sheets, [bars], asks=ENTERED)


def _queue_sheet(
    rows: Sequence[QueueRow],
    first: str,
    name_of: Callable[[str], str],
    reader: Reader,
    title: str,
    places: Sequence[Asks],
) -> Sheet:
    cells: list[list[Cell]] = [
        [
            name_of(row.group),
            row.entered,
            row.to_the_end,
            row.abandoned,
            row.abandoned_after,
            row.repeated,
            row.by_hand,
            row.stay_median,
            row.stay_p95,
        ]
        for row in rows
    ]
    keys = [first, *_QUEUE]
    asks = {"entered": ENTERED, "by_hand": ENTERED | {"way": "by_hand"}}
    asks |= {stay: ENTERED | {"stay": stay} for stay in ("to_the_end", "abandoned")}
    asks |= {"abandoned_after_seconds": asks["abandoned"], "repeated": ENTERED | {"repeated": "1"}}
    asks |= dict.fromkeys(("stay_median_seconds", "stay_p95_seconds"), ENTERED)
    name = title.removeprefix("t_").removeprefix("queue_")
    return Sheet(
        reader.word(title), keys, reader.words(keys), cells, {first: "text"}, name, row_asks=places, asks=asks
    )


def treatment_sheet(rows: Sequence[ArmRow], reader: Reader) -> Sheet:
    """What came of each treatment, as a table."""
    keys = ["treatment", "sources"]
    for days in DAYS:
        keys += [f"watched_{days}", f"again_{days}", f"again_{days}_share"]
    cells: list[list[Cell]] = []
    for row in rows:
        windows: list[Cell] = [cell for w in row.windows for cell in (w.watched, w.again, w.share)]
        cells.append([reader.coded(row.arm), row.sources, *windows])
    places: list[Asks] = [{"treatment": row.arm} for row in rows]
    asks = {"sources": FLAGGED}
    for days in DAYS:
        asks[f"watched_{days}"] = FLAGGED | {"watched": str(days)}
        asks |= dict.fromkeys((f"again_{days}", f"again_{days}_share"), FLAGGED | {"again": str(days)})
    return Sheet(
        reader.word("t_treatment"), keys, reader.words(keys), cells, name="treatment", row_asks=places, asks=asks
    )


def treatment_page(rows: Sequence[ArmRow], span: Span, reader: Reader) -> Page:
    """The report `treatment`."""
    most = max((window.share or 0.0 for row in rows for window in row.windows), default=0.0)
    charts = [
        Bars(
            reader.word(f"again_{days}"),
            [Coded(reader.word(row.arm), row.arm) for row in rows],
            [row.windows[number].share or 0.0 for row in rows],
            share=True,
            most=most,
            asks=[FLAGGED | {"treatment": row.arm, "again": str(days)} for row in rows],
        )
        for number, days in enumerate(DAYS)
    ]
    return reader.page("t_treatment", span, [treatment_sheet(rows, reader)], charts)


def agents_page(rows: Sequence[AgentRow], span: Span, reader: Reader) -> Page:
    """The report `agents`."""
    keys = ["agent", "hit", "by_hand", "confirmed", "overturned"]
    cells: list[list[Cell]] = [
        [row.agent or Coded(reader.word("nobody"), None), row.hit, row.by_hand, row.confirmed, row.overturned]
        for row in rows
    ]
    hit = [row for row in rows if row.agent and row.hit][:BARS_MOST]
    bars = Bars(
        reader.word("hit"),
        [row.agent for row in hit],
        [row.hit for row in hit],
        asks=[FLAGGED | {"person": row.agent} for row in hit],
    )
    asks = {"hit": FLAGGED, "by_hand": BY_HAND}
    asks |= {"confirmed": JUDGED | {"reviewed": "confirmed"}, "overturned": JUDGED | {"reviewed": "overturned"}}
    sheet = Sheet(
        reader.word("t_agents"), keys, reader.words(keys), cells, {"agent": "phone"}, "agents",
        row_asks=[{"person": row.agent} for row in rows], asks=asks,
    )  # fmt: skip
    return reader.page("t_agents", span, [sheet], [bars])


def warnings_page(answer: WarningFigures, span: Span, reader: Reader) -> Page:
    """The report `warnings`."""
    keys = ["about", "level", *(f"step_{step}" for step in STEPS)]
    cells: list[list[Cell]] = [
        [
            Coded(reader.teller.misconduct(row.about), row.about),
            Coded(reader.teller.level(row.level), str(row.level)),
            *row.steps.values(),
        ]
        for row in answer.rows
    ]
    places: list[Asks] = [{"warned": row.about, "level": str(row.level)} for row in answer.rows]
    asks: dict[str, Asks] = {f"step_{step}": {"step": step} for step in STEPS}
    rests = Sheet(
        reader.word("t_rests"), ["rests"], reader.words(["rests"]), [[answer.rests]], name="rests",
        row_asks=[{}], asks={"rests": RESTED},
    )  # fmt: skip
    sheet = Sheet(
        reader.word("t_warnings"), keys, reader.words(keys), cells, name="warnings", row_asks=places, asks=asks
    )
    return reader.page("t_warnings", span, [sheet, rests], [], asks={"step": STEPS[0]})


def accuracy_page(answer: Accuracy, span: Span, reader: Reader) -> Page:
    """The report `accuracy`."""
    counts = ["confirmed", "overturned", "confirmed_share", "low_share", "high_share"]
    kind_keys, rule_keys = ["kind", "flagged", *counts], ["rule_name", "rule", *counts]
    kinds: list[list[Cell]] = [
        [kind_name(row.name, reader), row.flagged, *_accuracy_cells(row)] for row in answer.kinds
    ]
    rules: list[list[Cell]] = [
        [Coded(reader.teller.evidence(row.name), row.name), row.name, *_accuracy_cells(row)]
        for row in answer.rules
    ]
    reviewed = {review: OWN | {"reviewed": review} for review in ("confirmed", "overturned")}
    reviewed["confirmed_share"] = reviewed["confirmed"]
    sheets = [
        Sheet(
            reader.word("t_accuracy"), kind_keys, reader.words(kind_keys), kinds, name="kinds",
            row_asks=[_of_kind(row.name) for row in answer.kinds], asks={"flagged": OWN, **reviewed},
        ),
        Sheet(
            reader.word("t_rules"), rule_keys, reader.words(rule_keys), rules, name="rules",
            row_asks=[{"rule": row.name} for row in answer.rules], asks=reviewed,
        ),
    ]  # fmt: skip
    names = [kind_name(row.name, reader) for row in answer.kinds]
    bars = Bars(
        reader.word("confirmed_share"),
        names,
        [row.share or 0.0 for row in answer.kinds],
        share=True,
        most=1.0,
        asks=[_of_kind(row.name) | OWN for row in answer.kinds],
    )
    return reader.page("t_accuracy", span, sheets, [bars], asks=OWN)


def _of_kind(name: str) -> dict[str, str]:
    return {} if name == "all" else {"kind": name or "none"}


def kind_name(name: str, reader: Reader) -> Coded:
    """A kind of harassment, empty for none."""
    return Coded(reader.word(name or "no_kind"), name or None)


def _accuracy_cells(row: AccuracyRow) -> list[Cell]:
    low, high = row.interval or (None, None)
    return [row.confirmed, row.overturned, row.share, low, high]
