"""What a call costs the media thread, and who else works for it: `python tests/bench/media_thread.py`.

Calls in path whose callers speak 40 % of the time are listened to: every frame is decoded, concealed and handed
on. The time is the kernel's (/proc/…/schedstat): on a processor, not on the clock, so other programs do not count.
`--before PATH` measures another checkout in turn with this one, and prints the ratio.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, os.environ.get("MEASURED", str(ROOT)))
TALK, PAUSE = 2.0, 3.0
"""Seconds a caller speaks and is quiet, in turn."""
PATIENT = "listen_seconds = 3600.0\nsteer_seconds = 3600.0\nsilence_seconds = 3600.0"


def _on_processor(task: Path) -> float:
    """Milliseconds that a thread or process has run."""
    return int((task / "schedstat").read_text().split()[0]) / 1e6


def _threads() -> dict[str, float]:
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        name = thread.name.rpartition("-")[0] or thread.name
        found[name] = found.get(name, 0.0) + _on_processor(Path(f"/proc/self/task/{thread.native_id}"))
    return found


def _children() -> float:
    """Milliseconds that the children of this process have run, but not the callers."""
    own = str(os.getpid())
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[1] == own and b"screener" in stat.with_name("cmdline").read_bytes():
                total += (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
        except OSError:
            pass  # gone meanwhile
    return total


def _speech() -> bytes:
    from tests.bench.capacity import _ulaw
    from tests.bench.live import REQUESTS, sentences

    pcm = b"".join(s.pcm for s in sentences(REQUESTS, 4))[: round(TALK * 16000)]
    return _ulaw(pcm + bytes(round(PAUSE * 16000)))


def measure(calls: int, seconds: float, speech: str) -> dict[str, float]:
    """Milliseconds a second of every kind of thread, of the children, and for so many calls."""
    from screener.service.site import Service
    from screener.settings.load import load
    from tests.bench.capacity import Load
    from tests.bench.live import free_port

    port = free_port()
    load_of_calls = Load(port, "100", speech=_speech())  # forks: before any thread
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "screener.toml")
        config.write_text(
            f"[sip]\nport = {port}\nmax_calls = {calls + 10}\n[flow]\n{PATIENT}\n[speech]\n{speech}\n"
            "[targets]\nagents = 'sip:agents@127.0.0.1:5070'\n"
        )
        service = Service(load(config))
        service.start()
        try:
            answered, refused = load_of_calls.ask("call", calls, 25.0)
            assert answered == calls, f"{answered} of {calls} calls up, refused {refused}"
            time.sleep(3)
            before, children, began = _threads(), _children(), time.monotonic()
            time.sleep(seconds)
            after, passed = _threads(), time.monotonic() - began
            found = {name: (after[name] - before.get(name, 0.0)) / passed for name in after}
            found["children"] = (_children() - children) / passed
            load_of_calls.close()
        finally:
            service.stop()
    return found


def _run(root: Path, chosen: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", "--calls", str(chosen.calls)]
    command += ["--seconds", str(chosen.seconds), "--speech", chosen.speech]
    environment = {**os.environ, "PYTHONPATH": str(root), "MEASURED": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


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
    options.add_argument("--before", type=Path, help="another checkout, measured in turn with this one")
    options.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.calls, chosen.seconds, chosen.speech)))
        return
    from tests.bench.site import machine

    print(f"{chosen.calls} calls listened to, {chosen.seconds:g} s a round; {machine()}")
    sums: dict[str, float] = {}
    for _ in range(chosen.rounds):
        for name, root in (("before", chosen.before), ("now", ROOT)):
            if root:
                found = _run(root.resolve(), chosen)
                sums[name] = sums.get(name, 0.0) + _print(name, found, chosen.calls)
    if "before" in sums:
        print(f"media thread, now to before: {sums['now'] / sums['before']:.3f}")


if __name__ == "__main__":
    main()
