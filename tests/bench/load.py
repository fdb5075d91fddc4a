"""Many callers at the price of one: one SIP socket, one RTP socket, and one system call for a slot's packets.

The callee sends every call's audio to the same address of ours and is told apart by its own port. The kernel
stamps each packet when it is queued, so what is measured is the callee's pace and not ours.
"""

import ctypes
import math
import os
import re
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

import numpy as np

BATCH = 1024
SLOTS = 10
RECEIVE_BUFFER = 64 << 20
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33

_libc = ctypes.CDLL(None, use_errno=True)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("len", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(_Iovec)),
        ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )  # fmt: skip


class _Mmsghdr(ctypes.Structure):
    _fields_ = (("hdr", _Msghdr), ("len", ctypes.c_uint))


class _Batch:
    """Buffers for recvmmsg or sendmmsg, laid over numpy arrays."""

    def __init__(self, count: int, size: int) -> None:
        self.data = np.zeros((count, size), np.uint8)
        self.names = np.zeros((count, 16), np.uint8)
        self.control = np.zeros((count, 64), np.uint8)
        self.iovecs = (_Iovec * count)()
        self.headers = (_Mmsghdr * count)()
        for i in range(count):
            self.iovecs[i] = _Iovec(self.data.ctypes.data + i * size, size)
        self.reset(count)

    def reset(self, count: int, *, control: bool = True) -> None:
        for i in range(count):
            hdr = self.headers[i].hdr
            hdr.name, hdr.namelen = self.names.ctypes.data + 16 * i, 16
            hdr.iov, hdr.iovlen = ctypes.pointer(self.iovecs[i]), 1
            hdr.control, hdr.controllen = (self.control.ctypes.data + 64 * i, 64) if control else (None, 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a set of calls was sent to: packets a second of each call, and every gap between two packets.

    Attributes:
        pps: one value a call.
        gaps: milliseconds, all calls together.
        silent: calls that sent nothing.
    """

    pps: np.ndarray
    gaps: np.ndarray
    silent: int

    def __str__(self) -> str:
        if not self.pps.size or not self.gaps.size:
            return f"no packets ({self.silent} calls silent)"
        p50, p99 = np.percentile(self.gaps, [50, 99])
        silent = f" ({self.silent} silent)" if self.silent else ""
        low, high = self.pps.min(), self.pps.max()
        return (
            f"{low:6.2f}–{high:6.2f} pps  gap p50 {p50:5.1f} p99 {p99:6.1f} max {self.gaps.max():7.1f} ms{silent}"
        )


class Callers:
    """Callers of one callee. `run` it on a thread of a process of its own.

    Args:
        port: the callee's SIP port on 127.0.0.1.
        dialled: whom they call.
        sip_port: our own, 0 for any.
    """

    def __init__(self, port: int, dialled: str = "900", sip_port: int = 0) -> None:
        self.callee, self.dialled = ("127.0.0.1", port), dialled
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock, own in ((self.sip, sip_port), (self.rtp, 0)):
            try:
                sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            except PermissionError:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.bind(("127.0.0.1", own))
            sock.setblocking(False)
        self.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.ports: dict[int, int] = {}
        """Callee's RTP port to the number of the call."""
        self.answer_seconds: list[float] = []
        self.refused: dict[int, int] = {}
        self.ended = 0
        self._asked: dict[int, float] = {}
        self._dialogs: dict[int, str] = {}
        self._rtp_of: dict[int, int] = {}
        self._byes: list[tuple[float, int]] = []
        self.lasting = math.inf
        """Seconds after which each call is hung up."""
        self._run_id = f"{os.getpid()}{time.monotonic_ns()}"
        self._next = 0
        self._in, self._out = _Batch(BATCH, 256), _Batch(BATCH, 172)
        self._targets: list[list[int]] = [[] for _ in range(SLOTS)]
        self._sequence = 0
        self._recording = False
        self._records: list[tuple[np.ndarray, np.ndarray]] = []
        self._calls_to_make: list[float] = []
        self.running = True
        self.speech: np.ndarray | None = None
        """Frames of 160 bytes that all calls say in a loop; None is silence."""

    # Signalling.

    def _head(self, method: str, call: int, to: str, cseq: int, branch: str) -> str:
        own = self.sip.getsockname()[1]
        return (
            f"{method} sip:{self._dialled(call)}@127.0.0.1:{self.callee[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{branch}\r\n"
            f'From: "{call}" <sip:139{call:08d}@127.0.0.1>;tag=c{call}\r\nTo: {to}\r\n'
            f"Call-ID: {self._run_id}-{call}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:139{call:08d}@127.0.0.1:{own}>\r\nMax-Forwards: 70\r\n"
        )

    def _dialled(self, _call: int) -> str:
        return self.dialled

    def invite(self) -> int:
        """Place one call; its number."""
        call, self._next = self._next, self._next + 1
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
        )
        head = self._head("INVITE", call, f"<sip:{self.dialled}@127.0.0.1>", 1, f"i{call}{self._run_id}")
        self._asked[call] = time.monotonic()
        text = f"{head}Allow: INVITE, ACK, BYE, CANCEL\r\nContent-Type: application/sdp\r\n"
        self.sip.sendto(f"{text}Content-Length: {len(sdp)}\r\n\r\n{sdp}".encode(), self.callee)
        return call

    def bye(self, call: int) -> None:
        """Hang up; this thread only, or while `run` is not running."""
        if to := self._dialogs.get(call):
            self._fall_silent(call)
            head = self._head("BYE", call, to, 2, f"b{call}{self._run_id}")
            self.sip.sendto(f"{head}Content-Length: 0\r\n\r\n".encode(), self.callee)

    def _fall_silent(self, call: int) -> None:
        port = self._rtp_of.pop(call, 0)
        if self.ports.pop(port, None) is not None:
            self._targets[call % SLOTS].remove(port)

    def _signal(self) -> None:
        while True:
            try:
                data, source = self.sip.recvfrom(65535)
            except BlockingIOError:
                return
            text = data.decode("utf-8", "replace")
            if text.startswith("SIP/2.0"):
                self._response(text)
            elif not text.startswith("ACK"):
                self._answer(text, source)

    def _answer(self, text: str, source: tuple[str, int]) -> None:
        kept = [
            ln
            for ln in text.split("\r\n\r\n")[0].split("\r\n")[1:]
            if re.match(r"(?i)(via|from|to|call-id|cseq|contact):", ln)
        ]
        self.sip.sendto(("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])).encode(), source)
        if text.startswith("BYE"):
            self.ended += 1
            call = int(re.search(r"(?im)^Call-ID:\s*\S+-(\d+)", text)[1])
            self._dialogs.pop(call, None)
            self._fall_silent(call)

    def _response(self, text: str) -> None:
        status = int(text[8:11])
        cseq = re.search(r"(?im)^CSeq:\s*(\d+)\s+(\w+)", text)
        call_id = re.search(r"(?im)^Call-ID:\s*\S+-(\d+)", text)
        if not cseq or not call_id:
            return
        call = int(call_id[1])
        if cseq[2] == "BYE":
            self.ended += status == 200 and self._dialogs.pop(call, None) is not None
            return
        if cseq[2] != "INVITE" or status < 200:
            return
        to = re.search(r"(?im)^To:\s*(.+?)\r?$", text)[1]
        branch = f"a{call}{self._run_id}" if status < 300 else f"i{call}{self._run_id}"
        self.sip.sendto(
            (self._head("ACK", call, to, 1, branch) + "Content-Length: 0\r\n\r\n").encode(), self.callee
        )
        if call not in self._asked:
            return
        took = time.monotonic() - self._asked.pop(call)
        if status >= 300:
            self.refused[status] = self.refused.get(status, 0) + 1
            return
        self.answer_seconds.append(took)
        self._dialogs[call] = to
        port = int(re.search(r"m=audio (\d+)", text)[1])
        self.ports[port], self._rtp_of[call] = call, port
        if self.lasting < math.inf:
            self._byes.append((time.monotonic() + self.lasting, call))
        self._targets[call % SLOTS].append(port)

    # Media.

    def _speak(self, slot: int) -> None:
        targets = self._targets[slot][:BATCH]
        if not targets:
            return
        n, batch = len(targets), self._out
        batch.data[:n, :12] = np.frombuffer(
            struct.pack("!BBHII", 0x80, 0, self._sequence & 0xFFFF, self._sequence * 160 & 0xFFFFFFFF, 77),
            np.uint8,
        )
        self._fill(batch.data[:n, 12:], targets)
        batch.names[:n, 0:2] = (2, 0)
        batch.names[:n, 2:4] = np.array(targets, ">u2").view(np.uint8).reshape(n, 2)
        batch.names[:n, 4:8] = (127, 0, 0, 1)
        sent = 0
        while sent < n:
            done = _libc.sendmmsg(self.rtp.fileno(), ctypes.byref(batch.headers[sent]), n - sent, 0)
            sent += max(1, done)  # a refused port costs its own packet only

    def _fill(self, payloads: np.ndarray, targets: list[int]) -> None:
        """What the calls behind these ports of the callee say now."""
        payloads[:] = 0xFF if self.speech is None else self.speech[self._sequence % len(self.speech)]

    def _hear(self) -> None:
        batch = self._in
        while True:
            n = _libc.recvmmsg(self.rtp.fileno(), batch.headers, BATCH, socket.MSG_DONTWAIT, None)
            if n <= 0:
                return
            if self._recording:
                ports = batch.names[:n, 2:4].copy().view(">u2").ravel()
                stamps = batch.control[:n, 16:32].copy().view("<i8")
                self._records.append((ports, stamps[:, 0] * 1_000_000_000 + stamps[:, 1]))
            if n < BATCH:
                return

    def run(self) -> None:
        """Until `running` is false."""
        poll = select.poll()
        poll.register(self.sip, select.POLLIN)
        self._out.reset(BATCH, control=False)
        start, number = time.monotonic(), 0
        while self.running:
            now = time.monotonic()
            due = start + number * 0.02 / SLOTS
            if due > now:
                if poll.poll((due - now) * 1000):
                    self._signal()
                continue
            if number % SLOTS == 0:
                self._sequence += 1
            self._speak(number % SLOTS)
            self._hear()
            self._signal()
            while self._calls_to_make and self._calls_to_make[0] <= now:
                self._calls_to_make.pop(0)
                self.invite()
            while self._byes and self._byes[0][0] <= now:
                self.bye(self._byes.pop(0)[1])
            number += 1

    # From another thread of the process.

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()

    def call(self, count: int, rate: float) -> None:
        """Place so many calls at so many a second, and wait for their answers."""
        expected = len(self.answer_seconds) + sum(self.refused.values()) + count
        now = time.monotonic()
        self._calls_to_make = [now + i / rate for i in range(count)]
        deadline = now + count / rate + 8
        while len(self.answer_seconds) + sum(self.refused.values()) < expected and time.monotonic() < deadline:
            time.sleep(0.05)

    def call_soon(self, count: int) -> None:
        """Place calls now, without waiting for them."""
        self._calls_to_make += [time.monotonic()] * count

    def measure(self, seconds: float, dialled: str = "") -> Pace:
        """The pace of the calls that are up, or of those that have dialled this, over so many seconds."""
        of = [port for port, call in self.ports.items() if self._dialled(call) == dialled or not dialled]
        calls = len(of)
        self._records, self._recording = [], True
        time.sleep(seconds)
        self._recording = False
        time.sleep(0.05)
        records, self._records = self._records, []
        if not records:
            return Pace(np.zeros(0), np.zeros(0), calls)
        ports = np.concatenate([r[0] for r in records])
        stamps = np.concatenate([r[1] for r in records])
        if dialled:
            wanted = np.isin(ports, of)
            ports, stamps = ports[wanted], stamps[wanted]
        order = np.lexsort((stamps, ports))
        ports, stamps = ports[order], stamps[order]
        same = ports[1:] == ports[:-1]
        gaps = (stamps[1:] - stamps[:-1])[same] / 1e6
        starts = np.flatnonzero(np.r_[True, ~same])
        ends = np.r_[starts[1:], len(ports)]
        counts, spans = ends - starts, (stamps[ends - 1] - stamps[starts]) / 1e9
        heard = counts > 1
        pps = (counts[heard] - 1) / np.maximum(spans[heard], 1e-3)
        return Pace(pps, gaps, calls - int(heard.sum()))

    def close(self) -> None:
        self.running = False
        self._thread.join(timeout=5)
        self.sip.close()
        self.rtp.close()
