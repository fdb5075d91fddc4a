"""The one writer of a process: a bounded queue before the database, a spool on disk behind it.

A database that is away delays no call and loses no row: what cannot be written goes to the spool as lines of JSON,
and comes back when the database does. Writing a record twice is the same as writing it once.
"""

import contextlib
import logging
import os
import queue
import threading
import time
from pathlib import Path

from screener.errors import StoreError
from screener.store.log import CallLog
from screener.store.records import CallRecord, parse, serialize

log = logging.getLogger(__name__)

BATCH = 200
RETRY_SECONDS = 5.0
SPOOL_FILE = "calls.jsonl"


class LogWriter:
    """Writes records in the background.

    Args:
        call_log: where to.
        queue_rows: records that may wait; beyond that they go straight to the spool.
        spool: folder of the spool, made when needed.
    """

    def __init__(self, call_log: CallLog, queue_rows: int, spool: Path) -> None:
        self._log = call_log
        self._queue: queue.Queue[CallRecord | None] = queue.Queue(maxsize=queue_rows)
        self._spool = Spool(spool)
        self._away_until = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def put(self, record: CallRecord) -> None:
        """Hand a record over; never blocks on the database."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self._spool.append([record])

    def close(self) -> None:
        """Write what waits, to the database or else to the spool."""
        self._closing.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            batch = self._next_batch()
            if batch:
                self._write(batch)
            elif time.monotonic() >= self._away_until:
                self._unspool()
        self._unspool()

    def _next_batch(self) -> list[CallRecord]:
        batch: list[CallRecord] = []
        with contextlib.suppress(queue.Empty):
            item = self._queue.get(timeout=0.2)
            while item is not None:
                batch.append(item)
                item = self._queue.get_nowait() if len(batch) < BATCH else None
        return batch

    def _write(self, batch: list[CallRecord]) -> None:
        if time.monotonic() < self._away_until:
            self._spool.append(batch)
            return
        try:
            self._log.write(batch)
        except StoreError as problem:
            self._stay_away(problem)
            self._spool.append(batch)

    def _unspool(self) -> None:
        try:
            self._spool.replay(self._log)
        except StoreError as problem:
            self._stay_away(problem)

    def _stay_away(self, problem: StoreError) -> None:
        self._away_until = time.monotonic() + RETRY_SECONDS
        log.error("%s; calls go to the spool %s meanwhile", problem, self._spool.path)


class Spool:
    """Records on disk until the database takes them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / SPOOL_FILE
        self._lock = threading.Lock()

    def append(self, records: list[CallRecord]) -> None:
        """Keep records; they survive a crash of the process and of the machine."""
        text = "".join(serialize(record) + "\n" for record in records)
        with self._lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as problem:
                log.critical(
                    "the spool %s cannot be written (%s): %d calls lost", self.path, problem, len(records)
                )

    def replay(self, call_log: CallLog) -> None:
        """Give everything back to the database, then forget it.

        Raises:
            StoreError: the database is still away; everything is kept.
        """
        with self._lock:
            if not self.path.exists():
                return
            records = []
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    records.append(parse(line))
                except ValueError:
                    log.error("the spool %s holds a broken line; it is kept aside", self.path)
                    with self.path.with_suffix(".broken").open("a", encoding="utf-8") as file:
                        file.write(line + "\n")
            for begin in range(0, len(records), BATCH):
                call_log.write(records[begin : begin + BATCH])
            self.path.unlink()
            if records:
                log.info("%d calls went from the spool to the call log", len(records))
