"""Posts messages, one after the other, on a thread of its own: no call waits for another system.

A message is tried a few times, within a time that ends before the call would give its transfer up; then, and when
too many wait, its caller stays where they are.
"""

import logging
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

from screener.backoff import Backoff
from screener.errors import InputError
from screener.operations.metrics import Sample
from screener.outside.ask import ask
from screener.outside.text import visible
from screener.settings.sections import Webhook
from screener.webhook.message import (
    DELIVERY,
    MAX_ANSWER,
    SIGNATURE,
    Disposition,
    FlagAnswer,
    FlagMessage,
    read_answer,
    serialize,
    sign,
)

log = logging.getLogger(__name__)

WAITING = 200
"""Messages that may wait."""
WITHIN_SECONDS = 30.0
"""From the flag to the end of the last try; below `core.session.TRANSFER_LIMIT`."""
RETRY = Backoff(0.5, 5.0)
JOIN_SECONDS = 2.0
AGAIN = frozenset((408, 425, 429, *range(500, 600)))
"""Statuses that another try may change."""

OnFlagAnswer = Callable[[FlagAnswer], None]
"""Takes the decision; called on the thread `webhook`, must only enqueue."""
_STAYS = FlagAnswer(Disposition.STAYS)
_Waiting = tuple[FlagMessage, OnFlagAnswer, float]


class Sender:
    """The other system, as calls see it.

    Args:
        settings: the section `[webhook]`, with a URL.
        folder: of the settings file.
        wall: seconds since 1970, for signatures.
    """

    def __init__(self, settings: Webhook, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self._settings, self._wall = settings, wall
        own = str(folder / settings.ca) if settings.ca else None
        self._authorities = ssl.create_default_context(cafile=own)
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self._sent = self._failed = self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def post(self, flag: FlagMessage, answered: OnFlagAnswer) -> None:
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
            try:
                answered(answer)
            except Exception:
                log.exception("webhook: a fault of ours; call %s stays with its agent", flag.call)

    def _deliver(self, flag: FlagMessage, until: float) -> FlagAnswer:
        """Try until it is taken, or the tries or the time are used up."""
        body, problem = serialize(flag), "no time was left"
        for failures in range(self._settings.tries):
            if failures and self._stopped.wait(RETRY.after(failures)):
                break
            seconds = min(self._settings.timeout_seconds, until - time.monotonic())
            if seconds <= 0:
                break
            try:
                said = ask(self._request(flag, body), seconds, MAX_ANSWER, self._authorities)
            except HTTPError as refusal:
                problem = f"status {refusal.code}"
                if refusal.code not in AGAIN:
                    break
            except OSError as fault:
                problem = str(getattr(fault, "reason", fault)) or type(fault).__name__
            else:
                self._sent += 1
                return self._read(flag, said)
        self._failed += 1
        log.error("webhook: call %s stays with its agent: %s", flag.call, visible(problem))
        return _STAYS

    def _request(self, flag: FlagMessage, body: bytes) -> Request:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Screener",
            DELIVERY: flag.id,
            SIGNATURE: sign(self._settings.secret, int(self._wall()), body),
        }
        return Request(self._settings.url, body, headers, method="POST")  # noqa: S310 - checked by the settings

    def _read(self, flag: FlagMessage, said: bytes) -> FlagAnswer:
        try:
            return read_answer(said)
        except InputError as problem:
            log.error("webhook: call %s stays with its agent: %s", flag.call, problem)
            return _STAYS
