"""The one writer of the log in a process: whoever puts a record in goes on at once, and no record is lost.

A record is first appended to the spool, where it survives a kill of the process; a thread carries it from there
into the database and deletes it behind itself. So a database that is away, slow or locked, and a process that is
killed, are one and the same case: what lies in the spool is written later, and what was written already is left
alone. Only while the spool itself cannot be written (a full disk) do records wait in memory, and only so many.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from screener.backoff import Backoff
from screener.errors import StoreError
from screener.store.log import CallLog
from screener.store.records import CallRecord
from screener.store.spool import REFUSED, Spool

log = logging.getLogger(__name__)

BATCH = 200
"""Records in one transaction."""
RETRY = Backoff(1.0, 30.0)
"""Before the database is asked again."""
CLOSE_SECONDS = 40.0
"""A database that takes longer for what is left is given up; the spool keeps it."""


class LogWriter:
    """Writes records behind the caller's back.

    Args:
        log: where to; the caller closes it after this writer.
        queue_rows: records that may wait in memory while the spool cannot be written; the next ones are lost,
            each with a line in the program's log.
        spool: folder of the spool; made when missing. What an earlier process left there is written first.
        failing: told once how many records wait in memory, as soon as the spool cannot be written.
        caught_up: called once what an earlier process left is in the database.

    Raises:
        StoreError: the spool cannot be used.
    """

    def __init__(
        self,
        log: CallLog,
        queue_rows: int,
        spool: Path,
        failing: Callable[[int], None] = lambda _waiting: None,
        caught_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._failing = failing
        self._caught_up: Callable[[], None] | None = caught_up
        self._log = log
        self._spool = Spool(spool)
        self._memory: deque[CallRecord] = deque()
        self._memory_most = queue_rows
        self._changed = threading.Condition()
        self._waiting = 0
        self._lost = 0
        self._news = True
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records that this process put in and that are not in the database yet."""
        return self._waiting

    def put(self, record: CallRecord) -> None:
        """Take a call that has begun (`ended_at` None) or one that is over. Never waits, never raises."""
        try:
            self._spool.append(record)
            kept = True
        except OSError as problem:
            kept = self._keep(record, problem)
        with self._changed:
            self._waiting += kept
            self._news = True
            self._changed.notify_all()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything that was put in is in the database; False when the time ran out first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._news and self._waiting == 0, timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Write what waits, one last time; what cannot be written stays in the spool for the next process."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)
        if self._memory:
            log.error("%d calls are lost: neither the database nor the spool took them", len(self._memory))
        if not self._thread.is_alive():
            self._spool.close()

    def _keep(self, record: CallRecord, problem: OSError) -> bool:
        with self._changed:
            if len(self._memory) < self._memory_most:
                self._memory.append(record)
                if len(self._memory) == 1:
                    log.error("the spool cannot be written (%s): calls wait in memory", problem.strerror)
                    self._failing(len(self._memory))
                return True
            self._lost += 1
            log.error("call %s is lost: neither spool nor memory takes it; %d so far", record.id, self._lost)
            return False

    def _run(self) -> None:
        failures = 0
        stopping = False
        while not stopping:
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._stopping)
                stopping = self._stopping
                self._news = False
            try:
                self._carry()
                if self._caught_up is not None:
                    self._caught_up()
                    self._caught_up = None
                failures = 0
                continue
            except (StoreError, OSError) as problem:
                log.error("calls wait in the spool: %s", problem)
            except Exception:
                log.exception("calls wait in the spool: a fault of the log's writer")
            failures += 1
            self._sync()
            with self._changed:
                self._news = True
                self._changed.wait_for(lambda: self._stopping, RETRY.after(failures))

    def _carry(self) -> None:
        """Everything from memory and spool into the database, oldest first."""
        with self._changed:
            waited = self._waiting
            held = list(self._memory)
        for segment in self._spool.segments():
            records, damaged = self._spool.read(segment)
            for start in range(0, len(records), BATCH):
                self._write(records[start : start + BATCH])
            for line in damaged:
                log.error("a damaged line of %s is in %s", segment.name, REFUSED)
                self._spool.refuse(line)
            segment.unlink()
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            self._write(batch)
            with self._changed:
                for _ in batch:
                    self._memory.popleft()
        with self._changed:
            self._waiting -= waited
            self._changed.notify_all()

    def _write(self, records: list[CallRecord]) -> None:
        for refusal in self._log.write(records):
            log.error("call %s is refused (%s); it is in %s", refusal.record.id, refusal.reason, REFUSED)
            self._spool.refuse(refusal.record)

    def _sync(self) -> None:
        try:
            self._spool.sync()
        except OSError as problem:
            log.error("the spool cannot be made safe against a loss of power: %s", problem)
