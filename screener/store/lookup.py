"""History look-ups that hold no call up, whatever the database does: fail, be slow, or hang without a word."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime

from screener.errors import StoreError
from screener.events import History
from screener.store.history import MILLISECONDS

log = logging.getLogger(__name__)

WAIT_SECONDS = MILLISECONDS / 1000
"""A look-up that takes longer is given up: a caller is waiting, and others behind it."""
AWAY_SECONDS = 10.0
"""After a look-up that failed, calls go without history for so long."""

_Answer = queue.SimpleQueue[History | StoreError]


class HistoryLookup:
    """Asks on a thread of its own: a server that hangs, hangs that thread alone.

    Args:
        history: of a number just before a moment; may raise `StoreError`.
    """

    def __init__(self, history: Callable[[str, datetime], History]) -> None:
        self._history = history
        self._asked: queue.Queue[tuple[str, datetime, _Answer] | None] = queue.Queue(maxsize=1)
        self._away_until = 0.0
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def of(self, number: str, at: datetime) -> History:
        """What the log knows of a number just before `at`: nothing of a withheld one, nor when asked in vain.

        Not thread-safe.
        """
        if not number or time.monotonic() < self._away_until:
            return History()
        try:
            return self._ask(number, at)
        except StoreError as problem:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.error("no history for %.0f s: %s", AWAY_SECONDS, problem)
            return History()

    def stop(self) -> None:
        """Ask no more; a thread that hangs is left behind."""
        try:
            self._asked.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(WAIT_SECONDS)

    def _ask(self, number: str, at: datetime) -> History:
        answer: _Answer = queue.SimpleQueue()
        try:
            self._asked.put_nowait((number, at, answer))
            found = answer.get(timeout=WAIT_SECONDS)
        except (queue.Full, queue.Empty):
            raise StoreError("the call log does not answer", "look at the database server") from None
        if isinstance(found, StoreError):
            raise found
        return found

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            number, at, answer = asked
            try:
                answer.put(self._history(number, at))
            except StoreError as problem:
                answer.put(problem)
            except Exception as problem:  # of this number, such as one that no database holds: others have theirs
                log.error("a history look-up failed, and the caller has none: %s", type(problem).__name__)
                answer.put(History())
