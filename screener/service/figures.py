"""Figures of the log for those who watch the service."""

from collections.abc import Iterator
from datetime import datetime

from screener.errors import StoreError
from screener.operations.metrics import Sample
from screener.store.find import reviews
from screener.store.log import CallLog
from screener.store.records import Review

REVIEW_SECONDS = 60.0
"""How old the count of reviewed flags may be."""


class Reviews:
    """What people said of all flags of the log, asked at most once a minute."""

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self._known: tuple[datetime, dict[Review, int]] | None = None

    def samples(self, now: datetime) -> Iterator[Sample]:
        """A figure for each word; nothing while the log is away."""
        if self._known is None or (now - self._known[0]).total_seconds() > REVIEW_SECONDS:
            try:
                self._known = now, reviews(self._log)
            except StoreError:
                return
        for review, number in self._known[1].items():
            yield Sample(
                "flags", number, "Flags of the log by what people said of them.", {"review": review.value}
            )
