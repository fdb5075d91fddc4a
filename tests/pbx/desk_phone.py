"""An agent's desk phone that makes attended transfers (REFER with Replaces), which baresip 1.0 does not."""

import socket
import threading
from urllib.parse import quote

from screener.sip.dialog import Dialog
from screener.sip.message import Request, parse, respond
from tests.pbx.network import ASTERISK, CREW, Network
from tests.sip.caller import Caller
from tests.waiting import wait_for


class DeskPhone:
    """Answers one call, dials another, joins the two. At 192.0.2.42:5060."""

    def __init__(self, network: Network) -> None:
        with network.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((CREW, 5060))
            self._second = Caller(5060, dialled="900", number="crew", host=CREW, peer=ASTERISK)
        self._dialog: Dialog | None = None
        self._peer = (ASTERISK, 5060)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                message = parse(self._socket.recv(65535))
            except OSError:
                return
            if not isinstance(message, Request) or message.method == "ACK":
                continue
            response = respond(message, 200, tag="desk")
            if message.method == "INVITE":
                self._dialog = Dialog.of_invite(message, "desk")
                response.headers.add("Contact", f"<sip:crew@{CREW}:5060>")
                response.headers.add("Content-Type", "application/sdp")
                response = type(response)(response.headers, self._second.sdp, response.status, response.reason)
            self._socket.sendto(response.serialize(), self._peer)
            if message.method == "NOTIFY" and b" 200 " in message.body:
                self._ask(self._dialog.request("BYE"))

    def wait_call(self, seconds: float) -> None:
        wait_for(lambda: self._dialog is not None, seconds, "call at the desk phone")

    def consult(self) -> None:
        """Dial 900 beside the call."""
        assert self._second.call().status == 200

    def transfer(self) -> None:
        """Join the caller with whom 900 is."""
        assert self._dialog
        second = self._second
        remote = second.to.partition("tag=")[2]
        replaces = quote(f"{second.call_id};to-tag={remote};from-tag=caller")
        refer = self._dialog.request("REFER")
        refer.headers.add("Refer-To", f"<sip:900@{ASTERISK}?Replaces={replaces}>")
        refer.headers.add("Referred-By", f"<sip:crew@{CREW}>")
        self._ask(refer)

    def _ask(self, request: Request) -> None:
        via = f"SIP/2.0/UDP {CREW}:5060;branch=z9hG4bK{request.method}{id(self)}"
        request.headers.lines.insert(0, ("Via", via))
        request.headers.lines += [("Max-Forwards", "70"), ("Contact", f"<sip:crew@{CREW}:5060>")]
        self._socket.sendto(request.serialize(), self._peer)

    def stop(self) -> None:
        self._socket.close()
        self._second.close()
