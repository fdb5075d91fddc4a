"""A service that is killed while its calls end: every call that said goodbye is in the log, once."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.events import EndedBy, ListName
from screener.sip.message import respond
from screener.store.log import open_log
from screener.store.records import ListedNumber
from tests.server import free_port
from tests.sip.caller import Caller
from tests.waiting import ENOUGH, wait_for

CALLS = 100
SETTINGS = """
[sip]
port = {port}
rtp_port_low = 42000
rtp_port_high = 42999
max_calls = 400
[speech]
engine = "none"
processes = 1
[flow]
silence_seconds = 60.0
"""
AGENTS = "[targets]\nagents = 'sip:agents@127.0.0.1'\n"


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A service in a process of its own, once it takes calls."""
    with (folder / "log.txt").open("ab") as out:
        command = [sys.executable, "-m", "screener", "serve", "--config", str(folder / "screener.toml")]
        begun = out.tell()
        process = subprocess.Popen(command, stderr=out, stdout=out)
        try:
            told = lambda: (folder / "log.txt").read_bytes()[begun:]  # noqa: E731
            wait_for(lambda: b"taking calls" in told() or process.poll() is not None, 100, "calls taken")
            assert process.poll() is None, told().decode()
            yield process
        finally:
            process.terminate()
            process.wait(timeout=ENOUGH)


def test_every_call_that_got_its_bye_is_in_the_log_after_a_kill_and_none_twice(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + AGENTS)
    callers = [Caller(port, number=f"139{n:08}") for n in range(CALLS)]
    ended: list[str] = []
    killed = threading.Event()

    def begin(caller: Caller) -> bool:
        return caller.call().status == 200

    def end(caller: Caller) -> None:
        with contextlib.suppress(OSError):
            if not killed.is_set() and caller.ask("BYE").status == 200:
                ended.append(caller.from_.split(":")[1].split("@")[0])

    with serving(tmp_path, port) as service, ThreadPoolExecutor(20) as crowd:
        assert all(crowd.map(begin, callers))
        for caller in callers:
            crowd.submit(end, caller)
        wait_for(lambda: len(ended) >= CALLS // 2, what="goodbyes", every=0.001)
        service.send_signal(signal.SIGKILL)
        service.wait()
        killed.set()
        for caller in callers:
            caller.sip.sendto(b"", caller.sip.getsockname())  # nobody answers any more
    for caller in callers:
        caller.close()
    with serving(tmp_path, port) as service:
        ends_with_a_caller(service, port, signal.SIGHUP)
    with contextlib.closing(open_log("sqlite:///screener.db", tmp_path)) as log:
        calls = log.calls(limit=None)
    found = Counter(call.number.removeprefix("+86") for call in calls)
    by_caller = (call for call in calls if call.ended_at and call.ended_by is EndedBy.CALLER)
    whole = {call.number.removeprefix("+86") for call in by_caller}
    print(
        f"{len(ended)} of {CALLS} calls had their BYE answered, {len(whole & set(ended))} of these are in the log "
        f"with their end; {len(found)} calls in the log, none twice"
    )
    assert CALLS // 2 <= len(ended) <= CALLS
    assert set(ended) <= whole
    assert set(found.values()) == {1}


def test_a_flag_outlives_the_service_and_its_call_goes_on_no_more(tmp_path: Path) -> None:
    port, now = free_port(), datetime.now(UTC)
    (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + AGENTS)
    with contextlib.closing(open_log("sqlite:///screener.db", tmp_path)) as log:
        log.enlist(ListedNumber(ListName.BLOCK, "+8613800138084", "", now))
        with serving(tmp_path, port) as service, contextlib.closing(Caller(port, number="13800138084")) as caller:
            assert caller.call().status == 200
            wait_for(lambda: any(call.verdict for call in log.calls(limit=None)), what="the flag in the log")
            service.send_signal(signal.SIGKILL)
            service.wait()
        (call,) = log.calls(limit=None)
        assert (call.verdict, call.is_over) == (Verdict.HARASSMENT, False)
        with serving(tmp_path, port):
            wait_for(lambda: log.call(call.id).is_cut_off, what="the next run to say so")
        assert log.call(call.id).decisions, "why it was flagged is there too"


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
def test_however_it_is_asked_to_end_callers_go_to_the_agents_first(tmp_path: Path, ends: signal.Signals) -> None:
    """At the end of its terminal too: the test above."""
    port = free_port()
    (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + AGENTS)
    with serving(tmp_path, port) as service:
        ends_with_a_caller(service, port, ends)


def ends_with_a_caller(service: subprocess.Popen[bytes], port: int, ends: signal.Signals) -> None:
    """Somebody is on the line when it is asked to end; they go to the agents before it does."""
    caller = Caller(port)
    assert caller.call().status == 200
    time.sleep(0.3)
    service.send_signal(ends)
    refer = caller.wait_request("REFER")
    assert "agents@127.0.0.1" in refer.headers.get("Refer-To")
    caller.moved(refer)
    caller.send(respond(caller.wait_request("BYE"), 200))
    assert service.wait(timeout=ENOUGH) == 0
    caller.close()
