"""What a call costs the media thread, and who else works for it: `python tests/bench/media_thread.py`.

Calls in path whose callers speak 40 % of the time are listened to: every frame is decoded, concealed and handed
on. The time is the kernel's (/proc/…/schedstat): on a processor, not on the clock, so other programs do not count.
`--before PATH` measures other checkouts in turn with this one, and prints the ratios: each is a `screener serve`
of its own, which is only told from outside which of its threads is which.
"""

import argparse
import contextlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TALK, PAUSE = 2.0, 3.0
"""Seconds a caller speaks and is quiet, in turn."""
PATIENT = "listen_seconds = 3600.0\nsteer_seconds = 3600.0\nsilence_seconds = 3600.0"
NAMES = "threads.json"
"""In the folder of the settings: the kernel's ids of the threads, and their names."""


def _serve(config: Path) -> None:
    """Be `screener serve`, and tell the names of the threads, which the kernel does not know."""
    sys.path[0] = str(Path.cwd())
    names = config.with_name(NAMES)

    def tell() -> None:
        while True:
            known = {thread.native_id: thread.name for thread in threading.enumerate()}
            names.with_suffix(".new").write_text(json.dumps(known))
            names.with_suffix(".new").replace(names)
            time.sleep(1)

    threading.Thread(target=tell, name="names", daemon=True).start()
    sys.argv = ["screener", "serve", "--config", str(config)]
    runpy.run_module("screener", run_name="__main__")


def _on_processor(pid: int) -> dict[int, float]:
    """Milliseconds that each thread of a process has run."""
    found: dict[int, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # gone meanwhile
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e6
    return found


def _children(pid: int) -> float:
    """Milliseconds that the children of a process have run."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                total += (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
    return total


@contextlib.contextmanager
def _serving(root: Path, port: int, calls: int, speech: str) -> Iterator[tuple[int, Path]]:
    """A checkout's service; gives its process and where the names of its threads are."""
    with tempfile.TemporaryDirectory() as folder:
        config, log = Path(folder, "screener.toml"), Path(folder, "log.txt")
        config.write_text(
            f"[sip]\nport = {port}\nmax_calls = {calls + 10}\n[flow]\n{PATIENT}\n[speech]\n{speech}\n"
            "[targets]\nagents = 'sip:agents@127.0.0.1:5070'\n"
        )
        command = [sys.executable, __file__, "--serve", str(config)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, cwd=root, env=environment)
        try:
            while "taking calls" not in log.read_text():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                time.sleep(0.1)
            yield process.pid, Path(folder, NAMES)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _speech() -> bytes:
    from tests.bench.capacity import _ulaw
    from tests.bench.live import REQUESTS, sentences

    pcm = b"".join(s.pcm for s in sentences(REQUESTS, 4))[: round(TALK * 16000)]
    return _ulaw(pcm + bytes(round(PAUSE * 16000)))


def measure(root: Path, calls: int, seconds: float, speech: str) -> dict[str, float]:
    """Milliseconds a second of every kind of thread, of the children, and for so many calls."""
    from tests.bench.capacity import Load
    from tests.server import free_port

    port = free_port()
    with _serving(root, port, calls, speech) as (pid, names):
        load = Load(port, "100", speech=_speech())
        answered, refused = load.ask("call", calls, 25.0)
        assert answered == calls, f"{answered} of {calls} calls up, refused {refused}"
        time.sleep(3)
        before, children, began = _on_processor(pid), _children(pid), time.monotonic()
        time.sleep(seconds)
        after, passed = _on_processor(pid), time.monotonic() - began
        found = {"children": (_children(pid) - children) / passed}
        known = json.loads(names.read_text())
        for thread, milliseconds in after.items():
            name = known.get(str(thread), "others")
            kind = name.rpartition("-")[0] or name
            found[kind] = found.get(kind, 0.0) + (milliseconds - before.get(thread, 0.0)) / passed
        load.close()
    return found


def _print(name: str, found: dict[str, float], calls: int) -> float:
    per_call = found["media"] * 1000 / calls
    others = "  ".join(f"{k} {v:.1f}" for k, v in sorted(found.items(), key=lambda kv: -kv[1]) if v >= 0.5)
    print(f"{name:8} media thread {per_call:7.0f} µs a call and second   ms a second: {others}", flush=True)
    return per_call


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=50)
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--speech", default='engine = "none"', help="lines for the section [speech]")
    options.add_argument(
        "--before", type=Path, nargs="+", default=[], help="other checkouts, in turn with this one"
    )
    options.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        _serve(chosen.serve)
        return
    sys.path.insert(0, str(ROOT))
    from tests.bench.site import machine

    print(f"{chosen.calls} calls listened to, {chosen.seconds:g} s a round; {machine()}")
    roots = {**{root.name: root.resolve() for root in chosen.before}, "now": ROOT}
    sums = dict.fromkeys(roots, 0.0)
    for _ in range(chosen.rounds):
        for name, root in roots.items():
            found = measure(root, chosen.calls, chosen.seconds, chosen.speech)
            sums[name] += _print(name, found, chosen.calls)
    for name in list(roots)[:-1]:
        print(f"media thread, now to {name}: {sums['now'] / sums[name]:.3f}")


if __name__ == "__main__":
    main()
