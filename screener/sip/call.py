"""One call, from the INVITE that offered it to the BYE that ended it. Everything in here runs on the SIP thread.

::

    OFFERED ── answer ──► ANSWERED ── ACK ──► UP ── BYE ──► ENDED
       └── reject, CANCEL ──────────────────────────────────►┘
"""

import logging
import math
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from screener.events import CallAnswered, CallEnded, Dtmf, EndedBy, Event, Tick, TransferEnded
from screener.ports import Destination
from screener.sip import info, refer
from screener.sip.invitation import Invitation, Refusal, read_again
from screener.sip.message import Request, Response
from screener.sip.negotiation import Negotiation
from screener.sip.pyvoip import PhoneCall
from screener.sip.replies import reply, with_session
from screener.sip.timer import SessionTimer
from screener.sip.transaction import LIFE, ServerTransaction
from screener.sip.transport import Address
from screener.sip.uacore import UserAgentCore

log = logging.getLogger(__name__)

MEDIA_TIMEOUT_SECONDS = 60.0
"""A peer that sends no audio for so long, and does not hold, is gone."""
KEEP_SECONDS = LIFE / 2
"""So long at most a BYE waits until the call is written down; its peer asks again meanwhile."""
OFFER_SECONDS = 60.0
"""An offer that nobody answers for so long is refused, so that the PBX goes on."""


class _State(Enum):
    OFFERED = auto()
    ANSWERED = auto()
    UP = auto()
    LEAVING = auto()
    """The peer has hung up after it took our REFER: for a moment, its NOTIFY may yet come."""
    ENDED = auto()


class SipCall(Negotiation):
    """A call of the product, as `ports.Call` describes it, on top of pyVoIP's record of it."""

    def __init__(
        self,
        core: UserAgentCore,
        record: PhoneCall,
        invitation: Invitation,
        transaction: ServerTransaction,
        source: Address,
        replaced: "SipCall | None" = None,
    ) -> None:
        self._state = _State.OFFERED  # first: what is agreed may ask
        super().__init__(core, record, invitation, source)
        self._transaction, self._replaced = transaction, replaced
        self._timer = invitation.timer
        self._due = core.layer.now + OFFER_SECONDS
        """When `sweep` has something to do: refuse a stale offer, refresh the session or give it up."""
        self._answered_at = 0.0
        self._hangup_wanted = False
        self._transfer: refer.Refer | None = None
        self._sent_to: Destination | None = None
        """Of the newest REFER: whoever answers there after it was given up has the caller all the same."""
        self._goodbye: ServerTransaction | None = None
        """The peer's BYE, while it waits for its answer."""

    # What the user agent asks.

    @property
    def waits_since(self) -> float | None:
        """When it was answered, while the ACK is missing."""
        return self._answered_at if self._state is _State.ANSWERED else None

    @property
    def up(self) -> bool:
        """Whether it is answered, acknowledged and not over."""
        return self._state is _State.UP

    # The media thread.

    def _media_event(self, event: Event) -> None:
        self._events(event)
        if isinstance(event, Tick) and not self._stream.held and self._stream.silent_for > MEDIA_TIMEOUT_SECONDS:
            self._core.post(self._vanished)

    # Answering.

    def ring(self) -> None:
        """180: the offer has reached whoever decides."""
        if self._state is _State.OFFERED:
            made = self._response(self._transaction.request, 180)
            self._core.layer.respond(self._transaction, with_session(made, self._core.contact_header, None))

    def _answer(self) -> None:
        if self._state is not _State.OFFERED:
            return
        self._state, self._answered_at = _State.ANSWERED, self._core.layer.now
        self._record.answer()
        self._respond_with_sdp(self._transaction)
        if self._replaced is not None:
            self._replaced.give_way()

    def give_way(self) -> None:
        """Another call has taken the place of this one (RFC 3891)."""
        if self._state is _State.OFFERED:
            self._reject(486)
        else:
            self._hangup()

    def sweep(self, now: float) -> None:
        """Called every second: do what has become due."""
        if now < self._due:
            return
        if self._state is _State.OFFERED:
            self._reject(480)
        elif self._state is _State.UP and self._timer is not None:
            self._keep_up(self._timer)

    def _keep_up(self, session: SessionTimer) -> None:
        """Refresh the session, or end it: the peer has not, and is gone (RFC 4028 10)."""
        if not session.ours:
            log.warning("call from %s: no session refresh in %d s; ended", self._invite.source, session.interval)
            self._bye(EndedBy.FAULT)
            return
        self._set_timer(session)
        request = self.dialog.request("UPDATE")
        request.headers.lines += session.refresh().lines

        def refreshed(response: Response | None) -> None:
            if response is None or response.status in (408, 481):
                self._bye(EndedBy.FAULT)

        self._send(request, refreshed)

    def _set_timer(self, session: SessionTimer | None) -> None:
        self._timer = session
        self._due = self._core.layer.now + session.wait if session else math.inf

    def _reject(self, status: int) -> None:
        if self._state is not _State.OFFERED:
            return
        self._core.layer.respond(self._transaction, self._response(self._transaction.request, status))
        self._end(EndedBy.SCREENER)

    def cancelled(self, invite: ServerTransaction) -> None:
        """CANCEL has come (and was answered): 487 to its INVITE, unless it has its final response already."""
        if self._state is _State.OFFERED and invite is self._transaction:
            self._core.layer.respond(self._transaction, self._response(self._transaction.request, 487))
            self._end(EndedBy.CALLER)

    def acknowledged(self, ack: Request) -> None:
        """ACK of a 2xx has come; only the number of the newest INVITE counts."""
        if self._state is _State.ENDED or ack.cseq[0] != self._transaction.request.cseq[0]:
            return
        self._core.layer.acknowledge(self._transaction)
        if self._awaiting_answer and not self._take_answer(ack):
            self._state = _State.UP
            self._bye(EndedBy.FAULT)
        elif self._state is _State.ANSWERED:
            self._state = _State.UP
            self._set_timer(self._timer)
            self._begin()
            self._events(CallAnswered(0.0))
            if self._hangup_wanted:
                self._hangup()

    def unacknowledged(self, transaction: ServerTransaction) -> None:
        """No ACK came for 32 s: RFC 3261 13.3.1.4 asks for a BYE."""
        if transaction is self._transaction and self._state in (_State.ANSWERED, _State.UP):
            self.give_up()

    def give_up(self) -> None:
        """End a call whose answer is not acknowledged."""
        log.warning("call from %s: no ACK; ended", self._invite.source)
        self._bye(EndedBy.FAULT)

    # Requests within the call.

    def request(self, request: Request, transaction: ServerTransaction) -> None:
        """A request of the peer within the dialog; ACK and CANCEL have ways of their own."""
        layer = self._core.layer
        if self._state is _State.ENDED:
            layer.respond(transaction, self._response(request, 481))
        elif self._state is _State.LEAVING:
            if request.method == "NOTIFY":  # sent before the BYE or after it
                self._notified(request, transaction)
            else:
                layer.respond(transaction, self._response(request, 481))
        elif self._state is _State.OFFERED and request.method != "BYE":
            layer.respond(transaction, self._response(request, 491))  # our answer comes first
        elif not self.dialog.accept(request):
            layer.respond(transaction, self._response(request, 500, "CSeq out of order"))
        elif request.method == "BYE":
            if self._state is _State.OFFERED:
                layer.respond(self._transaction, self._response(self._transaction.request, 487))
            self._goodbye = transaction
            layer.after(KEEP_SECONDS, self._part)
            if self._transfer is not None and self._transfer.accepted:
                self._state = _State.LEAVING
                layer.after(refer.GRACE_SECONDS, self._break_off_transfer)
                return
            self._break_off_transfer()
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
        layer, asked = self._core.layer, read_again(request, self._client, self._core.encryption)
        busy = self._state is not _State.UP or self._awaiting_answer
        if isinstance(asked, Refusal) or busy:
            refusal = asked if isinstance(asked, Refusal) and (asked.status == 422 or not busy) else Refusal(491)
            response = self._response(request, refusal.status, refusal.reason)
            response.headers.lines += refusal.headers
            layer.respond(transaction, response)
            return
        self._set_timer(asked.timer)
        if asked.offer is not None:
            self._agree(asked.offer[1])
        self._told(asked)
        if asked.offer is None and not asked.asks_for_offer:  # a session refresh: nothing else changes
            made = self._response(request, 200)
            layer.respond(transaction, with_session(made, self._core.contact_header, asked.timer))
            return
        self._offer, self._awaiting_answer = asked.offer, asked.asks_for_offer
        if request.method == "INVITE":
            self._transaction = transaction
        self._respond_with_sdp(transaction)

    def _info(self, request: Request) -> int:
        digit = info.key(request)
        if digit is None:
            return 415 if request.body else 200
        if digit and self._state is _State.UP:
            self._events(Dtmf(digit, self._stream.at))
        return 200

    # Moving the caller.

    def _refer(self, to: Destination, marked: bool) -> None:
        if self._state is _State.ENDED or self._state is _State.OFFERED:
            return
        if self._state is not _State.UP or self._transfer is not None:
            self._events(TransferEnded(to.target, ok=False, status=491, at=self._stream.at))
            return
        self._sent_to = to
        self._transfer = refer.Refer(to.uri, self._core.layer.after, partial(self._transferred, to, marked))
        request = refer.refer(self.dialog, to.uri, self._core.contact, marked=marked)
        self._send(request, self._transfer.answered)

    def _notified(self, request: Request, transaction: ServerTransaction) -> None:
        layer = self._core.layer
        if request.headers.get("Event").partition(";")[0].strip().lower() != "refer":
            layer.respond(transaction, self._response(request, 489))
            return
        layer.respond(transaction, self._response(request, 200))
        if self._transfer is not None:
            self._transfer.notified(request)
        elif self._sent_to is not None and 200 <= (refer.sipfrag_status(request) or 0) < 300:
            self._transferred(self._sent_to, False, refer.MOVED)

    def _transferred(self, to: Destination, marked: bool, status: int) -> None:
        self._transfer = None
        if status == refer.UNSETTLED and self._state is _State.UP and self._stream.at < refer.SETTLING_SECONDS:
            self._core.layer.after(refer.AGAIN_SECONDS, lambda: self._refer(to, marked))
            return
        ok = 200 <= status < 300
        self._events(TransferEnded(to.target, ok=ok, status=status, at=self._stream.at))
        if self._state is _State.LEAVING:
            self._end(EndedBy.TRANSFER if ok else EndedBy.CALLER)
        elif ok:
            self._bye(EndedBy.TRANSFER)

    def _break_off_transfer(self) -> None:
        if self._transfer is not None:
            self._transfer.judge(refer.ACCEPTED if self._state is _State.LEAVING else 487)

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
        self._break_off_transfer()
        if self._state not in (_State.LEAVING, _State.ENDED):
            self._record.hangup()  # stops the audio, asks the client for the BYE, leaves the registry
            self._end(by)

    def send_bye(self) -> None:
        """What pyVoIP's hangup asks the client for."""
        self._send(self.dialog.request("BYE"), lambda _response: None)

    def _part(self) -> None:
        if self._goodbye is not None:
            self._core.layer.respond(self._goodbye, self._response(self._goodbye.request, 200))
            self._goodbye = None

    def _end(self, by: EndedBy) -> None:
        if self._state is _State.OFFERED:
            self._record.deny()
        else:
            self._record.bye()  # nothing to do for pyVoIP when `hangup` was first
        self._state = _State.ENDED
        self._core.ended(self.dialog.call_id)
        self._events(CallEnded(by, self._stream.at))

    # Small things.

    def _response(self, request: Request, status: int, reason: str = "") -> Response:
        return reply(request, status, self.dialog.local_tag, reason)

    def _respond_with_sdp(self, transaction: ServerTransaction) -> None:
        self._version += 1
        body = self._description()
        made = self._response(transaction.request, 200)
        self._core.layer.respond(transaction, with_session(made, self._core.contact_header, self._timer, body))

    def _send(self, request: Request, done: Callable[[Response | None], None]) -> None:
        request.headers.add("Contact", self._core.contact_header)
        self._core.layer.request(request, self._core.hop(self.dialog), self._core.via, done)
