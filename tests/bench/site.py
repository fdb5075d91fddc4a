"""A `screener serve` of its own process for the measurements of the edge, and what a process costs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.server import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
"""A busy machine loads the models slowly."""


@dataclass(slots=True)
class Cost:
    """What a process has used, read from /proc.

    Attributes:
        at: monotonic seconds.
        cpu: seconds of processor time, all threads.
        rss: resident megabytes.
        threads: how many it has.
        files: open files of every kind.
        sockets: of these, how many are sockets.
    """

    at: float
    cpu: float
    rss: float
    threads: int
    files: int
    sockets: int

    @classmethod
    def of(cls, pid: int) -> "Cost":
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        rss = int(stat[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        cpu = (int(stat[11]) + int(stat[12])) / ticks
        files = [_target(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        sockets = sum(target.startswith("socket:") for target in files)
        return cls(time.monotonic(), cpu, rss, int(stat[17]), len(files), sockets)

    def since(self, before: "Cost") -> float:
        """Cores used on average from then to now."""
        return (self.cpu - before.cpu) / (self.at - before.at)

    def __str__(self) -> str:
        return f"{self.rss:6.1f} MB  {self.threads:4d} threads  {self.sockets:5d} sockets"


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # closed meanwhile
        return ""


@dataclass(slots=True)
class Site:
    """A running service: its process, SIP port, and the folder with settings and log."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log.txt"

    def cost(self) -> Cost:
        return Cost.of(self.process.pid)


@contextlib.contextmanager
def site(sip: str = "", flow: str = "", speech: str = 'engine = "none"', rest: str = "") -> Iterator[Site]:
    """Run a service on loopback until the block is left.

    Args:
        sip, flow, speech: lines for these sections of the settings; `sip` may set anything but the port.
        rest: further sections.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the service must not outlive a bench that is stopped
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config, log = Path(folder, "screener.toml"), Path(folder, "log.txt")
        config.write_text(
            f"[sip]\nport = {port}\n{sip}\n[flow]\n{flow}\n[speech]\n{speech}\n"
            f"[targets]\nagents = 'sip:agents@127.0.0.1:5070'\n{rest}\n"
        )
        with log.open("wb") as out:
            command = [sys.executable, "-m", "screener", "serve", "--config", str(config)]
            process = subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not (_listening(port) or "taking calls" in log.read_text()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(log.read_text())
                time.sleep(0.05)
            yield Site(process, port, Path(folder))
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _listening(port: int) -> bool:
    """Whether OPTIONS is answered there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.1)
        sock.connect(("127.0.0.1", port))
        own = sock.getsockname()[1]
        lines = [
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKready{own}",
            "From: <sip:ready@127.0.0.1>;tag=1", "To: <sip:127.0.0.1>", f"Call-ID: ready{own}", "CSeq: 1 OPTIONS",
            "Content-Length: 0", "", "",
        ]  # fmt: skip
        try:
            sock.send("\r\n".join(lines).encode())
            return sock.recv(2000).startswith(b"SIP/2.0 200")
        except OSError:
            return False


def machine() -> str:
    """One line: cores and how loaded they are, to be printed beside every measured figure."""
    return f"{os.cpu_count()} cores, load average {' '.join(f'{load:.2f}' for load in os.getloadavg())}"
