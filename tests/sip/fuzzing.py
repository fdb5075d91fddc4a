"""Damaged messages, session descriptions and packets, and what they are thrown at."""

import itertools
import logging
import random
import struct
from collections.abc import Iterator, Sequence

from screener.errors import SipParseError
from screener.events import Event
from screener.media.g711 import Law
from screener.media.rtcp import Report, ReportBlock
from screener.media.rtp import Packet, TelephoneEvent
from screener.media.stream import AudioStream
from screener.sip import sdp
from screener.sip.guard import Rate, Readable
from tests.sip.adversarial import repeated
from tests.sip.caller import Caller, Desk
from tests.sip.torture import OWN
from tests.waiting import WAIT

WORDS = (
    b"\r\n", b"\r\n\r\n", b";", b",", b"<", b">", b'"', b"\\", b"%", b"=", b":", b"@", b"?", b"\0", b"\xff", b" ",
    b"\t", b"sip:", b"sips:", b"tel:", b"SIP/2.0", b"Via: ", b"v: ", b"tag=", b"branch=z9hG4bK", b"4294967296",
    b"-1", b"0", b"99999999999999999999", b"INVITE", b"ACK", b"BYE", b"Replaces: a;to-tag=b;from-tag=c\r\n",
    b"Session-Expires: 90\r\n", b"Content-Length: 0\r\n", b"Require: timer\r\n", b"a=rtcp-mux\r\n",
    b"a=sendonly\r\n", b"m=audio 1 RTP/AVP 0\r\n", b"c=IN IP4 0.0.0.0\r\n",
    b"\xd5\xc5\xc8\xfd", "张三".encode(),
)  # fmt: skip
DESCRIPTION = (
    b"v=0\r\no=- 5 6 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 7000 RTP/AVP 96\r\n"
    b"a=rtpmap:96 H264/90000\r\nm=audio 40000 RTP/AVP 18 97 8 0 100\r\nc=IN IP4 127.0.0.1\r\n"
    b"a=rtpmap:97 PCMU/8000/1\r\na=rtpmap:100 telephone-event/8000\r\na=rtcp:40001\r\na=ptime:20\r\na=sendrecv\r\n"
)


def damaged(corpus: Sequence[bytes], chance: random.Random) -> Iterator[bytes]:
    """Without end: messages of the corpus with one to six changes each."""
    while True:
        data = bytearray(chance.choice(corpus))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(7):
                case 6:  # one thing over and over
                    data[at:at] = repeated(chance, chance.choice((100, 1000, 4000)))
                case 0 if data:
                    data[at % len(data)] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 20)]
                case 2:
                    data[at:at] = chance.choice(WORDS)
                case 3:
                    data[at : at + chance.randint(0, 30)] = chance.choice(WORDS)
                case 4:
                    data[at:at] = data[at : at + chance.randint(1, 200)]
                case _:
                    other = chance.choice(corpus)
                    cut = chance.randrange(len(other) + 1)
                    data[at:] = other[cut : cut + 3000]
        yield bytes(data[:20_000])


def describe(data: bytes) -> None:
    """A session description is refused, or can be answered."""
    try:
        theirs = sdp.parse(data)
    except SipParseError:
        return
    if stream := theirs.audio():
        sdp.parse(sdp.answer(theirs, [(stream, 4000)], "127.0.0.1", 1))


class Ears:
    """One call's audio, listened to, fed with damaged packets."""

    corpus = (
        *(Packet(0, n, n * 160, 7, bytes(160)).serialize() for n in range(4)),
        Packet(101, 9, 900, 7, TelephoneEvent(5, False, 10, 160).serialize(), True).serialize(),
        Packet(13, 10, 1000, 7, b"\x40").serialize(),
        b"\x92\x00" + struct.pack("!HII", 5, 6, 7) + bytes(8) + b"\xbe\xde\x00\x01abcd" + bytes(160),
        Report(7, (ReportBlock(1, 2, 3, 4, 5),), 1 << 40, 6, 7, 8).serialize("peer"),
    )

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.frames = 0
        self.stream = AudioStream(self._emit, Law.PCMU, 0, 101)
        self.stream.listener = self._hear

    def _emit(self, event: Event) -> None:
        self.events = [event]

    def _hear(self, pcm: bytes, _at: float) -> None:
        assert len(pcm) == 320
        self.frames += 1

    def take(self, data: bytes, number: int) -> None:
        """As the loop does: a packet now and then two, a frame, a report."""
        now = number / 50
        if len(data) > 1 and 192 <= data[1] <= 223:
            self.stream.reported(data, now)
        else:
            self.stream.receive(data, now)
        if number % 3:
            self.stream.tick()
        if number % 100 == 0:
            self.stream.report(now, 1e9 + now)
            self.stream.play([])


class Faults(logging.Handler):
    """Counts what the product logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(f"{record.getMessage()}: {record.exc_info[1]!r}")


class Target:
    """A user agent with a call that is up; damaged messages are put onto its own thread as if they had come."""

    def __init__(self) -> None:
        self.faults = Faults()
        logging.getLogger("screener").addHandler(self.faults)
        self.desk = Desk(max_requests_per_second=1e9, max_calls=100)
        self.desk.agent._readable = Readable(Rate(1e9), Rate(1e9))
        self.caller = Caller(self.desk.agent.port)
        self._source = ("127.0.0.1", self.caller.port)
        self.caller.call()
        self.post = self.desk.agent._phone.sip.post

    def corpus(self) -> list[bytes]:
        """Torture messages, and every request within the call that is up."""
        caller, extra = self.caller, {"Event": "refer", "Subscription_State": "active;expires=60"}
        requests = [
            caller.request("INVITE", caller.sdp, Supported="timer", Session_Expires="1800"),
            caller.request("UPDATE", caller.offer("8 101", direction="sendonly")),
            caller.request("INFO", b"Signal=5\r\nDuration=100\r\n", "application/dtmf-relay"),
            caller.request("NOTIFY", b"SIP/2.0 100 Trying\r\n", "message/sipfrag;version=2.0", **extra),
            caller.request("ACK", cseq=1), caller.request("CANCEL", cseq=1), caller.request("OPTIONS"),
            caller.request("REFER", Refer_To="<sip:evil@example.com>"),
        ]  # fmt: skip
        return [message.data for message in OWN.values()] + [request.serialize() for request in requests]

    def receive(self, data: bytes) -> None:
        """On the agent's own thread."""
        self.desk.agent._received(data, self._source)

    def take(self, data: bytes) -> None:
        self.post(lambda: self.receive(data))

    def drain(self) -> None:
        """Wait until everything was taken; forget the calls that were offered and the answers that came."""
        import threading

        done = threading.Event()
        self.post(done.set)
        assert done.wait(60), "the SIP thread has died"
        for queue in (self.desk.calls, self.desk.events):
            while not queue.empty():
                queue.get_nowait()
        self.caller.sip.setblocking(False)
        try:
            while self.caller.sip.recv(65535):
                pass
        except BlockingIOError:
            self.caller.sip.settimeout(WAIT)

    def works(self) -> bool:
        """Whether threads live and another call is taken; the old ones are ended first to make room."""
        agent = self.desk.agent
        for call in list(agent._calls.values()):
            call.hangup()
        self.drain()
        caller = Caller(agent.port)
        try:
            return caller.call().status == 200 and len(caller.hear(5)) == 5 and caller.ask("BYE").status == 200
        finally:
            caller.close()

    def close(self) -> None:
        logging.getLogger("screener").removeHandler(self.faults)
        self.caller.close()
        self.desk.stop()


def numbered(corpus: Sequence[bytes], seed: int, count: int) -> Iterator[tuple[int, bytes]]:
    """So many damaged messages, the same for the same seed."""
    return zip(range(count), itertools.islice(damaged(corpus, random.Random(seed)), count), strict=True)
