"""Callers who talk and do not arrive, on real sockets: each goes to an agent, is logged and counted."""

import logging
import socket
import time
import wave
from pathlib import Path

import pytest

import screener
from screener.core.evidence import Kind, Verdict
from screener.events import DeafCause
from screener.media.g711 import Law
from screener.media.rtp import Packet
from screener.service.site import Service
from screener.settings.load import load
from screener.sip.message import Response, respond
from screener.store.log import open_log
from tests.sip.caller import Caller, in_background, wait_for

SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
[flow]
silence_seconds = 1.0
[speech]
engine = "none"
"""
with wave.open(str(Path(screener.__file__).parent / "demo" / "audio" / "complaint.wav")) as _recording:
    SPEECH = _recording.readframes(_recording.getnframes())
SECONDS = 25
OUTSIDE = "127.0.0.9"


def voice(n: int) -> bytes:
    at = n * 320 % (len(SPEECH) - 320)
    return SPEECH[at : at + 320]


def other_format(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(18, n, n * 160, 7, bytes(20)))


def other_law(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(8, n, n * 160, 7, Law.PCMA.encode(voice(n))))


def two_senders(caller: Caller, n: int) -> None:
    for ssrc in (7, 8):
        send(caller.rtp, caller, Packet(0, n, n * 160, ssrc, Law.PCMU.encode(voice(n))))


def third_address(caller: Caller, n: int) -> None:
    send(caller.outside, caller, Packet(0, n, n * 160, 7, Law.PCMU.encode(voice(n))))


def no_media(_caller: Caller, _n: int) -> None:
    pass


def quiet(caller: Caller, n: int) -> None:
    send(caller.rtp, caller, Packet(0, n, n * 160, 7, Law.PCMU.silence))


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
    """A caller who sends in a way of its own, and takes a REFER."""

    def __init__(self, port: int, way: str, number: int) -> None:
        super().__init__(port, number=f"1390000{number:04}")
        self.way, self.referred = way, ""
        self.outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.outside.bind((OUTSIDE, 0))
        self.sip.settimeout(SECONDS)

    def talk(self) -> None:
        """Until it is sent on or hung up on, or the time is up."""
        assert self.call().status == 200
        if self.way == "on_hold":
            time.sleep(0.3)
            self.ask("INVITE", self.offer("0 8 101", direction="sendonly"))
            self.ack()
        sending = in_background(self._send)
        try:
            while True:
                request = self.receive()
                if isinstance(request, Response):
                    continue  # to our NOTIFY
                self.send(respond(request, 202 if request.method == "REFER" else 200))
                if request.method == "REFER":
                    self.referred = request.headers.get("Refer-To")
                    extra = {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
                    body = b"SIP/2.0 200 OK\r\n"
                    self.send(self.request("NOTIFY", body, "message/sipfrag;version=2.0", **extra))
                if request.method == "BYE":
                    break
        except TimeoutError:
            self.ask("BYE")
        sending.join()

    def _send(self) -> None:
        due = time.monotonic()
        for n in range(SECONDS * 50):
            try:
                WAYS[self.way][0](self, n)
            except OSError:  # the other end is gone
                return
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))


def test_nobody_whose_voice_does_not_arrive_is_flagged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "screener.toml").write_text(SITE)
    settings = load(tmp_path / "screener.toml")
    service = Service(settings)
    service.start()
    callers = {way: Talker(service.sip_port, way, n) for n, way in enumerate(WAYS)}
    with caplog.at_level(logging.WARNING):
        threads = [in_background(caller.talk) for caller in callers.values()]
        assert wait_for(lambda: not any(thread.is_alive() for thread in threads), SECONDS + 30)
    counted = {
        (s.labels["cause"]): s.value for s in service._endpoint.samples() if s.name == "calls_unheard_total"
    }
    service.stop()
    log = open_log(settings.store.url, settings.folder)
    found = {way: log.call(next(r.id for r in log.calls() if r.number.endswith(f"{n:04}")))
             for n, way in enumerate(WAYS)}  # fmt: skip
    log.close()
    silent = {way: call.kind is Kind.SILENT for way, call in found.items()}
    assert silent == {way: way == "quiet" for way in WAYS}, "the control is flagged, and nobody else"
    for way, (_, cause) in WAYS.items():
        if cause is not None:
            assert "agents@" in callers[way].referred, way
            assert found[way].verdict is Verdict.UNDECIDED
            assert found[way].decisions[-1].reason == f"deaf:{cause}"
            assert f"call {found[way].id}: the caller is not heard: {cause}" in caplog.text
    assert counted == {cause: sum(c is cause for _, c in WAYS.values()) for cause in DeafCause}
