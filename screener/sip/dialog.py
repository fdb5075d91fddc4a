"""Dialogs (RFC 3261 section 12), seen from the side that was called."""

from dataclasses import dataclass

from screener.errors import SipParseError
from screener.sip.address import NameAddr, Uri
from screener.sip.message import Headers, Request


@dataclass(slots=True)
class Dialog:
    """What the two ends of a call agree on.

    Attributes:
        local, remote: our and their From/To value, tags included.
        remote_target: where the peer wants requests: its Contact.
        route_set: Route values, nearest proxy first.
        local_cseq, remote_cseq: the newest numbers of either side.
    """

    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    remote: str
    remote_target: str
    route_set: tuple[str, ...]
    remote_cseq: int
    local_cseq: int = 0

    @classmethod
    def of_invite(cls, request: Request, local_tag: str) -> "Dialog":
        """The dialog that a 2xx to this INVITE makes.

        Raises:
            SipParseError: the INVITE has no usable Contact.
        """
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag,
            local=f"{request.headers.get('To')};tag={local_tag}",
            remote=request.headers.get("From"),
            remote_target=_target(request),
            route_set=tuple(request.headers.values("Record-Route")),
            remote_cseq=request.cseq[0],
        )

    def matches(self, request: Request) -> bool:
        """Whether a request of the peer belongs here."""
        return (request.call_id, request.to.tag, request.from_.tag) == (
            self.call_id,
            self.local_tag,
            self.remote_tag,
        )

    def accept(self, request: Request) -> bool:
        """Take the number and the target of a request of the peer; False when its CSeq is out of order."""
        number, method = request.cseq
        if number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        if method in ("INVITE", "UPDATE") and "Contact" in request.headers:
            self.remote_target = _target(request)
        return True

    def request(self, method: str) -> Request:
        """A request of ours within the dialog, CSeq rising; Via is added when it is sent."""
        self.local_cseq += 1
        headers = Headers(
            [
                *(("Route", route) for route in self._routes()),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self.local_cseq} {method}"),
            ]
        )
        uri = self.remote_target
        if self.route_set and not self._loose():
            uri = str(NameAddr.parse(self.route_set[0]).uri)  # RFC 3261 12.2.1.1: a strict router first
        return Request(headers, b"", method, uri)

    def next_hop(self) -> Uri:
        """Where the next request of ours goes."""
        return NameAddr.parse(self.route_set[0]).uri if self.route_set else Uri.parse(self.remote_target)

    def _loose(self) -> bool:
        return "lr" in NameAddr.parse(self.route_set[0]).uri.params

    def _routes(self) -> tuple[str, ...]:
        if not self.route_set or self._loose():
            return self.route_set
        return (*self.route_set[1:], f"<{self.remote_target}>")


def _target(request: Request) -> str:
    contacts = request.headers.values("Contact")
    if not contacts:
        return str(request.from_.uri)  # a peer of RFC 2543 may send none
    if len(contacts) != 1:
        raise SipParseError(f"{len(contacts)} Contact values")
    for route in request.headers.values("Record-Route"):
        NameAddr.parse(route)
    return str(NameAddr.parse(contacts[0]).uri)
