"""The log under real hardship: a server that stops, a disk that is full, processes that all want it at once.

`SCREENER_AWAY_SECONDS=60 pytest tests/store/test_hardship.py -s` keeps the server away for a minute.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.backoff import Backoff
from screener.errors import StoreError
from screener.reports.frequency import Bucket, frequency
from screener.reports.sources import sources
from screener.reports.span import SourceBy, Span
from screener.store import writer as writer_module
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord
from screener.store.writer import LogWriter
from tests.store.databases import running_postgres
from tests.store.test_writer import NOON, finished
from tests.waiting import ENOUGH, wait_for

AWAY_SECONDS = float(os.environ.get("SCREENER_AWAY_SECONDS", "2"))
CALLS_A_SECOND = 50


def ids(log: CallLog) -> list[str]:
    return sorted(call.id for call in log.calls(limit=None))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "RETRY", Backoff(0.2, 1.0))


@pytest.mark.postgres
def test_a_server_that_is_away_under_load_costs_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running_postgres() as server:
        log = open_log(server.new_database())
        writer = LogWriter(log, 100, tmp_path / "spool")
        slowest, put = 0.0, 0
        server.stop()
        until = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < until or put < 100:
            begun = time.monotonic()
            writer.put(CallRecord(id=f"c{put:06}", started_at=NOON))
            writer.put(finished(f"c{put:06}"))
            slowest = max(slowest, time.monotonic() - begun)
            put += 1
            time.sleep(1 / CALLS_A_SECOND)
        wait_for(lambda: "calls wait in the spool" in caplog.text, what="a word to the operator")
        server.start()
        assert writer.flush(ENOUGH)
        writer.close()
        assert ids(log) == [f"c{n:06}" for n in range(put)]
        assert all(call.ended_at for call in log.calls(limit=None))
        print(f"{put} calls in {AWAY_SECONDS:.0f} s without server, each logged once; slowest put {slowest:.3f} s")
        log.close()


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_costs_no_call_and_the_operator_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "2m"):
        log = open_log("sqlite:///calls.db", disk)
        writer = LogWriter(log, 10_000, disk / "spool")
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for number in range(300):
            writer.put(finished(f"c{number:03}"))
        wait_for(lambda: "No space left" in caplog.text or "full" in caplog.text)
        assert not writer.flush(0.5), "nothing can be written now, and no call has waited for it"
        ballast.unlink()
        assert writer.flush(ENOUGH)
        writer.close()
        assert ids(log) == [f"c{n:03}" for n in range(300)]
        log.close()


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from tests.store.test_writer import finished, NOON
from screener.store.log import open_log
from screener.store.records import CallRecord
from screener.store.writer import LogWriter
log = open_log(sys.argv[1])
writer = LogWriter(log, 1000, Path(sys.argv[2]))
for number in range(150):
    call_id = f"{sys.argv[3]}{number:04}"
    writer.put(CallRecord(id=call_id, started_at=NOON, number="+861"))
    writer.put(finished(call_id, number="+861"))
assert writer.flush(60)
writer.close()
"""


def test_two_processes_and_reports_at_once(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    log = open_log(url)
    tests = str(Path(__file__).parents[2])
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                CHILD,
                log.engine.url.render_as_string(False),
                str(tmp_path / name),
                name,
                tests,
            ],
            stderr=subprocess.PIPE,
        )
        for name in ("a", "b")
    ]
    faults: list[StoreError] = []
    done = threading.Event()

    def reading() -> None:
        while not done.wait(0.05):
            try:
                frequency(log, Span(), Bucket.HOUR, NOON.tzinfo)  # type: ignore[arg-type]
                sources(log, Span(), SourceBy.NUMBER)
            except StoreError as fault:
                faults.append(fault)

    reader = threading.Thread(target=reading)
    reader.start()
    said = [child.communicate(timeout=100)[1] for child in children]
    done.set()
    reader.join()
    assert [child.returncode for child in children] == [0, 0], said
    assert said == [b"", b""]
    assert faults == []
    assert len(ids(log)) == 300
    (row,) = frequency(log, Span(), Bucket.MONTH, NOON.tzinfo).rows  # type: ignore[arg-type]
    assert row.offered == 300, "counted once, whoever wrote it"
    log.close()
