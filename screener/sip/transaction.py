"""Transactions (RFC 3261 section 17, RFC 6026): who resends what, when, and for how long.

Pure state machines: time is an argument, bytes to send are return values, `deadline` says when to `poll`.
"""

from screener.sip.message import Request, Response

T1 = 0.5
"""Round-trip time estimate, seconds."""
T2 = 4.0
"""Longest time between two retransmissions."""
T4 = 5.0
"""How long a message may live in the network."""
LIFE = 64 * T1
"""Timers B, F, H, J: after this, nobody waits any more."""

MAGIC = "z9hG4bK"
"""Branches of RFC 3261 begin with it."""

TransactionKey = tuple[str, ...]


def server_key(request: Request) -> TransactionKey:
    """What a request and its retransmissions have in common; an ACK has the key of its INVITE."""
    return _key(request, "INVITE" if request.method == "ACK" else request.method)


def invite_key(cancel: Request) -> TransactionKey:
    """The key of the INVITE that a CANCEL names."""
    return _key(cancel, "INVITE")


def _key(request: Request, kind: str) -> TransactionKey:
    via = request.via
    number, _ = request.cseq
    if via.branch.startswith(MAGIC) and len(via.branch) > len(MAGIC):
        return via.branch, via.host, str(via.port), kind
    return request.call_id, request.from_.tag, str(number), via.host, str(via.port), via.branch, kind


def client_key(message: Request | Response) -> TransactionKey:
    """What our request and its responses have in common."""
    return message.via.branch, message.cseq[1]


class ServerTransaction:
    """One request that came in and the response that it gets.

    Args:
        request: what came.
        reliable: over TCP; only the 2xx to an INVITE is resent there, because its way goes from end to end.

    Attributes:
        deadline: when `poll` wants to be called next, None for never.
        ended: nothing is left to do.
        timed_out: a final response to an INVITE was never acknowledged.
        status: of the newest response, 0 before it.
    """

    def __init__(self, request: Request, *, reliable: bool = False) -> None:
        self.request = request
        self._reliable = reliable
        self.invite = request.method == "INVITE"
        self.deadline: float | None = None
        self.ended = False
        self.timed_out = False
        self.status = 0
        self._last: bytes | None = None
        self._interval = T1
        self._give_up = 0.0
        self._unacknowledged = False

    def respond(self, response: Response, now: float) -> bytes:
        """Send a response; the bytes are for the wire."""
        self._last, self.status = response.serialize(), response.status
        if response.status >= 200:
            self._unacknowledged = self.invite
            self._give_up = now + (LIFE if self.invite or not self._reliable else 0.0)
            resending = self.invite and (response.status < 300 or not self._reliable)
            self.deadline = now + T1 if resending else self._give_up
        return self._last

    def repeated(self) -> bytes | None:
        """The request came again: what to send again."""
        return self._last

    def acknowledge(self, now: float) -> None:
        """ACK came: resend no more, but absorb late retransmissions for a while (timer I)."""
        if self.status >= 200 and self._unacknowledged:
            self._unacknowledged = False
            self._give_up = self.deadline = now + (0.0 if self._reliable else T4)

    def poll(self, now: float) -> bytes | None:
        """Time has passed: what to send again, if anything."""
        if self.deadline is None or now < self.deadline:
            return None
        if now >= self._give_up:
            self.ended, self.timed_out, self.deadline = True, self._unacknowledged, None
            return None
        self._interval = min(2 * self._interval, T2)
        self.deadline = min(now + self._interval, self._give_up)
        return self._last


class ClientTransaction:
    """One non-INVITE request of ours and its final response (timers E, F, K).

    The product never sends an INVITE, so there is no INVITE client here.

    Args:
        request: with its Via.
        now: monotonic seconds.
        reliable: over TCP; sent once.

    Attributes:
        deadline, ended, timed_out: as in `ServerTransaction`; timed out means that no final response came.
        completed: the final response has come.
    """

    def __init__(self, request: Request, now: float, *, reliable: bool = False) -> None:
        self.key = client_key(request)
        self.data = request.serialize()
        self._reliable = reliable
        self.deadline: float | None = now + (LIFE if reliable else T1)
        self.ended = False
        self.timed_out = False
        self._interval = T1
        self._give_up = now + LIFE
        self.completed = False

    def receive(self, response: Response, now: float) -> bool:
        """Take a response; True when it is the final one and new."""
        if self.completed:
            return False
        if response.status < 200:
            self._interval = T2
            return False
        self.completed = True
        self._give_up = self.deadline = now + (0.0 if self._reliable else T4)
        return True

    def poll(self, now: float) -> bytes | None:
        """Time has passed: what to send again, if anything."""
        if self.deadline is None or now < self.deadline:
            return None
        if now >= self._give_up:
            self.ended, self.timed_out, self.deadline = True, not self.completed, None
            return None
        self._interval = min(2 * self._interval, T2)
        self.deadline = min(now + self._interval, self._give_up)
        return None if self.completed else self.data
