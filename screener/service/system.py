"""What the process of a site asks of its system, and how its helpers end."""

import logging
import resource
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

OTHER_FILES = 300
"""Open files of everything but calls: TCP connections, the database, models, prompts."""


def raise_file_limit(calls: int) -> None:
    """Every call holds two sockets: use as many as the system allows, and say so when that is too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * calls + OTHER_FILES
    if hard == resource.RLIM_INFINITY or hard > soft:
        wanted = max(soft, needed) if hard == resource.RLIM_INFINITY else min(hard, max(soft, needed))
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft < needed:
        log.warning("%d open files are allowed, %d calls need %d: raise LimitNOFILE", soft, calls, needed)


def all_at_once(stops: Sequence[Callable[[], None]], seconds: float) -> None:
    """Stop things side by side; what hangs is left behind."""
    threads = [threading.Thread(target=stop, name="stop", daemon=True) for stop in stops]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
