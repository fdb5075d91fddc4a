"""A caller: INVITE, speech, whatever the other end does, and a REFER to somebody else when it is asked to."""

import threading
from collections.abc import Callable

from screener.demo.handset import HOST, Handset
from screener.demo.phone import PhoneLeg, Softphone, new_tag
from screener.errors import SipParseError
from screener.sip import sdp
from screener.sip.address import NameAddr, Uri
from screener.sip.dialog import Dialog
from screener.sip.message import Headers, Request, Response
from screener.sip.transaction import MAGIC, ServerTransaction

PATIENCE_SECONDS = 90.0
"""A caller whom nobody hangs up on does it itself after so long."""
HANG_UP_SECONDS = 1.0
"""How long hanging up may take."""
EXPIRES = 60


class CallerPhone(Softphone):
    """One caller for one call, and for the calls that it is referred to.

    Args:
        number: what From says.
        speech: what is said to whoever answers first, 16-bit samples at 8 kHz.
        to_agent: what is said to whom the caller is referred to.
        noise: background, see `Handset`.
    """

    def __init__(self, number: str, speech: bytes = b"", to_agent: bytes = b"", noise: bytes = b"") -> None:
        super().__init__(number.replace("+", "%2B"))
        self.number = number
        self._speech, self._to_agent, self._noise = speech, to_agent, noise
        self._over = threading.Event()

    def place(self, uri: str) -> None:
        """Call; returns at once."""
        self.start()
        self.post(lambda: self._invite(uri, None))
        self.post(lambda: self.layer.after(PATIENCE_SECONDS, self._give_up))

    def wait(self, seconds: float = PATIENCE_SECONDS + 5) -> bool:
        """Wait until every call of this caller is over; whether it is."""
        return self._over.wait(seconds)

    def leave(self) -> None:
        """Hang up in the middle, so that nobody waits for this caller."""
        self.post(self._give_up)
        self.wait(HANG_UP_SECONDS)

    def asked(self, request: Request, transaction: ServerTransaction) -> None:
        """Do as a REFER says; the rest as every telephone does."""
        leg = self.leg_of(request)
        if request.method != "REFER" or leg is None:
            super().asked(request, transaction)
            return
        try:
            target = NameAddr.parse(request.headers.get("Refer-To")).uri
        except SipParseError:
            self.answer(transaction, 400)
            return
        self.answer(transaction, 202)
        self._notify(leg, 100, "Trying")
        self._invite(str(target), leg)

    def ended(self, leg: PhoneLeg) -> None:
        """When the last call is over, so is the caller's errand."""
        super().ended(leg)
        if all(known.ended for known in self.legs):
            self._over.set()

    def _invite(self, uri: str, origin: PhoneLeg | None) -> None:
        target = Uri.parse(uri)
        leg = PhoneLeg(uri, Handset(self._noise), (target.host, target.port or 5060), origin=origin)
        self.legs.append(leg)
        headers = Headers(
            [
                ("From", f"<sip:{self.number}@{HOST}>;tag={new_tag()}"),
                ("To", f"<{uri}>"),
                ("Call-ID", new_tag()),
                ("CSeq", "1 INVITE"),
                ("Contact", f"<{self.uri}>"),
                ("Content-Type", "application/sdp"),
            ]
        )
        request = Request(
            headers,
            sdp.offer(HOST, {0: sdp.Offered(leg.handset.port)}, session_id=leg.handset.port),
            "INVITE",
            uri,
        )
        self.ask(leg, request, self._final(leg, request))

    def _final(self, leg: PhoneLeg, request: Request) -> Callable[[Response | None], None]:
        def take(response: Response | None) -> None:
            leg.status = response.status if response else 408
            stream = sdp.parse(response.body).audio() if response and response.status < 300 else None
            if response and stream:
                self._connect(leg, request, response)
                leg.handset.start(stream)
                leg.handset.say(self._to_agent if leg.origin else self._speech)
                if leg.origin:
                    leg.origin.handset.say(b"")
            elif response:
                self._send(_ack(request, response, request.uri).serialize(), leg.address)
            if leg.origin:
                self._notify(leg.origin, leg.status, response.reason if response else "Request Timeout")
            if not stream:
                self.ended(leg)

        return take

    def _connect(self, leg: PhoneLeg, request: Request, response: Response) -> None:
        contact = str(NameAddr.parse(response.headers.get("Contact")).uri)
        leg.dialog = Dialog(
            call_id=request.call_id,
            local_tag=request.from_.tag,
            remote_tag=response.to.tag,
            local=request.headers.get("From"),
            remote=response.headers.get("To"),
            remote_target=contact,
            route_set=tuple(reversed(response.headers.values("Record-Route"))),
            remote_cseq=0,
            local_cseq=1,
        )
        ack = _ack(request, response, contact)
        ack.headers.replace("Via", [f"SIP/2.0/UDP {HOST}:{self.port};branch={MAGIC}{new_tag()};rport"])
        leg.ack = ack.serialize()
        self._send(leg.ack, leg.address)

    def _notify(self, leg: PhoneLeg, status: int, reason: str) -> None:
        if leg.dialog is None or leg.ended:
            return
        plain = leg.dialog.request("NOTIFY")
        over = status >= 200
        plain.headers.add("Event", "refer")
        plain.headers.add(
            "Subscription-State", "terminated;reason=noresource" if over else f"active;expires={EXPIRES}"
        )
        plain.headers.add("Contact", f"<{self.uri}>")
        plain.headers.add("Content-Type", "message/sipfrag;version=2.0")
        body = f"SIP/2.0 {status} {reason}\r\n".encode()
        self.ask(leg, Request(plain.headers, body, plain.method, plain.uri))

    def _give_up(self) -> None:
        for leg in self.legs:
            self.hang_up(leg)


def _ack(invite: Request, response: Response, uri: str) -> Request:
    """The ACK of a final response; of a failure it belongs to the INVITE's own transaction."""
    headers = Headers(
        (name, value)
        for name, value in invite.headers
        if name in ("Via", "From", "Call-ID", "Max-Forwards", "Route")
    )
    headers.add("To", response.headers.get("To"))
    headers.add("CSeq", f"{invite.cseq[0]} ACK")
    return Request(headers, b"", "ACK", uri)
