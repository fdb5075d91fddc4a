"""The agents' side: answers every call, greets, listens, and hangs up after a few seconds."""

from screener.demo.handset import HOST, Handset
from screener.demo.phone import PhoneLeg, Softphone, new_tag
from screener.errors import SipParseError
from screener.sip import sdp
from screener.sip.dialog import Dialog
from screener.sip.message import Request
from screener.sip.transaction import ServerTransaction

RING_SECONDS = 0.3


class Agent(Softphone):
    """Answers at `uri`.

    Args:
        greeting: what is said on answering, 16-bit samples at 8 kHz.
        talk_seconds: from then until the agent hangs up.
        busy: refuse every call with 486.
    """

    def __init__(self, greeting: bytes = b"", talk_seconds: float = 6.0, *, busy: bool = False) -> None:
        super().__init__("agents")
        self.greeting, self._talk_seconds, self._busy = greeting, talk_seconds, busy

    def heard_from(self, number: str) -> bytes:
        """What was heard in the newest call from a number; nothing when there was none."""
        calls = [leg for leg in self.legs if f":{number}@" in leg.peer]
        return calls[-1].handset.heard if calls else b""

    def asked(self, request: Request, transaction: ServerTransaction) -> None:
        """Ring, then answer; the rest as every telephone does."""
        if request.method != "INVITE" or self.leg_of(request):
            super().asked(request, transaction)
            return
        tag = new_tag()
        try:
            theirs = sdp.parse(request.body)
            dialog = Dialog.of_invite(request, tag)
            hop = dialog.next_hop()
        except SipParseError:
            self.answer(transaction, 400, tag)
            return
        stream = theirs.audio()
        if self._busy or stream is None:
            self.answer(transaction, 486 if stream else 488, tag)
            return
        address = (hop.host, hop.port or 5060)
        leg = PhoneLeg(request.headers.get("From"), Handset(), address, dialog, invite=transaction)
        self.legs.append(leg)
        self.answer(transaction, 180, tag)
        body = sdp.answer(theirs, [(stream, leg.handset.port)], HOST, session_id=leg.handset.port)
        self.layer.after(RING_SECONDS, lambda: self._pick_up(leg, stream, transaction, tag, body))

    def _pick_up(
        self, leg: PhoneLeg, stream: sdp.Stream, transaction: ServerTransaction, tag: str, body: bytes
    ) -> None:
        self.answer(transaction, 200, tag, body)
        leg.handset.start(stream)
        leg.handset.say(self.greeting)
        self.layer.after(self._talk_seconds, lambda: self.hang_up(leg))
