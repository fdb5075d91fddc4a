"""How many agents' calls are heard at once: `python tests/bench/hundred.py [--levels 10,20,50,100,150,100+1000]`.

Every call has two listening legs with people's voices: caller and agent speak in turn, each 40 % of the time. Then
each caller says one harassing sentence, its decisive word last, one call after the other. Measured, a row a level:
from the packet with the end of that word to the order to the PBX to move the caller (the announcement follows
within a packet or two; `beside.py` measures that through a real Asterisk); how far the media thread is from its
pace; what the service and its recognisers take of the processors and of memory; how many calls were transcribed,
and how many were not heard, and why. `100+1000` has 1,000 further calls in the analysis queue beside 100: the last
column is the gap between the packets that these get. All of it takes seven minutes on a quiet machine.

The PBX is small and speaks AMI, SIP and RTP: nothing but the service is measured. It runs on the same machine, and
so may others: the first row is the baseline of the others. Reads the data folder `shared` beside the clone.
"""

import argparse
import audioop
import contextlib
import csv
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.events import SAMPLE_RATE, Speaker
from screener.store.log import open_log
from tests.bench.capacity import Load
from tests.bench.load import Callers, Pace
from tests.bench.site import Cost, machine, site
from tests.bench.spoken_calls import Bank, Voice
from tests.pbx.manager import SUCCESS, Manager
from tests.pbx.shapes import Talk

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
LEVELS = "10,20,50,100,150,100+1000"
QUEUE_RATE = 50.0
"""Calls a second that are placed into the analysis queue."""
MEASURED = 10.0
"""Seconds over which pace and processors are measured."""
HARASSING = ("跟我上床", "我想干你", "脱光衣服")
TURN, TALK = 10.0, 4.0
"""Each side speaks so many of so many seconds, the agent half a turn later."""
WARM = 25.0
"""Seconds of ordinary talk first."""
PACE = 0.25
"""Seconds from one caller's harassing sentence to the next one's."""
PATIENCE = 15.0


def frames(pcm: bytes) -> np.ndarray:
    data = audioop.lin2ulaw(pcm + bytes(-len(pcm) % 320), 2)
    return np.frombuffer(data, np.uint8).reshape(-1, 160)


def people() -> list[bytes]:
    """What people say, 8 kHz, at most `TALK` seconds each."""
    found = []
    for folder in (SHARED / "speech" / "aishell",):
        with (folder / "transcripts.tsv").open(encoding="utf-8") as rows:
            for name, *_ in csv.reader(rows, delimiter="\t"):
                if not (folder / name).is_file():
                    continue
                command = ["ffmpeg", "-v", "error", "-i", str(folder / name), "-ar", str(SAMPLE_RATE)]
                pcm = subprocess.run(
                    [*command, "-ac", "1", "-f", "s16le", "-"], capture_output=True, check=True
                ).stdout
                found.append(pcm[: round(TALK * 2 * SAMPLE_RATE)])
                if len(found) == 24:
                    return found
    return found


def talk(said: Sequence[bytes], first: int, turns: int, late: float) -> bytes:
    """So many turns of talk; the first begins `late` seconds in."""
    parts = [bytes(round(late * 2 * SAMPLE_RATE))]
    for turn in range(turns):
        pcm = said[(first + turn) % len(said)]
        parts += [pcm, bytes(round(TURN * 2 * SAMPLE_RATE) - len(pcm))]
    return b"".join(parts)


class Legs(Callers):
    """Listening legs: each is dialled by a name of its own and says what its script says."""

    def __init__(self, port: int, scripts: list[np.ndarray], decisive: np.ndarray) -> None:
        super().__init__(port)
        longest = max(len(script) for script in scripts)
        self._scripts = np.full((len(scripts), longest, 160), 0xFF, np.uint8)
        for number, script in enumerate(scripts):
            self._scripts[number, : len(script)] = script
        self._decisive = decisive
        self.extension: dict[int, str] = {}
        self.script: dict[int, int] = {}
        self.begins: dict[int, int] = {}
        """Frame at which a caller begins to say the decisive sentence."""
        self.word_at: dict[int, float] = {}

    def dial(self, extension: str, script: int) -> int:
        self.dialled = extension
        call = self.invite()
        self.extension[call], self.script[call] = extension, script
        return call

    def _head(self, method: str, call: int, to: str, cseq: int, branch: str) -> str:
        self.dialled = self.extension.get(call, self.dialled)
        return super()._head(method, call, to, cseq, branch)

    def _fill(self, payloads: np.ndarray, targets: list[int]) -> None:
        now = self._sequence
        calls = [self.ports.get(port, -1) for port in targets]
        which = np.array([self.script.get(call, 0) for call in calls])
        payloads[:] = self._scripts[which, now % self._scripts.shape[1]]
        for row, call in enumerate(calls):
            begin = self.begins.get(call)
            if begin is not None and now >= begin:
                at = now - begin
                payloads[row] = self._decisive[at] if at < len(self._decisive) else 0xFF
                if at == len(self._decisive) - 1:
                    self.word_at[call] = time.monotonic()


def pbx(pipe: Connection, port: int, scripts: list[np.ndarray], decisive: np.ndarray) -> None:
    """The process of the legs: does what the pipe asks for."""
    legs = Legs(port, scripts, decisive)
    legs.start()
    while (asked := pipe.recv()) is not None:
        kind, *values = asked
        if kind == "dial":
            legs.dial(*values)
            pipe.send(True)
        elif kind == "up":
            pipe.send((len(legs.answer_seconds), dict(legs.refused)))
        elif kind == "measure":
            pipe.send(legs.measure(*values))
        elif kind == "harass":
            tokens = {legs.extension[call]: call for call in legs.extension}
            start = legs._sequence + 50
            for number, extension in enumerate(values[0]):
                legs.begins[tokens[extension]] = start + round(number * PACE / 0.02)
            pipe.send(len(legs._decisive) * 0.02)
        elif kind == "words":
            pipe.send({legs.extension[call]: at for call, at in legs.word_at.items()})
    legs.close()


class Pbx(Manager):
    """An AMI that tells of conversations, has legs dialled, and notes when it is asked to move a caller."""

    def __init__(self, ask) -> None:
        super().__init__()
        self._ask = ask
        self.moved: dict[str, float] = {}
        self.up: list[dict[str, str]] = []
        self.answer = self._answer
        self._order: list[str] = []
        self._lock = threading.Lock()

    def _answer(self, action: dict[str, str]) -> list[dict[str, str]]:
        match action["action"]:
            case "Originate":
                extension = action["channel"].removeprefix("PJSIP/").partition("@")[0]
                with self._lock:
                    caller = extension.endswith(Speaker.CALLER)
                    token = extension.rpartition("-")[0]
                    if token not in self._order:
                        self._order.append(token)
                    self._ask("dial", extension, 2 * (self._order.index(token) % 12) + (not caller))
                queued = {"Response": "Success", "Message": "Originate successfully queued"}
                return [queued, {"Event": "OriginateResponse", "Response": "Success"}]
            case "Status":
                wanted = action.get("channel")
                found = [one for one in list(self.up) if wanted in (None, one["Channel"])]
                return [{"Response": "Success", "EventList": "start"}, *found, {"Event": "StatusComplete"}]
            case "Redirect":
                self.moved.setdefault(action["channel"], time.monotonic())
        return [SUCCESS]

    def begin(self, number: int) -> None:
        talk = Talk(
            f"PJSIP/trunk-{number}", f"PJSIP/agent{number}-2", f"1.{number}", f"2.{number}", f"139{number:08d}"
        )
        self.up += talk.statuses()
        self.event(**talk.connect())


def family(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


HEAD = (
    f"{'calls':>9}{'legs':>6}{'words to move p50':>19}{'p95 s':>7}{'to row 1':>10}{'moved':>7}{'early':>7}"
    f"{'callers':>9}{'agents':>8}{'unheard':>9}{'gap p99':>9}{'service':>9}{'recognisers':>13}{'MB':>6}{'load':>6}"
    "  queue: up, gap p99"
)
"""`callers`, `agents`: of how many calls the log has their words; `early`: moved before the word, wrongly;
`service`, `recognisers`: cores; `load`: average of the last minute, others' work included."""


def p99(pace: Pace | None) -> float:
    """Milliseconds between two packets of a call."""
    return float(np.percentile(pace.gaps, 99)) if pace is not None and pace.gaps.size else float("nan")


def level(calls: int, queue: int, said: list[bytes], sentence: bytes, speech: str, base: list[float]) -> None:
    """One row.

    Args:
        calls: that are listened to beside agents.
        queue: calls in the analysis queue besides.
        said: what people say.
        sentence: what each caller says in the end.
        speech: lines of the settings.
        base: p95 of the first row; filled by it.
    """
    turns = round((WARM + queue / QUEUE_RATE + calls * PACE + PATIENCE) / TURN) + 2
    scripts = []
    for number in range(12):
        scripts.append(frames(talk(said, 2 * number, turns, 0.0)))
        scripts.append(frames(talk(said, 2 * number + 1, turns, TURN / 2)))
    with contextlib.ExitStack() as stack:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        lock = threading.Lock()

        def ask(*what: object) -> object:
            with lock:
                ours.send(what)
                return ours.recv()

        manager = Pbx(ask)
        pbx_lines = (
            "analysis = 'sip:analysis@127.0.0.1:5070'\n[pbx]\nhost = '127.0.0.1'\n"
            f"port = {manager.port}\npassword = 's3cret'\nqueues = ['*']\nmax_calls = {calls}"
        )
        flow = "dry_run = false\ntone_seconds = 3600.0"
        running = stack.enter_context(
            site(
                f"max_calls = {2 * calls + queue + 10}\nrtp_port_low = 20000\nrtp_port_high = 29998",
                flow,
                speech,
                pbx_lines,
            )
        )
        legs = context.Process(target=pbx, args=(theirs, running.port, scripts, frames(sentence)), daemon=True)
        legs.start()
        queued = Load(running.port) if queue else None
        pid = running.process.pid
        deadline = time.monotonic() + 20
        while not manager.logins and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)
        for number in range(calls):
            manager.begin(number)
            time.sleep(0.1)
        deadline = time.monotonic() + 20
        while ask("up")[0] < 2 * calls and time.monotonic() < deadline:
            time.sleep(0.2)
        up, refused = ask("up")
        in_queue = queued.ask("call", queue, QUEUE_RATE)[0] if queued else 0
        time.sleep(max(2.0, WARM - calls * 0.1 - 10))
        pids = [pid, *family(pid)]
        before = {p: Cost.of(p) for p in pids}
        with ThreadPoolExecutor(1) as beside:
            waits = beside.submit(queued.ask, "measure", MEASURED) if queued else None
            pace = ask("measure", MEASURED)
            queue_pace = waits.result()[0] if waits else None
        after = {p: Cost.of(p) for p in pids if Path(f"/proc/{p}").exists()}
        service = after[pid].since(before[pid])
        hearing = sum(after[p].since(before[p]) for p in after if p != pid)
        memory = sum(cost.rss for cost in after.values())
        text = running.log.read_text()
        lost_before = text.count("nobody listens any more")
        order = manager._order
        ask("harass", [f"{token}-{Speaker.CALLER}" for token in order])
        time.sleep(2 + calls * PACE + len(sentence) / 16000 + 6)
        words = ask("words")
        text = running.log.read_text()
        # The n-th token is the n-th call that began.
        taken = [
            manager.moved[f"PJSIP/trunk-{n}"] - words[f"{token}-{Speaker.CALLER}"]
            for n, token in enumerate(order)
            if f"PJSIP/trunk-{n}" in manager.moved and f"{token}-{Speaker.CALLER}" in words
        ]
        why = Counter(re.findall(r"nobody listens any more: (.+)", text))
        unheard = ", ".join(f"{count} {reason}" for reason, count in why.items()) or "none"
        ours.send(None)
        legs.join(5)
        if queued:
            queued.close()
        running.process.terminate()
        running.process.wait(30)
        log = open_log("sqlite:///screener.db", running.folder)
        whole = [log.call(call.id) for call in log.calls(limit=None)]
        log.close()
        spoke = {s: sum(any(x.speaker is s for x in c.segments) for c in whole) for s in Speaker}
        early = sum(at < min(words.values(), default=0) for at in manager.moved.values())
    p50, p95 = np.percentile(taken, [50, 95]) if taken else (float("nan"), float("nan"))
    base += [p95] if not base else []
    name = f"{calls}+{queue}" if queue else str(calls)
    queue_row = f"  {in_queue}, {p99(queue_pace):.1f} ms" if queue else ""
    print(
        f"{name:>9}{up:6}{p50:19.2f}{p95:7.2f}{p95 / base[0]:10.1f}{len(taken):7}"
        f"{early:7}{spoke[Speaker.CALLER]:9}{spoke[Speaker.AGENT]:8}{sum(why.values()):9}{p99(pace):9.1f}"
        f"{service:9.2f}{hearing:13.2f}{memory:6.0f}{os.getloadavg()[0]:6.1f}{queue_row}",
        flush=True,
    )
    if why or refused:
        print(
            f"{'':9}unheard: {unheard}; {lost_before} before the words; refused: {refused or 'none'}", flush=True
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--levels", default=LEVELS, help="calls, and those of the queue besides")
    options.add_argument("--sentence", default=HARASSING[0])
    chosen = options.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    bank = SHARED / "speech" / "wordbank"
    pcm = Voice(Bank(bank / "syllables.zip"), Bank(bank / "words.zip")).say(chosen.sentence)
    assert pcm is not None
    model = SHARED / "models" / "sherpa-kws-zh"
    speech = f"engine = 'sherpa'\nmodel = '{model}'"
    said = people()
    print(f"{machine()}; {os.cpu_count()} cores are shared with whoever else runs", flush=True)
    print(HEAD, flush=True)
    base: list[float] = []
    for row in chosen.levels.split(","):
        calls, _, queue = row.partition("+")
        level(int(calls), int(queue or 0), said, pcm.tobytes(), speech, base)
    print(machine())


if __name__ == "__main__":
    main()
