"""A small SIP and RTP caller on loopback: a peer for the user agent that shares none of its state machines."""

import contextlib
import itertools
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable

from screener.events import CallEnded
from screener.media.g711 import Law
from screener.media.rtp import Packet
from screener.settings.sections import Sip
from screener.sip import sdp
from screener.sip.address import NameAddr
from screener.sip.framing import SipFramer
from screener.sip.message import Headers, Request, Response, parse, respond
from screener.sip.useragent import SipUserAgent
from tests.waiting import ENOUGH


class Caller:
    """A caller at `host` who dials somebody at `peer`."""

    def __init__(
        self,
        port: int,
        dialled: str = "100",
        number: str = "13800138000",
        host: str = "127.0.0.1",
        peer: str = "127.0.0.1",
        own_port: int = 0,
    ) -> None:
        self.host = host
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind((host, own_port))
        self.sip.settimeout(ENOUGH)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind((host, 0))
        self.rtp.settimeout(ENOUGH)
        self.target = (peer, port)
        self.uri = f"sip:{dialled}@{peer}:{port}"
        self.call_id = f"call-{id(self)}-{time.monotonic_ns()}"
        self.from_ = f"<sip:{number}@{host}>;tag=caller"
        self.to = f"<{self.uri}>"
        self.cseq = itertools.count(1)
        self.invite: Request | None = None
        self.remote_rtp: tuple[str, int] | None = None
        self.routes: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.asked: dict[str, int] = {}
        """The number of the newest request of each method."""
        self.sequence = 0

    @property
    def port(self) -> int:
        return self.sip.getsockname()[1]

    @property
    def sdp(self) -> bytes:
        return self.offer("0 8 101")

    def offer(self, formats: str, rtp: socket.socket | None = None, direction: str = "sendrecv") -> bytes:
        port = (rtp or self.rtp).getsockname()[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {formats}\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        ).encode()

    def request(
        self,
        method: str,
        body: bytes = b"",
        kind: str = "application/sdp",
        *,
        cseq: int = 0,
        branch: str = "",
        **extra: str,
    ) -> Request:
        number = cseq or next(self.cseq)
        branch = branch or f"z9hG4bK{method}{number}{self.call_id}"
        headers = Headers([
            *self.routes,
            ("Via", f"SIP/2.0/UDP {self.host}:{self.port};branch={branch}"),
            ("From", self.from_), ("To", self.to), ("Call-ID", self.call_id), ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:caller@{self.host}:{self.port}>"), ("Max-Forwards", "70"),
        ])  # fmt: skip
        for name, value in extra.items():
            headers.add(name.replace("_", "-"), value)
        if body:
            headers.add("Content-Type", kind)
        return Request(headers, body, method, self.uri)

    def send(self, message: Request | Response) -> None:
        if isinstance(message, Request):
            self.asked[message.method] = message.cseq[0]
        self._write(message.serialize())

    def _write(self, data: bytes) -> None:
        self.sip.sendto(data, self.target)

    def receive(self) -> Request | Response:
        return parse(self.sip.recv(65535))

    def response(self, method: str = "") -> Response:
        """The next response to the newest request of that method, or of any.

        Requests that come meanwhile are answered 200 and kept. What is left of an earlier call from this port is
        passed over, and so is what answers an earlier request: it is sent again where its ACK is late.
        """
        while True:
            message = self.receive()
            if isinstance(message, Request):
                self.requests.append(message)
                self.send(respond(message, 200))
            elif message.call_id == self.call_id and method in ("", message.cseq[1]):
                number, asked = message.cseq
                if number == self.asked.get(asked, number):
                    return message

    def final(self, method: str) -> Response:
        while (response := self.response(method)).status < 200:
            pass
        return response

    def wait_request(self, method: str) -> Request:
        """The next request of that method, not answered yet."""
        while True:
            message = self.receive()
            if isinstance(message, Request) and message.method == method:
                return message

    def moved(self, refer: Request) -> None:
        """Take the REFER, and say that it has been done."""
        self.send(respond(refer, 202))
        extra = {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
        self.send(self.request("NOTIFY", b"SIP/2.0 200 OK\r\n", "message/sipfrag;version=2.0", **extra))

    def ask(self, method: str, body: bytes = b"", kind: str = "application/sdp", **extra: str) -> Response:
        self.send(self.request(method, body, kind, **extra))
        return self.final(method)

    def call(self, body: bytes | None = None, **extra: str) -> Response:
        """INVITE, and ACK of whatever comes."""
        self.invite = self.request("INVITE", self.sdp if body is None else body, **extra)
        self.send(self.invite)
        response = self.final("INVITE")
        if response.status == 200:
            self.connected(response)
            self.ack()
        else:
            ack = Request(self.invite.headers, b"", "ACK", self.uri)
            ack.headers.replace("CSeq", [f"{self.invite.cseq[0]} ACK"])
            ack.headers.replace("To", [response.headers.get("To")])
            self.send(ack)
        return response

    def is_answered(self) -> bool:
        """INVITE, from a thread of its own: whether it is answered before it is closed."""
        with contextlib.suppress(OSError):
            return self.call().status == 200
        return False

    def connected(self, response: Response) -> None:
        self.to = response.headers.get("To")
        self.routes = [("Route", route) for route in reversed(response.headers.values("Record-Route"))]
        if "Contact" in response.headers:
            self.uri = str(NameAddr.parse(response.headers.get("Contact")).uri)
        stream = sdp.parse(response.body).audio()
        assert stream
        self.remote_rtp = (stream.host, stream.port)

    def ack(self, body: bytes = b"", cseq: int = 0) -> None:
        assert self.invite
        self.send(self.request("ACK", body, cseq=cseq or self.invite.cseq[0], branch="z9hG4bKack" + self.call_id))

    def speak(
        self,
        pcm: bytes,
        law: Law = Law.PCMU,
        rtp: socket.socket | None = None,
        lost: Iterable[bool] = itertools.repeat(False),
        pace: float = 0.02,
    ) -> None:
        """Send audio at its own speed, but for the packets that are lost on the way; with no pace at once."""
        assert self.remote_rtp
        due = time.monotonic()
        for i, gone in zip(range(0, len(pcm), 320), lost, strict=False):
            packet = Packet(
                law.payload_type, self.sequence & 0xFFFF, self.sequence * 160, 7, law.encode(pcm[i : i + 320])
            )
            if not gone:
                (rtp or self.rtp).sendto(packet.serialize(), self.remote_rtp)
            self.sequence += 1
            due += pace
            time.sleep(max(0.0, due - time.monotonic()))

    def speaking(self, pcm: bytes, law: Law = Law.PCMU) -> threading.Thread:
        """Send audio at its own speed from a thread, to the end or until the call is closed."""

        def speak() -> None:
            with contextlib.suppress(OSError):
                self.speak(pcm, law)

        return in_background(speak)

    def hear(self, frames: int) -> list[Packet]:
        return [Packet.parse(self.rtp.recv(2000)) for _ in range(frames)]

    def hang_up(self) -> None:
        """BYE: a service that stops while somebody is on the line tries to hand them over first, for seconds."""
        assert self.ask("BYE").status == 200
        self.close()

    def close(self) -> None:
        self.sip.close()
        self.rtp.close()


class StreamCaller(Caller):
    """The same caller over one connection of a stream, whose messages are framed by Content-Length."""

    transport: str

    def __init__(self, port: int, connection: socket.socket, **who: str) -> None:
        super().__init__(port, **who)
        self.sip.close()
        self.sip = connection
        self._framer, self._waiting = SipFramer(), []

    def request(self, method, *args, **extra):
        request = super().request(method, *args, **extra)
        request.headers.replace("Via", [str(request.via).replace("SIP/2.0/UDP", f"SIP/2.0/{self.transport}")])
        return request

    def _write(self, data: bytes) -> None:
        self.sip.sendall(data)

    def receive(self) -> Request | Response:
        while not self._waiting:
            data = self.sip.recv(65535)
            assert data, "closed by the other end"
            self._waiting += self._framer.feed(data)
        return parse(self._waiting.pop(0))


class Desk:
    """A user agent on a free port whose calls and events can be waited for.

    It answers its calls while `answering`, and says at once that their ends are kept while `keeping`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, **settings: object) -> None:
        chosen = {"port": 0, **settings}
        self.agent = SipUserAgent(Sip(**chosen), clock)  # type: ignore[arg-type]
        self.calls: queue.Queue = queue.Queue()
        self.events: queue.Queue = queue.Queue()
        self.answering = self.keeping = True
        self.agent.start(self._offered)

    def _offered(self, call) -> None:
        def see(event) -> None:
            self.events.put(event)
            if isinstance(event, CallEnded) and self.keeping:
                call.logged()

        call.subscribe(see)
        self.calls.put(call)
        if self.answering:
            call.answer()

    def event(self, kind: type):
        """The next event of that type; others are passed over."""
        while True:
            event = self.events.get(timeout=ENOUGH)
            if isinstance(event, kind):
                return event

    def call(self):
        return self.calls.get(timeout=ENOUGH)

    def stop(self, patience: float = 0.1) -> None:
        self.agent.stop(patience)


def in_background(task) -> threading.Thread:
    thread = threading.Thread(target=task, daemon=True)
    thread.start()
    return thread
