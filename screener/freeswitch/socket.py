"""The connection to FreeSWITCH's event socket: kept up, one thread, `freeswitch`.

What one connection lost is never sent on the next: the call may be another by then. A command in the background is
answered within its time, or it has failed.
"""

import contextlib
import logging
import queue
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from screener.errors import PbxError
from screener.freeswitch import messages, wire
from screener.freeswitch.messages import JobDone
from screener.freeswitch.wire import EslEvent, EslFramer, EslMessage
from screener.settings.freeswitch import Freeswitch

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
RETRY_SECONDS = 2.0
ANSWER_SECONDS = 6.0
"""How long a command may take; a listening leg is dialled for four."""
QUIET_SECONDS = 10.0
"""Without a word for so long, we ask whether anybody is there; for twice as long, the connection is made anew."""
LOOK_SECONDS = 0.2
IN_FLIGHT = 2_500
"""Commands that may wait for their end; further ones are refused. Two legs of as many calls as `max_calls` allows
may be dialled at once, when they are taken up."""
REFUSED = frozenset({"text/rude-rejection", "text/disconnect-notice"})

OnReply = Callable[[bool, str], None]
"""Takes whether FreeSWITCH says that it was done, and its words; on the thread `freeswitch`. Of a question the
words are the answer."""
DONE = "+OK"


@dataclass(frozen=True, slots=True)
class _Job:
    done: OnReply
    until: float


class EventSocket:
    """A connection that is kept up.

    Args:
        settings: address and password.
        on_event: takes each event; on the thread `freeswitch`.
        on_up: takes whether we are logged in now; likewise.
    """

    def __init__(
        self,
        settings: Freeswitch,
        on_event: Callable[[EslEvent], None],
        on_up: Callable[[bool], None],
    ) -> None:
        self._settings = settings
        self._place = f"{settings.host}:{settings.port}"
        self._on_event, self._on_up = on_event, on_up
        self._tasks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._jobs: dict[str, _Job] = {}
        self._socket: socket.socket | None = None
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._stopping = False
        self._said = ""
        """The last problem, which is said once."""
        self.up = self.refused = False
        self._thread = threading.Thread(target=self._run, name="freeswitch", daemon=True)

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping = True
        self.do(lambda: None)
        if self._thread.is_alive():
            self._thread.join(CONNECT_SECONDS + 1)

    def do(self, task: Callable[[], object]) -> None:
        """Have the thread do this next; any thread."""
        self._tasks.put(task)
        with contextlib.suppress(OSError):
            self._wake_write.send(b"\0", socket.MSG_DONTWAIT)

    def ask(self, command: str, done: OnReply) -> None:
        """Run a command in the background; any thread. `done` follows exactly once."""
        self.do(lambda: self._ask(command, done))

    # The thread.

    def _ask(self, command: str, done: OnReply) -> None:
        if not self.up or len(self._jobs) >= IN_FLIGHT:
            done(False, "not connected" if not self.up else "too many commands wait")
            return
        job = secrets.token_hex(16)
        self._jobs[job] = _Job(done, time.monotonic() + ANSWER_SECONDS)
        self._send(messages.background(job, command))

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._connection()
            except (OSError, PbxError) as problem:
                self._problem(f"{self._place}: {problem}")
            except Exception:
                log.exception("freeswitch: a fault of ours; it connects again")
            try:
                self._lost()
                self._rest()
            except Exception:
                log.exception("freeswitch: a fault of ours; it connects again")
        self._wake_read.close()
        self._wake_write.close()

    def _rest(self) -> None:
        """Between two connections."""
        until = time.monotonic() + RETRY_SECONDS
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            self._work()

    def _connection(self) -> None:
        """One connection, until it is lost.

        Raises:
            OSError: it is.
            PbxError: what comes is no event socket's, or it refuses us.
        """
        framer = EslFramer()
        place = self._settings.host, self._settings.port
        with (
            socket.create_connection(place, CONNECT_SECONDS) as self._socket,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            heard_at = asked_at = time.monotonic()
            while not self._stopping:
                for key, _ in selector.select(LOOK_SECONDS):
                    if key.fileobj is self._wake_read:
                        self._wake_read.recv(4096)
                        continue
                    data = self._socket.recv(65536)
                    if not data:
                        raise PbxError("the connection was closed")
                    heard_at = time.monotonic()
                    for message in framer.feed(data):
                        self._take(message)
                self._work()
                now = time.monotonic()
                if now - heard_at > 2 * QUIET_SECONDS or (not self.up and now - heard_at > CONNECT_SECONDS):
                    raise PbxError("no answer")
                if self.up and now - max(heard_at, asked_at) > QUIET_SECONDS:
                    asked_at = now
                    self._send("api status")

    def _take(self, message: EslMessage) -> None:
        match message.kind:
            case "auth/request":
                self._send(messages.auth(self._settings.password))
            case "command/reply" if not self.up:
                self._logged_in(message.head.get("reply-text", ""))
            case wire.EVENT:
                event = wire.parse(message.body)
                done = messages.read(event)
                if isinstance(done, JobDone):
                    if job := self._jobs.pop(done.job, None):
                        job.done(done.said.startswith(DONE), done.said)
                else:
                    self._on_event(event)
            case kind if kind in REFUSED:
                raise PbxError("it closes the connection: see apply-inbound-acl in event_socket.conf.xml")
            case _:
                pass

    def _logged_in(self, reply: str) -> None:
        if not reply.startswith("+OK"):
            self.refused = True
            raise PbxError("it refused the password")
        self.up, self.refused, self._said = True, False, ""
        log.info("logged in at the event socket of %s", self._place)
        self._send(messages.SUBSCRIBED)
        self._on_up(True)

    def _send(self, command: str) -> None:
        assert self._socket is not None
        self._socket.sendall(f"{command}\n\n".encode())

    def _work(self) -> None:
        while not self._tasks.empty():
            self._tasks.get()()
        now = time.monotonic()
        for name in [name for name, job in self._jobs.items() if now >= job.until]:
            self._jobs.pop(name).done(False, "no answer in time")

    def _lost(self) -> None:
        self._socket = None
        jobs, self._jobs = self._jobs, {}
        if self.up:
            self.up = False
            self._on_up(False)
        for job in jobs.values():
            job.done(False, "the connection was lost")

    def _problem(self, what: str) -> None:
        if what != self._said and not self._stopping:
            self._said = what
            log.error("no event socket at %s", what)
