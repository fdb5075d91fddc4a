"""What takes long in a large log: made in the background, once for all who ask; no page waits for it."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

WAIT_SECONDS = 0.6
"""So long a page waits; then it shows the answer before, or says that there is none yet."""
QUICK_SECONDS = 0.5
"""What took no longer is made anew each time."""
FRESH_TIMES = 60
"""What took longer is not made anew for so many times as long."""
OLD_SECONDS = 3600.0
"""An older answer is shown to nobody."""
AT_ONCE = 2
"""Answers that are made at the same time."""
KEPT = 50
"""Answers; the one that was asked for longest ago goes first."""
T = TypeVar("T")


@dataclass(slots=True)
class _Answer:
    value: Any
    made_at: float
    fresh_until: float


class Slowly:
    """Answers by key.

    Args:
        clock: monotonic seconds.
        wait: seconds that one waits for an answer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, wait: float = WAIT_SECONDS) -> None:
        self._clock, self._wait = clock, wait
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._making: dict[Hashable, Future[Any]] = {}
        self._forgotten: Counter[Hashable] = Counter()

    def ask(self, key: Hashable, make: Callable[[], T], fresh_seconds: float = 0.0) -> T | None:
        """The answer; None when it is not there yet: ask again.

        Args:
            key: all that the answer depends on.
            make: makes it, on another thread; what it raises is raised here.
            fresh_seconds: it is not made anew within so long.
        """
        now = self._clock()
        with self._lock:
            held = self._answers.get(key)
            if held is not None:
                self._answers.move_to_end(key)
                if now < held.fresh_until:
                    return held.value  # type: ignore[no-any-return]
            if (coming := self._making.get(key)) is None:
                coming = self._making[key] = Future()
                arguments = key, make, fresh_seconds, coming
                threading.Thread(target=self._make, args=arguments, name="slowly", daemon=True).start()
        try:
            return coming.result(self._wait)  # type: ignore[no-any-return]
        except TimeoutError:
            return held.value if held is not None and now - held.made_at < OLD_SECONDS else None

    def forget(self, key: Hashable) -> None:
        """Something happened that the answer must know: it is made anew when it is asked for next."""
        with self._lock:
            self._forgotten[key] += 1
            self._making.pop(key, None)  # what is being made does not know of it
            if held := self._answers.get(key):
                held.fresh_until = 0.0

    def _make(self, key: Hashable, make: Callable[[], T], fresh_seconds: float, coming: "Future[T]") -> None:
        with self._turns:
            forgotten, began = self._forgotten[key], self._clock()
            try:
                value = make()
            except BaseException as problem:
                self._made(key, coming)
                coming.set_exception(problem)
                return
        now = self._clock()
        took = now - began
        fresh = max(fresh_seconds, FRESH_TIMES * took if took > QUICK_SECONDS else 0.0)
        with self._lock:
            known = forgotten == self._forgotten[key]
            self._answers[key] = _Answer(value, now, now + fresh if known else 0.0)
            if len(self._answers) > KEPT:
                self._forgotten.pop(self._answers.popitem(last=False)[0], None)
        self._made(key, coming)
        coming.set_result(value)

    def _made(self, key: Hashable, coming: "Future[Any]") -> None:
        with self._lock:
            if self._making.get(key) is coming:
                del self._making[key]
