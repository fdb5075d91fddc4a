"""What came of it: whether treated sources stay away, beside sources that were flagged in dry run."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from screener.reports.facts import facts
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
