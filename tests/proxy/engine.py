"""A small rtpengine on loopback: answers the ng protocol and sends no audio of itself."""

import contextlib
import socket
import threading
from collections.abc import Callable

from screener.proxy import ng
from screener.proxy.ng import Command, NgReply, Question

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio %d RTP/AVP %d\r\na=sendonly\r\na=rtcp:9\r\n"
)


class Engine:
    """One daemon with some calls.

    Attributes:
        asked: every question that was carried out.
        deaf: so many datagrams are lost.
    """

    def __init__(self, *calls: str, payload_type: int = 0) -> None:
        self.calls, self.payload_type = calls, payload_type
        self.asked: list[Question] = []
        self.deaf = 0
        self.refuses: Callable[[Question], str] = lambda _question: ""
        self._answered: dict[bytes, bytes] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return str(host), int(port)

    def _serve(self) -> None:
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except OSError:
                return
            if self.deaf:
                self.deaf -= 1
                continue
            cookie, question = ng.parse(data)
            if cookie not in self._answered:
                self.asked.append(question)
                self._answered[cookie] = ng.serialize_reply(cookie, self._reply(question))
            with contextlib.suppress(OSError):  # closed meanwhile
                self.socket.sendto(b"1 d6:result2:oke", source)  # of somebody else's question
                self.socket.sendto(self._answered[cookie], source)

    def _reply(self, question: Question) -> NgReply:
        if reason := self.refuses(question):
            return NgReply(ok=False, reason=reason)
        if question.command is not Command.PING and question.call_id not in self.calls:
            return NgReply(ok=False, reason="Unknown call-ID")
        if question.command is Command.SUBSCRIBE:
            port = self.socket.getsockname()[1]
            return NgReply(ok=True, to_tag=f"copy{len(self.asked)}", sdp=OFFER % (port, self.payload_type))
        return NgReply(ok=True)

    def close(self) -> None:
        self.socket.close()
