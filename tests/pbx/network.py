"""A network of its own for real peers: a namespace with the documentation's addresses on its loopback; a wiretap.

Nothing leaves the namespace and nothing outside it can reach in, so every peer may use the well-known ports.
"""

import contextlib
import ctypes
import itertools
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.waiting import PATIENCE, wait_for

ASTERISK, SCREENER, TRUNK, PHONE = "192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.41"
SECOND_SCREENER, PROXY = "192.0.2.21", "192.0.2.50"
"""RFC 5737 addresses, as deploy/asterisk and deploy/kamailio name them."""
CREW = "192.0.2.42"
"""Further agents, as peers/pjsip_wizard.conf names them."""
_ADDRESSES = ASTERISK, SCREENER, SECOND_SCREENER, TRUNK, PHONE, CREW, PROXY


_CLONE_NEWNET = 0x40000000
_ETH_P_IP = 0x0800
_SIP_PORT = 5060
_DISCARD = 9
"""Nobody listens there: marks for the wiretap."""
_SO_RCVBUFFORCE = 33
"""Of Linux: root may have more than the system's limit, and a busy machine needs it."""


class Network:
    """A network namespace that lives as long as its holder process."""

    def __init__(self) -> None:
        addresses = (f"ip addr add {address}/32 dev lo" for address in _ADDRESSES)
        script = " && ".join(["ip link set lo up", *addresses, "echo ready", "exec cat"])
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout
        assert self._holder.stdout.readline() == b"ready\n", "the namespace cannot be made"
        self._path = f"/proc/{self._holder.pid}/ns/net"

    def popen(
        self, command: Sequence[str | Path], cwd: Path, log: IO[bytes], env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program inside; its pid is its own, because nsenter becomes it."""
        inside = ["nsenter", f"--net={self._path}", "--", *map(str, command)]
        return subprocess.Popen(
            inside, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(env or {})}
        )

    def run(self, command: Sequence[str | Path], cwd: Path, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a program inside and take what it prints."""
        inside = ["nsenter", f"--net={self._path}", "--", *map(str, command)]
        return subprocess.run(inside, cwd=cwd, capture_output=True, text=True, timeout=seconds * PATIENCE)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread's new sockets belong to the namespace."""
        setns = ctypes.CDLL(None, use_errno=True).setns
        with Path("/proc/thread-self/ns/net").open() as outside, Path(self._path).open() as inside:
            if setns(inside.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                setns(outside.fileno(), _CLONE_NEWNET)

    def stop(self) -> None:
        assert self._holder.stdin
        self._holder.stdin.close()
        self._holder.wait(10)


@dataclass(frozen=True, slots=True)
class Packet:
    """A UDP datagram on the wire: monotonic seconds, addresses, content."""

    at: float
    source: tuple[str, int]
    target: tuple[str, int]
    data: bytes

    @property
    def is_sip(self) -> bool:
        return _SIP_PORT in (self.source[1], self.target[1])

    @property
    def is_pcmu(self) -> bool:
        return not self.is_sip and len(self.data) > 12 and self.data[0] == 0x80 and self.data[1] & 127 == 0


def udp_packet(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    """An IP packet with a datagram of any sender, for a raw socket; the kernel counts the header's checksum."""
    length = 8 + len(data)
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    return header + struct.pack("!HHHH", source[1], target[1], length, 0) + data


class Wiretap:
    """Everything that passes the namespace's loopback, from the start to the stop.

    Whoever asks what has passed is answered once everything that has passed by then is here.
    """

    def __init__(self, network: Network) -> None:
        self.packets: list[Packet] = []
        self._marks, self._seen = itertools.count(1), 0
        with network.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
            self._marker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 22)
        self._socket.bind(("lo", _ETH_P_IP))
        self._socket.settimeout(0.1)
        self._stopped = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stopped:
            try:
                data, (_, _, kind, *_) = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            header = (data[0] & 15) * 4
            if kind != socket.PACKET_OUTGOING and data[9] == socket.IPPROTO_UDP and len(data) >= header + 8:
                source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
                ports = struct.unpack_from("!HH", data, header)
                content = data[header + 8 :]
                if ports[1] == _DISCARD:
                    self._seen = int(content)
                else:
                    self.packets.append(Packet(time.monotonic(), (source, ports[0]), (target, ports[1]), content))

    def _caught_up(self) -> None:
        """Wait for what has passed already: a mark that is sent behind it."""
        if self._stopped:
            return
        mark = next(self._marks)
        self._marker.sendto(b"%d" % mark, (TRUNK, _DISCARD))
        wait_for(lambda: self._seen >= mark, what="what has passed", every=0.001)

    def sip(self, start: str, source: str = "", target: str = "") -> list[Packet]:
        """SIP messages that begin with a word, such as `REFER ` or `SIP/2.0 202`."""
        self._caught_up()
        return [
            p
            for p in list(self.packets)
            if p.is_sip
            and p.data.startswith(start.encode())
            and source in ("", p.source[0])
            and target in ("", p.target[0])
        ]

    def dialled(self, number: str = "13800138000") -> float:
        """When the trunk sent that caller's first INVITE: SIPp takes its time before."""
        return next(p.at for p in self.sip("INVITE ", source=TRUNK) if f"sip:{number}@".encode() in p.data)

    def heard_by(self, address: str, ports: range = range(1 << 16)) -> bytes:
        """The µ-law that an address was sent by RTP, in the order of arrival."""
        self._caught_up()
        sent = (p for p in list(self.packets) if p.is_pcmu and p.target[0] == address and p.target[1] in ports)
        return b"".join(p.data[12:] for p in sent)

    def streams(self, source: str, target: str) -> list[bytes]:
        """The µ-law of each RTP stream from one address to another, in the order of arrival."""
        self._caught_up()
        found: dict[tuple[int, int], bytearray] = {}
        for p in list(self.packets):
            if p.is_pcmu and (p.source[0], p.target[0]) == (source, target):
                found.setdefault((p.source[1], p.target[1]), bytearray()).extend(p.data[12:])
        return [bytes(stream) for stream in found.values()]

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()
        self._socket.close()
        self._marker.close()
