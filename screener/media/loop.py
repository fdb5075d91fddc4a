"""One thread moves the RTP of every call: an epoll loop on a schedule that cannot drift.

A frame is 20 ms long and is divided into slots; each call is given the emptiest slot when it begins, so that a
thousand calls are fifty packets a millisecond and not a thousand at once. Slot `n` is due at `start + n * SLOT`:
what a late wake-up delays is not added to the next one.
"""

import contextlib
import logging
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from screener.errors import SipError
from screener.events import FRAME_SECONDS
from screener.media.rtp import MAX_PACKET
from screener.media.stream import AudioStream

log = logging.getLogger(__name__)

SLOTS = 10
SLOT = FRAME_SECONDS / SLOTS
MAX_READS = 10
"""Datagrams read from one socket in a row, so that nobody can starve the others."""
MAX_BEHIND = 1.0
"""Seconds of schedule that are caught up after a standstill of the machine; more is given up and counted."""


@dataclass(slots=True)
class LoopCounts:
    """What the loop did since it began.

    Attributes:
        refused: datagrams that came from somebody else than the peer.
        skipped: slots that were given up after a standstill.
        worst_late: seconds that the latest slot was late.
    """

    sent: int = 0
    received: int = 0
    refused: int = 0
    skipped: int = 0
    worst_late: float = 0.0


class Leg:
    """The RTP socket of one call, pinned to one peer.

    Attributes:
        port: local, even.
        hosts: addresses that the peer may send from.
        remote: where our packets go: the negotiated address, then wherever the pinned peer really sends from.
    """

    def __init__(self, loop: "MediaLoop", sock: socket.socket) -> None:
        self.port: int = sock.getsockname()[1]
        self.hosts: frozenset[str] = frozenset()
        self.remote: tuple[str, int] | None = None
        self.stream: AudioStream | None = None
        self.slot: int | None = None
        self._latched = False
        self._loop = loop
        self._sock = sock

    def point(self, host: str, port: int, *others: str) -> None:
        """Talk to this address from now on; `others` are hosts that the peer may also send from."""
        if self.remote == (host, port) and self._latched:
            return
        self.hosts, self.remote, self._latched = frozenset((host, *others)), (host, port), False

    def start(self, stream: AudioStream) -> None:
        """Audio time is 0 now: one frame each way every 20 ms."""
        stream.jitter.clear()
        self.stream = stream
        self._loop.schedule(self)

    def close(self) -> None:
        """Fall silent and give the port back."""
        self._loop.discard(self)

    def read(self, counts: LoopCounts) -> None:
        """Take what has come; media thread only."""
        for _ in range(MAX_READS):
            try:
                data, source = self._sock.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            if source[0] not in self.hosts or (self._latched and source != self.remote):
                counts.refused += 1
                continue
            counts.received += 1
            stream = self.stream
            if stream is None:
                continue
            malformed = stream.malformed
            stream.receive(data)
            if not self._latched and stream.malformed == malformed:
                self.remote, self._latched = source, True

    def tick(self, counts: LoopCounts) -> None:
        """Send one frame; media thread only."""
        stream = self.stream
        if stream is None:
            return
        packet = stream.tick()
        if packet is not None and self.remote is not None:
            try:
                self._sock.sendto(packet, self.remote)
                counts.sent += 1
            except OSError:  # full socket buffer or unreachable peer: the packet is lost, as on any network
                pass

    def fileno(self) -> int:
        """For epoll."""
        return self._sock.fileno()

    def shut(self) -> None:
        """Close the socket; media thread only."""
        self._sock.close()


class MediaLoop:
    """All RTP of the process.

    Args:
        host: address to bind.
        low, high: even ports of this range are used.
    """

    def __init__(self, host: str, low: int, high: int) -> None:
        self.counts = LoopCounts()
        self._host = host
        self._ports = list(range(low + low % 2, high + 1, 2)) or [0]
        self._epoll = select.epoll()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._epoll.register(self._wake_read.fileno(), select.EPOLLIN)
        self._lock = threading.Lock()
        self._tasks: list[Callable[[], None]] = []
        self._legs: dict[int, Leg] = {}
        self._slots: list[list[Leg]] = [[] for _ in range(SLOTS)]
        self._running = True
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._legs)

    def open(self) -> Leg:
        """A leg on a free even port.

        Raises:
            SipError: every port of the range is taken.
        """
        start = random.randrange(len(self._ports))  # noqa: S311 - spreads ports, keeps no secret
        for port in self._ports[start:] + self._ports[:start]:
            sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
            try:
                sock.bind((self._host, port))
            except OSError:
                sock.close()
                continue
            leg = Leg(self, sock)
            self._post(lambda leg=leg: self._add(leg))  # type: ignore[misc]
            return leg
        raise SipError("no RTP port is free", "widen sip.rtp_port_low … sip.rtp_port_high")

    def schedule(self, leg: Leg) -> None:
        """Give a leg its slot."""
        self._post(lambda: self._place(leg))

    def discard(self, leg: Leg) -> None:
        """Take a leg out and close its socket."""
        self._post(lambda: self._remove(leg))

    def stop(self) -> None:
        """Close every socket and end the thread."""
        self._running = False
        self._post(lambda: None)
        self._thread.join(timeout=5)

    def _post(self, task: Callable[[], None]) -> None:
        with self._lock:
            self._tasks.append(task)
        with contextlib.suppress(OSError):  # full: the loop is awake already; closed: nobody is left to wake
            self._wake_write.send(b"\0")

    # The media thread.

    def _add(self, leg: Leg) -> None:
        self._legs[leg.fileno()] = leg
        self._epoll.register(leg.fileno(), select.EPOLLIN)

    def _place(self, leg: Leg) -> None:
        if leg.fileno() < 0 or leg.slot is not None:
            return
        leg.slot = min(range(SLOTS), key=lambda i: len(self._slots[i]))
        self._slots[leg.slot].append(leg)

    def _remove(self, leg: Leg) -> None:
        fileno = leg.fileno()
        if fileno < 0:
            return
        if leg.slot is not None:
            self._slots[leg.slot].remove(leg)
        self._epoll.unregister(fileno)
        leg.shut()
        del self._legs[fileno]

    def _run(self) -> None:
        start, number = time.monotonic(), 0
        wake = self._wake_read.fileno()
        while self._running:
            try:
                now = time.monotonic()
                if now - start - number * SLOT > MAX_BEHIND:
                    behind = int((now - start) / SLOT) - number
                    self.counts.skipped += behind
                    number += behind
                while (due := start + number * SLOT) <= now:
                    self._tick_slot(self._slots[number % SLOTS], now - due)
                    number += 1
                busy = any(self._slots)
                for fileno, _ in self._epoll.poll(max(0.0, due - time.monotonic()) if busy else -1):
                    if fileno == wake:
                        self._run_tasks()
                    elif leg := self._legs.get(fileno):
                        leg.read(self.counts)
                if not busy:
                    start, number = time.monotonic(), 0  # nobody was waiting for a slot
            except Exception:
                log.exception("media loop: a fault of ours; the loop goes on")
        for leg in list(self._legs.values()):
            self._remove(leg)
        self._epoll.close()
        self._wake_read.close()
        self._wake_write.close()

    def _tick_slot(self, legs: list[Leg], late: float) -> None:
        if legs:
            self.counts.worst_late = max(self.counts.worst_late, late)
        for leg in tuple(legs):
            try:
                leg.tick(self.counts)
            except Exception:
                log.exception("media loop: a call failed; it falls silent")
                leg.stream = None

    def _run_tasks(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)
        with self._lock:
            tasks, self._tasks = self._tasks, []
        for task in tasks:
            task()
