"""A site behind a real Kamailio with a real rtpengine, as deploy/rtpengine has them; callers and agents are ours.

Root, in a network namespace. Each call's two ends send and receive a packet every 20 ms through rtpengine.
"""

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from screener.media.rtp import Packet
from screener.sip import sdp
from screener.sip.message import Request, Response, parse, respond
from tests.pbx.kamailio import kamailio
from tests.pbx.network import PHONE, PROXY, TRUNK, Network
from tests.pbx.rig import ROOT, end
from tests.pbx.voices import QUIET
from tests.sip.caller import Caller, in_background
from tests.waiting import wait_for

DEPLOY = ROOT / "deploy/rtpengine"
FRAME = 160
REDIS_PORT = 6379
REFER_SECONDS = 30.0
"""How long a caller waits for whatever comes."""


def missing() -> str:
    """Why the site cannot run here; empty when it can."""
    lacking = [name for name in ("unshare", "kamailio", "rtpengine", "redis-server") if not shutil.which(name)]
    return f"not installed: {', '.join(lacking)}; run tests/pbx/setup" if lacking else ""


class Talker:
    """One end's audio: speaks µ-law from the moment that it is told where to, and keeps what it hears."""

    def __init__(self, network: Network, host: str, speech: bytes) -> None:
        with network.entered():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind((host, 0))
        self.socket.settimeout(0.5)
        self.speech, self.host = speech, host
        self.target: tuple[str, int] | None = None
        self.sent = 0
        self.heard: list[tuple[float, Packet]] = []
        self._running = True
        for work in (self._speak, self._hear):
            threading.Thread(target=work, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _speak(self) -> None:
        due, place = time.monotonic(), 0
        while self._running:
            if (target := self.target) is not None:
                frame = self.speech[place : place + FRAME].ljust(FRAME, b"\xff")
                place = (place + FRAME) % max(FRAME, len(self.speech))
                packet = Packet(0, self.sent & 0xFFFF, self.sent * FRAME, 7, frame)
                with contextlib.suppress(OSError):
                    self.socket.sendto(packet.serialize(), target)
                    self.sent += 1
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))

    def _hear(self) -> None:
        while self._running:
            with contextlib.suppress(TimeoutError, OSError):
                self.heard.append((time.monotonic(), Packet.parse(self.socket.recv(2000))))

    def hears(self, seconds: float = 1.0) -> bool:
        """Whether nearly every packet of the last seconds has come."""
        since = time.monotonic() - seconds
        return sum(at > since for at, _ in self.heard[-200:]) >= 40 * seconds

    def stop(self) -> None:
        self._running = False
        self.socket.close()


class Agents:
    """Every agent of the site: answers at once."""

    def __init__(self, network: Network, speech: bytes = QUIET) -> None:
        self.network, self.speech = network, speech
        with network.entered():
            self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sip.bind((PHONE, 5060))
        self.talkers: dict[str, Talker] = {}
        self.gone: list[str] = []
        """Call-IDs that somebody else has ended."""
        self.asked: list[Request] = []
        self._tags: dict[str, str] = {}
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self.sip.recvfrom(65535)
            except OSError:
                return
            message = parse(data)
            if not isinstance(message, Request):
                continue
            self.asked.append(message)
            if message.method == "INVITE" and message.call_id not in self.talkers:
                self._answer(message, source)
            elif message.method not in ("ACK", "INVITE"):
                if message.method == "BYE":
                    self.gone.append(message.call_id)
                    self.talkers[message.call_id].target = None
                self.sip.sendto(respond(message, 200).serialize(), source)

    def _answer(self, invite: Request, source: tuple[str, int]) -> None:
        talker = self.talkers[invite.call_id] = Talker(self.network, PHONE, self.speech)
        stream = sdp.parse(invite.body).audio()
        assert stream
        talker.target = (stream.host, stream.port)
        answer = respond(invite, 200, tag=f"agent-{len(self.talkers)}")
        number = len(self.talkers)
        answer.headers.add("Contact", f"<sip:agent{number}@{PHONE}:5060>")
        answer.headers.add("Content-Type", "application/sdp")
        body = described(PHONE, talker.port)
        self.sip.sendto(Response(answer.headers, body, 200, "OK").serialize(), source)

    def stop(self) -> None:
        self.sip.close()
        for talker in self.talkers.values():
            talker.stop()


def described(host: str, port: int) -> bytes:
    lines = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 0", "")
    return "\r\n".join(lines).encode()


class Call:
    """A caller of the trunk who talks to an agent; gets a REFER where somebody sends one."""

    def __init__(self, network: Network, speech: bytes, number: str = "13800138000") -> None:
        with network.entered():
            self.caller = Caller(5060, "4008001234", number, host=TRUNK, peer=PROXY)
        self.caller.sip.settimeout(REFER_SECONDS)
        self.talker = Talker(network, TRUNK, speech)
        # The trunk is known by its address, whatever the port.
        assert self.caller.call(described(TRUNK, self.talker.port)).status == 200
        self.talker.target = self.caller.remote_rtp
        self.is_up = True

    @property
    def call_id(self) -> str:
        return self.caller.call_id

    def accept_refer(self, status: int = 200) -> str:
        """Wait for a REFER, take it, and say what became of it; where it leads to."""
        refer = self.caller.wait_request("REFER")
        self.caller.send(respond(refer, 202))
        for notify in self._notifies(status):
            self.caller.send(notify)
            assert self.caller.final("NOTIFY").status == 200
        self.is_up = status >= 300
        return refer.headers.get("Refer-To")

    def _notifies(self, status: int) -> Iterator[Request]:
        """What says what became of a REFER."""
        for fragment, state in (("100 Trying", "active"), (f"{status} OK", "terminated;reason=noresource")):
            body = f"SIP/2.0 {fragment}\r\n".encode()
            extra = {"Event": "refer", "Subscription_State": state}
            yield self.caller.request("NOTIFY", body, "message/sipfrag", **extra)

    def answer_at_once(self) -> threading.Event:
        """Answer every request as soon as it comes, and take a REFER; what is returned is set by a BYE."""
        freed = threading.Event()

        def answer() -> None:
            while not freed.is_set():
                asked = self.caller.receive()
                if isinstance(asked, Request):
                    self.caller.send(respond(asked, 202 if asked.method == "REFER" else 200))
                    for notify in self._notifies(200) if asked.method == "REFER" else ():
                        self.caller.send(notify)
                    self.is_up = asked.method != "BYE"
                    if not self.is_up:
                        freed.set()

        in_background(answer)
        return freed

    def refuse_refer(self) -> None:
        """Wait for a REFER, and refuse it."""
        self.caller.send(respond(self.caller.wait_request("REFER"), 603))

    def hang_up(self) -> None:
        self.talker.target = None
        self.caller.ask("BYE")
        self.is_up = False

    def stop(self) -> None:
        if self.is_up:
            self.hang_up()
        self.talker.stop()
        self.caller.close()


class Rtpengine:
    """A real one with a real Redis, which keeps its calls."""

    def __init__(self, network: Network, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.network, self.home = network, home
        redis = ["redis-server", "--port", str(REDIS_PORT), "--save", "", "--dir", home]
        with (home / "redis.txt").open("wb") as log:
            self._redis = network.popen(redis, home, log)
        wait_for(lambda: "Ready to accept" in (home / "redis.txt").read_text(), 10, "Redis")
        self.start()

    def start(self) -> None:
        """Again, after a kill."""
        command = ["rtpengine", "-f", "-E", "--config-file", DEPLOY / "rtpengine.conf", "-p", self.home / "pid"]
        with (self.home / "rtpengine.txt").open("wb") as log:
            self.process = self.network.popen(command, self.home, log)
        wait_for(lambda: "Startup complete" in (self.home / "rtpengine.txt").read_text(), 10, "rtpengine")

    def kill(self) -> None:
        """SIGKILL, as a machine that dies."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        end(self.process)
        end(self._redis)


class BehindProxy:
    """Kamailio, rtpengine and the agents."""

    def __init__(self, network: Network, home: Path, speech: bytes = QUIET) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.network = network
        self._stack = contextlib.ExitStack()
        self.rtpengine = Rtpengine(network, home / "rtpengine")
        self._stack.callback(self.rtpengine.stop)
        folder = home / "kamailio"
        folder.mkdir()
        self.log = self._stack.enter_context(kamailio(network, folder, DEPLOY / "kamailio.cfg", PROXY))
        self.agents = Agents(network, speech)
        self._stack.callback(self.agents.stop)
        self._calls: list[Call] = []

    def call(self, speech: bytes, number: str = "13800138000") -> Call:
        self._calls.append(Call(self.network, speech, number))
        return self._calls[-1]

    def hang_up(self) -> None:
        """Nobody talks any more."""
        for call in self._calls:
            call.stop()
        self._calls.clear()

    def stop(self) -> None:
        self.hang_up()
        self._stack.close()


@contextlib.contextmanager
def behind_proxy(home: Path, speech: bytes = QUIET) -> Iterator[BehindProxy]:
    network = Network()
    try:
        site = BehindProxy(network, home, speech)
        try:
            yield site
        finally:
            site.stop()
    finally:
        network.stop()
