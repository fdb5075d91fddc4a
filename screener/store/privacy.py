"""What callers said is kept for a set time only: the purge, and the timer that does it in a running site."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, text, update

from screener.errors import StoreError
from screener.store.log import CallLog
from screener.store.tables import Call, EvidencePiece, SegmentRow

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 500
"""Rows in one transaction, so that a writer never waits long."""
EVERY_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: utterances of transcripts, and words that stood in evidence."""

    segments: int
    spans: int


def purge(store: CallLog, before: datetime) -> Purged:
    """Delete what was heard in calls that began before a moment: transcripts, and the words quoted in evidence.

    Rules, weights, decisions and figures stay, so that reports stay what they were.

    Raises:
        StoreError: the database failed; what was deleted before stays deleted.
    """
    segments, spans = _old(store, before)
    for some in _batches(segments):
        with store.writing() as connection:
            _overwrite(connection)
            connection.execute(delete(SegmentRow).where(SegmentRow.id.in_(some)))
    for some in _batches(spans):
        with store.writing() as connection:
            _overwrite(connection)
            connection.execute(update(EvidencePiece).where(EvidencePiece.id.in_(some)).values(span=""))
    if segments or spans:
        _empty_wal(store)
    return Purged(len(segments), len(spans))


def to_purge(store: CallLog, before: datetime) -> Purged:
    """What `purge` would delete.

    Raises:
        StoreError: the database failed.
    """
    return Purged(*map(len, _old(store, before)))


def _old(store: CallLog, before: datetime) -> tuple[list[int], list[int]]:
    """Ids of utterances and of pieces of evidence with words in them, of calls that began before a moment."""
    old = Call.started_at < before
    with store.reading() as connection:
        heard = select(SegmentRow.id).join(Call, Call.id == SegmentRow.call_id).where(old)
        quoted = select(EvidencePiece.id).join(Call, Call.id == EvidencePiece.call_id)
        return list(connection.scalars(heard)), list(
            connection.scalars(quoted.where(EvidencePiece.span != "", old))
        )


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + ROWS_AT_ONCE] for start in range(0, len(ids), ROWS_AT_ONCE)]


def _overwrite(connection: Connection) -> None:
    """SQLite writes zeros where the rows stood; otherwise their words would stay in the file."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA secure_delete = ON"))


def _empty_wal(store: CallLog) -> None:
    """SQLite's write-ahead log still holds the words: it is emptied, unless a reader needs it now."""
    if store.engine.dialect.name == "sqlite":
        with store.faults("written"), store.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Purger:
    """Purges now and every six hours, on a thread of its own.

    Args:
        store: the log; the caller closes it after this.
        days: how long transcripts are kept.
        clock: the wall clock, aware.
    """

    def __init__(self, store: CallLog, days: int, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._kept = timedelta(days=days)
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="purger", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, after the batch at work."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            try:
                purged = purge(self._store, self._clock() - self._kept)
                if purged.segments or purged.spans:
                    log.info("purged %d utterances and %d quoted words", purged.segments, purged.spans)
            except StoreError as problem:
                log.error("transcripts that are too old could not be purged: %s", problem)
            if self._stopping.wait(EVERY_SECONDS):
                return
