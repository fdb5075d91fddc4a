"""What strangers try at a service, with genuine callers on the line: `python tests/bench/intruders.py [NAME…]`.

A fresh `screener serve` on loopback, plain sockets, no PBX and no root. The attacks come from the PBX's own
address (another port), so that nothing is dropped for its source alone. For each: the genuine callers who talk
meanwhile and one who comes afterwards, how many of them were not handed to the agents (lost), how many were sent
elsewhere (flagged), and tracebacks of the service; all three must be 0.
"""

import argparse
import contextlib
import itertools
import os
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.demo.script import AUDIO
from screener.media.rtp import HEADER
from screener.sip.message import Request, Response, respond
from tests.bench.live import serving
from tests.bench.site import machine
from tests.pbx.voices import samples
from tests.server import free_port
from tests.sip.adversarial import hostile_message, repeated
from tests.sip.caller import Caller

HOST = "127.0.0.1"
CALLERS = 2
SECONDS = 6.0
"""Of an attack."""
PATIENCE_SECONDS = 90.0
"""In which a genuine caller must be handed over."""


@dataclass
class Site:
    """A service that runs.

    Attributes:
        port: of SIP, over UDP and TCP.
        callers: genuine ones who are on the line.
    """

    process: int
    port: int
    console: int
    metrics: int
    log: Path
    callers: list["Genuine"] = field(default_factory=list)

    def intruder(self, dialled: str = "100") -> Caller:
        """Somebody at the PBX's address."""
        caller = Caller(self.port, dialled, f"139{random.randrange(10**8):08}")
        caller.sip.settimeout(5)
        return caller


class Genuine(Caller):
    """A caller who asks for something, and is to be handed to the agents."""

    def __init__(self, port: int, number: str) -> None:
        super().__init__(port, number=number)
        self.sip.settimeout(PATIENCE_SECONDS)
        self.where = ""
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()

    def _call(self) -> None:
        with contextlib.suppress(OSError):
            if self.call().status != 200:
                return
            self.speaking(bytes(16_000 * 3) + samples(AUDIO / "enquiry.wav") * 4)
            refer = self.wait_request("REFER")
            self.where = refer.headers.get("Refer-To")
            self.send(respond(refer, 202))
            extra = {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
            self.ask("NOTIFY", b"SIP/2.0 200 OK\r\n", "message/sipfrag", **extra)

    def became(self) -> str:
        """Where it was led to; empty for nowhere."""
        self._thread.join(PATIENCE_SECONDS)
        self.close()
        return self.where


def pace(rate: float, seconds: float = SECONDS) -> Iterator[int]:
    """0, 1, 2 … at a rate."""
    began = time.monotonic()
    for number in itertools.count():
        ahead = number / rate - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        if time.monotonic() - began > seconds:
            return
        yield number


# SIP.


def folded(site: Site) -> None:
    """Compact names, folded headers, blanks wherever they may be: and it is answered all the same."""
    caller = site.intruder()
    invite = caller.request("INVITE", caller.sdp)
    data = invite.serialize()
    for name, short in (("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Contact", "m"),
                        ("Content-Type", "c"), ("Content-Length", "l")):  # fmt: skip
        data = data.replace(f"\r\n{name}: ".encode(), f"\r\n{short} \t:\r\n \t ".encode())
    caller.sip.sendto(data, caller.target)
    answer = caller.final("INVITE")
    assert answer.status == 200, answer.status
    caller.invite = invite
    caller.connected(answer)
    caller.ack()
    assert caller.ask("BYE").status == 200
    caller.close()


LENGTHS = ("9" * 9, "9" * 400, "-1", "4 4", "0x10", "1e3", "", "0" * 300 + "9999", "²", "4,4")


def lengths(site: Site) -> None:
    """Lengths that lie, over UDP, and over TCP to keep it waiting."""
    streams = []
    for number in pace(100):
        caller = site.intruder()
        length = LENGTHS[number % len(LENGTHS)]
        data = caller.request("INVITE", caller.sdp).serialize()
        head, _, body = data.partition(b"\r\n\r\n")
        head = head.rpartition(b"\r\n")[0] + b"\r\nContent-Length: " + length.encode()
        caller.sip.sendto(head + b"\r\n\r\n" + body, caller.target)
        with contextlib.suppress(OSError):
            stream = socket.create_connection((HOST, site.port), 1)
            streams.append(stream)
            stream.sendall(head.replace(b"/UDP", b"/TCP") + b"\r\n\r\n" + body)
        caller.close()
    for stream in streams:
        stream.close()


def repetition(site: Site) -> None:
    """The largest messages that are one thing over and over."""
    chance, sock = random.Random(1), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in pace(200):
        sock.sendto(hostile_message(chance, 65_000), (HOST, site.port))
    sock.close()


def descriptions(site: Site) -> None:
    """Session descriptions that are damaged: none is answered with another fault than the caller's."""
    chance = random.Random(2)
    for _ in pace(80):
        caller = site.intruder()
        body = bytearray(caller.sdp)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randrange(4)] = chance.choice(
                [b"", b"\r\n", b"\0", b"99999999999", b"m=audio 0 RTP/AVP 0\r\n", b"c=IN IP6 ::\r\n", b"\xff",
                 repeated(chance, 300)]
            )  # fmt: skip
        caller.send(caller.request("INVITE", bytes(body)))
        answer = caller.final("INVITE")
        assert answer.status != 500, bytes(body)
        if answer.status == 200:
            caller.invite = caller.request("INVITE", cseq=1)
            with contextlib.suppress(AssertionError):
                caller.connected(answer)
            caller.ack()
            caller.send(caller.request("BYE"))
        caller.close()


def strangers_requests(site: Site) -> None:
    """Every method, outside calls and within others' calls, tags guessed; slowly enough to be answered."""
    methods = ("REFER", "INFO", "SUBSCRIBE", "UPDATE", "PRACK", "NOTIFY", "MESSAGE", "PUBLISH", "BYE", "FOO")
    caller = site.intruder()
    for number in pace(100):
        method = methods[number % len(methods)]
        theirs = site.callers[number // 2 % CALLERS]
        caller.call_id = theirs.call_id if number % 2 else f"none-{number}"
        caller.to = f"<{caller.uri}>;tag=guess" if number % 4 < 2 else f"<{caller.uri}>"
        extra = {"Refer_To": "<sip:900@127.0.0.1>", "Event": "refer", "RAck": "1 1 INVITE"}
        caller.send(caller.request(method, cseq=number + 10, branch=f"z9hG4bKs{number}", **extra))
        answer = caller.receive()
        assert isinstance(answer, Response)
        assert 400 <= answer.status < 700 and answer.status != 500, (method, answer.status)
    caller.close()


def responses(site: Site) -> None:
    """Answers to what was never asked."""
    caller = site.intruder()
    for number in pace(500):
        theirs = site.callers[number % CALLERS]
        asked = Request(caller.request("REFER", cseq=number + 1).headers, b"", "REFER", caller.uri)
        asked.headers.replace("Call-ID", [theirs.call_id])
        caller.send(respond(asked, random.choice([100, 200, 202, 401, 407, 481, 503, 603])))
    caller.close()


def early_byes(site: Site) -> None:
    """BYE before the 200, before the ACK, and twice."""
    for number in pace(30):
        caller = site.intruder()
        caller.send(caller.request("INVITE", caller.sdp))
        first = caller.response("INVITE")
        while number % 2 and first.status < 180:
            first = caller.response("INVITE")
        caller.to = first.headers.get("To")
        for _ in range(2):
            caller.send(caller.request("BYE"))
        caller.close()


def cancels(site: Site) -> None:
    """CANCEL at once, after the answer, of others' calls, twice, with what it may not require."""
    for number in pace(40):
        caller = site.intruder()
        invite = caller.request("INVITE", caller.sdp)
        caller.send(invite)
        if number % 3 == 1:
            caller.final("INVITE")
        if number % 3 == 2:
            caller.call_id = site.callers[number % CALLERS].call_id
        for _ in range(2):
            caller.send(caller.request("CANCEL", cseq=1, branch=invite.via.branch, Require="100rel"))
        caller.close()


@contextlib.contextmanager
def answered(site: Site, count: int = 5) -> Iterator[list[Caller]]:
    """Strangers whose calls are up, and who hang up in the end."""
    calls = [site.intruder() for _ in range(count)]
    with contextlib.ExitStack() as stack:
        for call in calls:
            stack.callback(call.close)
            assert call.call().status == 200
        yield calls
        for call in calls:
            call.send(call.request("BYE"))


def reinvites(site: Site) -> None:
    """Calls whose every second word is another re-INVITE or UPDATE, never acknowledged."""
    with answered(site) as calls:
        for number in pace(500):
            call = calls[number % len(calls)]
            direction = ("sendrecv", "sendonly", "inactive", "recvonly")[number % 4]
            method = "UPDATE" if number % 3 else "INVITE"
            call.send(call.request(method, call.offer("0 8 101", direction=direction)))


def no_acks(site: Site) -> None:
    """INVITEs whose answer nobody acknowledges."""
    for _ in pace(20):
        caller = site.intruder()
        caller.send(caller.request("INVITE", caller.sdp))
        caller.close()


def junk_streams(site: Site) -> None:
    """TLS, HTTP, nothing and noise on the TCP port, on more connections than are taken."""
    chance = random.Random(3)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    with contextlib.ExitStack() as stack:
        for number in pace(120):
            with contextlib.suppress(OSError):
                line = stack.enter_context(socket.create_connection((HOST, site.port), 1))
                line.sendall([hello, b"GET / HTTP/1.1\r\n\r\n", b"", b"INVITE sip:", chance.randbytes(3000),
                              b"\r\n" * 2000][number % 6])  # fmt: skip


# Media.


def _packet(chance: random.Random, number: int, payload_type: int = 0) -> bytes:
    first = chance.choice([0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x9F, 0xBF, 0x40, 0xC0, 0x00])
    head = HEADER.pack(first, payload_type, number & 0xFFFF, number * 160 & 0xFFFFFFFF, chance.randrange(1 << 32))
    return head + chance.randbytes(chance.choice([0, 1, 3, 4, 160, 1480]))


def lying_packets(site: Site) -> None:
    """RTP with extension, padding and sources that lie, to the callers' ports from another one of their host."""
    chance, sock = random.Random(4), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, 0))
    for number in pace(2000):
        if target := site.callers[number % CALLERS].remote_rtp:
            sock.sendto(_packet(chance, number, chance.randrange(256)), (target[0], target[1] + number % 2))
    sock.close()


def lying_calls(site: Site) -> None:
    """Callers whose own RTP is all lies, and as fast as it goes."""
    chance = random.Random(5)
    with answered(site) as calls:
        for number in pace(5000):
            call = calls[number % len(calls)]
            assert call.remote_rtp
            call.rtp.sendto(_packet(chance, number, chance.randrange(256)), call.remote_rtp)


def keys(site: Site) -> None:
    """A flood of keys, as telephone events that are all new and by INFO."""
    with answered(site) as calls:
        for number in pace(5000):
            call = calls[number % len(calls)]
            assert call.remote_rtp
            event = struct.pack("!BBH", number % 16, 0x8A, 800)
            call.rtp.sendto(HEADER.pack(0x80, 101, number & 0xFFFF, number * 160, 7) + event, call.remote_rtp)
            if not number % 50:
                call.send(call.request("INFO", b"Signal=5\r\nDuration=100\r\n", "application/dtmf-relay"))


# Other doors.


def slow_pages(site: Site) -> None:
    """Console and metrics: more connections than are taken, which trickle; huge heads; and others are served."""
    with contextlib.ExitStack() as stack:
        lines = []
        for port, count in ((site.console, 1200), (site.metrics, 40)):
            for _ in range(count):
                with contextlib.suppress(OSError):
                    lines.append(stack.enter_context(socket.create_connection((HOST, port), 1)))
        for number in pace(1000):
            with contextlib.suppress(OSError):
                lines[number % len(lines)].send(b"GET /login HTTP/1.1\r\nX: " if number < len(lines) else b"a")
        for port in (site.console, site.metrics):
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1) as line:
                line.sendall(b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * (8 << 20) + b"\r\n\r\n")
        assert b" 200 " in _page(site.console, "/login"), "the console"
    time.sleep(12)
    assert b" 200 " in _page(site.metrics, "/metrics"), "the metrics"


def _page(port: int, path: str) -> bytes:
    with socket.create_connection((HOST, port), 10) as line:
        line.settimeout(10)
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return line.recv(4096)


ATTACKS: dict[str, Callable[[Site], None]] = {
    "folded": folded,
    "lengths": lengths,
    "repetition": repetition,
    "descriptions": descriptions,
    "requests": strangers_requests,
    "responses": responses,
    "early-byes": early_byes,
    "cancels": cancels,
    "reinvites": reinvites,
    "no-acks": no_acks,
    "junk-streams": junk_streams,
    "lying-packets": lying_packets,
    "lying-calls": lying_calls,
    "keys": keys,
    "slow-pages": slow_pages,
}


def tried(site: Site, attack: Callable[[Site], None], numbers: Iterator[int]) -> tuple[int, int, str]:
    """Lost, flagged, and what the attack itself found wrong."""
    site.callers = [Genuine(site.port, f"1380000{next(numbers):04}") for _ in range(CALLERS)]
    time.sleep(1.0)
    wrong = ""
    try:
        attack(site)
    except (AssertionError, OSError) as problem:
        wrong = f"{type(problem).__name__}: {problem}"[:300]
    site.callers.append(Genuine(site.port, f"1380000{next(numbers):04}"))
    led = [caller.became() for caller in site.callers]
    lost = sum(not where for where in led)
    flagged = sum(bool(where) and "agents@" not in where for where in led)
    return lost, flagged, wrong


def resident(process: int) -> int:
    """Megabytes of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("names", nargs="*", help=f"of attacks: {', '.join(ATTACKS)}; default all")
    chosen = options.parse_args().names or list(ATTACKS)
    console, metrics = free_port(), free_port()
    extra = f"[console]\nwith_serve = true\nport = {console}\n[operations]\nmetrics_port = {metrics}\n"
    bad = 0
    print(machine())
    print(f"{'attack':14} {'callers':>7} {'lost':>4} {'flagged':>7} {'tracebacks':>10}  what else", flush=True)
    with serving(extra, sip="tcp = true\n") as (process, port):
        log = Path(process.args[-1]).parent / "log.txt"  # type: ignore[index]
        site, numbers = Site(process.pid, port, console, metrics, log), itertools.count()
        for name in chosen:
            before = log.read_text("utf-8", "replace").count("Traceback")
            lost, flagged, wrong = tried(site, ATTACKS[name], numbers)
            tracebacks = log.read_text("utf-8", "replace").count("Traceback") - before
            bad += bool(lost or flagged or tracebacks or wrong or process.poll() is not None)
            note = f"{resident(process.pid)} MB; {wrong}".rstrip("; ")
            print(f"{name:14} {CALLERS + 1:7} {lost:4} {flagged:7} {tracebacks:10}  {note}", flush=True)
            if tracebacks or wrong:
                print(log.read_text("utf-8", "replace")[-3000:] if os.environ.get("VERBOSE") else "", flush=True)
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
