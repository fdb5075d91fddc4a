"""An agent's "that was a mistake": the flag is overturned; a caller who is still there goes back to the agents."""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from screener.errors import StoreError
from screener.review.verdict import Word, rule_on
from screener.store.log import CallLog
from screener.store.records import Review

log = logging.getLogger(__name__)

WITHIN = timedelta(hours=1)
"""How old the flag may be that an agent takes back without naming the call."""
WAY = "agent's key"
"""Where a take-back came from, in the access record."""
WAITING = 100
"""Take-backs that may wait for a database that is away."""
RETRY_SECONDS = 5.0


class TakeBacks:
    """Writes take-backs on a thread of its own; a database that is away delays them.

    Args:
        calls: the call log.
        bring_back: takes the uniqueid of a caller who should be with the agents.
        clock: the wall clock, aware UTC.
        retry_seconds: wait before the database is asked again.
    """

    def __init__(
        self,
        calls: CallLog,
        bring_back: Callable[[str], None],
        clock: Callable[[], datetime],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._calls, self._bring_back, self._clock = calls, bring_back, clock
        self._retry_seconds = retry_seconds
        self._waiting: queue.Queue[tuple[str, str]] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="take-backs", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write no more; what waits is lost, and is said."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def put(self, agent: str, linkedid: str) -> None:
        """Take one; never blocks. An empty `linkedid` means the newest flag of a call that the agent had."""
        try:
            self._waiting.put_nowait((agent, linkedid))
        except queue.Full:
            _lost(agent, linkedid)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                agent, linkedid = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                while not self._written(agent, linkedid):
                    if self._stopped.wait(self._retry_seconds):
                        _lost(agent, linkedid)
                        break
            except Exception:
                log.exception("take-backs: a fault of ours; they go on")
                _lost(agent, linkedid)
        while not self._waiting.empty():
            _lost(*self._waiting.get())

    def _written(self, agent: str, linkedid: str) -> bool:
        now = self._clock()
        try:
            flags = self._calls.flags_to_take_back(agent, linkedid, now - WITHIN)
            if flags:
                rule_on(self._calls, flags, Word(Review.OVERTURNED, agent, now, WAY))
        except StoreError as problem:
            log.error("a take-back of %s waits: %s", agent, problem)
            return False
        if not flags:
            log.warning("%s takes back a flag, but there is none to take back", agent)
        for flag in flags:
            log.info("call %s: flag taken back by %s", flag.id, agent)
        for uniqueid in {flag.uniqueid for flag in flags if flag.uniqueid}:
            self._bring_back(uniqueid)
        return True


def _lost(agent: str, linkedid: str) -> None:
    log.error("a take-back of %s (%s) is lost; use: screener review overturn", agent, linkedid or "newest flag")
