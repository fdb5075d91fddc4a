"""One thread moves the RTP of every call: an epoll loop on a schedule that cannot drift.

A frame is 20 ms long and is divided into slots; each call is given the emptiest slot when it begins, so that a
thousand calls are a hundred packets every 2 ms and not a thousand at once. Slot `n` is due at `start + n * SLOT`:
what a late wake-up delays is not added to the next one. What has come in meanwhile is read once a slot, one
datagram a socket: that costs the least, and nobody can starve the others.
"""

import contextlib
import logging
import os
import random
import select
import socket
import sys
import threading
import time
from collections.abc import Callable

from screener.errors import SipError
from screener.events import FRAME_SECONDS
from screener.media.leg import Leg, LoopCounts

log = logging.getLogger(__name__)

SLOTS = 10
SLOT = FRAME_SECONDS / SLOTS
JOIN_SECONDS = 5.0
"""A thread of the endpoint that takes longer to end is left behind."""
MAX_BEHIND = 1.0
"""Seconds of schedule that are caught up after a standstill of the machine; more is given up and counted."""
REALTIME_PRIORITY = 1
"""Of the media thread where the system allows it (RLIMIT_RTPRIO, CAP_SYS_NICE), as telephone exchanges run:
recognition and other programs must not delay audio. Elsewhere it runs like any thread."""

SWITCH_SECONDS = 0.001
"""So long another thread may keep the interpreter from the media thread; Python's own 5 ms are a quarter of a
frame."""


class MediaLoop:
    """All RTP of the process.

    Args:
        host: address to bind.
        low, high: even ports of this range are used, and the next odd ones for RTCP.
        report_seconds: between two RTCP reports of a call on average (RFC 3550 6.2).
    """

    def __init__(self, host: str, low: int, high: int, report_seconds: float = 5.0) -> None:
        self.counts = LoopCounts()
        self._host = host
        self._report_ticks = round(report_seconds / FRAME_SECONDS)
        self._ports = list(range(low + low % 2, high + 1, 2))
        self._epoll = select.epoll()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._epoll.register(self._wake_read.fileno(), select.EPOLLIN)
        self._lock = threading.Lock()
        self._tasks: list[Callable[[], None]] = []
        self._legs: set[Leg] = set()
        self._readers: dict[int, Callable[[LoopCounts, float], None]] = {}
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
            if sock := self._bind(port):
                leg = Leg(self, sock, self._bind(sock.getsockname()[1] + 1), self._report_ticks)
                self.post(lambda leg=leg: self._add(leg))  # type: ignore[misc]
                return leg
        raise SipError("no RTP port is free", "widen sip.rtp_port_low … sip.rtp_port_high")

    def _bind(self, port: int) -> socket.socket | None:
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.bind((self._host, port))
        except (OSError, OverflowError):  # taken, or the port after the last
            sock.close()
            return None
        return sock

    def schedule(self, leg: Leg) -> None:
        """Give a leg its slot."""
        self.post(lambda: self._place(leg))

    def discard(self, leg: Leg) -> None:
        """Take a leg out and close its sockets."""
        self.post(lambda: self._remove(leg))

    def pulse(self, answered: Callable[[], None]) -> None:
        """Call back from the media thread when it comes round to it: it lives."""
        self.post(answered)

    def stop(self) -> None:
        """Close every socket and end the thread."""
        self._running = False
        self.post(lambda: None)
        self._thread.join(JOIN_SECONDS)

    def post(self, task: Callable[[], None]) -> None:
        """Have the media thread do this next, after what was posted before."""
        with self._lock:
            self._tasks.append(task)
        with contextlib.suppress(OSError):  # full: the loop is awake already; closed: nobody is left to wake
            self._wake_write.send(b"\0")

    # The media thread.

    def _add(self, leg: Leg) -> None:
        self._legs.add(leg)
        for fileno, reader in leg.readers():
            self._readers[fileno] = reader
            self._epoll.register(fileno, select.EPOLLIN)

    def _place(self, leg: Leg) -> None:
        if leg not in self._legs or leg.slot is not None:
            return
        leg.slot = min(range(SLOTS), key=lambda i: len(self._slots[i]))
        self._slots[leg.slot].append(leg)

    def _remove(self, leg: Leg) -> None:
        if leg not in self._legs:
            return
        self._legs.discard(leg)
        if leg.slot is not None:
            self._slots[leg.slot].remove(leg)
        for fileno, _ in leg.readers():
            self._epoll.unregister(fileno)
            del self._readers[fileno]
        leg.shut()

    def _run(self) -> None:
        _ask_for_realtime()
        start, number = time.monotonic(), 0
        while self._running:
            try:
                if not any(self._slots):
                    self._read(-1)
                    start, number = time.monotonic(), 0  # nobody was waiting for a slot
                    continue
                due = start + number * SLOT
                now = time.monotonic()
                if due > now:
                    time.sleep(due - now)
                    now = time.monotonic()
                elif now - due > MAX_BEHIND:
                    behind = int((now - due) / SLOT)
                    self.counts.skipped += behind
                    number += behind
                    due = start + number * SLOT
                self._tick_slot(self._slots[number % SLOTS], now, now - due)
                number += 1
                self._read(0)
            except Exception:
                log.exception("media loop: a fault of ours; the loop goes on")
        for leg in list(self._legs):
            self._remove(leg)
        self._epoll.close()
        self._wake_read.close()
        self._wake_write.close()

    def _tick_slot(self, legs: list[Leg], now: float, late: float) -> None:
        if legs and late > self.counts.worst_late:
            self.counts.worst_late = late
        for leg in legs:
            try:
                leg.tick(self.counts, now, time.time)
            except Exception:
                log.exception("media loop: a call failed; it falls silent")
                leg.stream = None

    def _read(self, timeout: float) -> None:
        ready = self._epoll.poll(timeout)
        if (self._wake_read.fileno(), select.EPOLLIN) in ready:  # first: what has come may be meant for a new peer
            self._run_tasks()
        now = time.monotonic()
        for fileno, _ in ready:
            if reader := self._readers.get(fileno):  # none: the wake-up, or closed by a task
                reader(self.counts, now)

    def _run_tasks(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)
        with self._lock:
            tasks, self._tasks = self._tasks, []
        for task in tasks:
            try:
                task()
            except Exception:
                log.exception("media loop: a task failed; the others are done")


def _ask_for_realtime() -> None:
    sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
    with contextlib.suppress(OSError, AttributeError):  # not allowed, or not Linux
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REALTIME_PRIORITY))
