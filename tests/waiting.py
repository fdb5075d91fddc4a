"""Waiting for what other threads, processes and servers do: one that succeeds costs nothing, so all are long."""

import os
import time
from collections.abc import Callable
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

    Args:
        found: what is asked.
        seconds: how long.
        what: what was missing in the end.
        every: seconds between two questions at first; more for one that is work to answer. What takes long is
            asked after less and less often: the asking is no load on who is waited for.
    """
    seconds *= PATIENCE
    begun = time.monotonic()
    while not (result := found()):
        if (waited := time.monotonic() - begun) > seconds:
            raise AssertionError(f"after {seconds:g} s: no {what}")
        time.sleep(max(every, min(waited / 20, SELDOM)))
    return result
