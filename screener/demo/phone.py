"""A small SIP telephone on loopback: one socket, one thread, any number of calls. Caller and agent build on it."""

import contextlib
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from screener.demo.handset import HOST, Handset
from screener.errors import SipParseError
from screener.sip.dialog import Dialog
from screener.sip.layer import TransactionLayer
from screener.sip.message import MAX_BYTES, Message, Request, Response, fault, parse, respond
from screener.sip.transaction import ServerTransaction
from screener.sip.transport import Address

POLL_SECONDS = 0.05


@dataclass(slots=True)
class PhoneLeg:
    """One call of a telephone.

    Attributes:
        peer: URI of the other end as it was dialled, or the From of who called.
        handset: its audio; keeps the recording after the call.
        dialog: None until it is answered.
        address: where the dialog's requests go.
        status: of the final response to the INVITE, 0 before it.
        ended: the call is over.
        ended_by_peer: the other end hung up.
        origin: the leg whose REFER made this one.
        ack: of a call that was placed, to be sent again.
        invite: of a call that came in, to be acknowledged.
    """

    peer: str
    handset: Handset
    address: Address
    dialog: Dialog | None = None
    status: int = 0
    ended: bool = False
    ended_by_peer: bool = False
    origin: "PhoneLeg | None" = None
    ack: bytes = b""
    invite: ServerTransaction | None = None


class Softphone:
    """What caller and agent share. All but `post`, `start` and `stop` runs on the telephone's own thread."""

    def __init__(self, user: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.uri = f"sip:{user}@{HOST}:{self.port}"
        self.legs: list[PhoneLeg] = []
        self.layer = TransactionLayer(self._send, time.monotonic, self._unacknowledged, "Screener demo")
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._running = True
        self._thread = threading.Thread(target=self._run, name=f"phone {user}", daemon=True)

    def start(self) -> None:
        """Take messages from now on."""
        self._thread.start()

    def post(self, task: Callable[[], None]) -> None:
        """Run a task on the telephone's thread."""
        self._tasks.put(task)

    def stop(self) -> None:
        """Close the socket and every handset; calls that are up end without a word."""
        self._running = False
        if self._thread.is_alive():
            self._thread.join()
        for leg in self.legs:
            leg.handset.stop()
        self._socket.close()

    # For the two kinds of telephone.

    def asked(self, request: Request, transaction: ServerTransaction) -> None:
        """A new request has come; this one ends calls and refuses everything else."""
        leg = self.leg_of(request)
        if request.method == "BYE" and leg:
            self.answer(transaction, 200)
            leg.ended_by_peer = True
            self.ended(leg)
        else:
            self.answer(transaction, 481 if leg is None else 405)

    def ended(self, leg: PhoneLeg) -> None:
        """A call is over."""
        leg.ended = True
        leg.handset.stop()

    # What both do.

    def leg_of(self, request: Request) -> PhoneLeg | None:
        """The call that a request belongs to."""
        return next((leg for leg in self.legs if leg.dialog and leg.dialog.matches(request)), None)

    def answer(self, transaction: ServerTransaction, status: int, tag: str = "", body: bytes = b"") -> None:
        """Respond to a request."""
        response = respond(transaction.request, status, tag=tag)
        if body:
            response.headers.add("Contact", f"<{self.uri}>")
            response.headers.add("Content-Type", "application/sdp")
            response = Response(response.headers, body, response.status, response.reason)
        self.layer.respond(transaction, response)

    def ask(
        self, leg: PhoneLeg, request: Request, done: Callable[[Response | None], None] = lambda _: None
    ) -> None:
        """Send a request of ours."""
        self.layer.request(request, leg.address, f"{HOST}:{self.port}", done)

    def hang_up(self, leg: PhoneLeg) -> None:
        """BYE."""
        if leg.dialog and not leg.ended:
            self.ask(leg, leg.dialog.request("BYE"))
            self.ended(leg)

    def _send(self, data: bytes, address: Address) -> None:
        with contextlib.suppress(OSError):  # lost, as on any network: the transaction sends it again
            self._socket.sendto(data, address)

    def _unacknowledged(self, transaction: ServerTransaction) -> None:
        for leg in self.legs:
            if leg.dialog and leg.dialog.call_id == transaction.request.call_id:
                self.hang_up(leg)

    def _run(self) -> None:
        while self._running:
            while not self._tasks.empty():
                self._tasks.get()()
            wait = self.layer.poll()
            self._socket.settimeout(min(POLL_SECONDS, POLL_SECONDS if wait is None else max(wait, 0.001)))
            try:
                data, source = self._socket.recvfrom(MAX_BYTES)
                self._take(parse(data), source)
            except (SipParseError, OSError):
                continue

    def _take(self, message: Message, source: Address) -> None:
        if isinstance(message, Response):
            self._responded(message)
        elif isinstance(message, Request) and not fault(message):
            if message.method == "ACK":
                leg = self.leg_of(message)
                if not self.layer.acknowledged(message) and leg and leg.invite:
                    self.layer.acknowledge(leg.invite)
            elif not self.layer.repeated(message, source) and (transaction := self.layer.take(message, source)):
                self.asked(message, transaction)

    def _responded(self, response: Response) -> None:
        for leg in self.legs:
            if leg.ack and leg.dialog and (response.call_id, *response.cseq[1:]) == (leg.dialog.call_id, "INVITE"):
                self._send(leg.ack, leg.address)  # 200 came again: our ACK was lost
        self.layer.response(response)


def new_tag() -> str:
    """A tag or a Call-ID that nobody has."""
    return secrets.token_hex(8)
