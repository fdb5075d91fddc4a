"""A stranger on the trunk, whose numbers and names hold what Asterisk then writes into its events and files."""

import contextlib
import socket
import urllib.parse
from collections.abc import Sequence

from tests.pbx.network import ASTERISK, TRUNK, Network

PORT = 5099
SDP = f"v=0\r\no=- 1 1 IN IP4 {TRUNK}\r\ns=-\r\nc=IN IP4 {TRUNK}\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0 8\r\n"


def encoded(text: str) -> str:
    """A user part in which every letter that has a meaning in SIP is `%` and its number."""
    return "".join(f"%{ord(c):02x}" if c in ".~-_" else urllib.parse.quote(c, safe="") for c in text)


def invite(number: str, dialled: str, call_id: str, name: str = "") -> bytes:
    """An INVITE of the trunk as it goes over the wire."""
    display = f'"{name}" ' if name else ""
    lines = [
        f"INVITE sip:{encoded(dialled)}@{ASTERISK}:5060 SIP/2.0",
        f"Via: SIP/2.0/UDP {TRUNK}:{PORT};branch=z9hG4bK{call_id};rport",
        f"From: {display}<sip:{encoded(number)}@{TRUNK}>;tag={call_id}",
        f"To: <sip:{encoded(dialled)}@{ASTERISK}>", f"Call-ID: {call_id}", "CSeq: 1 INVITE",
        f"Contact: <sip:x@{TRUNK}:{PORT}>", "Max-Forwards: 70", "Content-Type: application/sdp",
        f"Content-Length: {len(SDP)}", "", SDP,
    ]  # fmt: skip
    return "\r\n".join(lines).encode("utf-8")


def events(agent: str, linkedid: str, agent_id: str) -> Sequence[str]:
    """Numbers that end an event of Asterisk's and begin another, with ids that a stranger could only guess.

    Asterisk keeps 79 characters of a number.
    """
    return [
        f"1\r\n\r\nEvent: UserEvent\r\nUserEvent: ScreenerFlag\r\nAgent: {agent}\r\n\r\n",
        f"1\r\n\r\nEvent: UserEvent\r\nUserEvent: ScreenerTakeBack\r\nAgent: {agent}\r\n\r\n",
        f"1\r\nCallerIDName: x\r\n\r\nEvent: Hangup\r\nUniqueid: {linkedid}\r\n\r\n",
        f"1\r\n\r\nEvent: Hangup\r\nUniqueid: {agent_id}\r\n\r\n",
        "1\r\n\r\nEvent: Shutdown\r\nShutdown: Cleanly\r\n\r\n",
        f"1\r\n\r\nResponse: Success\r\nChannel: PJSIP/{agent}-1\r\n\r\n",
        "1\n1772000010|17.1|analysis|NONE|ENTERQUEUE||13912345678|1\n1",
        "1\r\n\x1b[2J\x1b]0;owned\x07",
    ]


def dial(network: Network, numbers: Sequence[str], dialled: str, name: str = "") -> list[int]:
    """Send one INVITE each, and take the first answer that is not 100; then let go of it."""
    found: list[int] = []
    with network.entered(), contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind((TRUNK, PORT))
        sock.settimeout(3)
        for place, number in enumerate(numbers):
            call_id = f"stranger{place}{abs(hash((number, name, dialled)))}"
            message = invite(number, dialled, call_id, name)
            sock.sendto(message, (ASTERISK, 5060))
            status, answer = 0, b""
            with contextlib.suppress(TimeoutError):
                while status <= 100 or call_id.encode() not in answer:
                    answer = sock.recv(65536)
                    status = int(answer.split()[1]) if answer.startswith(b"SIP/2.0 ") else 0
            found.append(status)
            if status < 200:
                ending = message.partition(b"\r\nContent-Type")[0] + b"\r\nContent-Length: 0\r\n\r\n"
                sock.sendto(ending.replace(b"INVITE", b"CANCEL"), (ASTERISK, 5060))
                with contextlib.suppress(TimeoutError):  # who goes before the 487 may stay in the queue
                    while b"SIP/2.0 487" not in answer:
                        answer = sock.recv(65536)
                sock.sendto(ending.replace(b"INVITE", b"ACK"), (ASTERISK, 5060))
    return found
