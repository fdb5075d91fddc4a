"""REFER (RFC 3515): asking the PBX to move the caller, and judging what became of it."""

import re

from screener.sip.dialog import Dialog
from screener.sip.message import Message, Request, part

FIRST_NOTIFY_SECONDS = 20.0
"""After the 202, so long without any NOTIFY is a failure."""
RINGING_SECONDS = 60.0
"""A target that rings longer is a failure."""


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
