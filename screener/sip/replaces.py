"""Replaces (RFC 3891): an INVITE that takes the place of a call, as an attended transfer ends."""

from dataclasses import dataclass

from screener.errors import SipParseError
from screener.sip.address import parse_params
from screener.sip.dialog import Dialog
from screener.sip.message import Request

EXTENSION = "replaces"


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that is replaced, as the side that is asked sees it.

    Attributes:
        call_id: its Call-ID.
        local_tag: our tag (`to-tag`).
        remote_tag: the peer's (`from-tag`).
        early_only: only while it is not answered yet.
    """

    call_id: str
    local_tag: str
    remote_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        flag = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.local_tag};from-tag={self.remote_tag}{flag}"

    @classmethod
    def of(cls, request: Request) -> "Replaces | None":
        """What an INVITE asks to replace; None when it asks nothing.

        Raises:
            SipParseError: it asks wrongly, or for two.
        """
        values = request.headers.all("Replaces")
        if not values:
            return None
        call_id, _, rest = values[0].partition(";")
        params = parse_params(rest)
        if len(values) > 1 or not (call_id.strip() and params.get("to-tag") and params.get("from-tag")):
            raise SipParseError("Replaces names no dialog")
        return cls(call_id.strip(), params["to-tag"], params["from-tag"], "early-only" in params)

    def names(self, dialog: Dialog) -> bool:
        """Whether this is the dialog that is meant, and it may be replaced once it is answered."""
        return not self.early_only and (dialog.local_tag, dialog.remote_tag) == (self.local_tag, self.remote_tag)
