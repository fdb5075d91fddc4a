"""REFER (RFC 3515): asking the PBX to move the caller, and judging what became of it."""

import logging
import re
from collections.abc import Callable

from screener.numbers.mask import mask_text
from screener.sip.dialog import Dialog
from screener.sip.message import Message, Request, Response
from screener.sip.multipart import part

log = logging.getLogger(__name__)

FIRST_NOTIFY_SECONDS = 20.0
"""After the 202, so long without any NOTIFY is a failure."""
RINGING_SECONDS = 36.0
"""After the 202, a target that rings longer is a failure, however often it is said; below `TRANSFER_LIMIT` of
core.session, which asks for another target then and must not be told that one is under way."""
SETTLING_SECONDS = 2.0
"""So long after the answer the PBX may not have joined caller and call yet; Asterisk's NOTIFY says `UNSETTLED`."""
UNSETTLED = 400
MOVED = 200
ACCEPTED = 202
"""The peer took the REFER and hung up: it has moved the caller, or the caller hung up meanwhile; nobody says."""
GRACE_SECONDS = 1.0
"""So long after such a BYE the NOTIFY that says it is waited for."""
AGAIN_SECONDS = 0.3
"""Wait before it is asked again."""


def refer(dialog: Dialog, target: str, referred_by: str, *, marked: bool) -> Request:
    """The REFER that moves the peer to a target; `marked` says that it is an emergency."""
    request = dialog.request("REFER")
    request.headers.add("Refer-To", f"<{target}>")
    request.headers.add("Referred-By", f"<{referred_by}>")
    if marked:
        request.headers.add("Priority", "emergency")
    return request


def sipfrag_status(notify: Message) -> int | None:
    """The status that a NOTIFY reports; None when its body is no sipfrag."""
    body = part(notify, "message/sipfrag")
    match = re.match(rb"\s*SIP/2\.0 +([1-6][0-9]{2})", body or b"")
    return int(match[1]) if match else None


def terminated(notify: Message) -> bool:
    """Whether the subscription that REFER made is over."""
    return notify.headers.get("Subscription-State").lower().startswith("terminated")


class Refer:
    """One REFER from its sending to its judgement: by the last NOTIFY, by its refusal, or by their absence.

    Args:
        uri: where the caller shall go.
        after: runs a task later.
        judged: told once: the final status.

    Attributes:
        accepted: the peer has taken the REFER.
    """

    def __init__(
        self, uri: str, after: Callable[[float, Callable[[], None]], None], judged: Callable[[int], None]
    ) -> None:
        self._uri, self._after, self._judged = uri, after, judged
        self._over = self._heard = self.accepted = False

    def answered(self, response: Response | None) -> None:
        """The final response to the REFER, None when nothing came."""
        if response is None or response.status >= 300:
            self.judge(response.status if response else 408)
        else:
            self.accepted = True
            self._after(FIRST_NOTIFY_SECONDS, self._unheard)
            self._after(RINGING_SECONDS, lambda: self.judge(408))

    def notified(self, notify: Message) -> None:
        """A NOTIFY of its subscription."""
        status = sipfrag_status(notify)
        if status is not None and status >= 200:
            self.judge(status)
        elif terminated(notify):
            self.judge(408)
        else:
            self._heard = True

    def judge(self, status: int) -> None:
        """It is over; what comes later changes nothing."""
        if not self._over:
            self._over = True
            log.info("transfer to %s: %d", mask_text(self._uri), status)
            self._judged(status)

    def _unheard(self) -> None:
        if not self._heard:
            self.judge(408)
