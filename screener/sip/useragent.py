"""The SIP user agent: reads what comes, answers what needs no call, and hands calls on.

::

    datagram ─► allowed? ─► message ─► transaction ─► method ─► call
"""

import logging
import random
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from screener.errors import SettingsError, SipError, SipParseError
from screener.masking import mask, mask_text
from screener.media.loop import MediaLoop
from screener.settings.sections import Registrar, Sip
from screener.sip import sdp
from screener.sip.call import ALLOW, SipCall, Station
from screener.sip.dialog import Dialog
from screener.sip.endpoint import OfferSink, RegistrationState
from screener.sip.guard import Allowed, Door
from screener.sip.identity import invite_info
from screener.sip.layer import Address, TransactionLayer
from screener.sip.message import Request, Response, fault, parse, part, respond
from screener.sip.pyvoip import Phone
from screener.sip.registration import Registration
from screener.sip.transaction import ServerTransaction

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0
"""How long the last BYE and REGISTER may take when the service stops: a retransmission or two."""


@dataclass(slots=True)
class SipCounts:
    """What came, counted since the start.

    Attributes:
        dropped: datagrams of sources that are not allowed.
        malformed: datagrams that are not SIP.
        stray: responses that nobody asked for.
        offered: calls that were handed on.
    """

    dropped: int = 0
    malformed: int = 0
    stray: int = 0
    offered: int = 0


class SipUserAgent:
    """An endpoint on pyVoIP, as `endpoint.Endpoint` describes it.

    Args:
        settings: the `[sip]` section.
        clock: monotonic seconds.
        chance: for tags and jitter.

    Raises:
        SipError: a peer's name cannot be resolved.
        SettingsError: a password file cannot be read.
    """

    def __init__(
        self, settings: Sip, clock: Callable[[], float] = time.monotonic, chance: random.Random | None = None
    ) -> None:
        self.counts = SipCounts()
        self._settings = settings
        self._clock = clock
        self._chance = chance or random.SystemRandom()
        self._passwords = [_password(registrar) for registrar in settings.registrars]
        self._allowed = Allowed((*settings.peers, *(registrar.host for registrar in settings.registrars)))
        self._door = Door(settings.inbound_username, settings.inbound_password, settings.user_agent or "sip")
        self._registrations: list[Registration] = []
        self._calls: dict[str, SipCall] = {}
        self._stopping = False
        self._offers: OfferSink = lambda call: call.reject(503)

    # The endpoint.

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._phone.sip.myPort)

    def start(self, offers: OfferSink) -> None:
        """Bind, register, take calls.

        Raises:
            SipError: the address cannot be bound.
        """
        settings = self._settings
        self._offers = offers
        self._media = MediaLoop(settings.host, settings.rtp_port_low, settings.rtp_port_high)
        self._phone = Phone(settings.host, settings.port, self._media)
        client = self._phone.sip
        client.on_datagram, client.on_bye, client.poll = self._datagram, self._send_bye, self._poll
        self._layer = TransactionLayer(client.send, self._clock, self._unacknowledged, settings.user_agent)
        try:
            self._phone.start()
        except SipError:
            self._media.stop()
            raise
        self._registrations = self._registering()
        client.post(lambda: None)  # wakes the thread, which finds them due

    def registrations(self) -> Sequence[RegistrationState]:
        """Where we stand with each registrar."""
        return [registration.state() for registration in self._registrations]

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Refuse new calls, end the calls that are up, deregister, close every socket; once is enough.

        Args:
            patience: seconds to wait for the answers to our last BYE and REGISTER.
        """
        if not self._phone.sip.NSD:  # pyVoIP's word for running: the start failed, or it was stopped already
            return
        self._phone.sip.post(self._wind_up)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not (self._stopping and self._quiet()):
            time.sleep(0.02)
        self._phone.stop()
        self._media.stop()

    def _quiet(self) -> bool:
        return not self._calls and not self._layer.asking

    def _wind_up(self) -> None:
        self._stopping = True
        for call in list(self._calls.values()):
            call.hangup()
        for registration in self._registrations:
            request = registration.deregister()
            if request is not None:
                self._ask(registration, request)

    # What comes.

    def _datagram(self, data: bytes, source: Address) -> None:
        if source[0] not in self._allowed:
            self.counts.dropped += 1
            return
        if not data.strip(b"\r\n\0 "):
            return  # a keep-alive
        try:
            message = parse(data)
        except SipParseError as problem:
            self.counts.malformed += 1
            log.debug("not SIP, from %s:%d: %s", *source, mask_text(problem.message))
            return
        if isinstance(message, Response):
            self.counts.stray += not self._layer.response(message)
            return
        wrong = fault(message)
        if wrong is None:
            self._request(message, source)
        elif message.method != "ACK":
            self.counts.malformed += 1
            response = respond(message, *wrong, tag=secrets.token_hex(4))
            self._phone.sip.send(response.serialize(), source)

    def _request(self, request: Request, source: Address) -> None:
        if request.method == "ACK":
            if not self._layer.acknowledged(request) and (call := self._call_of(request)):
                call.acknowledged(request)
            return
        hops = request.headers.values("Via")
        request.headers.replace("Via", [str(request.via.received_from(*source)), *hops[1:]])
        transaction = self._layer.take(request, source)
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

    def _dispatch(self, request: Request, transaction: ServerTransaction, source: Address) -> None:
        if required := request.headers.values("Require"):
            response = self._response(request, 420)
            response.headers.add("Unsupported", ", ".join(required))
            self._layer.respond(transaction, response)
        elif request.method == "CANCEL":
            self._cancel(request, transaction)
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
            response.headers.add("Accept", "application/sdp")
            self._layer.respond(transaction, response)
        else:
            status = {"BYE": 481, "NOTIFY": 481, "INFO": 481, "UPDATE": 481, "REFER": 603}
            self._refuse(transaction, status.get(request.method, 405))

    def _cancel(self, request: Request, transaction: ServerTransaction) -> None:
        invite = self._layer.invite_of(request)
        call = self._calls.get(request.call_id)
        if invite is None:
            self._refuse(transaction, 481)
            return
        tag = call.dialog.local_tag if call else ""
        self._layer.respond(transaction, respond(request, 200, tag=tag or secrets.token_hex(4)))
        if call is not None:
            call.cancelled()

    def _invite(self, request: Request, transaction: ServerTransaction, source: Address) -> None:
        settings = self._settings
        if challenge := self._door.challenge(request, self._clock()):
            response = self._response(request, 401)
            response.headers.add("WWW-Authenticate", challenge.serialize())
            self._layer.respond(transaction, response)
            return
        if request.call_id in self._calls:
            self._refuse(transaction, 482)
            return
        if self._stopping or len(self._calls) >= settings.max_calls:
            self._refuse(transaction, 503)
            return
        try:
            info = invite_info(
                request, f"{source[0]}:{source[1]}", (settings.uniqueid_header, settings.linkedid_header)
            )
            dialog = Dialog.of_invite(request, secrets.token_hex(8))
            if info.dialled not in (settings.screening_extension, settings.analysis_extension):
                self._refuse(transaction, 404)
                return
            body = part(request, "application/sdp")
            if (request.body and body is None) or request.headers.get(
                "Content-Encoding", "identity"
            ) != "identity":
                response = self._response(request, 415)
                response.headers.add("Accept", "application/sdp")
                self._layer.respond(transaction, response)
                return
            theirs = sdp.parse(body) if body is not None else None
        except SipParseError as problem:
            log.info("INVITE from %s:%d refused: %s", *source, mask_text(problem.message))
            self._refuse(transaction, 400)
            return
        stream = theirs.audio() if theirs is not None else None
        if theirs is not None and stream is None:
            self._refuse(transaction, 488)
            return
        self._layer.respond(transaction, respond(request, 100))
        try:
            record = self._phone.ring(request, stream)
            offer = (theirs, stream) if theirs is not None and stream is not None else None
            call = SipCall(self._station(source), record, info, transaction, dialog, offer, source)
        except SipError as problem:
            log.error("call from %s refused: %s", mask(info.number), problem)
            self._refuse(transaction, 503)
            return
        self._calls[request.call_id] = call
        self.counts.offered += 1
        try:
            self._offers(call)
        except Exception:
            log.exception("an offered call could not be taken; the PBX goes on by itself")
            call.reject(503)

    # Services for calls.

    def _station(self, source: Address) -> Station:
        host = self._settings.advertised_host or self._local_host(source)
        written = f"[{host}]" if ":" in host else host
        port = self.port

        def hop(dialog: Dialog) -> Address:
            uri = dialog.next_hop()
            target = uri.host.strip("[]")
            return (target, uri.port or 5060) if target in self._allowed else source

        return Station(
            self._layer, self._phone.sip.post, f"sip:{self._settings.screening_extension}@{written}:{port}",
            f"{written}:{port}", host, hop, self._forget,
        )  # fmt: skip

    def _local_host(self, peer: Address) -> str:
        host = self._settings.host
        if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - a comparison
            return host
        with socket.socket(socket.AF_INET6 if ":" in peer[0] else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(peer)
            return str(probe.getsockname()[0])

    def _call_of(self, request: Request) -> SipCall | None:
        call = self._calls.get(request.call_id)
        return call if call is not None and call.dialog.matches(request) else None

    def _forget(self, call: SipCall) -> None:
        self._calls.pop(call.invite.sip_call_id, None)

    def _send_bye(self, call_id: str) -> None:
        if call := self._calls.get(call_id):
            call.send_bye()

    def _unacknowledged(self, transaction: ServerTransaction) -> None:
        if call := self._calls.get(transaction.request.call_id):
            call.unacknowledged(transaction)

    def _response(self, request: Request, status: int) -> Response:
        response = respond(request, status, tag=secrets.token_hex(8))
        if status in (200, 405):
            response.headers.add("Allow", ALLOW)
        if status == 503:
            response.headers.add("Retry-After", "10")
        return response

    def _refuse(self, transaction: ServerTransaction, status: int) -> None:
        self._layer.respond(transaction, self._response(transaction.request, status))

    # Registration.

    def _registering(self) -> list[Registration]:
        made = []
        for registrar, password in zip(self._settings.registrars, self._passwords, strict=True):
            host = self._settings.advertised_host or self._local_host((registrar.host, registrar.port))
            # The PBX dials the contact: its user must be an extension that is answered.
            contact = f"sip:{self._settings.screening_extension}@{host}:{self.port}"
            made.append(Registration(registrar, password, contact, self._chance, self._clock()))
        return made

    def _poll(self) -> float | None:
        now = self._clock()
        waits = [self._layer.poll()]
        for registration in self._registrations:
            if request := registration.poll(now):
                self._ask(registration, request)
            waits.append(None if registration.deadline is None else max(0.0, registration.deadline - now))
        return min((wait for wait in waits if wait is not None), default=None)

    def _ask(self, registration: Registration, request: Request) -> None:
        registrar = registration.registrar
        address = (registrar.host, registrar.port)
        host = self._settings.advertised_host or self._local_host(address)

        def done(response: Response | None) -> None:
            if response is None:
                registration.timed_out(self._clock())
            elif again := registration.receive(response, self._clock()):
                self._ask(registration, again)
            self._phone.set_registered(all(r.state().registered for r in self._registrations))

        self._layer.request(request, address, f"{host}:{self.port}", done)


def _password(registrar: Registrar) -> str:
    if registrar.password_file is None:
        return registrar.password
    path = Path(registrar.password_file)
    try:
        return path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{path}: the password file cannot be read ({problem})", "check its path and rights"
        ) from problem
