"""systemd's notification protocol, with a real datagram socket in the manager's place."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.errors import SettingsError
from screener.events import CallOffered
from screener.operations.systemd import Notifier, find_manager
from screener.service.site import Service
from screener.settings.load import load
from tests.server import free_port
from tests.sip.caller import Caller, Desk, in_background
from tests.waiting import WAIT, wait_for

SITE = """
[sip]
port = {port}
[speech]
engine = "none"
processes = 1
[operations]
log_level = "error"
metrics_port = {metrics}
"""

PATIENCE = 100
"""Seconds; a busy machine takes a minute to load the model."""
WATCHDOG = 3.0
"""Seconds, of the test that starts the whole service."""


class Manager:
    """What systemd is for a service: a datagram socket that keeps what it is told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(PATIENCE)

    def hear(self) -> list[str]:
        """The next message's lines."""
        return self.socket.recv(4096).decode().splitlines()

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing comes for so long; what had come before is passed over."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        return False


@pytest.fixture
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(getattr(request, "param", f"{tmp_path}/notify"))
    yield manager
    manager.socket.close()


def alive(port: int) -> bool:
    """What the metrics say."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT) as page:
        return b"screener_alive 1\n" in page.read()


def environment(manager: Manager, watchdog: float) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(round(watchdog * 1e6))}


def test_a_path_is_taken(manager: Manager) -> None:
    find_manager(environment(manager, 1), 1).ready("")
    assert manager.hear()[0] == "READY=1"


@pytest.mark.parametrize("manager", [f"@screener-{secrets.token_hex(8)}"], indirect=True, ids=["abstract"])
def test_each_message_is_one_datagram_of_lines(manager: Manager) -> None:
    notifier = find_manager(environment(manager, 1), 1)
    notifier.ready("port 5060")
    notifier.alive("2 calls")
    notifier.stopping("bye")
    assert manager.hear() == ["READY=1", "STATUS=port 5060"]
    assert manager.hear() == ["WATCHDOG=1", "STATUS=2 calls"]
    assert manager.hear() == ["STOPPING=1", "STATUS=bye"]


def test_without_a_manager_nothing_is_said_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    notifier = find_manager({}, 1)
    notifier.ready("nobody hears this")
    assert notifier.watchdog == 0
    assert not caplog.records


def test_a_manager_that_is_gone_fails_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier(f"{tmp_path}/nobody").ready("nobody hears this")
    assert "READY=1" in caplog.text


@pytest.mark.parametrize(("pid", "seconds"), [("1", 0.0), ("7", 2.5), ("", 2.5)])
def test_only_a_watchdog_for_this_process_is_ours(pid: str, seconds: float) -> None:
    named = {"WATCHDOG_PID": pid} if pid else {}
    assert find_manager({"WATCHDOG_USEC": "2500000", **named}, 7).watchdog == seconds


@pytest.mark.parametrize("wrong", [{"NOTIFY_SOCKET": "vsock:2:1"}, {"WATCHDOG_USEC": "soon"}])
def test_what_cannot_be_used_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        find_manager(wrong, 7)


def test_the_watchdog_is_silent_while_the_calls_thread_hangs(manager: Manager, tmp_path: Path) -> None:
    metrics = free_port(socket.SOCK_STREAM)
    (tmp_path / "screener.toml").write_text(SITE.format(port=0, metrics=metrics))
    hang, hangs = threading.Event(), threading.Event()

    def observe(_call: str, _offer: CallOffered, event: object, _at: float) -> None:
        if isinstance(event, CallOffered):
            hangs.set()
            hang.wait(30)

    service = Service(load(tmp_path / "screener.toml"), observers=[observe])
    service.start()
    stopped = threading.Event()
    notifier = find_manager(environment(manager, 0.6), 1)
    attending = in_background(lambda: notifier.attend(stopped, service.pulse, service.status))
    caller = Caller(service.sip_port)
    try:
        assert manager.hear() == ["WATCHDOG=1", f"STATUS=port {service.sip_port}, 0 calls"]
        assert alive(metrics)
        in_background(caller.call)
        assert hangs.wait(WAIT)
        wait_for(lambda: manager.quiet_for(1.5), what="silence: a sign of life from before may still count once")
        assert not alive(metrics)
        hang.set()
        assert manager.hear()[0] == "WATCHDOG=1", "and pings again when it has caught up"
    finally:
        hang.set()
        stopped.set()
        attending.join(WAIT)
        service.stop()
        caller.close()


def pulse_of(desk: Desk) -> threading.Event:
    beat = threading.Event()
    desk.agent.pulse(beat.set)
    return beat


def test_a_pulse_needs_the_sip_thread() -> None:
    hang = threading.Event()

    class Hanging(Desk):
        def _offered(self, call) -> None:
            hang.wait(30)
            super()._offered(call)

    desk = Hanging()
    caller = Caller(desk.agent.port)
    try:
        assert pulse_of(desk).wait(WAIT)
        caller.send(caller.request("INVITE", caller.sdp))
        assert wait_for(lambda: not pulse_of(desk).wait(0.3))
        hang.set()
        assert pulse_of(desk).wait(WAIT)
    finally:
        hang.set()
        desk.stop()
        caller.close()


def test_a_pulse_needs_the_media_thread() -> None:
    hang, hangs = threading.Event(), threading.Event()

    def frames(_pcm: bytes, _at: float) -> None:
        hangs.set()
        hang.wait(30)

    desk = Desk()
    caller = Caller(desk.agent.port)
    try:
        assert caller.call().status == 200
        assert pulse_of(desk).wait(WAIT)
        desk.call().listen(frames)
        caller.speak(bytes(16000))
        assert hangs.wait(WAIT)
        assert not pulse_of(desk).wait(0.5)
        hang.set()
        assert pulse_of(desk).wait(WAIT)
    finally:
        hang.set()
        desk.stop()
        caller.close()


def test_serve_is_ready_with_its_port_bound_pings_and_says_that_it_stops(manager: Manager, tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    (tmp_path / "screener.toml").write_text(SITE.format(port=port, metrics=0))
    command = [sys.executable, "-m", "screener", "serve", "--config", str(tmp_path / "screener.toml")]
    process = subprocess.Popen(command, env={**os.environ, **environment(manager, WATCHDOG)})
    try:
        assert manager.hear() == ["READY=1", f"STATUS=port {port}, 0 calls"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second, pytest.raises(OSError):
            second.bind(("127.0.0.1", port))
        for _ in range(3):
            assert manager.hear()[0] == "WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        while (heard := manager.hear())[0] == "WATCHDOG=1":
            pass
        assert heard == ["STOPPING=1", "STATUS=callers go to the agents"]
        assert process.wait(WAIT) == 0
    finally:
        process.kill()
        process.wait()
