"""The service's feed, and how the service is, told over it every few seconds to whoever watches."""

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from screener import version
from screener.errors import InputError
from screener.feed.choose import FeedSink, open_sink
from screener.feed.items import Node, Order, Paused
from screener.operations.logs import Faults
from screener.ports import RegistrationState
from screener.settings.sections import Settings
from screener.speech.recognizer import ModelInfo

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0


def open_feed(settings: Settings, ordered: Callable[[Order], None]) -> FeedSink | None:
    """The feed of running calls; a site takes calls without one too.

    Args:
        settings: of the site.
        ordered: takes what a reader orders; must not block.
    """
    if not settings.operations.feed:
        return None
    try:
        return open_sink(settings.operations.feed, settings.folder, settings.store.url, ordered)
    except InputError as problem:
        log.warning("no feed of running calls: %s; %s", problem.message, problem.remedy)
        return None


def pause_teller(feed: FeedSink | None) -> Callable[[str, bool], None]:
    """Tells what came of a pause that an agent took; where nobody is told, nobody could take one."""

    def tell(call: str, ok: bool) -> None:
        if feed is not None:
            feed.put(Paused(call, ok))

    return tell


class StateTeller:
    """Tells on a thread of its own; nothing waits for it.

    Args:
        feed: where it is told.
        model: that listens; `dry_run`: nobody is treated.
        calls: how many are up.
        registrations: with each registrar.
        waiting: calls that are not in the log yet.
        failing: recogniser servers that fail now.
        clock: the wall clock, aware UTC.
        every: seconds from one telling to the next.
    """

    def __init__(
        self,
        feed: FeedSink,
        model: ModelInfo,
        dry_run: bool,
        calls: Callable[[], int],
        registrations: Callable[[], Sequence[RegistrationState]],
        waiting: Callable[[], int],
        failing: Callable[[], tuple[str, ...]],
        clock: Callable[[], datetime],
        every: float = EVERY_SECONDS,
    ) -> None:
        self._feed, self._model, self._dry_run = feed, model, dry_run
        self._calls, self._registrations, self._waiting = calls, registrations, waiting
        self._failing, self._clock, self._every = failing, clock, every
        self._faults = Faults()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._began = self._clock()
        logging.getLogger().addHandler(self._faults)
        self._thread.start()

    def stop(self) -> None:
        """Tell no more."""
        logging.getLogger().removeHandler(self._faults)
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(2)

    def state(self) -> Node:
        """How the service is now."""
        states = self._registrations()
        return Node(
            node=socket.gethostname(),
            at=self._clock(),
            started_at=self._began,
            version=version(),
            model=f"{self._model.engine} {self._model.name}".strip(),
            dry_run=self._dry_run,
            calls=self._calls(),
            registered=sum(state.registered for state in states),
            registrars=len(states),
            problem=next((f"{s.registrar}: {s.problem}" for s in states if not s.registered), ""),
            waiting=self._waiting(),
            dropped=self._feed.dropped,
            faults=self._faults.newest(),
            failing=self._failing(),
        )

    def _run(self) -> None:
        while True:
            try:
                self._feed.put(self.state())
            except Exception:
                log.exception("state: a fault of ours; it is told again")
            if self._stopped.wait(self._every):
                return
