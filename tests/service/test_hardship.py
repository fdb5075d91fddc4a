"""A running service whose database or disk goes away: calls go on at their usual pace, and none is lost.

`SCREENER_AWAY_SECONDS=60 pytest tests/service/test_hardship.py -s` keeps the database away for a minute.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from screener.events import EndedBy
from screener.store.log import open_log
from tests.server import free_port
from tests.service.test_killed import SETTINGS, serving
from tests.sip.caller import Caller
from tests.store.databases import running_postgres
from tests.store.test_hardship import AWAY_SECONDS, small_disk
from tests.waiting import wait_for

CALLS_A_SECOND = 10
STORE = """
[store]
url = "{url}"
"""


class Crowd:
    """People who call `port` at a steady pace, wait a moment and hang up.

    Attributes:
        placed: calls so far.
        said_goodbye: numbers whose BYE was answered.
        slowest: seconds from INVITE to 200, and from BYE to 200.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.placed = 0
        self.said_goodbye: list[str] = []
        self.slowest = [0.0, 0.0]

    def __str__(self) -> str:
        return "slowest answer {:.3f} s, to a BYE {:.3f} s".format(*self.slowest)

    def call_while(self, true: Callable[[], bool]) -> None:
        with ThreadPoolExecutor(30) as people:
            calls = []
            while true():
                calls.append(people.submit(self._call, self.placed))
                self.placed += 1
                time.sleep(1 / CALLS_A_SECOND)
        for call in calls:
            call.result()

    def _call(self, number: int) -> None:
        caller = Caller(self._port, number=f"139{number:08}")
        with contextlib.closing(caller):
            begun = time.monotonic()
            assert caller.call().status == 200
            self.slowest[0] = max(self.slowest[0], time.monotonic() - begun)
            time.sleep(1)
            begun = time.monotonic()
            assert caller.ask("BYE").status == 200
            self.slowest[1] = max(self.slowest[1], time.monotonic() - begun)
        self.said_goodbye.append(f"+86139{number:08}")


def ended(url: str, folder: Path) -> Counter[str]:
    """Numbers whose calls are in the log with their ends."""
    with contextlib.closing(open_log(url, folder)) as log:
        return Counter(call.number for call in log.calls(limit=None) if call.ended_by is EndedBy.CALLER)


@pytest.mark.postgres
def test_a_database_that_is_away_delays_no_caller_and_every_call_is_logged_once(tmp_path: Path) -> None:
    port = free_port()
    with running_postgres() as server:
        url = server.new_database()
        (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + STORE.format(url=url))
        with serving(tmp_path, port):
            crowd = Crowd(port)
            server.stop("immediate")
            until = time.monotonic() + AWAY_SECONDS
            crowd.call_while(lambda: time.monotonic() < until)
            placed, away = crowd.placed, len(crowd.said_goodbye)
            log = tmp_path / "log.txt"
            wait_for(lambda: b"calls wait in the spool" in log.read_bytes(), what="a word to the operator")
            server.start()
            until = time.monotonic() + 1
            crowd.call_while(lambda: time.monotonic() < until)
            assert wait_for(lambda: len(ended(url, tmp_path)) == len(crowd.said_goodbye), 60)
        assert ended(url, tmp_path) == Counter(crowd.said_goodbye)
    print(
        f"{away} calls in {AWAY_SECONDS:.0f} s without database, {len(crowd.said_goodbye) - away} after it;", crowd
    )
    assert away == placed > 0, "all of them said goodbye before it came back"


def test_a_full_disk_delays_no_caller_the_operator_is_told_and_every_call_is_logged_once(tmp_path: Path) -> None:
    port, disk = free_port(), tmp_path / "disk"
    with small_disk(disk, "4m"):
        store = STORE.format(url=f"sqlite:///{disk}/calls.db") + f'spool = "{disk}/spool"\n'
        (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + store)
        with serving(tmp_path, port):
            ballast = disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            crowd = Crowd(port)
            until = time.monotonic() + 3
            crowd.call_while(lambda: time.monotonic() < until)
            said = (tmp_path / "log.txt").read_text
            assert "the spool cannot be written (No space left on device)" in said()
            wait_for(lambda: "calls wait in the spool" in said(), what="a word to the operator")
            assert len(crowd.said_goodbye) == crowd.placed > 0, "all of them while nothing could be written"
            ballast.unlink()
        print(f"{len(crowd.said_goodbye)} calls on a full disk;", crowd)
        assert ended(f"sqlite:///{disk}/calls.db", tmp_path) == Counter(crowd.said_goodbye)
