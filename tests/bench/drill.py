"""Everything that can fail, made to fail with genuine callers on the line: `python tests/bench/drill.py [NAME…]`.

A real Asterisk with deploy/asterisk, callers by SIPp, a crew of agents who answer and hum (root, see
tests/pbx/setup; `database` needs PostgreSQL). For each fault: the genuine callers who were on the line or called
meanwhile; how many of them did not hear an agent in the end (lost), how many calls of the whole log are flagged,
what else went wrong (all three must be 0); and whether the next caller is screened. A call that the PBX itself
drops when it restarts is not among them: nobody but the PBX holds it.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.core.evidence import Verdict
from screener.demo.script import AUDIO
from screener.events import EndedBy, Entrance, Speaker
from screener.sip.call import MEDIA_TIMEOUT_SECONDS
from screener.store.log import open_log
from tests.bench.pbx_site import PbxSite
from tests.pbx import stranger
from tests.pbx.behind_proxy import DEPLOY as PROXIED
from tests.pbx.behind_proxy import behind_proxy
from tests.pbx.behind_proxy import missing as behind_proxy_missing
from tests.pbx.network import ASTERISK, SCREENER, TRUNK, Network, Wiretap, udp_packet
from tests.pbx.network import CREW as CREW_HOST
from tests.pbx.rig import BESIDE, IN_PATH, SECURE, Caller, Screener, end, missing, secured
from tests.pbx.voices import QUIET, hears_the_agent, said, samples
from tests.sip.adversarial import hostile_message
from tests.sip.authority import DAY, Authority
from tests.sip.unheard import Talker
from tests.siprec.client import Client
from tests.siprec.offers import MIXED, RFC, SDP, TWO, XML, joined
from tests.store.databases import Postgres, running_postgres
from tests.waiting import wait_for

VOSK_SERVER = Path(__file__).parents[1] / "speech/vosk_server.py"
CALLERS = 4
CREW = 12
MONITORED = 20
LATE = QUIET * 6 + said("enquiry")
"""Silence until the fault has come, then a request."""
STRANGER = "192.0.2.66"
AWAY_SECONDS = 60
FROZEN_SECONDS = 20
FLOOD_SECONDS = 10
AWAY_RTPENGINE_SECONDS = 3.0
BACK_SECONDS = 1.0
"""In which one recogniser process that was killed must hear again."""
LONGEST = 60.0
"""Seconds after a fault in which a caller must have an agent."""
_HANGS = """
import os, time, vosk
real = vosk.KaldiRecognizer.AcceptWaveform
def accept(self, pcm):
    while os.path.exists(os.environ["HANG"]):
        time.sleep(0.1)
    return real(self, pcm)
vosk.KaldiRecognizer.AcceptWaveform = accept
"""
# The service has one wall clock, its argument.
_JUMPS = """
import os, datetime, screener.service.site as service
real = service.utc_now
def clock():
    return real() + datetime.timedelta(hours=os.path.exists(os.environ["JUMP"]))
service.Service.__init__.__defaults__ = ((), clock)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the callers of one fault."""

    callers: int
    lost: int
    flagged: int
    note: str
    wrong: int = 0
    """Whatever else must not be, which the note tells."""


class Drill:
    """One site, and callers who are followed by what they hear."""

    def __init__(self, folder: Path, **options) -> None:
        self.site = PbxSite(folder, **{"crew": CREW, **options})
        self.tap = Wiretap(self.site.network)
        self._number = 0
        self._groups: list[tuple[Caller | Talker, int]] = []

    def call(self, dialled: str, speech: bytes = LATE, calls: int = CALLERS) -> Caller:
        self._number += 1
        line = self._number
        caller = Caller(
            self.site.network, self.site.folder / f"calls{line}", speech, dialled=dialled, calls=calls, rate=4,
            line=line, number=f"1380000{line:02}0[call_number]", stay=600,
        )  # fmt: skip
        self._groups.append((caller, calls))
        return caller

    def talk(self, way: str, **how) -> Talker:
        """A caller whose voice does not arrive, in a way of `tests.sip.unheard`."""
        self._number += 1
        with self.site.network.entered():
            where = {"dialled": IN_PATH, "host": TRUNK, "peer": ASTERISK, "outside": CREW_HOST}
            number = f"13800{self._number:06}"
            talker = Talker(5060, way, number, seconds=LONGEST, formats="0 101", **where, **how)
        talker.ports = (talker.rtp.getsockname()[1],)
        talker.start()
        self._groups.append((talker, 1))
        return talker

    def wait_screened(self, legs: int) -> None:
        up = lambda: len(self.site.asterisk.legs("screener"))  # noqa: E731
        wait_for(lambda: up() >= legs, 15 + legs / 2, f"{legs} legs of the screener", every=0.2)
        time.sleep(1)

    def served(self, caller: Caller | Talker) -> int:
        """How many callers of a group, told apart by the PBX's port, hear an agent now."""
        heard: dict[int, bytes] = {}
        since = time.monotonic() - 2.5
        for packet in self.tap.packets[-40_000:]:
            to_group = packet.target[0] == TRUNK and packet.target[1] in caller.ports
            if packet.at > since and to_group and packet.is_pcmu:
                heard[packet.source[1]] = heard.get(packet.source[1], b"") + packet.data[12:]
        return sum(hears_the_agent(stream) for stream in heard.values())

    def lost(self, began: float) -> tuple[int, int, float]:
        """Callers, callers without an agent, and when the last one had an agent (seconds after `began`)."""
        callers = sum(count for _, count in self._groups)
        while (
            missing := callers - sum(self.served(c) for c, _ in self._groups)
        ) and time.monotonic() < began + LONGEST:
            time.sleep(0.5)
        return callers, missing, time.monotonic() - began

    def lost_with_more(self, began: float) -> tuple[int, int, float]:
        """The same, with callers who come while the fault lasts."""
        self.call(IN_PATH, said("enquiry"))
        self.call(BESIDE, said("enquiry"), calls=2)
        return self.lost(began)

    def next_is_screened(self) -> str:
        """Whether the next caller in path is understood, and whether the next one beside is listened to."""
        self.hang_up()
        self.call(IN_PATH, said("enquiry"), calls=1)
        self.call(BESIDE, said("enquiry"), calls=1)
        try:
            wait_for(
                lambda: "ChanSpy" in "".join(self.site.asterisk.legs("screener")), 15, "listening leg", every=0.2
            )
            wait_for(lambda: all(self.served(c) == n for c, n in self._groups), 30, "agents", every=0.5)
        except AssertionError as problem:
            return f"NOT SCREENED AFTERWARDS ({problem})"
        finally:
            self.hang_up()
        log = self.site.screener.log
        return f"next caller screened, {log.count('Traceback')} tracebacks"

    def forget_callers(self) -> None:
        for caller, _ in self._groups:
            caller.stop()
        self._groups.clear()

    def hang_up(self) -> None:
        self.forget_callers()
        self.site.quiet()
        self.tap.packets.clear()

    def stop(self) -> None:
        self.forget_callers()
        self.tap.stop()
        self.site.stop()


@contextlib.contextmanager
def drilling(**options) -> Iterator[Drill]:
    with tempfile.TemporaryDirectory() as folder:
        drill = Drill(Path(folder), **options)
        try:
            yield drill
        finally:
            drill.stop()


def outcome(drill: Drill, began: float, note: str = "") -> Outcome:
    callers, lost, seconds = drill.lost(began)
    note = f"last agent after {seconds:.1f} s; {note}" if note else f"last agent after {seconds:.1f} s"
    return judged(drill, callers, lost, note)


def judged(
    drill: Drill, callers: int, lost: int, note: str, url: str = "sqlite:///screener.db", wrong: int = 0
) -> Outcome:
    """Hangs everybody up, screens one more, and looks into the log: nobody in it is to be flagged."""
    afterwards = drill.next_is_screened()
    time.sleep(2)  # what has ended is being written
    logged, flagged = _flagged(drill, url)
    return Outcome(callers, lost, flagged, f"{note}; {logged} in the log; {afterwards}", wrong)


def killed_in_path() -> Outcome:
    """The screener is killed (SIGKILL) while callers talk to it."""
    with drilling() as drill:
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        began = drill.site.screener.kill()
        callers, lost, seconds = drill.lost(began)
        drill.hang_up()
        drill.site.screener.start()
        drill.site.wait_ready()
        return judged(drill, callers, lost, f"last agent after {seconds:.1f} s; started again")


def killed_beside() -> Outcome:
    """The screener is killed while it listens to agents' calls."""
    with drilling() as drill:
        drill.call(BESIDE)
        drill.wait_screened(2 * CALLERS)
        drill.site.screener.kill()
        time.sleep(8)
        callers, lost, _ = drill.lost(time.monotonic())
        drill.hang_up()
        drill.site.screener.start()
        drill.site.wait_ready()
        return judged(drill, callers, lost, "talk on; started again")


def manager_cut() -> Outcome:
    """The connection to the manager interface is cut while agents' calls are listened to."""
    with drilling() as drill:
        drill.call(BESIDE)
        drill.wait_screened(2 * CALLERS)
        rows = drill.site.asterisk.rx("manager show connected").splitlines()
        for session in (row.split()[4] for row in rows if row.split()[:1] == ["screener"]):
            drill.site.asterisk.rx(f"manager kick session {session}")
        drill.call(BESIDE, calls=2)  # connects while nobody watches
        wait_for(lambda: drill.site.screener.log.count("logged in") == 2, 15, "second login")
        heard = f"then {len(drill.site.asterisk.legs('screener'))} legs for {CALLERS + 2} calls"
        return outcome(drill, time.monotonic(), heard)


def pbx_restarted() -> Outcome:
    """The PBX dies and starts again; callers call again."""
    with drilling() as drill:
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        drill.site.asterisk.kill()
        drill.forget_callers()
        began = time.monotonic()
        drill.site.asterisk.start()
        drill.call(IN_PATH)  # before anybody has registered again
        ready = wait_for(
            lambda: drill.site.asterisk.contact("screener") == "Avail", 180, "registration", every=0.5
        )
        assert ready
        registered = f"registered again after {time.monotonic() - began:.0f} s"
        return outcome(drill, time.monotonic(), registered)


def database_away() -> Outcome:
    """PostgreSQL is gone for a minute, with callers before and meanwhile."""
    return _database_fails(_stopped, "away", AWAY_SECONDS)


def database_frozen() -> Outcome:
    """PostgreSQL says nothing more for a while, without closing a connection; callers before and meanwhile."""
    return _database_fails(Postgres.frozen, "frozen", FROZEN_SECONDS)


@contextlib.contextmanager
def _stopped(server: Postgres) -> Iterator[None]:
    server.stop("immediate")
    yield
    server.start("fsync=off")


def _database_fails(
    fault: Callable[[Postgres], contextlib.AbstractContextManager[None]], what: str, least: float
) -> Outcome:
    with running_postgres() as server:
        url = server.new_database()
        replaced = {"[flow]": f'[store]\nurl = "{url}"\n\n[flow]'}
        with drilling(replaced=replaced) as drill:
            drill.call(IN_PATH)
            drill.wait_screened(CALLERS)
            with fault(server):
                began = time.monotonic()
                callers, lost, seconds = drill.lost_with_more(began)
                drill.hang_up()
                time.sleep(max(0.0, least - (time.monotonic() - began)))
            wait_for(lambda: _logged(url) >= callers, 60, "calls in the log", every=1)
            note = f"last agent after {seconds:.1f} s; {what} {least} s; all {callers} calls in the log"
            return judged(drill, callers, lost, note, url)


def _logged(url: str) -> int:
    from screener.store.log import open_log

    log = open_log(url)
    try:
        calls = [call for call in log.calls(limit=None) if call.ended_at]
        assert len({call.id for call in calls}) == len(calls)
        return len(calls)
    finally:
        log.close()


def recogniser_hangs() -> Outcome:
    """Every recogniser process hangs in mid-call."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(_HANGS)
        hang = Path(folder, "hang")
        with drilling(env={"PYTHONPATH": folder, "HANG": str(hang)}) as drill:
            drill.call(IN_PATH)
            drill.call(BESIDE, calls=2)
            drill.wait_screened(CALLERS + 4)
            hang.touch()
            began = time.monotonic()
            callers, lost, seconds = drill.lost(began)
            hang.unlink()
            return judged(drill, callers, lost, f"last agent after {seconds:.1f} s")


def recognisers_killed() -> Outcome:
    """The recogniser processes are killed (SIGKILL), one, then all, while 20 agents' calls are listened to."""
    # Words that tell the time: whoever is heard again says them again.
    talk = QUIET * 6 + said("enquiry") * 30
    with drilling(crew=MONITORED + CALLERS + 2) as drill:
        drill.call(BESIDE, talk, calls=MONITORED)
        drill.wait_screened(2 * MONITORED)
        time.sleep(5)  # the spare process has been loaded
        os.kill(drill.site.screener.recognisers()[0], signal.SIGKILL)
        times = _back(drill, 1)
        time.sleep(5)
        drill.call(IN_PATH, LATE)
        time.sleep(3)
        killed_at = datetime.now(UTC)
        for pid in drill.site.screener.recognisers():
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        times = _back(drill, 3)
        away = timedelta(seconds=time.monotonic() - began)
        callers, lost, _ = drill.lost(began)
        time.sleep(8)
        log = drill.site.screener.log
        drill.hang_up()
        time.sleep(2)
        calls = drill.site.screener.calls()
        beside = [call for call in calls if call.entrance is Entrance.BESIDE and call.started_at < killed_at]
        heard = sum(
            any(call.started_at + timedelta(seconds=piece.end) > killed_at + away for piece in call.segments)
            for call in beside
        )
        behind = len(re.findall(r"nobody listens any more: (?:more than|the recognisers)", log))  # a busy machine
        note = (
            f"{len(beside)} monitored; one killed: heard again after {times[0]:.2f} s; all killed: after "
            f"{' and '.join(f'{t:.2f}' for t in times[1:])} s; {heard} heard afterwards, {behind} given up for "
            f"want of time, said {log.count('recogniser process')} times"
        )
        late = sum(seconds > BACK_SECONDS for seconds in times[:1])
        note = f"{note}; {late} back too late" if late else note
        return judged(drill, callers, lost, note, wrong=late + MONITORED - heard)


def _back(drill: Drill, count: int) -> list[float]:
    """Seconds from each process's end to the next one's hearing, once so many are back."""
    told = re.compile(r"is back after ([\d.]+) s")
    wait_for(lambda: len(told.findall(drill.site.screener.log)) >= count, 30, "processes", every=0.05)
    return [float(seconds) for seconds in told.findall(drill.site.screener.log)]


def disk_full() -> Outcome:
    """Database and spool lie on a disk that is full."""
    with tempfile.TemporaryDirectory() as disk:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
        try:
            store = f'[store]\nurl = "sqlite:///{disk}/screener.db"\nspool = "{disk}/spool"\n\n[flow]'
            with drilling(replaced={"[flow]": store}) as drill:
                drill.call(IN_PATH)
                drill.wait_screened(CALLERS)
                with contextlib.suppress(OSError), Path(disk, "filler").open("wb", buffering=0) as filler:
                    while True:
                        filler.write(bytes(4096))
                began = time.monotonic()
                callers, lost, seconds = drill.lost_with_more(began)
                drill.hang_up()
                told = drill.site.screener.log.count("wait in memory")
                Path(disk, "filler").unlink()
                wait_for(
                    lambda: _logged(f"sqlite:///{disk}/screener.db") >= callers, 60, "calls in the log", every=1
                )
                note = f"last agent after {seconds:.1f} s; said {told} times; all {callers} calls in the log"
                return judged(drill, callers, lost, note, f"sqlite:///{disk}/screener.db")
        finally:
            subprocess.run(["umount", disk], check=True)


def clock_jumps() -> Outcome:
    """The screener's wall clock jumps an hour ahead in mid-call, and an hour back."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(_JUMPS)
        jump = Path(folder, "jump")
        with drilling(env={"PYTHONPATH": folder, "JUMP": str(jump)}) as drill:
            drill.call(IN_PATH)
            drill.call(BESIDE, calls=2)
            drill.wait_screened(CALLERS + 4)
            jump.touch()
            time.sleep(2)
            drill.call(IN_PATH, said("enquiry"), calls=2)
            time.sleep(3)
            jump.unlink()
            return outcome(drill, time.monotonic())


def flood() -> Outcome:
    """A stranger sends 1,000 INVITE a second to the screener."""
    with drilling() as drill:
        drill.site.network.run(["ip", "addr", "add", f"{STRANGER}/32", "dev", "lo"], Path.cwd(), 10)
        command = [
            "sipp", "-sn", "uac", "-i", STRANGER, "-p", "5066", "-r", "1000", "-rp", "1000", "-l", "100000",
            "-m", "30000", "-nostdin", "-nr", f"{SCREENER}:5060",
        ]  # fmt: skip
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        with Path(os.devnull).open("wb") as null:
            stranger = drill.site.network.popen(command, drill.site.folder, null, {"TERM": "dumb"})
        began = time.monotonic()
        try:
            callers, lost, seconds = drill.lost_with_more(began)
            time.sleep(max(0.0, 20 - (time.monotonic() - began)))
        finally:
            end(stranger)
        sent = len([p for p in drill.tap.packets if p.source[0] == STRANGER and p.data.startswith(b"INVITE")])
        answered = len([p for p in drill.tap.packets if p.target[0] == STRANGER])
        note = f"last agent after {seconds:.1f} s; {sent} INVITE, {answered} answers"
        return judged(drill, callers, lost, note)


def deaf() -> Outcome:
    """Callers talk and do not arrive, in five ways."""
    with drilling() as drill:
        ways = ("no_media", "other_format", "two_senders", "third_address", "other_law")
        for way in ways:
            drill.talk(way)
        return outcome(drill, time.monotonic(), _unheard(drill, least=3))


def hold() -> Outcome:
    """Callers are put on hold while they talk to the screener, for longer than a silent one is listened to."""
    with drilling() as drill:
        for _ in range(CALLERS):
            drill.talk("on_hold", hold=(1.0, 40.0))
        return outcome(drill, time.monotonic(), _unheard(drill, least=0))


def _unheard(drill: Drill, least: int) -> str:
    """What the screener's log says of them, once it has said it."""
    with contextlib.suppress(AssertionError):
        wait_for(
            lambda: drill.site.screener.log.count("the caller is not heard") >= least, 15, "unheard", every=0.5
        )
    text = drill.site.screener.log
    causes = Counter(re.findall(r"the caller is not heard: (\w+)", text))
    return f"said {dict(causes)}"


def _flagged(drill: Drill, url: str) -> tuple[int, int]:
    """Calls of the log, and how many of them are flagged."""
    log = open_log(url, drill.site.screener.home)
    try:
        calls = log.calls(limit=None)
        return len(calls), sum(call.verdict is Verdict.HARASSMENT for call in calls)
    finally:
        log.close()


@contextlib.contextmanager
def _flooded(
    drill: Drill, messages: Callable[[int], bytes], rate: float, port: int = 5099
) -> Iterator[Callable[[], int]]:
    """Datagrams to the screener from a port of the PBX's address, its own too, meanwhile; how many so far.

    It lasts for ten seconds at least.
    """
    with drill.site.network.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    began, sent, over = time.monotonic(), 0, threading.Event()

    def send() -> None:
        nonlocal sent
        while not over.wait(0.002) or time.monotonic() < began + FLOOD_SECONDS:
            while sent < (time.monotonic() - began) * rate:
                sock.sendto(udp_packet((ASTERISK, port), (SCREENER, 5060), messages(sent)), (SCREENER, 0))
                sent += 1

    flooding = threading.Thread(target=send)
    flooding.start()
    try:
        yield lambda: sent
    finally:
        over.set()
        flooding.join()
        sock.close()


def slow_header() -> Outcome:
    """Messages that are one thing over and over, 20 a second, from another port of the PBX's address."""
    chance = random.Random(1)
    crowded = [
        b"INVITE sip:100@a SIP/2.0\r\nVia: SIP/2.0/UDP a" + b" " * 24_000 + b"x\r\nTo: <sip:a@b>\r\n\r\n",
        b'INVITE sip:100@a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nContact: "' + b'\\"' * 12_000 + b"\r\n\r\n",
    ]
    with drilling() as drill:
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        with _flooded(drill, lambda n: crowded[n % 2] if n % 3 else hostile_message(chance, 60_000), 20) as sent:
            callers, lost, seconds = drill.lost_with_more(time.monotonic())
        return judged(drill, callers, lost, f"last agent after {seconds:.1f} s; {sent()} messages")


def transactions(port: int = 5099) -> Outcome:
    """2,000 requests a second from another port of the PBX's address, with callers who come meanwhile."""

    def options(n: int) -> bytes:
        return (
            f"OPTIONS sip:100@{SCREENER} SIP/2.0\r\nVia: SIP/2.0/UDP {ASTERISK}:{port};branch=z9hG4bKf{n}\r\n"
            f"From: <sip:x@{ASTERISK}>;tag=1\r\nTo: <sip:100@{SCREENER}>\r\nCall-ID: flood{n}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    with drilling() as drill:
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        with _flooded(drill, options, 2000, port) as sent:
            time.sleep(3)  # it has used up what there is at once
            callers, lost, seconds = drill.lost_with_more(time.monotonic())
        drill.hang_up()
        over = time.monotonic()
        drill.site.wait_ready()
        ready = f"reachable {time.monotonic() - over:.1f} s afterwards"
        return judged(drill, callers, lost, f"last agent after {seconds:.1f} s; {sent()} requests; {ready}")


def in_the_pbxs_name() -> Outcome:
    """The same flood, from the very address and port of the PBX."""
    return transactions(port=5060)


def injected() -> Outcome:
    """A stranger on the trunk writes events, answers and lines of queue_log into its number, for half a minute."""
    with drilling() as drill:
        drill.call(IN_PATH)
        drill.call(BESIDE, said("enquiry"), calls=2)
        drill.wait_screened(CALLERS + 4)
        asterisk = drill.site.asterisk
        talking = {line.split("!")[0]: line.split("!")[-1] for line in asterisk.channels()}
        agents = [name for name in talking if name.startswith("PJSIP/crew")]
        began = time.monotonic()
        tried = 0
        for agent in agents[:2]:
            caller = next(uniqueid for name, uniqueid in talking.items() if name.startswith("PJSIP/trunk"))
            numbers = stranger.events(agent.split("/")[1].split("-")[0], caller, talking[agent])
            for dialled in (BESIDE, IN_PATH):
                tried += len(stranger.dial(drill.site.network, numbers, dialled))
        moved = [agent for agent in agents if agent not in {line.split("!")[0] for line in asterisk.channels()}]
        callers, lost, seconds = drill.lost(began)
        log = drill.site.screener.log
        forged = [line for line in asterisk.queue_log("ENTERQUEUE") if line[1] == "17.1"]
        believed = log.count("flags a call") + len(forged)
        note = f"last agent after {seconds:.1f} s; {tried} tried, {believed} believed, {len(moved)} callers moved"
        return judged(drill, callers, lost, note, wrong=len(moved) + believed)


def recogniser_servers_gone() -> Outcome:
    """Both recogniser servers on other machines are killed, and no model is here; then they are back."""
    ports = 2701, 2702
    servers = ", ".join(f'"ws://127.0.0.1:{port}"' for port in ports)
    speech = f'servers = [{servers}]\nfallback = "none"'
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        said_there = stack.enter_context(Path(folder, "servers.txt").open("wb"))

        def begin(network: Network) -> list[subprocess.Popen]:
            command = [sys.executable, str(VOSK_SERVER)]
            begun = [network.popen([*command, str(port)], Path(folder), said_there) for port in ports]
            for process in begun:
                stack.callback(end, process)
            return begun

        drill = stack.enter_context(drilling(screener=False))
        running = begin(drill.site.network)
        time.sleep(5)
        drill.site.start_screener(speech=speech)
        drill.call(IN_PATH)
        drill.call(BESIDE, calls=2)
        drill.wait_screened(CALLERS + 4)
        for process in running:
            process.kill()
        began = time.monotonic()
        callers, lost, seconds = drill.lost_with_more(began)
        said_so = drill.site.screener.log.count("recogniser server")
        begin(drill.site.network)
        time.sleep(35)  # the longest that a server is left alone, and its model
        note = f"said {said_so} times; last agent after {seconds:.1f} s"
        return judged(drill, callers, lost, note)


def rtpengine_restarted() -> Outcome:
    """rtpengine dies and starts again, behind Kamailio, while a screener listens to copies of its calls."""
    if reason := behind_proxy_missing():
        raise AssertionError(reason)
    talk = QUIET * 3 + said("enquiry")
    with tempfile.TemporaryDirectory() as folder, behind_proxy(Path(folder), said("agent")) as site:
        screener = Screener(
            site.network, Path(folder) / "screener", {"dry_run = true": "dry_run = false"},
            shipped=PROXIED / "screener.toml",
        )  # fmt: skip
        tap = Wiretap(site.network)

        def copies() -> int:
            since = time.monotonic() - 1
            recent = [p for p in tap.packets[-5000:] if p.at > since and p.is_pcmu and p.target[0] == SCREENER]
            return len({p.target[1] for p in recent})

        try:
            calls = [site.call(talk, f"1380013800{number}") for number in range(CALLERS)]
            wait_for(lambda: copies() == 2 * CALLERS, 20, "copies of every voice", every=0.2)
            site.rtpengine.kill()
            began = time.monotonic()
            time.sleep(AWAY_RTPENGINE_SECONDS)
            site.rtpengine.start()
            calls += [site.call(talk, f"1380013801{number}") for number in range(2)]
            wait_for(lambda: copies() == 2 * len(calls), 60, "copies of every voice again", every=0.2)
            again = time.monotonic() - began
            time.sleep(10)  # they say it once more
            lost = sum(not call.talker.hears() for call in calls)
            site.hang_up()
            time.sleep(3)
            logged = screener.calls()
            flagged = sum(call.verdict is Verdict.HARASSMENT for call in logged)
            heard = sum(any(s.speaker is Speaker.CALLER for s in call.segments) for call in logged)
            note = (
                f"away {AWAY_RTPENGINE_SECONDS:g} s; every voice copied again after {again:.1f} s; {heard} of "
                f"{len(calls)} callers understood, {len(logged)} in the log, "
                f"{screener.log.count('Traceback')} tracebacks"
            )
            return Outcome(len(calls), lost, flagged, note)
        finally:
            tap.stop()
            screener.stop()


def certificate_expired() -> Outcome:
    """The screener's certificate has expired; everything goes over TLS and SRTP, and callers come all the same."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys")
        keys.mkdir()
        authority = Authority(keys)
        authority.issue(ASTERISK, file="pbx")
        authority.issue(SCREENER, file="screener")
        expired = authority.issue(SCREENER, file="expired", begins=-9 * DAY, ends=-DAY)
        with drilling(asterisk=secured(keys), screener=False) as drill:
            home = drill.site.folder / "screener"
            shutil.copytree(keys, home / "keys")
            drill.site.start_screener(home, shipped=SECURE)
            drill.call(IN_PATH)
            drill.wait_screened(CALLERS)
            good = [(home / "keys" / name).read_bytes() for name in ("screener.pem", "screener.key")]
            _put(home, expired.certificate.read_bytes(), expired.key.read_bytes())
            wait_for(lambda: "our certificate is expired on" in drill.site.screener.log, 60, "expired", every=0.5)
            callers, lost, seconds = drill.lost(time.monotonic())  # they talk on: their connection stands
            drill.hang_up()
            drill.site.screener.kill()
            drill.site.screener.start()  # and now nothing stands
            began = time.monotonic()
            more, also_lost, later = drill.lost_with_more(began)
            refused = drill.site.screener.log.count("no TLS connection")
            drill.hang_up()
            _put(home, *good)
            drill.site.wait_ready(180)
            note = (
                f"talked on, last agent after {seconds:.1f} s; started anew with it: refused {refused} times, "
                f"last agent after {later:.1f} s; renewed, no restart"
            )
            return judged(drill, callers + more, lost + also_lost, note)


def _put(home: Path, certificate: bytes, key: bytes) -> None:
    """Renew the screener's certificate, as a program does that writes both files."""
    (home / "keys/screener.key").write_bytes(key)
    (home / "keys/screener.pem").write_bytes(certificate)


def recording_client_gone() -> Outcome:
    """A recording client vanishes in mid-call: no BYE, no audio; other callers come all the same."""
    replaced = {'peers = ["192.0.2.10"]': f'peers = ["192.0.2.10", "{CREW_HOST}"]\nrecording_extension = "srs"'}
    with drilling(replaced=replaced) as drill:
        with drill.site.network.entered():
            clients = [Client(5060, host=CREW_HOST, peer=SCREENER) for _ in range(CALLERS)]
        voice = samples(AUDIO / "enquiry.wav") * 3
        for number, client in enumerate(clients):
            body = RFC.replace("13900001111", f"1390000{number:04}").replace("00FA", f"00F{number}")
            here = TWO.replace("192.0.2.40", CREW_HOST)
            assert client.record(joined("b", (SDP, here), (XML, body)), MIXED + "b").status == 200
            client.say(0, voice)
            client.say(1, voice)
        drill.call(IN_PATH)
        drill.wait_screened(CALLERS)
        for client in clients:
            client.close()
        gone = time.monotonic()
        callers, lost, seconds = drill.lost_with_more(gone)
        ended = lambda: drill.site.screener.log.count("no audio for") >= CALLERS  # noqa: E731
        wait_for(ended, MEDIA_TIMEOUT_SECONDS + 30, "end of the recordings", every=1)
        after = time.monotonic() - gone
        drill.hang_up()
        time.sleep(2)
        kept = [call for call in drill.site.screener.calls() if call.number.startswith("+861390000")]
        fault = sum(call.ended_by is EndedBy.FAULT for call in kept)
        note = (
            f"last agent after {seconds:.1f} s; {len(kept)} of {CALLERS} recordings logged, {fault} as a fault, "
            f"given up after {after:.0f} s"
        )
        return judged(drill, callers, lost, note, wrong=CALLERS - len(kept))


FAULTS: dict[str, Callable[[], Outcome]] = {
    "killed": killed_in_path,
    "killed-beside": killed_beside,
    "manager": manager_cut,
    "pbx": pbx_restarted,
    "database": database_away,
    "frozen": database_frozen,
    "recogniser": recogniser_hangs,
    "recognisers": recognisers_killed,
    "disk": disk_full,
    "clock": clock_jumps,
    "flood": flood,
    "deaf": deaf,
    "hold": hold,
    "slow-header": slow_header,
    "transactions": transactions,
    "pbx's-name": in_the_pbxs_name,
    "injected": injected,
    "rtpengine": rtpengine_restarted,
    "certificate": certificate_expired,
    "siprec": recording_client_gone,
    "servers": recogniser_servers_gone,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("names", nargs="*", help=f"of faults: {', '.join(FAULTS)}; default all")
    chosen = options.parse_args().names or list(FAULTS)
    if reason := missing():
        raise SystemExit(reason)
    bad = 0
    print(f"{'fault':14} {'callers':>7} {'lost':>4} {'flagged':>7} {'wrong':>5}  what else", flush=True)
    for name in chosen:
        try:
            found = FAULTS[name]()
            bad += bool(found.lost or found.flagged or found.wrong or "NOT SCREENED" in found.note)
            counts = f"{found.callers:7} {found.lost:4} {found.flagged:7} {found.wrong:5}"
            print(f"{name:14} {counts}  {found.note}", flush=True)
        except AssertionError as problem:
            bad += 1
            print(f"{name:14} {'':26}  NOT RUN TO ITS END: {str(problem).splitlines()[0]}", flush=True)
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
