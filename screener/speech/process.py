"""One recogniser process, seen from the service: started, spoken with, killed. Belongs to one thread."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys

from screener.speech import wire
from screener.speech.wire import Record
from screener.speech.worker import Loader

KILL_SECONDS = 2.0
"""How long a killed process may take to be gone."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Every process hears on one thread: libraries must not start others behind it."""
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""A model and what it computes lie on huge pages, where the kernel gives them to whoever asks (`madvise`): else
sherpa-onnx takes a sixth to a half more of the processor. An operator's own tunables stand."""


class Process:
    """A recogniser process and the socket to it.

    Args:
        loader: loads its model.
    """

    def __init__(self, loader: Loader) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-P", "-m", "screener.speech.worker", str(number), str(os.getpid())]
            environment = {**_HUGE_PAGES, **os.environ, **_ONE_THREAD}
            self._popen = subprocess.Popen(  # noqa: S603 - nothing in it is anybody's word
                command, pass_fds=[number], stdin=subprocess.DEVNULL, env=environment
            )
        self.socket = ours
        self.socket.setblocking(False)
        self._unsent: list[bytes] = [pickle.dumps(loader)]
        self._packet = bytearray()
        self.flush()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def takes_more(self) -> bool:
        """Whether everything that was said so far is on its way."""
        return not self._unsent

    def say(self, record: Record) -> None:
        """Say something, at the latest with the next `flush`."""
        data = record.serialize()
        if len(self._packet) + len(data) > wire.PACKET_BYTES:
            self.flush()
        self._packet += data

    def flush(self) -> None:
        """Send what was said; what does not go now goes with the next call."""
        if self._packet:
            self._unsent.append(bytes(self._packet))
            self._packet.clear()
        with contextlib.suppress(OSError):  # full; or gone, which reading finds out
            while self._unsent:
                self.socket.send(self._unsent[0])
                del self._unsent[0]

    def read(self) -> list[Record] | None:
        """What it has said meanwhile; None when it is gone.

        Raises:
            ModelError: it says what makes no sense; it must not be believed any longer.
        """
        found: list[Record] = []
        while True:
            try:
                packet = self.socket.recv(wire.PACKET_BYTES + 1)
            except BlockingIOError:
                return found
            except OSError:
                packet = b""
            if not packet:
                return found or None
            found += wire.parse(packet)

    def kill(self) -> str:
        """See that it is gone; how it ended, in words."""
        self.socket.close()
        if self._popen.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(0.05)  # it may be dying by itself, and says then why
        self._popen.kill()
        try:
            code = self._popen.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            return "it does not die"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def leave(self) -> None:
        """Let it end by itself."""
        self.socket.close()

    def ended(self, seconds: float) -> bool:
        """Whether it has, within so long."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True
