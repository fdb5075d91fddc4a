"""What encryption costs: `python tests/bench/secure.py [--seconds 20]`.

A call's media in clear and with every suite of SRTP: one packet in and one out every 20 ms, through the sockets
and the stream that live calls have, somebody listening. Then SIP over TCP and TLS: a connection, and a request
with its answer. Processor time of our side alone, in turn, the median of the rounds: other programs do not count,
but a machine whose caches they fill makes everything slower; read the ratios.
"""

import argparse
import contextlib
import os
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.media.g711 import Law
from screener.media.leg import Leg, LoopCounts
from screener.media.rtp import Packet
from screener.media.srtp import Keys, MasterKey, Srtp, Suite
from screener.media.stream import AudioStream
from screener.settings.encryption import TlsSection
from screener.settings.sections import Sip
from screener.sip.tcp import Ends
from screener.sip.wire import Wire
from tests.sip.authority import Authority

ROUNDS = 5
PACKETS_A_SECOND = 50
CONNECTIONS, REQUESTS = 40, 400
OPTIONS = (
    b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\n"
    b"To: <sip:100@127.0.0.1>\r\n"
    b"Call-ID: x\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class _AtOnce:
    """A media loop that does at once what it is asked for."""

    def post(self, task: Callable[[], None]) -> None:
        task()

    def schedule(self, leg: Leg) -> None:
        """Nothing: the bench ticks."""

    def discard(self, leg: Leg) -> None:
        """Likewise."""


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def media(suite: Suite | None, seconds: float) -> float:
    """Microseconds of processor time that one call takes a second."""
    ours, theirs = (MasterKey.new(suite) if suite else None for _ in range(2))
    peer = Srtp(Keys(theirs, ours)) if ours and theirs else None
    there, here = _socket(), _socket()
    leg, counts = Leg(_AtOnce(), here, None, 250), LoopCounts()
    stream = AudioStream(lambda _event: None, Law.PCMU, 0, None)
    heard = [0]

    def listen(pcm: bytes, _at: float) -> None:
        heard[0] += any(pcm[:32])

    stream.listener = listen
    leg.point(*there.getsockname(), keys=Keys(ours, theirs) if ours and theirs else None)
    leg.start(stream)
    payload, used, total = bytes(range(160)), 0.0, round(seconds * PACKETS_A_SECOND)
    for number in range(total):
        data = Packet(0, number & 0xFFFF, number * 160, 7, payload).serialize()
        there.sendto(peer.seal(data) if peer else data, ("127.0.0.1", leg.port))
        began = time.thread_time()
        leg.read(counts, number / PACKETS_A_SECOND)
        leg.tick(counts, number / PACKETS_A_SECOND, time.time)
        used += time.thread_time() - began
        with contextlib.suppress(BlockingIOError):
            there.recv(2000)
    assert heard[0] > 0.9 * total, "the caller is heard"
    there.close()
    leg.shut()
    return used / seconds * 1e6


def signalling(secure: bool) -> tuple[float, float]:
    """Microseconds of processor time that a connection takes, and a request with its answer over an open one."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        own = authority.issue("127.0.0.1")
        tls = (
            TlsSection(str(own.certificate), str(own.key), 0, str(authority.certificate))
            if secure
            else TlsSection()
        )
        wire: Wire | None = None

        def answer(_data: bytes, source: tuple[str, int]) -> None:
            assert wire is not None
            wire.send(OPTIONS, source)

        wire = Wire(Sip(port=0, tcp=True, tls=tls), Ends(answer))
        context = ssl.create_default_context(cafile=authority.certificate)

        def served(until: Callable[[], bool]) -> float:
            began = time.thread_time()
            while not until():
                wire.wait(0.01)
            return time.thread_time() - began

        kind, port = ("tls", wire.tls_port) if secure else ("tcp", wire.port)
        connecting = asking = 0.0
        for _ in range(CONNECTIONS):
            plain = socket.create_connection(("127.0.0.1", port))
            sock = plain
            if secure:
                sock = context.wrap_socket(plain, server_hostname="127.0.0.1", do_handshake_on_connect=False)
                sock.setblocking(False)
                done = False
                while not done:
                    try:
                        sock.do_handshake()
                        done = True
                    except ssl.SSLWantReadError:
                        began = time.thread_time()
                        wire.wait(0.01)
                        connecting += time.thread_time() - began
            connecting += served(lambda: wire.connections[kind] == 1)
            sock.setblocking(False)
            for _ in range(REQUESTS // CONNECTIONS):
                sock.sendall(OPTIONS)
                got = bytearray()

                def answered(got: bytearray = got, sock: socket.socket = sock) -> bool:
                    with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                        got.extend(sock.recv(4096))
                    return len(got) >= len(OPTIONS)

                asking += served(answered)
            sock.close()
            served(lambda: not wire.connections[kind])
        wire.close()
        return connecting / CONNECTIONS * 1e6, asking / REQUESTS * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=float, default=20.0, help="of a call, a round")
    seconds = options.parse_args().seconds
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine {load}, {os.cpu_count()} processors", flush=True)
    suites: list[Suite | None] = [None, *Suite]
    rounds = [[media(suite, seconds) for suite in suites] for _ in range(ROUNDS)]
    found = [statistics.median(column) for column in zip(*rounds, strict=True)]
    for suite, cost in zip(suites, found, strict=True):
        name = suite.value if suite else "RTP in clear"
        print(f"{name:26} {cost:7.0f} µs a call and second   {cost / found[0]:.2f} times", flush=True)
    clear, secure = (
        [statistics.median(column) for column in zip(*(signalling(tls) for _ in range(ROUNDS)), strict=True)]
        for tls in (False, True)
    )
    for name, (connection, request) in (("TCP", clear), ("TLS 1.3", secure)):
        print(
            f"{name:26} {connection:7.0f} µs a connection   {request:5.0f} µs a request and its answer", flush=True
        )


if __name__ == "__main__":
    main()
