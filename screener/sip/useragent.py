"""The SIP user agent: reads what comes, answers what needs no call, and hands calls on.

::

    datagram ─► allowed? ─► not too many? ─► message ─► transaction ─► method ─► call
"""

import hashlib
import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence

from screener.errors import SipError, SipParseError
from screener.media.leg import Leg
from screener.media.loop import JOIN_SECONDS, MediaLoop
from screener.numbers.mask import mask, mask_text
from screener.operations.metrics import Sample
from screener.ports import OfferSink, RegistrationState
from screener.settings.sections import Sip
from screener.sip import counts, invitation
from screener.sip.address import escape_user
from screener.sip.call import SipCall
from screener.sip.counts import MediaTotals, SipCounts
from screener.sip.dialog import Dialog
from screener.sip.guard import Allowed, Authenticator, Rate, Readable, Watch
from screener.sip.invitation import Invitation, Refusal, in_place_of
from screener.sip.layer import TransactionLayer
from screener.sip.message import Request, Response, fault, parse, respond
from screener.sip.pyvoip import PyVoipPhone
from screener.sip.recording import open_call
from screener.sip.registrars import Registrars
from screener.sip.replaces import Replaces
from screener.sip.replies import reply
from screener.sip.transaction import ServerTransaction
from screener.sip.transport import Address, TlsAddress, name_of, parameter
from screener.sip.uacore import UserAgentCore, contact_scheme, hop_of, own_address, own_host

log = logging.getLogger(__name__)

ACK_SECONDS = 2.0
"""An answered call that is not acknowledged for so long, three retransmissions, gives way when lines are short."""
STOP_SECONDS = 2.0
"""How long the last BYE and REGISTER may take when the service stops: a retransmission or two."""
CALL_REQUESTS_PER_SECOND = 25.0
"""Requests of one call that are answered, and twice as many at once: nothing that calls do comes so fast."""
ENDPOINT_SECONDS = STOP_SECONDS + 2 * JOIN_SECONDS
"""How long `stop` takes at the very worst: the SIP thread and then the media thread may hang."""
SWEEP_SECONDS = 1.0
"""How often calls are looked at for what has become due."""


class SipUserAgent:
    """An endpoint on pyVoIP, as `ports.Endpoint` describes it.

    Args:
        settings: the `[sip]` section.
        clock: monotonic seconds.
        chance: for tags and jitter.

    Raises:
        SipError: a peer's name cannot be resolved.
    """

    def __init__(
        self, settings: Sip, clock: Callable[[], float] = time.monotonic, chance: random.Random | None = None
    ) -> None:
        self.counts = SipCounts()
        self._settings, self._clock = settings, clock
        self._registrars = Registrars(
            settings.registrars, chance or random.SystemRandom(), lambda all_: self._phone.set_registered(all_)
        )
        self._allowed = Allowed((*settings.peers, *(registrar.host for registrar in settings.registrars)))
        self._authenticator = Authenticator(
            settings.inbound_username, settings.inbound_password, settings.user_agent or "sip"
        )
        self._rate = Rate(settings.max_requests_per_second, self._registrars.addresses)
        self._talk, self._secret = Rate(CALL_REQUESTS_PER_SECOND), secrets.token_bytes(16)
        self._readable = Readable(self._rate, self._talk)
        self._watch, self._past = Watch(), MediaTotals()
        self._swept, self._stopping = clock(), False
        self._calls: dict[str, SipCall] = {}
        self._offers: OfferSink = lambda call: call.reject(503)

    # The endpoint.

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._phone.sip.myPort)

    def start(self, offers: OfferSink) -> None:
        """Bind, register, take calls.

        Raises:
            SipError: the address cannot be bound, a certificate cannot be used, or nothing leads to a registrar.
        """
        settings, self._offers = self._settings, offers
        self._media = MediaLoop(settings.host, settings.rtp_port_low, settings.rtp_port_high)
        self._phone = PyVoipPhone(settings, self._media, self._registrars.names)
        client = self._phone.sip
        client.received, client.on_bye, client.poll = self._received, self._send_bye, self._poll
        client.admits, client.failed = self._admitted, self._unreachable
        self._layer = TransactionLayer(self._send, self._clock, self._unacknowledged, settings.user_agent)
        try:
            self._phone.start()
            # The PBX dials the contact: its user must be an extension that is answered.
            self._registrars.start(self._layer, self._own, settings.screening_extension)
        except SipError:
            client.stop()
            self._media.stop()
            raise
        client.post(lambda: None)  # wakes the thread, which finds them due

    def open_leg(self) -> Leg:
        """A leg for audio that comes without a call of ours; SipError where every port is taken."""
        return self._media.open()

    def registrations(self) -> Sequence[RegistrationState]:
        """Where we stand with each registrar."""
        return self._registrars.states()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        calls = list(self._calls.values())
        streams = [stream for call in calls for stream in call.streams]
        yield from counts.samples(self.counts, self._media.counts, self._past, streams, self.registrations())
        yield from counts.of_security(self._phone.sip.wire, sum(call.encrypted for call in calls))

    def pulse(self, answered: Callable[[], None]) -> None:
        """Call back once the SIP thread and then the media thread have come round to it."""
        self._phone.sip.post(lambda: self._media.pulse(answered))

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Refuse new calls, end those that are up, deregister, close all; waits `patience` seconds at most."""
        if not self._phone.sip.NSD:  # pyVoIP's word for running: the start failed, or it was stopped already
            return
        self._phone.sip.post(self._wind_up)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and (not self._stopping or self._calls or self._layer.asking):
            time.sleep(0.02)
        self._phone.stop()
        self._media.stop()

    def _wind_up(self) -> None:
        self._stopping = True
        for call in list(self._calls.values()):
            call.hangup()
        self._registrars.stop()

    # What comes.
    def _unreachable(self, address: Address, why: str) -> None:
        self._watch.note(address[0], f"no {name_of(address)} connection: {why}", self._clock())
        self._registrars.unreachable(address, why)
        self._phone.sip.post(lambda: self._layer.unreachable(address))

    def _admitted(self, host: str) -> bool:
        if host in self._allowed:
            return True
        self.counts.dropped += 1
        self._watch.note(host, "not among sip.peers; dropped unread", self._clock())
        return False

    def _received(self, data: bytes, source: Address) -> None:
        if not self._admitted(source[0]) or not data.strip(b"\r\n\0 "):  # an empty one keeps a NAT open
            return
        if not self._readable(data, source, self._calls, self._clock()):
            self.counts.unread += 1
            self._watch.note(source[0], "sends far too fast; dropped unread", self._clock())
            return
        try:
            message = parse(data)
        except SipParseError as problem:
            self.counts.malformed += 1
            self._watch.note(source[0], "sends what is not SIP", self._clock())
            log.debug("not SIP, from %s:%d: %s", *source, mask_text(problem.message))
            return
        if isinstance(message, Response):
            self._response_came(message)
        elif (wrong := fault(message)) is None:
            self._request(message, source)
        elif message.method != "ACK":
            self.counts.malformed += 1
            self.counts.refused[wrong[0]] += 1
            self._watch.note(source[0], "sends requests that are wrong", self._clock())
            self._send(respond(message, *wrong, tag=secrets.token_hex(4)).serialize(), source)

    def _response_came(self, response: Response) -> None:
        try:
            self.counts.stray += not self._layer.response(response)
        except SipParseError as problem:
            self.counts.malformed += 1
            log.info("a response cannot be read: %s", mask_text(problem.message))

    def _request(self, request: Request, source: Address) -> None:
        if request.method == "ACK":
            if not self._layer.acknowledged(request) and (call := self._call_of(request)):
                self._rate.know(source)
                call.acknowledged(request)
            return
        hops = request.headers.values("Via")
        request.headers.replace("Via", [str(request.via.received_from(*source)), *hops[1:]])
        if self._layer.repeated(request, source):
            return
        if status := self._turned_away(request, source):
            self._refuse_unremembered(request, status, source)
            return
        in_call = bool(request.to.tag) or request.method == "CANCEL"
        transaction = self._layer.take(request, source, in_call=in_call)
        if transaction is None:
            return
        try:
            self._dispatch(request, transaction, source)
        except SipParseError as problem:
            log.info("%s from %s:%d refused: %s", request.method, *source, mask_text(problem.message))
            self._refuse(transaction, 400)
        except Exception:
            log.exception("%s from %s:%d: a fault of ours", request.method, *source)
            if transaction.status < 200:  # answered in any case, so that the PBX goes on at once
                self._refuse(transaction, 500)

    def _turned_away(self, request: Request, source: Address) -> int:
        """The status of what is refused before anything is remembered of it; 0 when it is looked at."""
        if request.method == "CANCEL":
            return 0 if self._layer.invite_of(request, source) else 481
        if request.to.tag:
            if self._call_of(request) is None:
                return 481
            if request.method == "BYE" or self._talk.has_room(request.call_id, self._clock()):
                return 0
            self._watch.note(source[0], "asks too fast within a call; refused", self._clock())
            return 503
        if self._rate.allows(source, self._clock()):
            return 0
        self._watch.note(source[0], "asks too fast; refused", self._clock())
        return 503

    def _refuse_unremembered(self, request: Request, status: int, source: Address) -> None:
        """As a stateless server (RFC 3261 8.2.7): the same tag for the same request, and nothing is sent again."""
        self.counts.refused[status] += 1
        said = f"{request.call_id} {request.headers.get('CSeq')} {request.via.branch}".encode("utf-8", "replace")
        tag = hashlib.blake2s(said, key=self._secret, digest_size=8).hexdigest()
        self._send(self._response(request, status, tag).serialize(), source)

    def _dispatch(self, request: Request, transaction: ServerTransaction, source: Address) -> None:
        if request.method == "CANCEL":  # whatever it requires (RFC 3261 8.2.2.3)
            self._cancel(request, transaction, source)
        elif unsupported := invitation.unsupported(request, self._settings):
            self._refuse(transaction, 420, ("Unsupported", ", ".join(unsupported)))
        elif request.to.tag:
            call = self._call_of(request)
            if call is not None:
                call.request(request, transaction)
            else:
                self._refuse(transaction, 481)
        elif request.method == "INVITE":
            self._invite(request, transaction, source)
        elif request.method == "OPTIONS":
            response = self._response(request, 200)
            response.headers.add("Accept", invitation.ACCEPT)
            self._layer.respond(transaction, response)
        else:
            self._watch.note(source[0], "sends what has no place outside a call; refused", self._clock())
            status = {"BYE": 481, "NOTIFY": 481, "INFO": 481, "UPDATE": 481, "REFER": 603}
            self._refuse(transaction, status.get(request.method, 405))

    def _cancel(self, request: Request, transaction: ServerTransaction, source: Address) -> None:
        """The transaction that it names says which call it ends, not its Call-ID."""
        invite = self._layer.invite_of(request, source)
        if invite is None:
            self._refuse(transaction, 481)
            return
        call = self._calls.get(invite.request.call_id)
        tag = call.dialog.local_tag if call else ""
        self._layer.respond(transaction, respond(request, 200, tag=tag or secrets.token_hex(4)))
        if call is not None:
            call.cancelled(invite)

    def _invite(self, request: Request, transaction: ServerTransaction, source: Address) -> None:
        if challenge := self._authenticator.challenge(request, self._clock()):
            if request.headers.all("Authorization"):
                self._watch.note(source[0], "has the wrong password", self._clock())
            self._refuse(transaction, 401, ("WWW-Authenticate", challenge.serialize()))
            return
        if request.call_id in self._calls:
            self._refuse(transaction, 482)
            return
        if len(self._calls) >= self._settings.max_calls:
            self._make_room()
        if self._stopping or len(self._calls) >= self._settings.max_calls:
            self._watch.note(source[0], "calls, but every line is taken; 503", self._clock())
            self._refuse(transaction, 503)
            return
        asked = invitation.read(request, f"{source[0]}:{source[1]}", secrets.token_hex(8), self._settings)
        if isinstance(asked, Refusal):
            self._watch.note(source[0], f"calls in vain; {asked.status}", self._clock())
            self._refuse(transaction, asked.status, *asked.headers)
            return
        replaced = None
        if asked.replaces is not None:
            if (replaced := self._replaced(asked.replaces)) is None:
                self._refuse(transaction, 481)
                return
            asked = in_place_of(replaced.invite, asked)
        self._layer.respond(transaction, respond(request, 100))
        self._ring(request, transaction, source, asked, replaced)

    def _make_room(self) -> None:
        """End the call that has waited longest for the ACK of our answer, if that is long: its line is wanted."""
        waiting = [call for call in self._calls.values() if call.waits_since is not None]
        longest = min(waiting, key=lambda call: call.waits_since or 0.0, default=None)
        if longest is not None and self._clock() - (longest.waits_since or 0.0) >= ACK_SECONDS:
            longest.give_up()

    def _ring(
        self,
        request: Request,
        transaction: ServerTransaction,
        source: Address,
        asked: Invitation,
        replaced: SipCall | None,
    ) -> None:
        try:
            record = self._phone.ring(request, asked.offer[1][0] if asked.offer else None)
            core = self._core(source, asked.info.dialled, contact_scheme(request, source))
            call = open_call(core, record, asked, transaction, source, replaced)
        except SipError as problem:
            log.error("call from %s refused: %s", mask(asked.info.number), problem)
            self._refuse(transaction, 503)
            return
        self._calls[request.call_id] = call
        self.counts.offered += 1
        call.ring()
        try:
            self._offers(call)
        except Exception:
            log.exception("an offered call could not be taken; the PBX goes on by itself")
            call.reject(503)

    def _replaced(self, replaces: Replaces) -> SipCall | None:
        """The call whose place is to be taken; one that only rings is not ours to give (RFC 3891 3)."""
        call = self._calls.get(replaces.call_id)
        return call if call is not None and call.up and replaces.names(call.dialog) else None

    # Services for calls.

    def _send(self, data: bytes, address: Address) -> None:
        self._phone.sip.wire.send(data, address)

    def _core(self, source: Address, user: str, scheme: str) -> UserAgentCore:
        own = self._own(source)

        def hop(dialog: Dialog) -> Address:
            back = self._phone.sip.wire.connected(source)
            return source if back else hop_of(dialog, source, self._allowed, tls=self._settings.speaks_tls)

        contact, host = f"{scheme}:{escape_user(user)}@{own}{parameter(source)}", own_host(self._settings, source)
        return UserAgentCore(
            self._layer, self._phone.sip.post, contact, own, host, hop, self._forget, self._settings.srtp
        )

    def _own(self, peer: Address) -> str:
        tls_port = self._phone.sip.wire.tls_port if isinstance(peer, TlsAddress) else 0
        return own_address(self._settings, peer, tls_port or self.port)

    def _call_of(self, request: Request) -> SipCall | None:
        return call if (call := self._calls.get(request.call_id)) and call.dialog.matches(request) else None

    def _forget(self, call_id: str) -> None:
        if call := self._calls.pop(call_id, None):
            self._past = self._past.add(call.streams)

    def _send_bye(self, call_id: str) -> None:
        if call := self._calls.get(call_id):
            call.send_bye()

    def _unacknowledged(self, transaction: ServerTransaction) -> None:
        if call := self._calls.get(transaction.request.call_id):
            call.unacknowledged(transaction)

    def _response(self, request: Request, status: int, tag: str = "") -> Response:
        return reply(request, status, tag or secrets.token_hex(8))

    def _refuse(self, transaction: ServerTransaction, status: int, *headers: tuple[str, str]) -> None:
        self.counts.refused[status] += 1
        response = self._response(transaction.request, status)
        response.headers.lines += headers
        self._layer.respond(transaction, response)

    def _poll(self) -> float | None:
        now = self._clock()
        if now - self._swept >= SWEEP_SECONDS:
            self._swept = now
            for call in list(self._calls.values()):
                call.sweep(now)
        waits = [self._registrars.poll(now), self._layer.poll()]  # in this order: what is asked now is resent then
        if self._calls:
            waits.append(max(0.0, self._swept + SWEEP_SECONDS - now))
        return min((wait for wait in waits if wait is not None), default=None)
