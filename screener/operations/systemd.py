"""What a service manager is told while `serve` runs: systemd's notification protocol, sd_notify(3)."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping

from screener.errors import SettingsError

log = logging.getLogger(__name__)

SOCKET = "NOTIFY_SOCKET"
PINGS = 3
"""Heartbeats in one watchdog interval: one may come late without a restart."""


class Notifier:
    """The manager's end of the line; without a manager everything here does nothing.

    Args:
        address: of a Unix datagram socket: a path, or `@` and an abstract name; empty when nobody listens.
        watchdog: seconds after which the manager restarts a service that says nothing; 0 when it never does.

    Attributes:
        watchdog: the same.
    """

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        self.watchdog = watchdog
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """The service does its work from now on; the watchdog's time begins."""
        self._send("READY=1", f"STATUS={status}")

    def alive(self, status: str) -> None:
        """The watchdog's time begins anew."""
        self._send("WATCHDOG=1", f"STATUS={status}")

    def stopping(self, status: str) -> None:
        """The service ends by itself."""
        self._send("STOPPING=1", f"STATUS={status}")

    def attend(
        self, stopped: threading.Event, pulse: Callable[[Callable[[], None]], None], status: Callable[[], str]
    ) -> None:
        """Wait until the service is stopped, and tell the manager meanwhile that it lives, as long as it does.

        Args:
            stopped: set by whoever ends the service.
            pulse: asks the service for a sign of life, which it gives by calling what it is handed; one at a time.
            status: one line for `systemctl status`.
        """
        if not self.watchdog:
            stopped.wait()
            return
        beat = threading.Event()
        pulse(beat.set)
        while not stopped.wait(self.watchdog / PINGS):
            if beat.is_set():
                self.alive(status())
                beat = threading.Event()
                pulse(beat.set)
            else:
                log.error("no sign of life for %.1f s: a thread of the service hangs", self.watchdog / PINGS)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)  # a manager that does not read must not hold us
                line.sendto("\n".join(lines).encode(), self._address)
        except OSError as problem:
            log.warning("the service manager cannot be told %s: %s", lines[0], problem.strerror)


def find_manager(environment: Mapping[str, str], pid: int) -> Notifier:
    """The manager that started this process, as its environment names it.

    Args:
        environment: where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are looked up.
        pid: of this process; a watchdog that is meant for another one is not ours.

    Raises:
        SettingsError: what is named there cannot be used.
    """
    address = environment.get(SOCKET, "")
    if address and address[0] not in "/@":
        raise SettingsError(f"{SOCKET}={address}: not supported", "name a path or an abstract Unix socket")
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return Notifier(address)
    try:
        return Notifier(address, int(environment.get("WATCHDOG_USEC", "0")) / 1e6)
    except ValueError as problem:
        raise SettingsError("WATCHDOG_USEC is not a whole number", "let systemd set it: WatchdogSec=") from problem
