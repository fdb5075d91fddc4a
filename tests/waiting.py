"""Waiting for what other threads, processes and servers do: one that succeeds costs nothing, so all are long."""

import os
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

WAIT = 30.0
"""Seconds that are enough on a machine that others keep busy, too."""
PATIENCE = float(os.environ.get("SCREENER_PBX_PATIENCE", "3"))
"""So many times longer is waited beside real peers."""
SELDOM = 0.2
"""Seconds between two questions after a while."""
ENOUGH = WAIT * PATIENCE
"""Seconds, for what waits by itself."""


def wait_for(found: Callable[[], T], seconds: float = WAIT, what: str = "end of it", every: float = 0.01) -> T:
    """Ask again and again until something true comes back, which is returned.

    Ask for the very thing that is asserted next: another thread may write it a moment after any other sign of it.

    Args:
        found: what is asked.
        seconds: how long.
        what: what was missing in the end.
        every: seconds between two questions at first; more for one that is work to answer. What takes long is
            asked after less and less often: the asking is no load on who is waited for.
    """
    for _ in _turns(seconds * PATIENCE, every):
        if result := found():
            return result
    raise AssertionError(f"after {seconds * PATIENCE:g} s: no {what}")


def wait_until_equal(asked: Callable[[], T], expected: T, seconds: float = WAIT, every: float = 0.01) -> None:
    """Ask again and again until this comes back; the arguments are those of `wait_for`."""
    for _ in _turns(seconds * PATIENCE, every):
        if (last := asked()) == expected:
            return
    raise AssertionError(f"after {seconds * PATIENCE:g} s: {last!r}, not {expected!r}")


def _turns(seconds: float, every: float) -> Iterator[None]:
    begun = time.monotonic()
    while True:
        yield
        if (waited := time.monotonic() - begun) > seconds:
            return
        time.sleep(max(every, min(waited / 20, SELDOM)))
