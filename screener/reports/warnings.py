"""Warnings: how many were asked for, granted, heard, and what ended calls; and the pauses offered to agents.

A pause is counted where it was offered. Whether an agent took it is in no log.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from screener.core.actions import WarningStep
from screener.reports.facts import facts
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
        rests: calls after which the agent was offered a pause.
    """

    rows: tuple[WarningCount, ...]
    rests: int


def warnings(log: CallLog, span: Span) -> WarningFigures:
    """Count the warnings of a span.

    Raises:
        StoreError: the database failed.
    """
    counted: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    with facts(log) as known:
        for about, level, step, number in known.warned(span):
            counted[about, level][step] += number
        rests = known.rests(span)
    order = sorted(counted, key=lambda key: (key[0], key[1] or len(STEPS)))
    rows = tuple(
        WarningCount(about, level, {step: counted[about, level][step] for step in STEPS}) for about, level in order
    )
    return WarningFigures(rows, rests)
