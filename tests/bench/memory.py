"""Resident memory of `screener serve`, idle and with one call: `python tests/bench/memory.py`.

Beside it stands, for comparison, a bare Python that has only imported the recogniser's library.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import subprocess

from tests.bench.live import REQUESTS, sentences, serving
from tests.sip.caller import Caller


def resident(pid: int, key: str = "VmRSS") -> float:
    """MB; VmHWM is the most that it ever was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def bare(library: str) -> float:
    """MB of a Python that imports a library."""
    script = (
        f"import {library}; print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS')))"
    )
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout) / 1024


def main() -> None:
    print(f"a bare Python with vosk: {bare('vosk'):.0f} MB")
    (sentence,) = sentences(REQUESTS, 1)
    with serving() as (process, port):
        time.sleep(3)
        print(f"idle: {resident(process.pid):.0f} MB")
        caller = Caller(port)
        caller.call()
        caller.speak(bytes(16000 * 4) + sentence.pcm * 2)
        print(f"one call, listening: {resident(process.pid):.0f} MB")
        caller.close()
        print(f"at most since the start: {resident(process.pid, 'VmHWM'):.0f} MB")


if __name__ == "__main__":
    main()
