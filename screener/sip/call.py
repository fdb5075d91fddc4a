"""One call, from the INVITE that offered it to the BYE that ended it. Everything in here runs on the SIP thread.

::

    OFFERED ── answer ──► ANSWERED ── ACK ──► UP ── BYE ──► ENDED
       └── reject, CANCEL ──────────────────────────────────►┘
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from screener.errors import SipParseError
from screener.events import CallAnswered, CallEnded, Dtmf, EndedBy, Event, Tick, TransferEnded
from screener.masking import mask_text
from screener.media.g711 import Law
from screener.media.prompts import Clip
from screener.media.rtp import DIGITS
from screener.media.stream import AudioStream
from screener.sip import refer, sdp
from screener.sip.dialog import Dialog
from screener.sip.endpoint import EventSink, FrameSink, InviteInfo
from screener.sip.layer import Address, TransactionLayer
from screener.sip.message import Headers, Request, Response, part, respond
from screener.sip.pyvoip import PhoneCall
from screener.sip.transaction import ServerTransaction

log = logging.getLogger(__name__)

MEDIA_TIMEOUT_SECONDS = 60.0
"""A peer that sends no audio for so long, and does not hold, is gone."""
OFFER_SECONDS = 60.0
"""An offer that nobody answers for so long is refused, so that the PBX goes on."""
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"


class _State(Enum):
    OFFERED = auto()
    ANSWERED = auto()
    UP = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Station:
    """Where a call lives.

    Attributes:
        layer: transactions and timers.
        post: runs a task on the SIP thread.
        contact: our URI as the peer reaches it.
        via: our `host:port` as the peer reaches it.
        host: our address in SDP.
        hop: where the next request of a dialog goes: a configured peer, or the source of the call.
        ended: told once when the call is over.
    """

    layer: TransactionLayer
    post: Callable[[Callable[[], None]], None]
    contact: str
    via: str
    host: str
    hop: Callable[[Dialog], Address]
    ended: Callable[["SipCall"], None]


class SipCall:
    """A call of the product, as `endpoint.Call` describes it, on top of pyVoIP's record of it."""

    def __init__(
        self,
        station: Station,
        record: PhoneCall,
        invite: InviteInfo,
        transaction: ServerTransaction,
        dialog: Dialog,
        offer: tuple[sdp.Description, sdp.Stream] | None,
        source: Address,
    ) -> None:
        self.dialog = dialog
        self._station, self._record, self._invite = station, record, invite
        self._transaction, self._offer, self._source = transaction, offer, source
        self._state = _State.OFFERED
        self._events: EventSink = lambda _event: None
        self._version = 0
        self._session_id = int(record.session_id)
        self._leg = record.leg
        self._awaiting_answer = offer is None
        self._held = False
        self._hangup_wanted = False
        self._transfer: str | None = None
        self._refers = 0
        self._notifies = 0
        law = offer[1] if offer else sdp.Stream(0, "", 0, Law.PCMU, 0, sdp.EVENT_TYPE, "sendrecv")
        self._stream = AudioStream(self._media_event, law.law, law.payload_type, law.event_type)
        if offer:
            self._agree(offer[1])
        station.layer.after(OFFER_SECONDS, lambda: self._reject(480))

    # From any thread.

    @property
    def invite(self) -> InviteInfo:
        """What was offered."""
        return self._invite

    def subscribe(self, events: EventSink) -> None:
        """Say where events go."""
        self._events = events

    def answer(self) -> None:
        """200 OK; `CallAnswered` follows with the ACK."""
        self._station.post(self._answer)

    def reject(self, status: int) -> None:
        """Final failure response."""
        self._station.post(lambda: self._reject(status))

    def listen(self, frames: FrameSink | None) -> None:
        """Send the caller's audio there from now on; None stops it."""
        self._stream.listener = frames

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Play clips one after the other; replaces what is playing."""
        self._stream.play(clips)

    def stop_playing(self) -> None:
        """Silence from the next packet on."""
        self._stream.playlist = None

    def transfer(self, uri: str, *, marked: bool = False) -> None:
        """REFER; `TransferEnded` follows."""
        self._station.post(lambda: self._refer(uri, marked))

    def hangup(self) -> None:
        """BYE; `CallEnded` follows."""
        self._station.post(self._hangup)

    # The media thread.

    def _media_event(self, event: Event) -> None:
        self._events(event)
        if isinstance(event, Tick) and not self._held and self._stream.silent_for > MEDIA_TIMEOUT_SECONDS:
            self._station.post(self._vanished)

    # Answering.

    def _answer(self) -> None:
        if self._state is not _State.OFFERED:
            return
        self._state = _State.ANSWERED
        self._record.answer()
        self._respond_with_sdp(self._transaction)

    def _reject(self, status: int) -> None:
        if self._state is not _State.OFFERED:
            return
        response = self._response(self._transaction.request, status)
        if status == 503:
            response.headers.add("Retry-After", "10")
        self._station.layer.respond(self._transaction, response)
        self._end(EndedBy.SCREENER)

    def cancelled(self) -> None:
        """CANCEL has come (and was answered): 487 to the INVITE, unless it has its final response already."""
        if self._state is _State.OFFERED:
            self._station.layer.respond(self._transaction, self._response(self._transaction.request, 487))
            self._end(EndedBy.CALLER)

    def acknowledged(self, ack: Request) -> None:
        """ACK of a 2xx has come; only the number of the newest INVITE counts."""
        if self._state is _State.ENDED or ack.cseq[0] != self._transaction.request.cseq[0]:
            return
        self._station.layer.acknowledge(self._transaction)
        if self._awaiting_answer and not self._take_answer(ack):
            self._state = _State.UP
            self._bye(EndedBy.FAULT)
        elif self._state is _State.ANSWERED:
            self._state = _State.UP
            self._leg.start(self._stream)
            self._events(CallAnswered(0.0))
            if self._hangup_wanted:
                self._hangup()

    def unacknowledged(self, transaction: ServerTransaction) -> None:
        """No ACK came for 32 s: RFC 3261 13.3.1.4 asks for a BYE."""
        if transaction is self._transaction and self._state in (_State.ANSWERED, _State.UP):
            log.warning("call from %s: no ACK; ended", self._invite.source)
            self._bye(EndedBy.FAULT)

    def _take_answer(self, ack: Request) -> bool:
        self._awaiting_answer = False
        try:
            body = part(ack, "application/sdp")
            stream = sdp.parse(body).audio() if body else None
        except SipParseError:
            stream = None
        if stream is not None:
            self._agree(stream)
        return stream is not None

    # Requests within the call.

    def request(self, request: Request, transaction: ServerTransaction) -> None:
        """A request of the peer within the dialog; ACK and CANCEL have ways of their own."""
        layer = self._station.layer
        if self._state is _State.ENDED or (self._state is _State.OFFERED and request.method != "BYE"):
            layer.respond(transaction, self._response(request, 481))
        elif not self.dialog.accept(request):
            layer.respond(transaction, self._response(request, 500, "CSeq out of order"))
        elif request.method == "BYE":
            layer.respond(transaction, self._response(request, 200))
            if self._state is _State.OFFERED:
                layer.respond(self._transaction, self._response(self._transaction.request, 487))
            self._judge_transfer(487)
            self._end(EndedBy.CALLER)
        elif request.method in ("INVITE", "UPDATE"):
            self._renegotiate(request, transaction)
        elif request.method == "NOTIFY":
            self._notified(request, transaction)
        elif request.method == "INFO":
            layer.respond(transaction, self._response(request, self._info(request)))
        elif request.method == "OPTIONS":
            layer.respond(transaction, self._response(request, 200))
        else:
            layer.respond(transaction, self._response(request, 603 if request.method == "REFER" else 405))

    def _renegotiate(self, request: Request, transaction: ServerTransaction) -> None:
        layer, body = self._station.layer, part(request, "application/sdp")
        if self._state is not _State.UP or self._awaiting_answer:
            layer.respond(transaction, self._response(request, 491))
            return
        if request.body and body is None:
            layer.respond(transaction, self._response(request, 415))
            return
        if body is not None:
            try:
                theirs = sdp.parse(body)
            except SipParseError:
                layer.respond(transaction, self._response(request, 400, "Bad SDP"))
                return
            stream = theirs.audio()
            if stream is None:
                layer.respond(transaction, self._response(request, 488))
                return
            self._offer = theirs, stream
            self._agree(stream)
        elif request.method == "UPDATE":  # a session refresh: nothing changes
            layer.respond(transaction, self._response(request, 200))
            return
        else:
            self._offer, self._awaiting_answer = None, True
        if request.method == "INVITE":
            self._transaction = transaction
        self._respond_with_sdp(transaction)

    def _info(self, request: Request) -> int:
        text = request.body[:200].decode("ascii", "replace")
        if part(request, "application/dtmf-relay") is not None:
            key = next((ln.partition("=")[2] for ln in text.splitlines() if ln.lower().startswith("signal")), "")
        elif part(request, "application/dtmf") is not None:
            key = text
        else:
            return 415 if request.body else 200
        digit = key.strip().upper()
        digit = DIGITS[int(digit)] if digit in ("10", "11") else digit
        if len(digit) == 1 and digit in DIGITS and self._state is _State.UP:
            self._events(Dtmf(digit, self._stream.at))
        return 200

    # Moving the caller.

    def _refer(self, uri: str, marked: bool) -> None:
        if self._state is _State.ENDED or self._state is _State.OFFERED:
            return
        if self._state is not _State.UP or self._transfer is not None:
            self._events(TransferEnded(uri, ok=False, status=491, at=self._stream.at))
            return
        self._transfer = uri
        self._refers += 1
        attempt = self._refers
        request = refer.refer(self.dialog, uri, self._station.contact, marked=marked)

        def answered(response: Response | None) -> None:
            if attempt != self._refers or self._transfer is None:
                return
            if response is None or response.status >= 300:
                self._judge_transfer(response.status if response else 408)
            else:
                self._expire(attempt, refer.FIRST_NOTIFY_SECONDS)

        self._send(request, answered)

    def _expire(self, attempt: int, seconds: float) -> None:
        heard = self._notifies

        def check() -> None:
            if attempt == self._refers and heard == self._notifies:
                self._judge_transfer(408)

        self._station.layer.after(seconds, check)

    def _notified(self, request: Request, transaction: ServerTransaction) -> None:
        layer = self._station.layer
        if request.headers.get("Event").partition(";")[0].strip().lower() != "refer":
            layer.respond(transaction, self._response(request, 489))
            return
        layer.respond(transaction, self._response(request, 200))
        status = refer.sipfrag_status(request)
        if status is not None and status >= 200:
            self._judge_transfer(status)
        elif refer.terminated(request):
            self._judge_transfer(408)
        elif self._transfer is not None:
            self._notifies += 1
            self._expire(self._refers, refer.RINGING_SECONDS)

    def _judge_transfer(self, status: int) -> None:
        if self._transfer is None:
            return
        uri, self._transfer = self._transfer, None
        ok = 200 <= status < 300
        log.info("transfer to %s: %d", mask_text(uri), status)
        self._events(TransferEnded(uri, ok=ok, status=status, at=self._stream.at))
        if ok:
            self._bye(EndedBy.TRANSFER)

    # The end.

    def _hangup(self) -> None:
        if self._state is _State.OFFERED:
            self._reject(480)
        elif self._state is _State.ANSWERED:
            self._hangup_wanted = True  # RFC 3261 15: no BYE before the ACK
        else:
            self._bye(EndedBy.SCREENER)

    def _vanished(self) -> None:
        if self._state is _State.UP:
            log.warning("call from %s: no audio for %.0f s; ended", self._invite.source, MEDIA_TIMEOUT_SECONDS)
            self._bye(EndedBy.FAULT)

    def _bye(self, by: EndedBy) -> None:
        if self._state is _State.ENDED:
            return
        self._judge_transfer(487)
        self._record.hangup()  # stops the audio, asks the client for the BYE, leaves the registry
        self._end(by)

    def send_bye(self) -> None:
        """What pyVoIP's hangup asks the client for."""
        self._send(self.dialog.request("BYE"), lambda _response: None)

    def _end(self, by: EndedBy) -> None:
        if self._state is _State.OFFERED:
            self._record.deny()
        else:
            self._record.bye()  # nothing to do for pyVoIP when `hangup` was first
        self._state = _State.ENDED
        self._station.ended(self)
        self._events(CallEnded(by, self._stream.at))

    # Small things.

    def _agree(self, stream: sdp.Stream) -> None:
        """Send and expect what was negotiated, in place: the stream and its audio time go on."""
        audio = self._stream
        audio.law, audio.payload_type, audio.event_type = stream.law, stream.payload_type, stream.event_type
        self._held = stream.held
        audio.sending = not stream.held
        audio.heard_at = audio.ticks
        if stream.host not in ("0.0.0.0", "::"):  # noqa: S104 - hold of RFC 2543
            self._leg.point(stream.host, stream.port, self._source[0])

    def _response(self, request: Request, status: int, reason: str = "") -> Response:
        response = respond(request, status, reason, self.dialog.local_tag)
        if status < 300 or status == 405:
            response.headers.add("Allow", ALLOW)
        return response

    def _respond_with_sdp(self, transaction: ServerTransaction) -> None:
        self._version += 1
        host, port = self._station.host, self._leg.port
        if self._offer is None:
            body = sdp.offer(host, port, self._session_id, self._version)
        else:
            body = sdp.answer(*self._offer, host, port, self._session_id, self._version)
        made = self._response(transaction.request, 200)
        headers = [("Contact", f"<{self._station.contact}>"), ("Content-Type", "application/sdp")]
        response = Response(Headers([*made.headers, *headers]), body, made.status, made.reason)
        self._station.layer.respond(transaction, response)

    def _send(self, request: Request, done: Callable[[Response | None], None]) -> None:
        request.headers.add("Contact", f"<{self._station.contact}>")
        self._station.layer.request(request, self._station.hop(self.dialog), self._station.via, done)
