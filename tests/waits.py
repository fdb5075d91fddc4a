"""Which tests wait, so that `make check` leaves them out, and what shows one that waits and is not named.

A test waits that runs another process or opens a socket to a peer; one that computes for seconds counts, too.
"""

import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

NAMED = frozenset(
    line for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines() if not line.startswith("#")
)
"""Files, and single tests where the others of their file do not wait."""
PEERS = ("postgres", "pbx", "browser")
"""Markers of tests that cannot but wait."""
OUTSIDE = frozenset({"socket.bind", "socket.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"})
"""What Python's audit events (PEP 578) say where somebody else's answer is to be waited for."""


def waits(test: str) -> bool:
    """Whether a test is named, by its place under `tests/` as pytest says it: `sip/test_tls.py::test_it[1]`."""
    file, *names = test.partition("[")[0].split("::")
    return bool({file, "::".join([file, *names])} & NAMED)


class Watch:
    """Fails a test that waits and is not said to."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._all_quiet = True
        """No test that waits has run in this process: what other threads do is this test's, too."""
        sys.addaudithook(self._happens)

    def _happens(self, event: str, _args: tuple[object, ...]) -> None:
        if event in OUTSIDE and (self._all_quiet or threading.current_thread() is threading.main_thread()):
            self._seen.add(event)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin to look, before any fixture does something."""
        self._seen.clear()
        self._all_quiet = self._all_quiet and not item.get_closest_marker("waits")
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """See what the test and its fixtures did."""
        result = yield
        if self._seen and not item.get_closest_marker("waits"):
            pytest.fail(f"it waits ({', '.join(sorted(self._seen))}): name it in tests/waits.txt")
        return result
