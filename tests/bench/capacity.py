"""How many calls one process paces well, beside stock pyVoIP in the same run: `python tests/bench/capacity.py`.

Every call is in the analysis queue, hears its recording without end, and speaks 50 packets a second. Gaps are
between the kernel's stamps of two packets of one call. `--talking 20` has so many further calls recognised live.
The callers run on the same machine; what they take of it is printed too.
"""

import argparse
import contextlib
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.live import REQUESTS, sentences
from tests.bench.load import Callers
from tests.bench.site import Cost, machine, site
from tests.pbx.voices import SPEECH
from tests.server import free_port

LEVELS = (10, 50, 100, 200, 400, 800, 1000, 1500)
STOCK_LEVELS = (10, 40, 50, 80, 100)


def _stock(port: int, registrar: int) -> None:
    """Stock pyVoIP 1.6.8, each call playing in a loop as its own example does it."""
    import pyVoIP
    from pyVoIP.VoIP import CallState, InvalidStateError, VoIPPhone

    pyVoIP.DEBUG = False
    prompt = bytes((128 + (i * 7) % 60) & 0xFF for i in range(160 * 50))  # one second, pyVoIP's unsigned 8 bit

    def taken(call: object) -> None:
        with contextlib.suppress(InvalidStateError):
            call.answer()
        while call.state == CallState.ANSWERED:
            call.write_audio(prompt)
            time.sleep(len(prompt) / 8000)

    phone = VoIPPhone(
        "127.0.0.1", registrar, "u", "p", myIP="127.0.0.1", callCallback=taken, sipPort=port,
        rtpPortLow=30000, rtpPortHigh=39998,
    )  # fmt: skip
    phone.start()
    while True:
        time.sleep(1)


@contextlib.contextmanager
def stock() -> Iterator[tuple[int, int, int]]:
    """Its process id, its port, and the port of the registrar that it wants."""
    port, registrar = free_port(), free_port()
    command = [sys.executable, __file__, "--stock-server", str(port), str(registrar)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid, port, registrar
    finally:
        process.kill()
        process.wait()


def _calling(pipe: object, port: int, dialled: str, sip_port: int, speech: bytes) -> None:
    """The process of the callers: does what the pipe asks for."""
    import numpy as np

    callers = Callers(port, dialled, sip_port)
    if speech:
        callers.speech = np.frombuffer(speech, np.uint8).reshape(-1, 160)
    callers.start()
    while (asked := pipe.recv()) is not None:
        kind, *values = asked
        if kind == "call":
            callers.call(*values)
            pipe.send((len(callers.answer_seconds), dict(callers.refused)))
        else:
            before = Cost.of(multiprocessing.current_process().pid)
            pace = callers.measure(*values)
            pipe.send((pace, Cost.of(multiprocessing.current_process().pid).since(before)))
    callers.close()


class Load:
    """Callers in a process of their own, so that measuring disturbs as little as it can."""

    def __init__(self, port: int, dialled: str = "900", sip_port: int = 0, speech: bytes = b"") -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_calling, args=(theirs, port, dialled, sip_port, speech), daemon=True
        )
        self.process.start()

    def ask(self, *what: object) -> tuple:
        self._pipe.send(what)
        return self._pipe.recv()

    def close(self) -> None:
        self._pipe.send(None)
        self.process.join(timeout=5)


def curve(
    name: str, pid: int, load: Load, levels: tuple[int, ...], rate: float, seconds: float, settle: float
) -> None:
    print(f"\n{name}")
    up = 0
    for level in levels:
        answered, refused = load.ask("call", level - up, rate)
        up = level
        time.sleep(settle)
        before = Cost.of(pid)
        pace, callers = load.ask("measure", seconds)
        after = Cost.of(pid)
        verdict = "clean" if _clean(pace) else "BROKEN"
        print(
            f"{level:5d} calls ({answered} up{f', refused {refused}' if refused else ''}): {pace}  "
            f"{after.since(before):4.2f} cores {after}  callers {callers:4.2f} cores  {verdict}",
            flush=True,
        )


def _clean(pace: object) -> bool:
    import numpy as np

    if not pace.gaps.size or pace.silent:
        return False
    return bool(pace.pps.min() >= 49.8 and pace.pps.max() <= 50.2 and np.percentile(pace.gaps, 99) <= 25)


def _levels(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--levels", type=_levels, default=LEVELS)
    options.add_argument("--stock-levels", type=_levels, default=STOCK_LEVELS)
    options.add_argument("--seconds", type=float, default=10.0, help="how long each level is measured")
    options.add_argument("--rate", type=float, default=50.0, help="calls placed a second")
    options.add_argument("--settle", type=float, default=1.5, help="seconds from the last answer to the measuring")
    options.add_argument("--talking", type=int, default=0, help="calls that are recognised live beside the others")
    options.add_argument("--stock-server", nargs=2, type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.stock_server:
        _stock(*chosen.stock_server)
        return
    print(machine())
    if chosen.stock_levels:
        with stock() as (pid, port, registrar):
            load = Load(port, sip_port=registrar)
            time.sleep(2.5)
            curve("stock pyVoIP 1.6.8", pid, load, chosen.stock_levels, 10, chosen.seconds, chosen.settle)
            load.close()
    most = max(chosen.levels) + chosen.talking + 10
    speech = SPEECH if chosen.talking else 'engine = "none"'
    flow = "tone_seconds = 3600.0\nlisten_seconds = 3600.0\nsteer_seconds = 3600.0\nsilence_seconds = 3600.0"
    with site(f"max_calls = {most}", flow, speech) as ours:
        load = Load(ours.port)
        if chosen.talking:
            pcm = b"".join(s.pcm + bytes(8000) for s in sentences(REQUESTS, 4))
            talking = Load(ours.port, "100", speech=_ulaw(pcm))
            answered, refused = talking.ask("call", chosen.talking, 10.0)
            print(f"{answered} calls talk and are recognised{f'; refused {refused}' if refused else ''}")
        curve("Screener", ours.process.pid, load, chosen.levels, chosen.rate, chosen.seconds, chosen.settle)
        load.close()
    print(f"\n{machine()}")


def _ulaw(pcm: bytes) -> bytes:
    import audioop

    return audioop.lin2ulaw(pcm + bytes(-len(pcm) % 320), 2)


if __name__ == "__main__":
    main()
