"""The transactions that are open, and every timer of the SIP thread."""

import heapq
import itertools
import secrets
from collections.abc import Callable, Iterator

from screener.errors import SipParseError
from screener.sip.message import Request, Response
from screener.sip.transaction import (
    MAGIC,
    ClientTransaction,
    ServerTransaction,
    TransactionKey,
    client_key,
    invite_key,
    server_key,
)
from screener.sip.transport import Address, TcpAddress, name_of

OnResponse = Callable[[Response | None], None]
"""Takes the final response to a request of ours, None when nothing came."""

MAX_TRANSACTIONS = 20_000
"""Open at once; above it, new requests outside calls are dropped and the peer asks again."""
ROOM_FOR_CALLS = 5000
"""So many more for requests within calls: whatever else happens, a BYE is heard."""


class _Alarm:
    """A task that is due at a time."""

    __slots__ = ("deadline", "task")

    def __init__(self, deadline: float, task: Callable[[], None]) -> None:
        self.deadline: float | None = deadline
        self.task = task


class TransactionLayer:
    """Matches messages to transactions and resends what must be resent. SIP thread only.

    Args:
        send: puts bytes on the wire; must not raise.
        clock: monotonic seconds.
        unacknowledged: called when a final response to an INVITE was never acknowledged.
        agent: what Server and User-Agent say; empty says nothing.
    """

    def __init__(
        self,
        send: Callable[[bytes, Address], None],
        clock: Callable[[], float],
        unacknowledged: Callable[[ServerTransaction], None],
        agent: str = "",
    ) -> None:
        self._agent = agent
        self._send = send
        self._clock = clock
        self._unacknowledged = unacknowledged
        self._servers: dict[TransactionKey, tuple[ServerTransaction, Address]] = {}
        self._clients: dict[TransactionKey, tuple[ClientTransaction, Address, OnResponse]] = {}
        self._keys: dict[int, TransactionKey] = {}
        self._heap: list[tuple[float, int, ServerTransaction | ClientTransaction | _Alarm]] = []
        self._order: Iterator[int] = itertools.count()

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    @property
    def asking(self) -> bool:
        """Whether a request of ours still waits for its final response; any thread."""
        return any(not transaction.completed for transaction, _, _ in list(self._clients.values()))

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock()

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        """Run a task later on the SIP thread."""
        self._wait_for(_Alarm(self.now + seconds, task))

    # Requests of the peer.

    def repeated(self, request: Request, source: Address) -> bool:
        """Whether it is a retransmission, which is dealt with here."""
        known = self._servers.get(server_key(request))
        if known is None:
            return False
        if data := known[0].repeated():
            self._send(data, source)
        return True

    def take(self, request: Request, source: Address, *, in_call: bool = False) -> ServerTransaction | None:
        """A transaction for a request that is new; None when there is no room.

        Args:
            request: not `repeated`.
            source: where responses go.
            in_call: it belongs to a call, or cancels one.
        """
        key = server_key(request)
        if len(self) >= MAX_TRANSACTIONS + ROOM_FOR_CALLS * in_call:
            return None
        transaction = ServerTransaction(request, reliable=isinstance(source, TcpAddress))
        self._servers[key] = transaction, source
        self._keys[id(transaction)] = key
        return transaction

    def respond(self, transaction: ServerTransaction, response: Response) -> None:
        """Send a response to where the request came from."""
        if self._agent:
            response.headers.add("Server", self._agent)
        _, source = self._servers[self._keys[id(transaction)]]
        self._send(transaction.respond(response, self.now), source)
        self._wait_for(transaction)

    def acknowledge(self, transaction: ServerTransaction) -> None:
        """The ACK of a 2xx has come; the dialog knows which."""
        transaction.acknowledge(self.now)
        self._wait_for(transaction)

    def acknowledged(self, ack: Request) -> bool:
        """Whether an ACK belongs to a failure response and has been dealt with."""
        known = self._servers.get(server_key(ack))
        if known is None or known[0].status < 300:
            return False
        self.acknowledge(known[0])
        return True

    def invite_of(self, cancel: Request, source: Address) -> ServerTransaction | None:
        """The INVITE that a CANCEL names; only the host that sent it may."""
        known = self._servers.get(invite_key(cancel))
        return known[0] if known and known[1][0] == source[0] else None

    # Requests of ours.

    def request(self, request: Request, address: Address, via: str, done: OnResponse) -> None:
        """Send a request.

        Args:
            request: complete but for Via, Max-Forwards and User-Agent.
            address: where to.
            via: our own address, `host:port`.
            done: called once, on the SIP thread.
        """
        branch, reliable = MAGIC + secrets.token_hex(8), isinstance(address, TcpAddress)
        request.headers.lines.insert(0, ("Via", f"SIP/2.0/{name_of(address)} {via};branch={branch};rport"))
        request.headers.add("Max-Forwards", "70")
        if self._agent:
            request.headers.add("User-Agent", self._agent)
        transaction = ClientTransaction(request, self.now, reliable=reliable)
        self._clients[transaction.key] = transaction, address, done
        self._send(transaction.data, address)
        self._wait_for(transaction)

    def response(self, response: Response) -> bool:
        """Take a response; False when nobody asked for it."""
        try:
            known = self._clients.get(client_key(response))
        except SipParseError:
            return False
        if known is None:
            return False
        transaction, _, done = known
        if transaction.receive(response, self.now):
            self._wait_for(transaction)
            done(response)
        return True

    def unreachable(self, address: Address) -> None:
        """Nothing can be sent there (RFC 3261 8.1.3.1): what was asked of it gets no answer."""
        waiting = [known for known in self._clients.values() if known[1] == address and not known[0].completed]
        for transaction, to, done in waiting:
            if type(to) is type(address):
                del self._clients[transaction.key]
                done(None)

    # Time.

    def poll(self) -> float | None:
        """Do what is due; seconds until the next time, None for never."""
        while self._heap and self._heap[0][0] <= self.now:
            _, _, waiting = heapq.heappop(self._heap)
            if waiting.deadline is None or waiting.deadline > self.now:
                continue  # it was put off, and stands in the heap again
            if isinstance(waiting, _Alarm):
                waiting.deadline = None
                waiting.task()
            elif isinstance(waiting, ServerTransaction):
                self._poll_server(waiting)
            else:
                self._poll_client(waiting)
        return max(0.0, self._heap[0][0] - self.now) if self._heap else None

    def _poll_server(self, transaction: ServerTransaction) -> None:
        key = self._keys.get(id(transaction))
        if key is None:
            return
        data = transaction.poll(self.now)
        if data:
            self._send(data, self._servers[key][1])
        if not transaction.ended:
            self._wait_for(transaction)
            return
        del self._servers[key], self._keys[id(transaction)]
        if transaction.timed_out:
            self._unacknowledged(transaction)

    def _poll_client(self, transaction: ClientTransaction) -> None:
        if transaction.key not in self._clients:
            return
        _, address, done = self._clients[transaction.key]
        if data := transaction.poll(self.now):
            self._send(data, address)
        if not transaction.ended:
            self._wait_for(transaction)
            return
        del self._clients[transaction.key]
        if transaction.timed_out:
            done(None)

    def _wait_for(self, waiting: ServerTransaction | ClientTransaction | _Alarm) -> None:
        if waiting.deadline is not None:
            heapq.heappush(self._heap, (waiting.deadline, next(self._order), waiting))
