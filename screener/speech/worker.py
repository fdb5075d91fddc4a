"""A recogniser process: `python -m screener.speech.worker SOCKET PARENT`. Hears many streams on one thread.

The engines are C++: what breaks in one of them breaks this process, and no call. It is started afresh, not forked,
for the service has threads; it loads the model once; and it ends when the service does, however that ends: its
socket closes, and should it hang just then, the kernel kills it with its parent.
"""

import contextlib
import ctypes
import faulthandler
import logging
import os
import pickle
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from screener.errors import ModelError
from screener.events import FRAME_BYTES, Speaker
from screener.speech import wire
from screener.speech.listener import Listener
from screener.speech.pinyin import dictionaries
from screener.speech.recognizer import SpeechModel, Spread
from screener.speech.wire import Record, RecordKind

STATUS_SECONDS = 0.5
NICE = 5
"""Of the process: that packets go out in time comes first."""
_PR_SET_PDEATHSIG = 1

Loader = Callable[[], SpeechModel]
"""Loads the model, in the process that is to hear with it; must be picklable."""


@dataclass(slots=True)
class _Stream:
    number: int
    speaker: Speaker
    listener: Listener
    waiting: list[tuple[float, bytes]] = field(default_factory=list)
    frames: int = 0
    """So many have been heard."""
    closing: bool = False
    scheduled: bool = False


class Worker:
    """Streams in, words and sounds out, until the other side closes.

    Args:
        sock: a connected SOCK_SEQPACKET socket.
        model: opens the recognisers.
    """

    def __init__(self, sock: socket.socket, model: SpeechModel) -> None:
        self._sock, self._model = sock, model
        self._streams: dict[int, _Stream] = {}
        self._ready: dict[Speaker, deque[_Stream]] = {Speaker.CALLER: deque(), Speaker.AGENT: deque()}
        """What has audio, in the order in which it is heard: callers are judged, agents only understood."""
        self._out = bytearray()
        self._status_at = 0.0
        self._for_callers = 0.0
        """Seconds of a processor that it has heard callers."""

    def run(self) -> None:
        """Hear, until the socket closes."""
        self._say(wire.ready(self._model.info))
        while self._receive():
            if ready := next(filter(None, self._ready.values()), None):
                stream, began = ready.popleft(), time.process_time()
                self._hear(stream)
                if stream.speaker is Speaker.CALLER:
                    self._for_callers += time.process_time() - began
            now = time.monotonic()
            if now >= self._status_at:
                self._status_at = now + STATUS_SECONDS
                self._say(wire.status(now, time.process_time(), self._for_callers))
                if isinstance(self._model, Spread):
                    self._say(wire.servers(self._model.states()), now=True)

    # In.

    def _receive(self) -> bool:
        """Take all that has come; wait for some while there is nothing to do. False when the service is gone."""
        if not any(self._ready.values()):
            self._flush()
            packet = self._sock.recv(wire.PACKET_BYTES)
            if not packet:
                return False
            self._take(packet)
        while True:
            try:
                packet = self._sock.recv(wire.PACKET_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            if not packet:
                return False
            self._take(packet)

    def _take(self, packet: bytes) -> None:
        for record in wire.parse(packet):
            if record.kind is RecordKind.OPEN:
                self._open(record.stream, record.content)
                continue
            stream = self._streams.get(record.stream)
            if stream is None:
                continue
            if record.kind is RecordKind.AUDIO:
                stream.waiting.append(wire.audio_of(record.content))
            elif record.kind is RecordKind.SKIP:
                stream.frames += sum(len(pcm) // FRAME_BYTES for _, pcm in stream.waiting)
                stream.waiting.clear()
                self._say(wire.done(stream.number, stream.frames))
                continue
            elif record.kind is RecordKind.CLOSE:
                stream.closing = True
            else:
                del self._streams[record.stream]
                continue
            if not stream.scheduled:
                stream.scheduled = True
                self._ready[stream.speaker].append(stream)

    def _open(self, number: int, content: bytes) -> None:
        speaker = wire.speaker_of(content)
        try:
            self._streams[number] = _Stream(number, speaker, Listener(speaker, self._model.open(speaker)))
        except Exception as error:  # of an engine
            self._say(wire.failed(number, f"the recogniser failed: {error}"))

    # Work.

    def _hear(self, stream: _Stream) -> None:
        if stream.number not in self._streams:
            return  # dropped meanwhile
        most = 1 if stream.speaker is Speaker.AGENT else len(stream.waiting)  # a caller may come between
        waiting, stream.waiting = stream.waiting[:most], stream.waiting[most:]
        stream.scheduled = bool(stream.waiting)
        closing = stream.closing and not stream.scheduled
        if stream.scheduled:
            self._ready[stream.speaker].append(stream)
        try:
            for at, pcm in waiting:
                for result in stream.listener.accept(pcm, at):
                    self._say(wire.heard(stream.number, result), now=True)
                stream.frames += len(pcm) // FRAME_BYTES
            if closing:
                for result in stream.listener.finish():
                    self._say(wire.heard(stream.number, result))
        except Exception as error:  # of an engine: this stream is lost, the others go on
            del self._streams[stream.number]
            self._say(wire.failed(stream.number, f"the recogniser failed: {error}"), now=True)
            return
        if closing:
            del self._streams[stream.number]
            self._say(Record(RecordKind.CLOSED, stream.number), now=True)
        else:
            self._say(wire.done(stream.number, stream.frames))

    # Out.

    def _say(self, record: Record, *, now: bool = False) -> None:
        data = record.serialize()
        if len(self._out) + len(data) > wire.PACKET_BYTES:
            self._flush()
        self._out += data
        if now or record.kind in (RecordKind.READY, RecordKind.STATUS):
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._sock.send(self._out)
            self._out.clear()


def _dies_with(parent: int) -> None:
    """Have the kernel kill this process when the service is gone, killed or not."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(0)  # it is gone already


def main(arguments: list[str]) -> None:
    """The process."""
    _dies_with(int(arguments[1]))
    os.nice(NICE)
    faulthandler.enable()  # where an engine broke goes to the service's log
    # The service says when to stop, by closing: Ctrl-C and systemd's TERM reach every process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR)
    # A peer that is closed is a service that is gone, or knows already that it cannot go on.
    with socket.socket(fileno=int(arguments[0])) as sock, contextlib.suppress(ConnectionError):
        try:
            load: Loader = pickle.loads(sock.recv(wire.PACKET_BYTES))  # noqa: S301 - from our own parent
            model = load()
            if model.info.engine != "none":  # which says no word
                dictionaries()  # no caller is to wait for them
        except ModelError as error:
            sock.send(wire.unusable(error).serialize())
            return
        except Exception as error:
            sock.send(wire.unusable(ModelError(f"the model cannot be loaded: {error}")).serialize())
            return
        with contextlib.suppress(OSError):
            Worker(sock, model).run()


if __name__ == "__main__":
    main(sys.argv[1:])
