"""The one module that knows pyVoIP 1.6.8: its phone, its calls with their states and registry, its client.

What pyVoIP keeps: `VoIPPhone` holds the calls by Call-ID and the phone's status; an INVITE goes through
`callback` and `_create_Call`; `VoIPCall` is RINGING, ANSWERED or ENDED and starts and stops its `RTPClients`.
What is replaced at its seams, because it is measured to fail: parsing, replies to the configured server instead of
the source, the second that every call waits, registration, ports, and 8-bit audio in three threads a call.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pyVoIP.VoIP.VoIP import CallState, InvalidStateError, VoIPCall, VoIPPhone  # isort: skip - see below
from pyVoIP import RTP, SIP  # before pyVoIP.VoIP, this would run into pyVoIP's circular import
from pyVoIP.VoIP.status import PhoneStatus

from screener.errors import SipError
from screener.media.leg import Leg
from screener.media.loop import JOIN_SECONDS, MediaLoop
from screener.settings.sections import Sip
from screener.sip.message import Request
from screener.sip.sdp import Stream
from screener.sip.tcp import Ends
from screener.sip.transport import Address
from screener.sip.wire import Wire

log = logging.getLogger(__name__)


class InviteMessage(SIP.SIPMessage):
    """An INVITE in pyVoIP's shape, filled by our own parser: only what pyVoIP's call reads.

    Args:
        request: ours.
        audio: the stream that was agreed on; None when the INVITE offers nothing.
    """

    def __init__(self, request: Request, audio: Stream | None) -> None:
        self._request, self._audio = request, audio
        super().__init__(b"")

    def parse(self, _data: bytes) -> None:
        """Instead of pyVoIP's parser, which reads 3 of the 50 messages of RFC 4475."""
        self.type = SIP.SIPMessageType.MESSAGE
        self.method = self._request.method
        self.headers = {"Via": [], "Call-ID": self._request.call_id}
        self.body = {"c": [], "m": []}
        if self._audio is not None:
            formats = [str(self._audio.law.payload_type)]
            self.body["c"].append({"address": self._audio.host, "address_count": 1})
            self.body["m"].append(
                {"type": "audio", "port": self._audio.port, "port_count": 1, "methods": formats, "attributes": {}}
            )


class RtpLeg(RTP.RTPClient):
    """A call's RTP on the shared media loop instead of two threads and 8-bit buffers of its own."""

    def __init__(self, leg: Leg, codecs: dict[int, Any]) -> None:
        self.assoc, self.inPort, self.leg = codecs, leg.port, leg

    def start(self) -> None:
        """Nothing: the stream starts with the ACK."""

    def stop(self) -> None:
        """Fall silent, give the port back."""
        self.leg.close()


class PhoneCall(VoIPCall):
    """pyVoIP's record of a call: its state, its place in the registry, its RTP."""

    phone: "PyVoipPhone"

    @property
    def leg(self) -> Leg:
        """Its RTP socket."""
        if not self.RTPClients:  # the INVITE offered nothing
            self.create_rtp_clients({}, self.myIP, self.phone.request_port(), self.request, 0)
        client = self.RTPClients[0]
        assert isinstance(client, RtpLeg)
        return client.leg

    def further_leg(self) -> Leg:
        """One more RTP socket, which ends with the call.

        Raises:
            SipError: no RTP port is free.
        """
        self.create_rtp_clients({}, self.myIP, self.phone.request_port(), self.request, 0)
        client = self.RTPClients[-1]
        assert isinstance(client, RtpLeg)
        return client.leg

    def create_rtp_clients(self, codecs: dict[int, Any], ip: str, port: int, request: Any, baseport: int) -> None:  # noqa: ANN401, ARG002
        """One leg on the media loop."""
        self.RTPClients.append(RtpLeg(self.phone.legs.pop(port), codecs))

    def answer(self) -> None:
        """RINGING → ANSWERED; the 200 OK is the dialog's."""
        if self.state is not CallState.RINGING:
            raise InvalidStateError("Call is not ringing")
        self.state = CallState.ANSWERED

    def deny(self) -> None:
        """RINGING → ENDED; the failure response is the dialog's."""
        for client in self.RTPClients:
            client.stop()
        self.state = CallState.ENDED
        self.phone.calls.pop(self.call_id, None)

    def __del__(self) -> None:
        """Nothing: ports go back when their leg closes."""


class Client(SIP.SIPClient):
    """pyVoIP's client, with the thread that owns all signalling and sockets that answer whoever asked.

    Attributes:
        received: takes each message that came and from whom.
        on_bye: asked for by pyVoIP's `hangup`: send the BYE of this Call-ID.
        poll: does what is due and says how long to wait.
        admits: whether a host may connect at all.
        failed: told that nothing can be sent to an address, and why.
    """

    wire: Wire

    def __init__(self, phone: "PyVoipPhone", settings: Sip, names: Mapping[str, str]) -> None:
        super().__init__("", 0, "", "", phone=phone, myIP=settings.host, myPort=settings.port)
        self._settings, self._names = settings, names
        self.received: Callable[[bytes, Address], None] = lambda _data, _source: None
        self.on_bye: Callable[[str], None] = lambda _call_id: None
        self.poll: Callable[[], float | None] = lambda: None
        self.admits: Callable[[str], bool] = lambda _host: True
        self.failed: Callable[[Address, str], None] = lambda _address, _why: None
        self._tasks: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind and begin to receive.

        Raises:
            SipError: an address is taken or not ours, or a certificate cannot be used.
        """
        self.wire = Wire(self._settings, Ends(self.received, self.admits, self.failed), self._names)
        self.myPort = self.wire.port
        self.NSD = True
        self._thread = threading.Thread(target=self.recv_loop, name="sip", daemon=True)
        self._thread.start()

    def post(self, task: Callable[[], None]) -> None:
        """Run a task on the SIP thread."""
        self._tasks.append(task)
        self.wire.wake()

    def bye(self, request: SIP.SIPMessage) -> None:
        """Instead of pyVoIP's BYE, whose tags and CSeq are wrong."""
        self.on_bye(request.headers["Call-ID"])

    def recv_loop(self) -> None:
        """The SIP thread."""
        while self.NSD:
            try:
                self.wire.wait(self.poll())
                for _ in range(len(self._tasks)):
                    self._tasks.popleft()()
            except Exception:
                log.exception("SIP thread: a fault of ours; the thread goes on")

    def stop(self) -> None:
        """End the thread, close the sockets."""
        if not self.NSD:
            return
        self.NSD = False
        self.wire.wake()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
        self.wire.close()


class PyVoipPhone(VoIPPhone):
    """pyVoIP's phone: the registry of calls, with our client and our media.

    Args:
        settings: where to listen, and over what.
        media: where legs come from.
        names: what peers' certificates must say, by address.
    """

    sip: Client
    calls: dict[str, PhoneCall]  # type: ignore[assignment]

    def __init__(self, settings: Sip, media: MediaLoop, names: Mapping[str, str]) -> None:
        super().__init__("", 0, "", "", myIP=settings.host, sipPort=settings.port)
        self.sip = Client(self, settings, names)
        self.legs: dict[int, Leg] = {}
        self._media = media
        self._session_id = 0

    def ring(self, request: Request, audio: Stream | None) -> PhoneCall:
        """Let pyVoIP take an INVITE.

        Raises:
            SipError: no RTP port is free.
        """
        self.callback(InviteMessage(request, audio))
        call = self.calls[request.call_id]
        try:
            call.leg  # noqa: B018 - an INVITE that offers nothing takes its port here
        except SipError:
            call.deny()
            raise
        return call

    def _callback_MSG_Invite(self, request: SIP.SIPMessage) -> None:  # noqa: N802 - pyVoIP's name
        """Instead of a 180 to the server and a timer of one second."""
        self._session_id += 1
        self._create_Call(request, self._session_id)

    def _create_Call(self, request: SIP.SIPMessage, sess_id: int) -> None:  # noqa: N802 - pyVoIP's name
        self.calls[request.headers["Call-ID"]] = PhoneCall(
            self, CallState.RINGING, request, sess_id, self.myIP, sendmode=self.recvmode
        )

    def request_port(self, blocking: bool = True) -> int:  # noqa: ARG002
        """A port with a socket already bound to it, so that it cannot be handed out twice."""
        leg = self._media.open()
        self.legs[leg.port] = leg
        return leg.port

    def release_ports(self, call: object = None) -> None:
        """Nothing: ports go back when their leg closes."""

    def set_registered(self, registered: bool) -> None:
        """Keep pyVoIP's status true."""
        self._status = PhoneStatus.REGISTERED if registered else PhoneStatus.REGISTERING
