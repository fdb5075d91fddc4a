"""From INVITE to 200 OK, at so many calls a second: `python tests/bench/answer.py [--rate 20 --calls 400]`.

Every call is answered by the whole service, lasts a second and is hung up by the caller.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from tests.bench.load import Callers
from tests.bench.site import machine, site


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rate", type=float, default=20.0)
    options.add_argument("--calls", type=int, default=400)
    chosen = options.parse_args()
    print(machine())
    with site() as service:
        callers = Callers(service.port, "100")
        callers.lasting = 1.0
        callers.start()
        callers.call(chosen.calls, chosen.rate)
        time.sleep(1.5)
        times = 1000 * np.array(callers.answer_seconds)
        callers.close()
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    print(
        f"{len(times)} of {chosen.calls} calls answered at {chosen.rate:g} a second: INVITE to 200 OK "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, most {times.max():.1f} ms"
        f"; refused {callers.refused or 'none'}"
    )


if __name__ == "__main__":
    main()
