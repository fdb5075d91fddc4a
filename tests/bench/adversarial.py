"""How long one message can hold a parser up: `python tests/bench/adversarial.py [--messages 100000]`.

Repetition-heavy input of the largest admitted size through whatever reads what strangers send; the worst time is
processor time of the one thread, so that a busy machine does not count, and what was slow is read twice more: an
input that is slow is slow again. Ends with 1 where it is over the target.
"""

import argparse
import gc
import logging
import random
import sys
import time
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.sip.message import MAX_BYTES
from tests.bench.site import machine
from tests.sip.adversarial import PARSERS, every_unit, hostile, read
from tests.sip.fuzzing import Target

TARGET_MS = 2.0


def cost(name: str, data: bytes) -> float:
    """Milliseconds."""
    began = time.thread_time()
    read(name, data)
    return 1000 * (time.thread_time() - began)


def through_an_agent(count: int, seed: int) -> float:
    """The same messages as a whole user agent takes them, with a call that is up; the least of three agents."""
    logging.getLogger("screener").setLevel(logging.ERROR)
    times = sorted(map(min, zip(*(one_agent(count, seed) for _ in range(3)), strict=True)))
    print(f"{'user agent':10} {sum(times) / count:7.3f} {times[int(count * 0.999)]:7.3f} {times[-1]:7.3f}")
    return times[-1]


def one_agent(count: int, seed: int) -> list[float]:
    """Milliseconds of each message, in order."""
    target, chance = Target(), random.Random(seed)
    times: list[float] = []
    for number in range(count):
        data = hostile("message", chance)

        def take(data: bytes = data) -> None:
            began = time.thread_time()
            target.receive(data)
            times.append(1000 * (time.thread_time() - began))

        target.post(take)
        if number % 100 == 99:
            target.drain()
            gc.collect()
    target.drain()
    target.close()
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--messages", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    count = chosen.messages // len(PARSERS)
    print(f"{machine()}; {count} inputs of {MAX_BYTES} bytes each, milliseconds of processor time")
    print(f"{'parser':10} {'mean':>7} {'99.9 %':>7} {'worst':>7}")
    gc.disable()
    worst = 0.0
    for name in PARSERS:
        chance = random.Random(chosen.seed)
        times: list[tuple[float, bytes]] = []
        by_chance = (hostile(name, chance) for _ in range(count))
        for number, data in enumerate(chain(every_unit(16_000), by_chance)):
            taken = cost(name, data)
            if taken > TARGET_MS / 2:
                taken = min(taken, cost(name, data), cost(name, data))
            times.append((taken, data[:200]))
            if number % 1000 == 0:
                gc.collect()
        times.sort()
        mean = sum(taken for taken, _ in times) / len(times)
        print(f"{name:10} {mean:7.3f} {times[int(len(times) * 0.999)][0]:7.3f} {times[-1][0]:7.3f}", flush=True)
        if times[-1][0] > TARGET_MS:
            print(f"           worst on {times[-1][1]!r}")
        worst = max(worst, times[-1][0])
    worst = max(worst, through_an_agent(min(count, 2000), chosen.seed))
    print(f"worst of all: {worst:.3f} ms, target {TARGET_MS} ms")
    raise SystemExit(worst > TARGET_MS)


if __name__ == "__main__":
    main()
