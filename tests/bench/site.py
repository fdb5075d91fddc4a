"""A `screener serve` of its own process for the measurements of the edge, and what a process costs."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.live import free_port

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Cost:
    """What a process has used, read from /proc.

    Attributes:
        at: monotonic seconds.
        cpu: seconds of processor time, all threads.
        rss: resident megabytes.
        threads, files: how many it has.
    """

    at: float
    cpu: float
    rss: float
    threads: int
    files: int

    @classmethod
    def of(cls, pid: int) -> "Cost":
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        rss = int(stat[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        cpu = (int(stat[11]) + int(stat[12])) / ticks
        return cls(time.monotonic(), cpu, rss, int(stat[17]), len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def since(self, before: "Cost") -> float:
        """Cores used on average from then to now."""
        return (self.cpu - before.cpu) / (self.at - before.at)

    def __str__(self) -> str:
        return f"{self.rss:6.0f} MB  {self.threads:4d} threads  {self.files:5d} files"


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
            deadline = time.monotonic() + 30
            while "taking calls" not in log.read_text():
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


def machine() -> str:
    """One line: cores and how loaded they are, to be printed beside every measured figure."""
    return f"{os.cpu_count()} cores, load average {' '.join(f'{load:.2f}' for load in os.getloadavg())}"
