"""Damaged SIP, SDP, RTP and RTCP by the million: `python tests/bench/fuzz.py [--rtp 3000000 --sip 300000 …]`.

SIP goes through a whole user agent with calls that are up; SDP and RTP through what reads them. Whatever escapes,
whatever thread dies, and how memory moves is printed. The same seed gives the same messages.
"""

import argparse
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
) -> None:
    """Throw so many, look at the memory ten times, print one line."""
    escaped: list[str] = []
    sizes: list[float] = []
    began = time.monotonic()
    for number, data in numbered(corpus, seed, count):
        try:
            take(data, number)
        except Exception as problem:
            escaped.append(f"{problem!r} for {data!r}")
        if number % 500 == 499:
            pause()
        if number % max(1, count // 10) == 0:
            sizes.append(Cost.of(os.getpid()).rss)
    pause()
    seconds = time.monotonic() - began
    sizes.append(Cost.of(os.getpid()).rss)
    half, last = sizes[len(sizes) // 2], sizes[-1]
    print(
        f"{name:4s} {count:9,d} in {seconds:4.0f} s ({count / seconds:,.0f}/s): {len(escaped)} escaped; "
        f"resident {sizes[0]:.0f} MB at the start, {half:.0f} half way, {last:.0f} at the end ({last / half:.3f})",
        flush=True,
    )
    for text in escaped[:5]:
        print("   ", text[:300])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sip", type=int, default=300_000)
    options.add_argument("--sdp", type=int, default=300_000)
    options.add_argument("--rtp", type=int, default=3_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    logging.getLogger("screener").setLevel(logging.ERROR)
    ears = Ears()
    rounds("RTP", ears.corpus, chosen.rtp, chosen.seed, ears.take)
    print(f"      {ears.stream.malformed:,d} refused, {ears.stream.reception.received:,d} in the newest stream")
    rounds("SDP", [DESCRIPTION], chosen.sdp, chosen.seed, lambda data, _: describe(data))
    target = Target()
    rounds("SIP", target.corpus(), chosen.sip, chosen.seed, lambda data, _: target.take(data), target.drain)
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
