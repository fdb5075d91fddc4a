"""What callers said is kept for a set time only, and a caller may be forgotten: the purge, its timer, the erasure.

The purge believes the clock only as far as something bears it out: a clock that stands ten years ahead would
delete what was said a minute ago.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, delete, func, select, text, update

from screener.errors import StoreError
from screener.store.log import CallLog
from screener.store.search import forget
from screener.store.spool import erase_refused, purge_refused
from screener.store.tables import AccessNote, CallRow, EvidencePiece, Lift, Listed, ReviewSaid, SegmentRow

log = logging.getLogger(__name__)

_Id = TypeVar("_Id", int, str)

ROWS_AT_ONCE = 500
"""Rows in one transaction, so that a writer never waits long."""
EVERY_SECONDS = 6 * 3600.0
AGAIN_SECONDS = 60.0
"""Wait before the files are emptied again, where a reader stood in the way."""
SETTLED = timedelta(days=2)
"""Calls that are older than this by the clock bear it out, and so does a service that has run so long by it."""
HOLE = timedelta(days=7)
"""A log without a call for so long before `SETTLED` does not bear the clock out."""
JUMP = timedelta(hours=1)
"""A clock that moved so much more, or less, than time went by has jumped."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: utterances of transcripts, and words that stood in evidence.

    Attributes:
        gone: nothing of them is left in the database's files; False while a reader holds them open.
    """

    segments: int
    spans: int
    gone: bool = True


@dataclass(frozen=True, slots=True)
class Erased:
    """What was found of a number: its calls, utterances, list entries, and notes of the access record.

    Attributes:
        gone: as in `Purged`.
    """

    calls: int
    segments: int
    lists: int
    notes: int
    gone: bool = True


def purge(store: CallLog, before: datetime, spool: Path | None = None) -> Purged:
    """Delete what was heard in calls that began before a moment: transcripts, and the words quoted in evidence.

    Rules, weights, decisions and figures stay, so that reports stay what they were.

    Args:
        store: the log.
        before: aware.
        spool: where records lie that the database refused; their words go too.

    Raises:
        StoreError: the database or the spool failed; what was deleted before stays deleted.
    """
    segments, spans = _old(store, before)
    _delete_words(store, segments, spans)
    if segments:
        forget(store)
    if spool is not None:
        purge_refused(spool, before)
    return Purged(len(segments), len(spans), _empty_wal(store))


def erase(
    store: CallLog, number: str, shown: str, spool: Path | None = None, *, keep_listed: bool = False
) -> Erased:
    """Forget a caller: number, name and words of all calls of a number, its list entries, its mention in notes.

    That there was a call, when, how it was judged and what was done stays, under no number: figures do not change.

    Args:
        store: the log.
        number: in its one form.
        shown: what stands for it where a note must stay.
        spool: as in `purge`.
        keep_listed: leave it on its lists.

    Raises:
        StoreError: as in `purge`; a second time does the rest.
    """
    with store.reading() as connection:
        ids = list(connection.scalars(select(CallRow.id).where(CallRow.number == number)))
        of_number = CallRow.number == number
        segments = list(
            connection.scalars(
                select(SegmentRow.id).join(CallRow, CallRow.id == SegmentRow.call_id).where(of_number)
            )
        )
        quoted = select(EvidencePiece.id).join(CallRow, CallRow.id == EvidencePiece.call_id)
        spans = list(connection.scalars(quoted.where(EvidencePiece.span != "", of_number)))
    _delete_words(store, segments, spans)
    forget(store)
    for some in _batches(ids):
        with store.writing() as connection:
            _overwrite(connection)
            connection.execute(update(CallRow).where(CallRow.id.in_(some)).values(number="", display_name=""))
    lists = notes = 0
    with store.writing() as connection:
        _overwrite(connection)
        connection.execute(delete(Lift).where(Lift.number == number))
        if not keep_listed:
            lists = connection.execute(delete(Listed).where(Listed.number == number)).rowcount
        note = AccessNote.subject
        named = update(AccessNote).where(note.contains(number, autoescape=True))
        notes = connection.execute(named.values(subject=func.replace(note, number, shown))).rowcount
        said = update(ReviewSaid).where(ReviewSaid.reason.contains(number, autoescape=True))
        connection.execute(said.values(reason=func.replace(ReviewSaid.reason, number, shown)))
    if spool is not None:
        erase_refused(spool, number)
    return Erased(len(ids), len(segments), lists, notes, _empty_wal(store))


def doubt(store: CallLog, now: datetime) -> str:
    """Why the clock is not borne out by the log; empty when it is, or when there is nothing to delete yet.

    Raises:
        StoreError: the database failed.
    """
    settled = now - SETTLED
    with store.reading() as connection:
        newest = connection.scalar(select(func.max(CallRow.started_at)).where(CallRow.started_at <= settled))
    if newest is None or settled - newest <= HOLE:
        return ""
    return f"the clock says {now:%Y-%m-%d}, but before the last two days the newest call is of {newest:%Y-%m-%d}"


def _delete_words(store: CallLog, segments: Sequence[int], spans: Sequence[int]) -> None:
    for some in _batches(segments):
        with store.writing() as connection:
            _overwrite(connection)
            connection.execute(delete(SegmentRow).where(SegmentRow.id.in_(some)))
    for some in _batches(spans):
        with store.writing() as connection:
            _overwrite(connection)
            connection.execute(update(EvidencePiece).where(EvidencePiece.id.in_(some)).values(span=""))


def to_purge(store: CallLog, before: datetime) -> Purged:
    """What `purge` would delete.

    Raises:
        StoreError: the database failed.
    """
    segments, spans = _old(store, before)
    return Purged(len(segments), len(spans))


def _old(store: CallLog, before: datetime) -> tuple[list[int], list[int]]:
    """Ids of utterances and of pieces of evidence with words in them, of calls that began before a moment."""
    old = CallRow.started_at < before
    with store.reading() as connection:
        heard = select(SegmentRow.id).join(CallRow, CallRow.id == SegmentRow.call_id).where(old)
        quoted = select(EvidencePiece.id).join(CallRow, CallRow.id == EvidencePiece.call_id)
        return list(connection.scalars(heard)), list(
            connection.scalars(quoted.where(EvidencePiece.span != "", old))
        )


def _batches(ids: Sequence[_Id]) -> list[Sequence[_Id]]:
    return [ids[start : start + ROWS_AT_ONCE] for start in range(0, len(ids), ROWS_AT_ONCE)]


def _overwrite(connection: Connection) -> None:
    """SQLite writes zeros where the rows stood; otherwise their words would stay in the file."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA secure_delete = ON"))


def _empty_wal(store: CallLog) -> bool:
    """SQLite's write-ahead log, and pages not written back, still hold the words: whether they are gone now.

    Done also when nothing was deleted: the time before, a reader may have stood in the way.
    """
    if store.engine.dialect.name != "sqlite":
        return True
    with store.faults("written"), store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


class Purger:
    """Purges now and every six hours, on a thread of its own.

    Args:
        store: the log; the caller closes it after this.
        days: how long transcripts are kept.
        clock: the wall clock, aware.
        spool: as in `purge`.
        going: seconds that went by, whatever the wall clock says.
    """

    def __init__(
        self,
        store: CallLog,
        days: int,
        clock: Callable[[], datetime],
        spool: Path | None = None,
        going: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._kept = timedelta(days=days)
        self._clock, self._going = clock, going
        self._spool = spool
        self._even_since: tuple[datetime, float] = (clock(), going())
        """Wall clock and time that went by, since when the two have agreed."""
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

    def once(self) -> float:
        """Purge what is too old; gives the seconds until the next time."""
        now = self._clock()
        try:
            why = self._doubt(now)
            if why:
                log.error("nothing is purged: %s; if the clock is right: screener purge --clock-is-right", why)
                return EVERY_SECONDS
            purged = purge(self._store, now - self._kept, self._spool)
        except StoreError as problem:
            log.error("transcripts that are too old could not be purged: %s", problem)
            return EVERY_SECONDS
        if purged.segments or purged.spans:
            log.info("purged %d utterances and %d quoted words", purged.segments, purged.spans)
        if not purged.gone:
            log.error("a reader of the call log keeps purged words in its files; they go when it has ended")
            return AGAIN_SECONDS
        return EVERY_SECONDS

    def _doubt(self, now: datetime) -> str:
        began, at = self._even_since
        went_by = timedelta(seconds=self._going() - at)
        if abs(now - began - went_by) > JUMP:
            self._even_since = now, self._going()
            return f"the clock jumped by {now - began - went_by}"
        return "" if went_by >= SETTLED else doubt(self._store, now)

    def _run(self) -> None:
        seconds = 0.0
        while not self._stopping.wait(seconds):
            try:
                seconds = self.once()
            except Exception:
                log.exception("transcripts that are too old could not be purged: a fault of ours; tried again")
                seconds = EVERY_SECONDS
