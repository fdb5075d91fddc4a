"""The ear and the mouth of a telephone: RTP both ways over a socket of its own, everything heard is recorded.

It shares the wire formats with the product and nothing else: no jitter buffer, no media loop.
"""

import audioop
import contextlib
import random
import socket
import threading
import time

from screener.errors import RtpError
from screener.events import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS
from screener.media.g711 import Law
from screener.media.rtp import MAX_PACKET, Packet
from screener.sip.sdp import Stream

HOST = "127.0.0.1"
MAX_GAP = 5 * 8000
"""Samples of silence at most that stand in for packets that never came."""


class Handset:
    """One end of one call's audio.

    Args:
        noise: 16-bit samples of background noise, repeated under everything that is said; empty for none.
    """

    def __init__(self, noise: bytes = b"") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._noise = noise
        self._lock = threading.Lock()
        self._speech = bytearray()
        self._recording = bytearray()
        self._law = Law.PCMU
        self._remote = (HOST, 0)
        self._expected: tuple[int, int] | None = None
        self._running = False
        self._thread = threading.Thread(target=self._run, name="handset", daemon=True)

    def start(self, stream: Stream) -> None:
        """Talk to the agreed address, one frame every 20 ms, and listen."""
        self._law, self._remote, self._running = stream.law, (stream.host, stream.port), True
        self._thread.start()

    def say(self, pcm: bytes) -> None:
        """Say this next; replaces what was still to be said."""
        with self._lock:
            self._speech = bytearray(pcm)

    @property
    def heard(self) -> bytes:
        """Everything heard so far, 16-bit samples at 8 kHz."""
        with self._lock:
            return bytes(self._recording)

    def stop(self) -> None:
        """Fall silent and give the port back."""
        self._running = False
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        sequence, timestamp = random.randrange(0x8000), random.randrange(1 << 31)  # noqa: S311 - RFC 3550: no secret
        ssrc = random.randrange(1, 1 << 32)  # noqa: S311
        start = time.monotonic()
        count = 0
        while self._running:
            payload = self._law.encode(self._next_frame(count))
            packet = Packet(
                self._law.payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload, not count
            )
            with contextlib.suppress(OSError):  # the other end is gone already; its BYE is on its way
                self._socket.sendto(packet.serialize(), self._remote)
            self._listen()
            sequence, timestamp, count = sequence + 1, timestamp + FRAME_SAMPLES, count + 1
            time.sleep(max(0.0, start + count * FRAME_SECONDS - time.monotonic()))

    def _next_frame(self, count: int) -> bytes:
        with self._lock:
            frame = bytes(self._speech[:FRAME_BYTES])
            del self._speech[:FRAME_BYTES]
        frame = frame.ljust(FRAME_BYTES, b"\0")
        if len(self._noise) < FRAME_BYTES:
            return frame
        begin = count * FRAME_BYTES % (len(self._noise) - FRAME_BYTES + 2)
        return audioop.add(frame, self._noise[begin : begin + FRAME_BYTES], 2)

    def _listen(self) -> None:
        while True:
            try:
                packet = Packet.parse(self._socket.recv(MAX_PACKET))
            except BlockingIOError:
                return
            except (RtpError, OSError):
                continue
            if packet.payload_type == self._law.payload_type:
                self._record(packet)

    def _record(self, packet: Packet) -> None:
        """Put a packet where its timestamp says, so that lost ones leave a gap of their own length."""
        pcm = self._law.decode(packet.payload)
        ssrc, expected = self._expected or (packet.ssrc, packet.timestamp)
        gap = (packet.timestamp - expected) & 0xFFFFFFFF
        if ssrc != packet.ssrc or gap > MAX_GAP:
            gap = 0  # another stream, or a packet that comes too late to matter: loopback keeps the order
        with self._lock:
            self._recording += bytes(2 * gap) + pcm
        self._expected = packet.ssrc, packet.timestamp + len(pcm) // 2
