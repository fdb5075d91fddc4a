"""A mixed load through a real Asterisk, and then: do queue_log and our own log agree, call by call?

    python tests/bench/mixed_load.py --calls 500

Callers in path and beside agents, with requests and with harassment. A crew of agents answers and hums. Every
number is called from once, and a call is followed through both logs by the PBX's own uniqueid.
"""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.pbx_site import PbxSite, pbx_site
from tests.bench.site import machine
from tests.pbx.rig import BESIDE, IN_PATH, Caller, missing
from tests.pbx.voices import QUIET, said
from tests.waiting import wait_for

CREW = 30
AT_ONCE = 20
"""Callers on the line at the same time, about."""
KINDS = {
    "in path, request": (IN_PATH, "enquiry", 0.35),
    "in path, harassment": (IN_PATH, "lewd", 0.15),
    "beside, request": (BESIDE, "enquiry", 0.3),
    "beside, harassment": (BESIDE, "lewd", 0.2),
}
"""Number dialled, what is said, share."""
STAY_SECONDS = 16


def load(site: PbxSite, calls: int) -> dict[str, str]:
    """Place the calls; gives the kind of each number."""
    chance = random.Random(1)
    names, weights = list(KINDS), [share for _, _, share in KINDS.values()]
    kinds: dict[str, str] = {}
    on: list[tuple[Caller, float]] = []
    free = list(range(1, AT_ONCE + 1))
    lines: dict[Caller, int] = {}
    for number in range(calls):
        while not free:
            for caller, since in list(on):
                if caller.gone or time.monotonic() > since + 60:
                    caller.stop()
                    on.remove((caller, since))
                    free.append(lines.pop(caller))
            time.sleep(0.1)
        kind = chance.choices(names, weights)[0]
        dialled, words, _ = KINDS[kind]
        name = f"138{number:08}"
        kinds[name] = kind
        speech = QUIET * (2 + 2 * (dialled == BESIDE)) + said(words)
        line = free.pop()
        caller = Caller(
            site.network, site.folder / f"call{number}", speech, dialled=dialled, number=name, line=line,
            stay=STAY_SECONDS, loops=2,
        )  # fmt: skip
        lines[caller] = line
        on.append((caller, time.monotonic()))
        time.sleep(0.3)
    wait_for(lambda: all(caller.gone for caller, _ in on), 90, "end of the last calls", every=0.5)
    for caller, _ in on:
        caller.stop()
    return kinds


def compare(site: PbxSite, kinds: dict[str, str]) -> int:
    """Print how the logs agree; gives the number of calls that they tell differently."""
    from screener.store.log import open_log

    log = open_log("sqlite:///screener.db", site.screener.home)
    ours = defaultdict(list)
    for call in log.calls(limit=None):
        ours[call.uniqueid].append(call)
    log.close()
    theirs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in (site.asterisk.home / "log/queue_log").read_text("utf-8").splitlines():
        _, uniqueid, queue, _, event, *_ = line.split("|")
        if uniqueid not in ("NONE", "MANAGER", "CLI"):
            theirs[uniqueid].append((queue, event))
    differ, seen = [], Counter()
    for uniqueid in {*ours, *theirs} - {""}:
        rows, events = ours[uniqueid], theirs[uniqueid]
        flagged = any(row.verdict == "harassment" for row in rows)
        treated = [row for row in rows if row.treatment == "analysis_queue"]
        beside = [row for row in rows if row.entrance == "beside"]
        queued = events.count(("analysis", "ENTERQUEUE"))
        connected = events.count(("agents", "CONNECT"))
        agree = (
            all(row.ended_at for row in rows)
            and len({row.entrance for row in rows}) == len(rows)
            and len(treated) == queued
            and len(beside) == connected
            and events.count(("agents", "SCREENED")) == sum(row.entrance == "beside" for row in treated)
            and bool(treated) == flagged
        )
        number = next((row.number.removeprefix("+86") for row in rows), "")
        seen[kinds.get(number, "unknown"), flagged] += 1
        if not agree:
            differ.append((uniqueid, [(row.entrance, row.verdict, row.treatment) for row in rows], events))
    for (kind, flagged), count in sorted(seen.items()):
        print(f"  {kind:22} {'flagged' if flagged else 'not flagged':12} {count:4}")
    print(f"{len(kinds)} calls placed; {len(ours)} uniqueids in our log, {len(theirs)} in queue_log; "
          f"{len(differ)} told differently")  # fmt: skip
    for uniqueid, rows, events in differ[:10]:
        print(f"  {uniqueid}: ours {rows}; queue_log {events}")
    return len(differ)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=500)
    calls = options.parse_args().calls
    if reason := missing():
        raise SystemExit(reason)
    with pbx_site(crew=CREW) as site:
        began = time.monotonic()
        kinds = load(site, calls)
        time.sleep(15)  # the analysis queue of the last ones
        site.quiet()
        time.sleep(2)
        print(f"{calls} calls in {time.monotonic() - began:.0f} s; {machine()}")
        raise SystemExit(bool(compare(site, kinds)))


if __name__ == "__main__":
    main()
