"""Posts messages, one after the other, on a thread of its own: no call waits for another system.

A message is tried a few times, within a time that ends before the call would give its transfer up; then, and when
too many wait, its caller stays where they are. Redirects are not followed: what is said of callers goes where the
settings say and nowhere else.
"""

import http.client
import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from screener.errors import InputError
from screener.operations.metrics import Sample
from screener.outside.text import visible
from screener.settings.sections import Webhook
from screener.webhook.message import (
    DELIVERY,
    MAX_ANSWER,
    SIGNATURE,
    Answer,
    Decision,
    Flag,
    read_answer,
    serialize,
    sign,
)

log = logging.getLogger(__name__)

WAITING = 200
"""Messages that may wait."""
WITHIN_SECONDS = 30.0
"""From the flag to the end of the last try; below `core.session.TRANSFER_LIMIT`."""
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before the second, third, fourth try, and so on."""
JOIN_SECONDS = 2.0
AGAIN = frozenset((408, 425, 429, *range(500, 600)))
"""Statuses that another try may change."""

Answered = Callable[[Answer], None]
"""Takes the decision; called on the thread `webhook`, must only enqueue."""
_STAYS = Answer(Decision.STAYS)
_Waiting = tuple[Flag, Answered, float]


class Sender:
    """The other system, as calls see it.

    Args:
        settings: the section `[webhook]`, with a URL.
        folder: of the settings file.
        wall: seconds since 1970, for signatures.
    """

    def __init__(self, settings: Webhook, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self._settings, self._wall = settings, wall
        self._url = urlsplit(settings.url)
        authority = str(folder / settings.ca) if settings.ca else None
        self._tls = ssl.create_default_context(cafile=authority) if self._url.scheme == "https" else None
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self._sent = self._failed = self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def post(self, flag: Flag, answered: Answered) -> None:
        """Send a message; any thread, returns at once. `answered` follows in any case."""
        try:
            self._waiting.put_nowait((flag, answered, time.monotonic() + WITHIN_SECONDS))
        except queue.Full:
            self._dropped += 1
            log.error("webhook: %d messages wait already; call %s stays with its agent", WAITING, flag.call)
            answered(_STAYS)

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(JOIN_SECONDS)

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("webhook_waiting", self._waiting.qsize(), "Flags that wait to be posted.")
        yield Sample("webhook_sent_total", self._sent, "Flags that the other system has answered.")
        yield Sample("webhook_failed_total", self._failed, "Flags that it has not taken in any try.")
        yield Sample("webhook_dropped_total", self._dropped, "Flags beyond those that may wait.")

    # The thread `webhook`.

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None and not self._stopped.is_set():
            flag, answered, until = waiting
            try:
                answer = self._deliver(flag, until)
            except Exception:
                log.exception("webhook: a fault of ours; call %s stays with its agent", flag.call)
                answer = _STAYS
            answered(answer)

    def _deliver(self, flag: Flag, until: float) -> Answer:
        """Try until it is taken, or the tries or the time are used up."""
        body, problem = serialize(flag), "no time was left"
        for number in range(self._settings.tries):
            if number and self._stopped.wait(PAUSES[min(number, len(PAUSES)) - 1]):
                break
            seconds = min(self._settings.timeout_seconds, until - time.monotonic())
            if seconds <= 0:
                break
            try:
                status, said = self._try(flag, body, seconds)
            except (OSError, http.client.HTTPException) as fault:
                problem = str(fault) or type(fault).__name__
                continue
            if 200 <= status < 300:
                self._sent += 1
                return self._read(flag, said)
            problem = f"status {status}"
            if status not in AGAIN:
                break
        self._failed += 1
        log.error("webhook: call %s stays with its agent: %s", flag.call, visible(problem))
        return _STAYS

    def _read(self, flag: Flag, said: bytes) -> Answer:
        try:
            return read_answer(said)
        except InputError as problem:
            log.error("webhook: call %s stays with its agent: %s", flag.call, problem)
            return _STAYS

    def _try(self, flag: Flag, body: bytes, seconds: float) -> tuple[int, bytes]:
        host, port = self._url.hostname or "", self._url.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=seconds, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(host, port, timeout=seconds)
        )
        cut = threading.Timer(seconds, _cut, (connection,))  # the timeout above is that of each single read
        cut.daemon = True
        cut.start()
        try:
            path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Screener",
                DELIVERY: flag.id,
                SIGNATURE: sign(self._settings.secret, int(self._wall()), body),
            }
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(MAX_ANSWER)
        finally:
            cut.cancel()
            connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
