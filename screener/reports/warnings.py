"""Warnings: how many were asked for, granted, heard, and what ended calls; and the pauses offered to agents.

A pause is counted where it was offered. Whether an agent took it is in no log.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from screener.core.actions import WarningStep
from screener.reports.facts import facts
from screener.reports.follow import PAUSE_OFFERED
from screener.reports.layout import Asks, Cell, Coded, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import Span
from screener.store.log import CallLog

STEPS = tuple(step.value for step in WarningStep)


@dataclass(frozen=True, slots=True)
class WarningCount:
    """Warnings of one kind and level.

    Attributes:
        about: what they were about.
        level: from 1; 0 is the end of calls after their warnings.
        steps: how many came to each step, by its name.
    """

    about: str
    level: int
    steps: dict[str, int]


@dataclass(frozen=True, slots=True)
class WarningFigures:
    """The answer.

    Attributes:
        rows: by what the warnings were about, then by level, the end last.
        pauses: calls after which the agent was offered a pause.
    """

    rows: tuple[WarningCount, ...]
    pauses: int


def warnings(log: CallLog, span: Span) -> WarningFigures:
    """Count the warnings of a span.

    Raises:
        StoreError: the database failed.
    """
    counted: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    with facts(log) as known:
        for about, level, step, number in known.warned(span):
            counted[about, level][step] += number
        pauses = known.pauses(span)
    order = sorted(counted, key=lambda key: (key[0], key[1] or len(STEPS)))
    rows = tuple(
        WarningCount(about, level, {step: counted[about, level][step] for step in STEPS}) for about, level in order
    )
    return WarningFigures(rows, pauses)


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
    pauses = Sheet(
        reader.word("t_pauses"), ["pauses"], reader.words(["pauses"]), [[answer.pauses]], name="pauses",
        row_asks=[{}], asks={"pauses": PAUSE_OFFERED},
    )  # fmt: skip
    sheet = Sheet(
        reader.word("t_warnings"), keys, reader.words(keys), cells, name="warnings", row_asks=places, asks=asks
    )
    return reader.page("t_warnings", span, [sheet, pauses], [], asks={"step": STEPS[0]})
