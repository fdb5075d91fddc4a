"""What came of it: whether treated sources stay away, beside sources that were flagged in dry run."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from screener.reports.facts import facts
from screener.reports.follow import FLAGGED
from screener.reports.layout import Asks, Bars, Cell, Coded, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import Return, Span
from screener.store.log import CallLog
from screener.store.tables import DAY_SECONDS

DAYS = (1, 7, 30)
ARMS = ("analysis_queue", "line_fault", "terminate", "none", "dry_run")
"""Treatments in order; flagged but gone before anything was done; flagged in dry run."""


@dataclass(frozen=True, slots=True)
class Window:
    """Of the sources that could be watched for so many days, how many called again within them."""

    days: int
    watched: int
    again: int

    @property
    def share(self) -> float | None:
        """None while nobody has been watched for so long."""
        return self.again / self.watched if self.watched else None


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One treatment.

    Attributes:
        arm: the treatment; `none` is flagged but untreated, `dry_run` flagged in dry run.
        sources: numbers with a flag in the span; each counts once by its first, withheld ones never.
    """

    arm: str
    sources: int
    windows: tuple[Window, ...]


def treatment(log: CallLog, span: Span) -> tuple[ArmRow, ...]:
    """What came of each treatment.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return count(known.returns(span), known.newest())


def count(returns: Iterable[Return], newest: datetime | None) -> tuple[ArmRow, ...]:
    """Rows for the treatments that occurred.

    Args:
        returns: what followed.
        newest: the log's newest call; a source is watched for N days when its flag is N days older than that.
    """
    end = int(newest.timestamp()) if newest else 0
    arms: defaultdict[str, list[Return]] = defaultdict(list)
    for one in returns:
        arms[one.arm].append(one)
    return tuple(
        ArmRow(arm, len(arms[arm]), tuple(_window(arms[arm], days, end) for days in DAYS))
        for arm in ARMS
        if arm in arms
    )


def _window(returns: list[Return], days: int, end: int) -> Window:
    seconds = days * DAY_SECONDS
    watched = [one for one in returns if one.first + seconds <= end]
    again = sum(one.again is not None and one.again - one.first <= seconds for one in watched)
    return Window(days, len(watched), again)


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
    charts = []
    for number, days in enumerate(DAYS):
        shares = [(row.arm, share) for row in rows if (share := row.windows[number].share) is not None]
        bars = Bars(
            reader.word(f"again_{days}"),
            [Coded(reader.word(arm), arm) for arm, _ in shares],
            [share for _, share in shares],
            share=True,
            most=most,
            asks=[FLAGGED | {"treatment": arm} for arm, _ in shares],
        )
        charts += [bars] if shares else []
    return reader.page("t_treatment", span, [treatment_sheet(rows, reader)], charts)
