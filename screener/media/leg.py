"""The RTP of one call: its two sockets, pinned to one peer. The media loop owns and drives it.

The peer is who sends from the negotiated address *and port*: it is pinned with its first packet. Behind a NAT a
peer sends from another port; it is heard, and pinned only when nobody has sent from the negotiated one meanwhile.
A pin holds for as long as its peer sends.
"""

import contextlib
import ctypes
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from screener.events import DeafCause
from screener.media.rtp import MAX_PACKET
from screener.media.srtp import Keys, Srtp
from screener.media.stream import AudioStream

WAITING_MOST = 4096
"""Datagrams that a socket may hold when it is pinned: more than its buffer takes, and no standstill."""


@dataclass(slots=True)
class LoopCounts:
    """What the loop did since it began.

    Attributes:
        refused: datagrams that came from somebody else while no peer was pinned; otherwise the kernel drops them.
        skipped: slots that were given up after a standstill.
        worst_late: seconds that the latest slot was late.
    """

    sent: int = 0
    received: int = 0
    refused: int = 0
    skipped: int = 0
    worst_late: float = 0.0


PROVISIONAL_SECONDS = 2.0
"""So long a peer that sends from another port than negotiated may yet give way to the negotiated one."""
PROVISIONAL_QUIET_SECONDS = 0.2
"""A provisional peer that says nothing for so long gives way to any other that may be the peer."""
QUIET_SECONDS = 2.0
"""A pinned peer that says nothing for so long is looked for anew."""


class Owner(Protocol):
    """What a leg needs of its loop."""

    def post(self, task: Callable[[], None]) -> None:
        """Have the media thread do this next, after what was posted before."""
        ...

    def schedule(self, leg: "Leg") -> None:
        """Give a leg its slot."""
        ...

    def discard(self, leg: "Leg") -> None:
        """Take a leg out and close its sockets."""
        ...


RemoteAddress = tuple[str, int]


class Leg:
    """The sockets of one call: RTP on an even port, RTCP on the next one where that is free.

    Attributes:
        port: local, even.
        hosts: addresses that the peer may send from.
        remote: where our packets go: the negotiated address, then wherever the pinned peer really sends from.
        control: likewise for RTCP; None until the peer has offered it or has sent some.
    """

    def __init__(
        self, loop: Owner, sock: socket.socket, control_sock: socket.socket | None, report_ticks: int
    ) -> None:
        self.port: int = sock.getsockname()[1]
        self.hosts: frozenset[str] = frozenset()
        self.remote: RemoteAddress | None = None
        self.control: RemoteAddress | None = None
        self.stream: AudioStream | None = None
        self.slot: int | None = None
        self._negotiated: RemoteAddress | None = None
        self._pinned: RemoteAddress | None = None
        """The newest peer that was pinned."""
        self._provisional: RemoteAddress | None = None
        """Who is heard, and not pinned yet."""
        self._since = 0.0
        """When the provisional peer was first heard."""
        self._heard_at = 0.0
        """When anybody was last heard."""
        self._latched = False
        """Whether the socket is connected to one source: the kernel drops what others send."""
        self._muxed = False
        """Whether RTP and RTCP share a port (RFC 5761)."""
        self._srtp: Srtp | None = None
        """None in clear."""
        self._report_ticks = report_ticks
        self._report_in = 0
        self._loop = loop
        self._sock, self._control_sock = sock, control_sock

    def point(
        self,
        host: str,
        port: int,
        *others: str,
        control: int | None = None,
        muxed: bool = False,
        keys: Keys | None = None,
    ) -> None:
        """Talk to this address from now on.

        Args:
            host: as negotiated.
            port: likewise.
            others: hosts that the peer may also send from.
            control: port on which the peer has offered to take RTCP.
            muxed: RTCP shares the RTP port (RFC 5761).
            keys: of SRTP; None in clear.
        """
        hosts = frozenset((host, *others))

        def turn() -> None:
            self._encrypt(keys)
            self._turn((host, port), hosts, (host, control) if control else None, muxed)

        self._loop.post(turn)

    def start(self, stream: AudioStream) -> None:
        """Audio time is 0 now: one frame each way every 20 ms."""
        stream.jitter.clear()
        self._put_off_report()
        self.stream = stream
        self._loop.schedule(self)

    def close(self) -> None:
        """Fall silent and give the ports back."""
        self._loop.discard(self)

    # The media thread: who the peer is changes here only, so that no packet finds it half changed.

    def _turn(
        self, remote: RemoteAddress, hosts: frozenset[str], control: RemoteAddress | None, muxed: bool
    ) -> None:
        if (remote, hosts, muxed) == (self._negotiated, self.hosts, self._muxed) and self._latched:
            return
        self._release()
        self._pinned, self._muxed = None, muxed
        self.hosts, self.remote, self.control, self._negotiated = hosts, remote, control, remote

    def _encrypt(self, keys: Keys | None) -> None:
        if keys is None:
            self._srtp = None
        elif self._srtp is None:
            self._srtp = Srtp(keys)
        else:
            self._srtp.rekey(keys)

    def _release(self) -> None:
        """Hear everybody who may be the peer again."""
        if self._latched:
            _disconnect(self._sock)
        self._latched, self._provisional = False, None

    def readers(self) -> Sequence[tuple[int, Callable[[LoopCounts, float], None]]]:
        """File numbers to watch, and who reads from them."""
        found = [(self._sock.fileno(), self.read)]
        if self._control_sock is not None:
            found.append((self._control_sock.fileno(), self.read_control))
        return found

    def read(self, counts: LoopCounts, now: float) -> None:
        """Take one datagram; the loop comes again for the next one, so that nobody starves the others."""
        try:
            if self._latched:
                data = self._sock.recv(MAX_PACKET + 1)
            else:
                data, address = self._sock.recvfrom(MAX_PACKET + 1)
                source = address[:2]
                if not self._may_be_the_peer(source, now):
                    counts.refused += 1
                    if self.stream is not None:
                        self.stream.audibility.odd(DeafCause.OTHER_ADDRESS)
                    return
        except OSError:  # gone again, or an ICMP error of an earlier send
            return
        counts.received += 1
        if self._srtp is not None:
            opened = self._opened(self._srtp, data)
            if opened is None:  # it says nothing, not even that the peer is still there
                return
            data = opened
        self._heard_at = now
        stream = self.stream
        if stream is None:
            return
        if self._latched and not self._muxed:  # nearly always
            stream.receive(data, now)
        elif self._take(stream, data, now) and not self._latched:
            self._found(stream, source, counts, now)

    def _may_be_the_peer(self, source: RemoteAddress, now: float) -> bool:
        if source in (self._negotiated, self._pinned):
            return True
        free = self._provisional in (None, source) or now - self._heard_at > PROVISIONAL_QUIET_SECONDS
        return free and source[0] in self.hosts

    def _take(self, stream: AudioStream, data: bytes, now: float) -> bool:
        """Take RTP, or RTCP on the same port; whether it was RTP and well formed."""
        if self._is_control(data):
            stream.reported(data, now)
            return False
        malformed = stream.malformed
        stream.receive(data, now)
        return stream.malformed == malformed

    def _is_control(self, data: bytes) -> bool:
        """Whether it is RTCP that shares the port; what says so is never encrypted (RFC 5761)."""
        return self._muxed and len(data) > 1 and 192 <= data[1] <= 223

    def _opened(self, srtp: Srtp, data: bytes) -> bytes | None:
        """What an encrypted datagram holds; None for one that is not the peer's."""
        opened = srtp.open_control(data) if self._is_control(data) else srtp.open(data)
        if opened is None and self.stream is not None:
            self.stream.audibility.odd(DeafCause.NOT_AUTHENTIC)
        return opened

    def _found(self, stream: AudioStream, source: RemoteAddress, counts: LoopCounts, now: float) -> None:
        """Somebody who may be the peer has sent RTP."""
        if source in (self._negotiated, self._pinned):
            self._latch(stream, source, counts, now)
        elif self._provisional != source:
            self._provisional, self._since = source, now
            self.remote = source
        elif now - self._since >= PROVISIONAL_SECONDS:
            self._latch(stream, source, counts, now)

    def _latch(self, stream: AudioStream, source: RemoteAddress, counts: LoopCounts, now: float) -> None:
        """Hear nobody else from now on, and send there: the kernel sees to it, at less cost than looking."""
        with contextlib.suppress(OSError):
            self._sock.connect(source)
            for _ in range(WAITING_MOST):  # what had come before it was connected
                data, other = self._sock.recvfrom(MAX_PACKET + 1)
                if other[:2] == source:
                    counts.received += 1
                    opened = data if self._srtp is None else self._opened(self._srtp, data)
                    if opened is not None:
                        self._take(stream, opened, now)
                else:
                    counts.refused += 1
        self.remote = self._pinned = source
        self._latched, self._provisional = True, None
        if self._muxed and self.control:
            self.control = source

    def read_control(self, counts: LoopCounts, now: float) -> None:
        """Take one RTCP datagram."""
        assert self._control_sock is not None
        try:
            data, source = self._control_sock.recvfrom(MAX_PACKET + 1)
        except OSError:
            return
        if source[0] not in self.hosts:
            counts.refused += 1
        elif self.stream is not None and len(data) <= MAX_PACKET:
            if self._srtp is not None:
                data = self._srtp.open_control(data) or b""
                if not data:
                    return
            malformed = self.stream.malformed
            self.stream.reported(data, now)
            if self.stream.malformed == malformed:
                self.control = source

    def tick(self, counts: LoopCounts, now: float, wall: Callable[[], float]) -> None:
        """Send one frame, and a report when one is due."""
        stream, remote = self.stream, self.remote
        if stream is None:
            return
        if self._latched and now - self._heard_at > QUIET_SECONDS:
            self._release()
        packet = stream.tick()
        if packet is not None and remote is not None:
            if self._srtp is not None:
                packet = self._srtp.seal(packet)
            try:
                if self._latched:
                    self._sock.send(packet)
                else:
                    self._sock.sendto(packet, remote)
                counts.sent += 1
            except OSError:  # full socket buffer or unreachable peer: the packet is lost, as on any network
                pass
        self._report_in -= 1
        if self._report_in <= 0:
            self._report(stream.report(now, wall()))

    def _report(self, data: bytes) -> None:
        self._put_off_report()
        sock = self._sock if self._muxed else self._control_sock
        if self.control is None or sock is None:
            return
        if self._srtp is not None:
            data = self._srtp.seal_control(data)
        with contextlib.suppress(OSError):
            sock.sendto(data, self.control)

    def _put_off_report(self) -> None:
        """Half to one and a half times as long as usual, at random, so that reports do not come in step."""
        self._report_in = round(self._report_ticks * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    def shut(self) -> None:
        """Close the sockets."""
        self._sock.close()
        if self._control_sock is not None:
            self._control_sock.close()


_libc = ctypes.CDLL(None)


def _disconnect(sock: socket.socket) -> None:
    """Let a datagram socket hear everybody again: connect(2) to AF_UNSPEC, which `socket.connect` cannot say."""
    _libc.connect(sock.fileno(), bytes(16), 16)
