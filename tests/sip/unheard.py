"""Callers who talk and do not arrive, in every way that a line can have it; and two who do, to compare."""

import socket
import threading
import time
import wave
from pathlib import Path

import screener
from screener.events import DeafCause
from screener.media.g711 import Law
from screener.media.rtp import Packet
from screener.sip.message import Response, respond
from tests.sip.caller import Caller, in_background
from tests.waiting import WAIT

with wave.open(str(Path(screener.__file__).parent / "demo" / "audio" / "complaint.wav")) as _recording:
    SPEECH = _recording.readframes(_recording.getnframes())


def voice(n: int) -> bytes:
    at = n * 320 % (len(SPEECH) - 320)
    return SPEECH[at : at + 320]


def other_format(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(18, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 7, bytes(20)))


def other_law(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(8, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 7, Law.PCMA.encode(voice(n))))


def two_senders(caller: Caller, n: int) -> None:
    for ssrc in (7, 8):
        send(caller.rtp, caller, Packet(0, n & 0xFFFF, n * 160 & 0xFFFFFFFF, ssrc, Law.PCMU.encode(voice(n))))


def third_address(caller: Caller, n: int) -> None:
    send(caller.outside, caller, Packet(0, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 7, Law.PCMU.encode(voice(n))))


def no_media(_caller: Caller, _n: int) -> None:
    pass


def quiet(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(0, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 7, Law.PCMU.silence))


def send(sock: socket.socket, caller: Caller, packet: Packet) -> None:
    sock.sendto(packet.serialize(), caller.remote_rtp)


WAYS = {
    "no_media": (no_media, DeafCause.NO_MEDIA),
    "other_format": (other_format, DeafCause.OTHER_FORMAT),
    "two_senders": (two_senders, DeafCause.SEVERAL_STREAMS),
    "third_address": (third_address, DeafCause.OTHER_ADDRESS),
    "on_hold": (no_media, None),
    "other_law": (other_law, None),
    "quiet": (quiet, None),
}


class Talker(Caller):
    """A caller who sends in a way of its own, and takes a REFER.

    Args:
        way: of `WAYS`.
        seconds: how long it stays on the line.
        outside: another host, which nobody agreed on.
        formats: what it offers.
        hold: when it is put on hold, and when taken back; seconds.
        where: as `Caller` takes it.
    """

    def __init__(
        self,
        port: int,
        way: str,
        number: str,
        *,
        seconds: float,
        outside: str = "127.0.0.9",
        formats: str = "0 8 101",
        hold: tuple[float, float] = (0.3, 1e9),
        **where: str,
    ) -> None:
        super().__init__(port, number=number, **where)
        self.way, self.referred, self.status = way, "", 0
        self._seconds, self._hold, self._formats = seconds, hold, formats
        self._gone = threading.Event()
        self.outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.outside.bind((outside, 0))
        self.sip.settimeout(0.1)

    def start(self) -> threading.Thread:
        """Dial, in the background."""
        return in_background(self.talk)

    def stop(self) -> None:
        """Hang up."""
        self._seconds = 0.0

    def talk(self) -> None:
        """Until it is sent on or hung up on, or the time is up."""
        self.sip.settimeout(WAIT)
        self.status = self.call(self.offer(self._formats)).status
        assert self.status == 200
        self.sip.settimeout(0.1)
        sending = in_background(self._send)
        began, held = time.monotonic(), False
        while not self._gone.is_set() and time.monotonic() < began + self._seconds:
            since = time.monotonic() - began
            if self.way == "on_hold" and held != (self._hold[0] <= since < self._hold[1]):
                held = not held
                self.sip.settimeout(WAIT)
                self.ask("INVITE", self.offer(self._formats, direction="sendonly" if held else "sendrecv"))
                self.ack(cseq=next(self.cseq) - 1)
                self.sip.settimeout(0.1)
            try:
                self._take(self.receive())
            except TimeoutError:
                continue
        if not self._gone.is_set():
            self.send(self.request("BYE"))
        self._gone.set()
        sending.join()

    def _take(self, message: object) -> None:
        if isinstance(message, Response):
            return  # to our NOTIFY
        self.send(respond(message, 202 if message.method == "REFER" else 200))
        if message.method == "REFER":
            self.referred = message.headers.get("Refer-To")
            extra = {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
            self.send(self.request("NOTIFY", b"SIP/2.0 200 OK\r\n", "message/sipfrag;version=2.0", **extra))
        if message.method == "BYE":
            self._gone.set()

    def _send(self) -> None:
        due, n = time.monotonic(), 0
        while not self._gone.is_set():
            WAYS[self.way][0](self, n)
            n += 1
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
