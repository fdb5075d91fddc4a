"""RTCP (RFC 3550 section 6): sender and receiver reports as bytes and as values, and what they are made from."""

import struct
from dataclasses import dataclass

from screener.errors import RtpError
from screener.events import SAMPLE_RATE

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION = 200, 201, 202
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_BLOCK = struct.Struct("!IIIIII")
_CNAME = 1
MAX_DROPOUT, MAX_MISORDER = 3000, 100
"""RFC 3550 A.1: a sequence number so far ahead or behind is another stream's."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one source (RFC 3550 6.4.1).

    Attributes:
        ssrc: whose packets it is about.
        fraction: lost since the report before, in 256ths.
        lost: since the beginning; negative when packets came twice.
        highest: sequence number with its wraps.
        jitter: in samples.
        last_report: middle 32 bits of the newest sender report's NTP time, 0 for none.
        delay: since it came, in 65536ths of a second.
    """

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_report: int = 0
    delay: int = 0

    def serialize(self) -> bytes:
        """Its 24 bytes."""
        lost = max(-0x800000, min(0x7FFFFF, self.lost)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc, self.fraction << 24 | lost, self.highest, self.jitter, self.last_report, self.delay
        )

    @classmethod
    def parse(cls, data: bytes) -> "ReportBlock":
        """Read 24 bytes."""
        ssrc, losses, highest, jitter, last_report, delay = _BLOCK.unpack(data)
        lost = losses & 0xFFFFFF
        return cls(ssrc, losses >> 24, lost - (lost >> 23 << 24), highest, jitter, last_report, delay)


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report, or with `ntp` None a receiver report.

    Attributes:
        ssrc: who reports.
        blocks: what it has heard.
        ntp: 64-bit NTP time of the report.
        timestamp: the same instant in samples of its own stream.
        packets, octets: sent since it began.
    """

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()
    ntp: int | None = None
    timestamp: int = 0
    packets: int = 0
    octets: int = 0

    def serialize(self, cname: str) -> bytes:
        """A compound packet: the report and the source description that must follow it."""
        body = struct.pack("!I", self.ssrc)
        if self.ntp is not None:
            body += struct.pack("!QIII", self.ntp, self.timestamp, self.packets, self.octets)
        body += b"".join(block.serialize() for block in self.blocks)
        kind = RECEIVER_REPORT if self.ntp is None else SENDER_REPORT
        name = cname.encode()[:255]
        item = struct.pack("!IBB", self.ssrc, _CNAME, len(name)) + name
        item += bytes(4 - len(item) % 4)  # at least one null ends the items
        return _packet(kind, len(self.blocks), body) + _packet(SOURCE_DESCRIPTION, 1, item)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def parse(data: bytes) -> tuple[Report, ...]:
    """The reports of a compound packet; whatever else it holds is passed over.

    Raises:
        RtpError: lengths do not fit, or the version is another one.
    """
    reports, at = [], 0
    while at < len(data):
        if at + 4 > len(data) or data[at] >> 6 != 2:
            raise RtpError("RTCP header")
        count, kind = data[at] & 0x1F, data[at + 1]
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise RtpError("RTCP is cut short")
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            reports.append(_report(data[at + 4 : end], count, sender=kind == SENDER_REPORT))
        at = end
    return tuple(reports)


def _report(body: bytes, count: int, *, sender: bool) -> Report:
    start = 24 if sender else 4
    if len(body) < start + 24 * count:
        raise RtpError("RTCP report is cut short")
    blocks = tuple(ReportBlock.parse(body[i : i + 24]) for i in range(start, start + 24 * count, 24))
    ssrc = int.from_bytes(body[:4], "big")
    if not sender:
        return Report(ssrc, blocks)
    return Report(ssrc, blocks, *struct.unpack_from("!QIII", body, 4))


def ntp(wall: float) -> int:
    """64-bit NTP time of seconds since 1970."""
    return int((wall + NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


class Reception:
    """What was heard of the peer's stream: RFC 3550 A.1 (sequence), A.3 (loss) and A.8 (jitter).

    Attributes:
        ssrc: of the stream now; None before the first packet.
        received: packets of it.
        jitter: in samples.
    """

    __slots__ = ("_base", "_cycles", "_highest", "_prior", "_report", "_transit", "jitter", "received", "ssrc")

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.received = 0
        self.jitter = 0.0
        self._base = self._highest = self._cycles = 0
        self._prior = (0, 0)
        self._transit: float | None = None
        self._report = (0, 0.0)

    @property
    def expected(self) -> int:
        """Packets that the peer has sent, judged by its numbers."""
        return self._cycles + self._highest - self._base + 1 if self.received else 0

    @property
    def lost(self) -> int:
        """Packets that never came; negative when some came twice."""
        return self.expected - self.received

    def packet(self, sequence: int, timestamp: int, ssrc: int, now: float) -> None:
        """One packet has come; `now` in seconds."""
        ahead = (sequence - self._highest) & 0xFFFF
        if ssrc != self.ssrc or MAX_DROPOUT < ahead < 0x10000 - MAX_MISORDER:
            self.ssrc, self.received, self._transit = ssrc, 0, None
            self._base = self._highest = sequence
            self._cycles, self._prior = 0, (0, 0)
        elif ahead < 0x8000:
            if sequence < self._highest:
                self._cycles += 0x10000
            self._highest = sequence
        self.received += 1
        transit = now * SAMPLE_RATE - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < SAMPLE_RATE:  # a timestamp that jumps or wraps is no jitter
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def reported(self, ntp_time: int, now: float) -> None:
        """A sender report of the peer has come."""
        self._report = (ntp_time >> 16 & 0xFFFFFFFF, now)

    def block(self, now: float) -> ReportBlock | None:
        """What our next report says of it; None before the first packet."""
        if self.ssrc is None:
            return None
        expected, received = self.expected - self._prior[0], self.received - self._prior[1]
        self._prior = (self.expected, self.received)
        gone = expected - received
        fraction = min(255, (gone << 8) // expected) if expected > 0 and gone > 0 else 0
        last, at = self._report
        delay = int((now - at) * 65536) & 0xFFFFFFFF if last else 0
        highest = (self._cycles + self._highest) & 0xFFFFFFFF
        return ReportBlock(self.ssrc, fraction, self.lost, highest, int(self.jitter), last, delay)
