"""A recording client on loopback: plays an offer as it is written, with the audio of both parties."""

import contextlib
import socket
import threading
import time

from screener.media.g711 import Law
from screener.media.rtp import Packet
from screener.sip import sdp
from screener.sip.message import Request, Response
from tests.sip.caller import Caller, in_background

FRAME = 320


class Client(Caller):
    """One session."""

    def __init__(self, port: int, dialled: str = "srs", **where: object) -> None:
        super().__init__(port, dialled=dialled, number="sbc", **where)  # type: ignore[arg-type]
        self.answer: sdp.Description | None = None
        self.extra = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
        self.numbers = [0] * 4
        for sock in self.extra:
            sock.bind((self.host, 0))

    def record(self, body: bytes, content_type: str, require: str = "siprec") -> Response:
        """INVITE with that body, and ACK."""
        self.invite = self.request("INVITE", body, content_type, **({"Require": require} if require else {}))
        self.send(self.invite)
        response = self.final("INVITE")
        if response.status == 200:
            self.connected(response)
            self.ack()
        return response

    def again(self, body: bytes, content_type: str, method: str = "INVITE") -> Response:
        """A re-INVITE or UPDATE."""
        request = self.request(method, body, content_type)
        self.send(request)
        response = self.final(method)
        if method == "INVITE" and response.status == 200:
            self.invite = request
            self.ack()
        if response.body:
            self.answer = sdp.parse(response.body)
        return response

    def connected(self, response: Response) -> None:
        super().connected(response)
        self.answer = sdp.parse(response.body)

    def say(self, place: int, pcm: bytes, payload: int = 0) -> threading.Thread:
        """Send audio on the stream at that place of the answer, at its own speed."""
        assert self.answer
        line = self.answer.media[place]
        law = Law.PCMA if "8" in line.formats else Law.PCMU

        def send() -> None:
            due = time.monotonic()
            with contextlib.suppress(OSError):
                for i in range(0, len(pcm), FRAME):
                    number = self.numbers[place]
                    self.numbers[place] += 1
                    frame = law.encode(pcm[i : i + FRAME])
                    packet = Packet(law.payload_type, number & 0xFFFF, number * 160, 7 + place, frame)
                    sent = self.sealed(place, packet.serialize())
                    self.extra[place].sendto(sent, (line.host, line.port))
                    due += 0.02
                    time.sleep(max(0.0, due - time.monotonic()))

        return in_background(send)

    def sealed(self, _place: int, packet: bytes) -> bytes:
        """A packet as it goes out: in clear."""
        return packet

    def serve(self) -> Request:
        """Wait for the end that the recording server makes."""
        return self.wait_request("BYE")

    def close(self) -> None:
        super().close()
        for sock in self.extra:
            sock.close()
