"""How many agents' calls are heard at once: `python tests/bench/hundred.py [--levels 10,20,50,100,150,100+1000]`.

Every call has two listening legs with people's voices: caller and agent speak in turn, each 40 % of the time, and
every call is at another point of its talk. Then callers say one harassing sentence, its decisive word last, one
call after the other, in a pause of their own. Whoever is moved for it makes room for a new call: the load stays.

Measured, a row a level: from the packet with the end of that word to the order to the PBX to move the caller (the
announcement follows within a packet or two; `beside.py` measures that through a real Asterisk); what the service
and its recognisers take of the processors and of memory, and what this bench takes of the same processors; of how
many calls the log has words; how many voices were not heard, and why. Calls in the analysis queue beside them, ten
or as many as `100+1000` says, tell how far the media thread is from its pace: the gap between two of their
packets.

The PBX is small and speaks AMI, SIP and RTP: nothing but the service is measured. It runs on the same machine, and
so may others: what they take is a column. Reads the data folder `shared` beside the clone.
"""

import argparse
import audioop
import contextlib
import csv
import math
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.events import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE, Speaker
from screener.speech.vad import VoiceActivity, dbfs
from screener.store.log import open_log
from tests.bench.load import Callers
from tests.bench.site import Cost, machine, site
from tests.bench.spoken_calls import Bank, Voice
from tests.pbx.manager import SUCCESS, Manager
from tests.pbx.shapes import Talk
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
LEVELS = "10,20,50,100,150,100+1000"
PROBES = 10
"""Calls in the analysis queue whose packets tell the pace, where a level names none."""
QUEUE_RATE = 50.0
"""Calls a second that are placed into the analysis queue."""
MEASURED = 10.0
"""Seconds over which pace and processors are measured."""
SENTENCE = "我想操你跟我做爱"
"""Decisive with its last word in any such talk; a shorter one alone is not."""
TURN, TALK = 10.0, 3.8
"""Each side speaks so many of so many seconds, the agent half a turn later; with the time until the detector finds
it quiet that is 40 %."""
WARM = 25.0
"""Seconds of ordinary talk first."""
PAUSED = 5.5
"""Seconds into a turn: the side whose turn it was has been quiet for more than a second."""
PACE, HARASSING_CALLS = 0.25, 60
"""Seconds from one caller's harassing sentence to the next one's, and how many callers say one at most."""
VARIETY = 12
"""Different pairs of a caller and an agent."""
AFTERWARDS = 6.0
"""Seconds after the last sentence."""
TURNS = 12
"""Of a talk, after which it begins anew."""
MOST = 4096
"""Calls of a level at most, those included that take the place of others."""


def frames(pcm: bytes) -> np.ndarray:
    data = audioop.lin2ulaw(pcm + bytes(-len(pcm) % 320), 2)
    return np.frombuffer(data, np.uint8).reshape(-1, 160)


def people() -> list[bytes]:
    """What people say, 8 kHz, `TALK` seconds each from the first voice on."""
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
                first = int(voiced(pcm).argmax())
                said = pcm[first * FRAME_BYTES :][: round(TALK * 2 * SAMPLE_RATE)]
                if len(said) == round(TALK * 2 * SAMPLE_RATE):
                    found.append(said)
                if len(found) == 2 * VARIETY:
                    return found
    return found


def voiced(pcm: bytes) -> np.ndarray:
    """In which frames somebody speaks, as the service's own detector finds, short pauses included."""
    activity, found = VoiceActivity(), []
    for number in range(len(pcm) // FRAME_BYTES):
        frame = pcm[number * FRAME_BYTES :][:FRAME_BYTES]
        activity.accept(frame, dbfs(frame), number * FRAME_SECONDS)
        found.append(activity.speaking)
    return np.array(found, bool)


def talk(said: Sequence[bytes], first: int, turns: int) -> bytes:
    """So many turns of talk."""
    spoken = (said[(first + turn) % len(said)] for turn in range(turns))
    return b"".join(pcm + bytes(round(TURN * 2 * SAMPLE_RATE) - len(pcm)) for pcm in spoken)


class Legs(Callers):
    """Listening legs: each is dialled by a name of its own and says what its script says, from its own point on.

    Args:
        port: of the service.
        scripts: frames of G.711, of one length; they are repeated.
        speech: in which of these frames somebody speaks.
        decisive: frames of what callers say in the end.
    """

    def __init__(self, port: int, scripts: np.ndarray, speech: np.ndarray, decisive: np.ndarray) -> None:
        super().__init__(port)
        nothing = np.full_like(scripts[:1], 0xFF)
        self._scripts, self._speech = np.concatenate([scripts, nothing]), np.pad(speech, ((0, 1), (0, 0)))
        self._decisive = decisive
        self._to_dial: deque[tuple[str, int, int]] = deque()
        self._number: dict[str, int] = {}
        self._extension: dict[int, str] = {}
        self._script, self._late, self._begins = (np.zeros(MOST, np.int64) for _ in range(3))
        self._begins[:] = np.iinfo(np.int64).max
        """Of each call: which script, how many frames into it, the frame at which the decisive sentence begins."""
        self.word_at: dict[str, float] = {}
        self.sent = self.spoken = 0
        """Frames of all legs, and of these the ones in which somebody speaks."""

    def dial(self, extension: str, script: int, late: int) -> None:
        """From any thread."""
        self._to_dial.append((extension, script, late))
        self.call_soon(1)

    def invite(self) -> int:
        extension, script, late = self._to_dial.popleft() if self._to_dial else (self.dialled, -1, 0)
        call = self._next
        self._extension[call], self._number[extension] = extension, call
        self._script[call], self._late[call] = script, late
        return super().invite()

    def _dialled(self, call: int) -> str:
        return self._extension[call]

    def harass(self, extensions: Sequence[str]) -> float:
        """Have these callers say the sentence, one after the other, each in its next pause; seconds it takes."""
        turn, at = round(TURN / FRAME_SECONDS), self._sequence + 50
        for number, extension in enumerate(extensions):
            call, soonest = self._number[extension], at + round(number * PACE / FRAME_SECONDS)
            wait = (round(PAUSED / FRAME_SECONDS) - soonest - int(self._late[call])) % turn
            self._begins[call] = soonest + wait
        return 1.0 + len(extensions) * PACE + TURN + len(self._decisive) * FRAME_SECONDS

    def _fill(self, payloads: np.ndarray, targets: list[int]) -> None:
        now = self._sequence
        calls = np.array([self.ports[port] for port in targets])
        which, at = self._script[calls], (now + self._late[calls]) % self._scripts.shape[1]
        payloads[:] = self._scripts[which, at]
        self.sent += int((which >= 0).sum())
        self.spoken += int(self._speech[which, at].sum())
        for row in np.flatnonzero(self._begins[calls] <= now):
            call = int(calls[row])
            said = now - int(self._begins[call])
            payloads[row] = self._decisive[said] if said < len(self._decisive) else 0xFF
            if said == len(self._decisive) - 1:
                self.word_at[self._extension[call]] = time.monotonic()


def pbx(pipe: Connection, legs: Legs) -> None:
    """The process of the legs: does what the pipe asks for."""
    legs.start()
    while (asked := pipe.recv()) is not None:
        kind, *values = asked
        match kind:
            case "dial":
                pipe.send(legs.dial(*values))
            case "up":
                pipe.send((len(legs.answer_seconds), dict(legs.refused)))
            case "queue":
                legs.call(*values)
                pipe.send(len(legs.answer_seconds))
            case "measure":
                pipe.send(legs.measure(*values, legs.dialled))
            case "said":
                pipe.send((legs.sent, legs.spoken))
            case "harass":
                pipe.send(legs.harass(*values))
            case "words":
                pipe.send(legs.word_at)
    legs.close()


class Pbx(Manager):
    """An AMI that tells of conversations, has legs dialled, and notes when it is asked to move a caller."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        super().__init__()
        self._ask = ask
        self.moved: dict[int, float] = {}
        """When each call was, by its number."""
        self.up: dict[int, list[dict[str, str]]] = {}
        """What `Status` says of each call."""
        self.extension: dict[int, str] = {}
        """What the caller's leg of each call is dialled with."""
        self.begun = 0
        self.answer = self._answer
        points = round(TURNS * TURN / FRAME_SECONDS)
        self._late = np.random.default_rng(1).integers(points, size=MOST).tolist()
        """How many frames into its talk each call is."""

    def _answer(self, action: dict[str, str]) -> list[dict[str, str]]:
        match action["action"]:
            case "Originate":
                extension = action["channel"].removeprefix("PJSIP/").partition("@")[0]
                caller = extension.endswith(Speaker.CALLER)
                number = int(re.match(r"PJSIP/(?:trunk-|agent)(\d+)", action["data"])[1])
                if caller:
                    self.extension[number] = extension
                late = self._late[number] + (0 if caller else round(TURN / 2 / FRAME_SECONDS))
                self._ask("dial", extension, 2 * (number % VARIETY) + (not caller), late)
                queued = {"Response": "Success", "Message": "Originate successfully queued"}
                return [queued, {"Event": "OriginateResponse", "Response": "Success"}]
            case "Status":
                wanted, known = action.get("channel"), [one for pair in list(self.up.values()) for one in pair]
                found = [one for one in known if wanted in (None, one["Channel"])]
                return [{"Response": "Success", "EventList": "start"}, *found, {"Event": "StatusComplete"}]
            case "Redirect":
                self.moved.setdefault(int(action["channel"].removeprefix("PJSIP/trunk-")), time.monotonic())
        return [SUCCESS]

    def begin(self) -> None:
        """A further agent and caller talk."""
        n, self.begun = self.begun, self.begun + 1
        talk = Talk(f"PJSIP/trunk-{n}", f"PJSIP/agent{n}-2", f"1.{n}", f"2.{n}", f"139{n:08d}")
        self.up[n] = talk.statuses()
        self.event(**talk.connect())

    def go_on(self) -> None:
        """Begin a new call for each one that was moved."""
        for number in list(self.moved):
            if self.up.pop(number, None):
                self.begin()


def busy() -> float:
    """Seconds of processor time that all programs took since the machine began, and other guests took of ours."""
    user, nice, system, _idle, _wait, *irq, stolen = Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    return sum(map(int, (user, nice, system, *irq, stolen))) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


HEAD = (
    f"{'calls':>9}{'voice':>7}{'word to move p50':>18}{'p95 s':>7}{'moved':>8}{'early':>7}"
    f"{'callers':>9}{'agents':>8}{'unheard':>10}{'gap p99':>9}"
    f"{'service':>9}{'recognisers':>13}{'bench':>7}{'others':>8}{'MB':>6}"
)
"""`voice`: the part of the time that a leg speaks; `moved`: of how many who said the sentence to its end; `early`:
moved before that; `callers`, `agents`: of how many of the first calls the log has their words; `unheard`: of how
many voices; `gap p99`: ms between two packets of a call in the queue; `service`, `recognisers`, `bench`, `others`:
cores, the last ones taken by whoever else runs, a hypervisor's other guests included."""
LOST = re.compile(r"call \S+: (nobody listens|the agent is not heard) any more: (.+)")


def level(calls: int, queue: int, legs: Callable[[int], Legs], speech: str) -> None:
    """One row.

    Args:
        calls: that are listened to beside agents.
        queue: calls in the analysis queue besides.
        legs: makes the legs, by the port of the service.
        speech: lines of the settings.
    """
    with contextlib.ExitStack() as stack:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        lock = threading.Lock()

        def ask(*what: object) -> Any:
            with lock:
                ours.send(what)
                return ours.recv()

        manager = Pbx(ask)
        pbx_lines = (
            "analysis = 'sip:analysis@127.0.0.1:5070'\n[pbx]\nhost = '127.0.0.1'\n"
            f"port = {manager.port}\npassword = 's3cret'\nqueues = ['*']\nmax_calls = {calls}"
        )
        flow = "dry_run = false\ntone_seconds = 3600.0"
        most = f"max_calls = {2 * calls + queue + 10}\nrtp_port_low = 20000\nrtp_port_high = 29998"
        running = stack.enter_context(site(most, flow, speech, pbx_lines))
        spoken = context.Process(target=pbx, args=(theirs, legs(running.port)), daemon=True)
        spoken.start()
        wait_for(lambda: manager.logins, 20, "login")
        time.sleep(0.5)
        for _ in range(calls):
            manager.begin()
            time.sleep(0.1)
        with contextlib.suppress(AssertionError):
            wait_for(lambda: ask("up")[0] >= 2 * calls, 20, "legs", every=0.2)
        in_queue = ask("queue", queue, QUEUE_RATE) - 2 * calls
        time.sleep(max(2.0, WARM - calls * 0.1 - 10))
        service, bench = running.process.pid, [os.getpid(), spoken.pid]
        hearing = family(service)
        before = {pid: Cost.of(pid) for pid in (service, *hearing, *bench)}
        said_before, busy_before = ask("said"), busy()
        pace = ask("measure", MEASURED)
        said, took = ask("said"), busy() - busy_before
        after = {pid: Cost.of(pid) for pid in before if Path(f"/proc/{pid}").exists()}
        cores = {pid: cost.since(before[pid]) for pid, cost in after.items()}
        lost_before = len(LOST.findall(running.log.read_text()))
        says = range(0, calls, -(-calls // HARASSING_CALLS))
        over = time.monotonic() + ask("harass", [manager.extension[n] for n in says]) + AFTERWARDS
        while time.monotonic() < over:
            time.sleep(0.2)
            manager.go_on()
        words, (_, refused) = ask("words"), ask("up")
        why = Counter(LOST.findall(running.log.read_text()))
        ours.send(None)
        spoken.join(5)
        running.process.terminate()
        running.process.wait(30)
        log = open_log("sqlite:///screener.db", running.folder)
        whole = [log.call(call.id) for call in log.calls(limit=None)]
        log.close()
    first = {f"139{number:08d}" for number in range(calls)}
    heard = Counter(
        speaker
        for call in whole
        if call.number[-11:] in first
        for speaker in {segment.speaker for segment in call.segments}
    )
    told = {n: words[manager.extension[n]] for n in says if manager.extension[n] in words}
    taken = [manager.moved[n] - at for n, at in told.items() if manager.moved.get(n, 0.0) > at]
    early = sum(at < told.get(number, math.inf) for number, at in manager.moved.items())
    p50, p95 = np.percentile(taken, [50, 95]) if taken else (math.nan, math.nan)
    voice = (said[1] - said_before[1]) / max(1, said[0] - said_before[0])
    gap = float(np.percentile(pace.gaps, 99)) if pace.gaps.size else math.nan
    moved, unheard = f"{len(taken)}/{len(told)}", f"{why.total()}/{2 * manager.begun}"
    memory = sum(after[pid].rss for pid in after if pid not in bench)
    shares = [sum(cores.get(pid, 0.0) for pid in pids) for pids in ([service], hearing, bench)]
    passed = after[service].at - before[service].at
    shares.append(max(0.0, took / passed - sum(shares)))
    print(
        f"{f'{calls}+{queue}' if queue > PROBES else calls:>9}{voice:7.2f}{p50:18.2f}{p95:7.2f}{moved:>8}{early:7}"
        f"{heard[Speaker.CALLER]:9}{heard[Speaker.AGENT]:8}{unheard:>10}{gap:9.1f}"
        f"{shares[0]:9.2f}{shares[1]:13.2f}{shares[2]:7.2f}{shares[3]:8.2f}{memory:6.0f}",
        flush=True,
    )
    if why or refused or in_queue < queue:
        reasons = "; ".join(f"{count} {who}: {reason}" for (who, reason), count in why.items()) or "none"
        print(
            f"{'':9}unheard: {reasons}; {lost_before} of them before the words; "
            f"refused: {refused or 'none'}; {in_queue} in the queue",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--levels", default=LEVELS, help="calls, and those of the queue besides")
    options.add_argument("--sentence", default=SENTENCE)
    chosen = options.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    bank = SHARED / "speech" / "wordbank"
    pcm = Voice(Bank(bank / "syllables.zip"), Bank(bank / "words.zip")).say(chosen.sentence)
    assert pcm is not None
    speech = f"engine = 'sherpa'\nmodel = '{SHARED / 'models' / 'sherpa-kws-zh'}'"
    said = people()
    talks = [talk(said, number, TURNS) for number in range(2 * VARIETY)]
    scripts, speaks = np.array([frames(one) for one in talks]), np.array([voiced(one) for one in talks])
    print(f"{machine()}; {os.cpu_count()} cores are shared with whoever else runs", flush=True)
    print(HEAD, flush=True)
    for row in chosen.levels.split(","):
        calls, _, queue = row.partition("+")
        level(
            int(calls),
            int(queue or PROBES),
            lambda port: Legs(port, scripts, speaks, frames(pcm.tobytes())),
            speech,
        )
    print(machine())


if __name__ == "__main__":
    main()
