"""How long a queue_log takes to import: one line in a hundred is broken; the second time must change nothing.

    nice python tests/bench/import_queue_log.py 1000000

Aim: a million lines in under a minute.
"""

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NUMBERS = 120_000


def lines(count: int) -> Iterator[str]:
    """Calls of three or four lines each, interleaved as they would be, and one broken line in a hundred."""
    dice = random.Random(1)
    now, call, written, waiting = 1_700_000_000, 0, 0, []
    while written < count:
        now += dice.randrange(4)
        if dice.random() < 0.01:
            line = dice.choice(("", "x")) + f"{now}|{call}.1|sales"
        elif len(waiting) > 30 or (waiting and dice.random() < 0.65):
            line = waiting[place := dice.randrange(len(waiting))].pop(0).replace("NOW", str(now))
            if not waiting[place]:
                waiting.pop(place)
        else:
            call += 1
            number = f"1{3800000000 + dice.randrange(NUMBERS) * 7919 % 199_999_999}"
            key, agent = f"{now}.{call}", f"Agent/80{dice.randrange(40):02}"
            queue = "analysis" if dice.random() < 0.02 else "sales"
            line = f"{now}|{key}|{queue}|NONE|ENTERQUEUE||{number}|1"
            rest = [
                f"NOW|{key}|{queue}|{agent}|CONNECT|9|{key}1|3",
                f"NOW|{key}|{queue}|{agent}|COMPLETECALLER|9|60|1",
            ]
            waiting.append([f"NOW|{key}|{queue}|NONE|ABANDON|1|1|20"] if dice.random() < 0.15 else rest)
        written += 1
        yield line + "\n"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        file, database = Path(folder, "queue_log"), Path(folder, "calls.db")
        with file.open("w") as out:
            out.writelines(lines(count))
        print(f"{count:,} lines, load average {os.getloadavg()[0]:.1f}")
        command = ["-m", "screener", "import", "queue_log", str(file), "--analysis", "analysis"]
        sums = []
        for time_ in ("first", "second"):
            begun, used = time.monotonic(), os.times()
            done = subprocess.run(
                [sys.executable, *command, "--db", f"sqlite:///{database}"],
                capture_output=True,
                text=True,
                check=True,
            )
            processor = os.times().children_user - used.children_user
            bad = len(done.stderr.splitlines())
            print(
                f"{time_}: {time.monotonic() - begun:.1f} s, {processor:.1f} s of processor; {done.stdout.strip()}"
            )
            print(f"       {bad} lines named, such as: {done.stderr.splitlines()[0].partition(':')[2]}")
            with sqlite3.connect(database) as connection:
                rows = connection.execute("SELECT * FROM calls ORDER BY id").fetchall()
                slots = connection.execute("SELECT * FROM offered_places ORDER BY 1, 2, 3, 4, 5").fetchall()
            sums.append(hash((tuple(rows), tuple(slots))))
        print(f"{len(rows):,} rows; the second time changed {'nothing' if sums[0] == sums[1] else 'ROWS'}")


if __name__ == "__main__":
    main()
