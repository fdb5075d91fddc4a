"""Damaged SIP, SDP, RTP and RTCP by the million: `python tests/bench/fuzz.py [--rtp 3000000 --sip 300000 …]`.

SIP goes through a whole user agent with calls that are up; SDP and RTP through what reads them. Whatever escapes,
whatever thread dies, and how memory moves is printed. The same seed gives the same messages. Transactions live for
32 s: memory has come to rest after a minute or two (`--rtp 0 --sdp 0 --sip 100000000 --minutes 3`).
"""

import argparse
import math
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import logging
import os

from tests.bench.site import Cost
from tests.sip.fuzzing import DESCRIPTION, Ears, Target, describe, numbered


def rounds(
    name: str,
    corpus: Sequence[bytes],
    count: int,
    seed: int,
    take: Callable[[bytes, int], None],
    pause: Callable[[], None] = lambda: None,
    minutes: float = math.inf,
) -> None:
    """Throw so many, or for so long; print one line, and the memory at the end of each minute."""
    escaped: list[str] = []
    sizes = [resident()]
    began, thrown = time.monotonic(), 0
    for number, data in numbered(corpus, seed, count):
        thrown = number + 1
        try:
            take(data, number)
        except Exception as problem:
            escaped.append(f"{problem!r} for {data!r}")
        if thrown % 500 == 0:
            pause()
        passed = (time.monotonic() - began) / 60
        if passed >= len(sizes):
            sizes.append(resident())
        if passed >= minutes:
            break
    pause()
    seconds = time.monotonic() - began
    print(
        f"{name:4s} {thrown:9,d} in {seconds:4.0f} s ({thrown / seconds:,.0f}/s): {len(escaped)} escaped; "
        f"resident at the start {sizes[0]:.0f} MB, after each minute {[round(size) for size in sizes[1:]]}, "
        f"at the end {resident():.0f}",
        flush=True,
    )
    for text in escaped[:5]:
        print("   ", text[:300])


def resident() -> float:
    """Megabytes of this process."""
    return Cost.of(os.getpid()).rss


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sip", type=int, default=300_000)
    options.add_argument("--sdp", type=int, default=300_000)
    options.add_argument("--rtp", type=int, default=3_000_000)
    options.add_argument("--minutes", type=float, default=math.inf, help="of each, at most")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    logging.getLogger("screener").setLevel(logging.ERROR)
    ears = Ears()
    rounds("RTP", ears.corpus, chosen.rtp, chosen.seed, ears.take, minutes=chosen.minutes)
    print(f"      {ears.stream.malformed:,d} refused, {ears.stream.reception.received:,d} in the newest stream")
    rounds("SDP", [DESCRIPTION], chosen.sdp, chosen.seed, lambda data, _: describe(data), minutes=chosen.minutes)
    target = Target()
    rounds(
        "SIP", target.corpus(), chosen.sip, chosen.seed, lambda data, _: target.take(data), target.drain,
        chosen.minutes,
    )  # fmt: skip
    counts = target.desk.agent.counts
    print(
        f"      {counts.malformed:,d} malformed, {counts.stray:,d} stray, {counts.offered:,d} calls offered, "
        f"refused {dict(sorted(counts.refused.items()))}; faults of ours: {len(target.faults.seen)}"
    )
    for text in target.faults.seen[:5]:
        print("   ", text[:300])
    threads = {thread.name for thread in threading.enumerate()}
    print(f"      threads alive: {sorted(threads & {'sip', 'media'})}; a call afterwards works: {target.works()}")
    target.close()


if __name__ == "__main__":
    main()
