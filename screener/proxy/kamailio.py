"""What is asked of Kamailio: its list of dialogs by HTTP, and a REFER through it to a caller by SIP.

The REFER is sent in the agent's name within the dialog, so its answer and its NOTIFY say exactly what became of it
(RFC 3515). The proxy's script lets it through from the screener alone, and leads the NOTIFY here
(deploy/rtpengine/kamailio.cfg).
"""

import contextlib
import http.client
import logging
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from screener.errors import InputError, PbxError, SipParseError
from screener.outside.files import reason_of
from screener.proxy.dialogs import MAX_BYTES, ProxyDialog, parse
from screener.settings.proxy import Proxy
from screener.sip.message import Headers, Request, Response, respond
from screener.sip.message import parse as parse_message

log = logging.getLogger(__name__)

LIST_SECONDS = 2.0
QUESTION = b'{"jsonrpc": "2.0", "method": "dlg.list", "id": 1}'
"""To the byte: deploy/rtpengine/kamailio.cfg lets no other command through."""
REPEATS = (0.5, 1.0, 2.0, 4.0)
"""Seconds until the REFER is sent once more (RFC 3261 17.1.2.2), and in the end given up."""
FIRST_NOTIFY_SECONDS = 5.0
"""RFC 3515 asks for a NOTIFY at once; a caller's system that sends none has accepted and does nothing."""
NOTIFY_SECONDS = 25.0
"""From the first NOTIFY until the caller is there, however often it is said that it is tried; below
`core.session.TRANSFER_LIMIT` with all that comes before."""
_SAFE = re.compile(r"[^\s<>\"]+")
_ROUTES = re.compile(r"(<[^\s<>\"]+>,? ?)*")
_FRAGMENT = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9])\b")


def place(text: str, port: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[address]:port`; of nothing, none."""
    parts = urlsplit(f"//{text}")
    return parts.hostname or "", parts.port or port


def listed(
    settings: Proxy, host: str, unread: Callable[[str], object] = lambda _call_id: None
) -> tuple[ProxyDialog, ...]:
    """The dialogs that are to be listened to.

    Args:
        settings: the section `[proxy]`.
        host: address to ask from, which the proxy knows us by; empty takes the one that routes there.
        unread: takes the Call-ID of each dialog that cannot be read.

    Raises:
        PbxError: Kamailio does not answer, refuses, or answers something else.
    """
    url = urlsplit(settings.url)
    connection = http.client.HTTPConnection(
        url.hostname or "", url.port, timeout=LIST_SECONDS, source_address=(host, 0) if host else None
    )
    try:
        headers = {"Authorization": f"Bearer {settings.secret}", "Content-Type": "application/json"}
        connection.request("POST", url.path or "/", QUESTION, headers)
        response = connection.getresponse()
        body = response.read(MAX_BYTES)
    except (OSError, http.client.HTTPException) as problem:
        reason = reason_of(problem) if isinstance(problem, OSError) else "no answer over HTTP"
        raise PbxError(
            f"Kamailio does not list its calls: {reason}",
            "is it running, with xhttp and /calls as in deploy/rtpengine/kamailio.cfg?",
        ) from problem
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise PbxError(
            f"Kamailio answers {response.status} when asked for its calls", "see [proxy] secret and SCREENER"
        )
    try:
        return parse(body, unread)
    except InputError as problem:
        raise PbxError(problem.message, problem.remedy) from problem


@dataclass(frozen=True, slots=True)
class ReferResult:
    """What became of a REFER.

    Attributes:
        ok: the caller is where they were sent.
        why: not; empty where it is.
    """

    ok: bool
    why: str = ""


def move(dialog: ProxyDialog, uri: str, proxy: tuple[str, int], host: str) -> ReferResult:
    """REFER the caller of a dialog there, and wait for what becomes of it.

    Args:
        dialog: as the newest list has it.
        uri: of the settings.
        proxy: where the REFER goes.
        host: address to send from; empty takes the one that routes there.
    """
    try:
        with contextlib.closing(_line(proxy, host)) as line:
            return _Reference(line, proxy, dialog, uri).carried_out()
    except OSError as problem:
        return ReferResult(ok=False, why=f"{proxy[0]}:{proxy[1]}: {problem}")


def refer(dialog: ProxyDialog, uri: str, here: tuple[str, int], proxy: tuple[str, int]) -> Request:
    """The REFER that asks a caller to go there, in the name of the agent.

    An agent's phone that has sent nothing yet counts from 1 or above, so 0 stays below whatever it sends later.

    Args:
        dialog: of the caller and the agent.
        uri: where to.
        here: what we send from.
        proxy: what it goes through.

    Raises:
        InputError: what the dialog says cannot stand in a message.
    """
    caller, agent = dialog.caller, dialog.callee
    routes = [("Route", f"<sip:{proxy[0]}:{proxy[1]};lr>")]
    if caller.routes:
        routes.append(("Route", caller.routes))
    texts = (dialog.call_id, caller.tag, caller.uri, caller.contact, agent.tag, agent.uri, agent.contact, uri)
    if not all(map(_SAFE.fullmatch, texts)) or not _ROUTES.fullmatch(caller.routes):
        raise InputError("a dialog has names that no message can hold")
    headers = Headers([
        *routes,
        ("Via", f"SIP/2.0/UDP {here[0]}:{here[1]};branch=z9hG4bK{secrets.token_hex(8)};rport"),
        ("Max-Forwards", "70"),
        ("From", f"<{agent.uri}>;tag={agent.tag}"),
        ("To", f"<{caller.uri}>;tag={caller.tag}"),
        ("Call-ID", dialog.call_id),
        ("CSeq", f"{agent.cseq + 1 if agent.cseq else 0} REFER"),
        ("Contact", f"<{agent.contact}>"),
        ("Refer-To", f"<{uri}>"),
        ("Referred-By", f"<{agent.uri}>"),
    ])  # fmt: skip
    return Request(headers, b"", "REFER", caller.contact)


def _line(proxy: tuple[str, int], host: str) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(*proxy, type=socket.SOCK_DGRAM)[0]
    line = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if host:
            line.bind((host, 0))
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


class _Reference:
    """A REFER and its NOTIFYs."""

    def __init__(self, line: socket.socket, proxy: tuple[str, int], dialog: ProxyDialog, uri: str) -> None:
        self._line, self._proxy, self._dialog, self._uri = line, proxy, dialog, uri
        self._told = 0
        """What the newest NOTIFY says of the caller; the last word stays."""

    def carried_out(self) -> ReferResult:
        try:
            request = refer(self._dialog, self._uri, self._line.getsockname()[:2], self._proxy)
        except InputError as problem:
            return ReferResult(ok=False, why=problem.message)
        status = self._asked(request)
        if status is None:
            return ReferResult(ok=False, why="nobody answers the REFER")
        if status >= 300:
            return ReferResult(ok=False, why=f"the caller's system answers {status}")
        begun, until = False, time.monotonic() + FIRST_NOTIFY_SECONDS
        while self._told < 200 and self._hear(until) is not None:
            if self._told and not begun:
                begun, until = True, time.monotonic() + NOTIFY_SECONDS
        if self._told < 200:
            return ReferResult(ok=False, why="nobody says what became of the caller")
        return (
            ReferResult(ok=True)
            if self._told < 300
            else ReferResult(ok=False, why=f"the target answers {self._told}")
        )

    def _asked(self, request: Request) -> int | None:
        """The final status of the REFER; None when there is none."""
        proceeding = False
        for seconds in REPEATS:
            self._line.send(request.serialize())
            until = time.monotonic() + seconds
            while (message := self._hear(until)) is not None:
                if isinstance(message, Response) and message.cseq[1] == "REFER":
                    if message.status >= 200:
                        return message.status
                    if not proceeding:  # once only: who says so for ever answers never
                        proceeding, until = True, time.monotonic() + REPEATS[-1]
            if self._told:
                return 202  # its answer was lost
        return None

    def _hear(self, until: float) -> Request | Response | None:
        """The next message of this dialog; a NOTIFY is answered. None when the time is over."""
        while (left := until - time.monotonic()) > 0:
            self._line.settimeout(left)
            try:
                message = parse_message(self._line.recv(65_535))
                if message.call_id != self._dialog.call_id:
                    continue
                if isinstance(message, Request):
                    self._line.send(respond(message, 200).serialize())
                    found = _FRAGMENT.match(message.body.lstrip()) if message.method == "NOTIFY" else None
                    if found and self._told < 200:  # one that was overtaken by the last changes nothing
                        self._told = int(found[1])
                else:
                    _ = message.cseq  # one that cannot be read is no answer
            except TimeoutError:
                return None
            except SipParseError as problem:
                log.warning("an answer to a REFER cannot be read: %s", problem)
                continue
            return message
        return None
