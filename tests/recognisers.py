"""The recogniser processes of a service."""

import contextlib
from pathlib import Path


def recognisers_of(pid: int) -> list[int]:
    """Their process ids, of the service with this one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread or a process that has ended meanwhile
            pids = map(int, task.read_text().split())
            found += [p for p in pids if b"screener.speech.worker" in Path(f"/proc/{p}/cmdline").read_bytes()]
    return found
