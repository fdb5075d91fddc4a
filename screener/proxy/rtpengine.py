"""Asks rtpengine for copies of voices, over UDP. Belongs to one thread; each question takes a moment at most."""

import contextlib
import logging
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from screener.errors import InputError, PbxError, SipParseError
from screener.outside.text import visible
from screener.proxy import ng
from screener.proxy.ng import Command, NgReply, Question
from screener.sip import sdp

log = logging.getLogger(__name__)

TRIES = (0.2, 0.3, 0.5)
"""Seconds that an answer is waited for each time that a question is sent; a cookie is carried out once only."""
AWAY_SECONDS = 2.0
"""One that has not answered is not asked anything else for so long."""
UNKNOWN = "Unknown call-ID"
"""What rtpengine says of a call that it does not have."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A voice that is being sent to us.

    Attributes:
        engine: which rtpengine sends it.
        call_id: of the call.
        tag: rtpengine's own, of the copy.
        stream: what is sent, and from where.
    """

    engine: "Rtpengine"
    call_id: str
    tag: str
    stream: sdp.Stream


class Rtpengine:
    """One daemon.

    Args:
        address: host and port of its ng protocol.
        host: address that we send from and hear at; empty takes the one that routes there.
    """

    def __init__(self, address: tuple[str, int], host: str = "") -> None:
        self.place = f"{address[0]}:{address[1]}"
        self._address, self._host = address, host
        self._socket: socket.socket | None = None
        self._away_until = 0.0

    def ping(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(PbxError):
            return self._ask(Question(Command.PING)).ok
        return False

    def subscribe(self, call_id: str, tag: str, port: int) -> Copy | None:
        """Have a voice sent to a port of ours; None where this daemon does not have the call.

        Args:
            call_id: of the call.
            tag: of whoever is to be heard.
            port: where it is heard.

        Raises:
            PbxError: it does not answer, refuses, or offers nothing that we understand.
        """
        offered = self._ask(Question(Command.SUBSCRIBE, call_id, tag))
        if not offered.ok:
            if offered.reason == UNKNOWN:
                return None
            raise PbxError(f"rtpengine {self.place} gives no copy: {visible(offered.reason)}")
        copy = self._copy(call_id, offered)
        theirs = sdp.parse(offered.sdp)
        answer = sdp.answer(theirs, [(copy.stream, port)], self._local(), secrets.randbits(31), only_hears=True)
        taken = self._ask(Question(Command.ANSWER, call_id, to_tag=copy.tag, sdp=answer))
        if not taken.ok:
            raise PbxError(f"rtpengine {self.place} does not send a copy: {visible(taken.reason)}")
        return copy

    def unsubscribe(self, copy: Copy) -> None:
        """Have it sent no more; a daemon that does not answer has none to send."""
        with contextlib.suppress(PbxError):
            self._ask(Question(Command.UNSUBSCRIBE, copy.call_id, to_tag=copy.tag))

    def close(self) -> None:
        """Ask nothing more."""
        if self._socket is not None:
            self._socket.close()

    def _copy(self, call_id: str, offered: NgReply) -> Copy:
        try:
            stream = sdp.parse(offered.sdp).audio()
        except SipParseError as problem:
            raise PbxError(f"rtpengine {self.place} offers what cannot be read: {problem}") from problem
        if stream is None:
            raise PbxError(f"rtpengine {self.place} offers a copy without G.711", "let the calls use G.711")
        return Copy(self, call_id, offered.to_tag, stream)

    def _local(self) -> str:
        return str(self._connected().getsockname()[0])

    def _ask(self, question: Question) -> NgReply:
        if time.monotonic() < self._away_until:
            raise PbxError(f"rtpengine {self.place} does not answer")
        cookie = secrets.token_hex(8).encode()
        with contextlib.suppress(OSError):  # refused by its machine: as good as silent
            line = self._connected()
            for seconds in TRIES:
                line.send(ng.serialize(cookie, question))
                if reply := self._reply(line, cookie, time.monotonic() + seconds):
                    return reply
        self._away_until = time.monotonic() + AWAY_SECONDS
        raise PbxError(f"rtpengine {self.place} does not answer", "is it running? See [proxy] rtpengine")

    @staticmethod
    def _reply(line: socket.socket, cookie: bytes, until: float) -> NgReply | None:
        while (left := until - time.monotonic()) > 0:
            line.settimeout(left)
            try:
                said, reply = ng.parse_reply(line.recv(65_535))
            except TimeoutError:
                return None
            except InputError as problem:
                log.warning("rtpengine: %s", problem)
                continue
            if said == cookie:
                return reply
        return None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            family, _, _, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            line = socket.socket(family, socket.SOCK_DGRAM)
            try:
                if self._host:
                    line.bind((self._host, 0))
                line.connect(address)
            except OSError:
                line.close()
                raise
            self._socket = line
        return self._socket


class Rtpengines:
    """The daemons of a site, of which each has some of the calls."""

    def __init__(self, engines: Sequence[Rtpengine]) -> None:
        self._engines = engines

    def subscribe(self, call_id: str, tag: str, port: int) -> Copy:
        """Have a voice sent to a port of ours, by whichever has the call.

        Raises:
            PbxError: none does; says what the last one said.
        """
        problem = PbxError("no rtpengine has the call", "does kamailio.cfg offer it there?")
        for engine in self._engines:
            try:
                if copy := engine.subscribe(call_id, tag, port):
                    return copy
            except PbxError as found:
                problem = found
        raise problem

    def close(self) -> None:
        """Ask nothing more."""
        for engine in self._engines:
            engine.close()
