"""Does anything grow? `python tests/bench/soak.py --calls 20000 --rate 40` and `… --long 200 --minutes 30`.

Short calls come one after the other and last half a second; long ones stay up and speak all the time. Memory,
threads, sockets and ports are printed every so often; the last line compares the end with minute 2.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.load import Callers
from tests.bench.site import Cost, Site, machine, site

SETTLE_SECONDS = 45.0
"""Transactions live 32 s longer than their calls: after this, nothing of them may be left."""


def ports(low: int = 20000, high: int = 29999) -> int:
    """UDP ports of the RTP range that are bound on this machine."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(low <= int(line.split()[1].rpartition(":")[2], 16) <= high for line in lines)


class Watch:
    """Prints what the service costs, and remembers minute 2."""

    def __init__(self, service: Site) -> None:
        self._service = service
        self._began = time.monotonic()
        self._early: tuple[Cost, int] | None = None

    def look(self, what: str) -> tuple[Cost, int]:
        now = self._service.cost(), ports()
        seconds = time.monotonic() - self._began
        if seconds >= 120 and self._early is None:
            self._early = now
            what += "  <- minute 2"
        print(f"{seconds:6.0f} s  {what:30s} {now[0]}  {now[1]:5d} ports", flush=True)
        return now

    def compare(self) -> None:
        cost, bound = self.look("the end")
        if self._early is None:
            print("too short for a look at minute 2")
            return
        early, early_bound = self._early
        print(
            f"end against minute 2: {cost.rss / early.rss:.3f} of the memory ({cost.rss - early.rss:+.1f} MB), "
            f"{cost.threads - early.threads:+d} threads, {cost.sockets - early.sockets:+d} sockets, "
            f"{bound - early_bound:+d} ports"
        )


def short(service: Site, calls: int, rate: float) -> None:
    callers = Callers(service.port, "100")
    callers.lasting = 0.5
    callers.start()
    watch, done = Watch(service), 0
    while done < calls:
        batch = min(calls - done, round(rate * 20))
        callers.call(batch, rate)
        done += batch
        watch.look(f"{len(callers.answer_seconds)} answered, {callers.ended} ended")
    time.sleep(SETTLE_SECONDS)
    watch.look("45 s later")
    callers.call(round(rate * 2), rate)
    watch.compare()
    print(f"{len(callers.answer_seconds)} answered, {callers.ended} ended, refused {callers.refused or 'none'}")
    callers.close()


def long(service: Site, calls: int, minutes: float) -> None:
    callers = Callers(service.port, "900")
    callers.start()
    callers.call(calls, 50.0)
    watch, end = Watch(service), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        time.sleep(min(60.0, max(0.0, end - time.monotonic() - 5)))
        watch.look(f"{len(callers.ports)} calls up")
        print(f"          {callers.measure(5.0)}", flush=True)
    watch.compare()
    callers.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=0, help="short calls in a row")
    options.add_argument("--rate", type=float, default=40.0, help="short calls a second")
    options.add_argument("--long", type=int, default=0, help="calls that stay up")
    options.add_argument("--minutes", type=float, default=30.0)
    chosen = options.parse_args()
    print(machine())
    flow = "tone_seconds = 7200.0"
    with site("max_calls = 1000", flow, rest='[operations]\nlog_level = "warning"') as service:
        if chosen.calls:
            short(service, chosen.calls, chosen.rate)
        if chosen.long:
            long(service, chosen.long, chosen.minutes)
        log = service.log.read_text()
        print(f"faults in its log: {log.count('a fault of ours')}; lines of it: {len(log.splitlines())}")
    print(machine())


if __name__ == "__main__":
    main()
