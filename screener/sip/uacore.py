"""The user agent core (RFC 3261, 6): what a call needs of the user agent that it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass

from screener.sip.dialog import Dialog
from screener.sip.layer import TransactionLayer
from screener.sip.wire import Address


@dataclass(frozen=True, slots=True)
class UserAgentCore:
    """What a call needs of the user agent that it belongs to.

    Attributes:
        layer: transactions and timers.
        post: runs a task on the SIP thread.
        contact: our URI as the peer reaches it.
        via: our `host:port` as the peer reaches it.
        host: our address in SDP.
        hop: where the next request of a dialog goes: a configured peer, or the source of the call.
        ended: told the Call-ID once the call is over.
    """

    layer: TransactionLayer
    post: Callable[[Callable[[], None]], None]
    contact: str
    via: str
    host: str
    hop: Callable[[Dialog], Address]
    ended: Callable[[str], None]
