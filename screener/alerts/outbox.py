"""Alerts that wait to be sent: bounded, tried again, on a thread of their own. Nothing here delays a call."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from screener.alerts.causes import Alert, Cause
from screener.alerts.ways import send
from screener.backoff import Backoff
from screener.errors import AlertError
from screener.operations.metrics import Sample
from screener.settings.alerts import Alerts, Way
from screener.settings.sections import Site
from screener.words.alerts import told
from screener.words.terms import site_name

log = logging.getLogger(__name__)

WAITING = 200
"""Alerts that may wait for each way; the next ones are lost, and counted."""
TRIES = 6
RETRY = Backoff(2.0, 60.0)

SendAlert = Callable[[Way, Alert, str, int], None]


class Outbox:
    """Sends every alert by every way that wants its cause.

    Args:
        settings: the section `[alerts]`.
        site: its name begins each text, which is in its language and zone.
        clock: the wall clock, aware UTC.
        sender: sends one alert one way; raises `AlertError`.
        retry: waits between the tries.
    """

    def __init__(
        self,
        settings: Alerts,
        site: Site,
        clock: Callable[[], datetime],
        sender: SendAlert = send,
        retry: Backoff = RETRY,
    ) -> None:
        self._site, self._zone, self._clock = site, ZoneInfo(site.timezone), clock
        self._sender, self._retry = sender, retry
        self._stopped = threading.Event()
        self.sent = self.lost = 0
        self._queues: list[tuple[Way, queue.Queue[Alert]]] = [(way, queue.Queue(WAITING)) for way in settings.ways]
        self._threads = [
            threading.Thread(target=self._run, args=pair, name="alerts", daemon=True) for pair in self._queues
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more; what waits is lost."""
        self._stopped.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2)

    def put(self, alert: Alert) -> None:
        """Take an alert; never blocks."""
        if alert.call:
            log.warning("alert: %s in call %s", alert.cause, alert.call)
        else:
            log.warning("alert: %s (%d calls)", alert.cause, alert.count)
        for way, waiting in self._queues:
            if way.causes and alert.cause not in map(Cause, way.causes):
                continue
            try:
                waiting.put_nowait(alert)
            except queue.Full:
                self._lose(way, "too many wait")

    def samples(self) -> Iterator[Sample]:
        """Figures for operators."""
        yield Sample("alerts_sent_total", self.sent, "Alerts that a way took.")
        yield Sample("alerts_lost_total", self.lost, "Alerts given up after several tries, or for want of room.")

    def _run(self, way: Way, waiting: "queue.Queue[Alert]") -> None:
        while not self._stopped.is_set():
            try:
                alert = waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._deliver(way, alert)
            except Exception:
                log.exception("alerts: a fault of ours")
                self._lose(way, "a fault of ours")

    def _deliver(self, way: Way, alert: Alert) -> None:
        text = told(
            alert.cause.value,
            self._site.language,
            site_name(self._site.name, self._site.language),
            self._zone,
            alert.at,
            alert.number,
            alert.dialled,
            alert.count,
            alert.call,
            alert.by,
        )
        for failures in range(TRIES):
            if failures and self._stopped.wait(self._retry.after(failures)):
                return
            try:
                self._sender(way, alert, text, int(self._clock().timestamp()))
            except AlertError as problem:
                log.error("an alert waits: %s", problem.message)
            else:
                self.sent += 1
                return
        self._lose(way, f"not taken in {TRIES} tries")

    def _lose(self, way: Way, why: str) -> None:
        self.lost += 1
        log.error("an alert by %s is lost: %s", way.kind, why)
