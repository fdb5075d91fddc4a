"""The running calls as the console knows them: reads every feed, comes back when a service does."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf

from screener.core.cards import CardChooser, Cards
from screener.core.evidence import URGENT
from screener.core.signals import ACT
from screener.errors import InputError, MissingError
from screener.events import CallControl
from screener.feed.board import Board, LiveCall
from screener.feed.choose import FeedSource
from screener.feed.items import Heard, Item, Judged, Node, Order, Over, Paused, Weighed

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""Wait before a feed that is away is tried again."""
ENDED_SECONDS = 20.0
"""A call that is over stays on the page for so long."""
OFFER_SECONDS = 120.0
"""A pause is offered for so long."""


class PauseState(StrEnum):
    """What came of a pause that an agent is offered."""

    OFFERED = ""
    ORDERED = "ordered"
    BEGUN = "begun"
    REFUSED = "refused"
    """The PBX did not do it, or could not be asked."""


@dataclass(slots=True)
class Shown:
    """A call and how new it is.

    Attributes:
        chooser: chooses the agent's cue card.
        version: grows with everything that is told of the call.
        zero: monotonic time of its second 0.
        pause: what came of the pause that was offered after it.
        over_at: monotonic time of its end, None while it is up.
        texts: by form, the version of which a text was made, and the text.
    """

    call: LiveCall
    feed: str
    chooser: CardChooser
    version: int = 0
    over_at: float | None = None
    zero: float = inf
    pause: PauseState = PauseState.OFFERED
    texts: dict[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Feed:
    """One service's feed: where it is, and whether it is there."""

    name: str
    up: bool = False
    lost: int = 0
    """How often it went away."""
    away_since: datetime | None = None
    """When it went away last, and for how long, None while it is away or never was."""
    away_seconds: float | None = None
    board: Board = field(default_factory=Board)
    reader: FeedSource | None = None
    nodes: dict[str, datetime] = field(default_factory=dict)
    """When each node was heard last, by our own clock: its may be another."""


class Hub:
    """All running calls of the site's services. Pages ask it what is newer than what they have shown.

    A page that is slow shows less often, and always the newest: nothing is queued for it.

    Args:
        feeds: names of the feeds.
        connect: begins to read one; raises `InputError` when nobody tells there.
        cards: cue cards of the site.
        syllables: text to toneless pinyin.
    """

    def __init__(
        self,
        feeds: Sequence[str],
        connect: Callable[[str], FeedSource],
        cards: Cards,
        syllables: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._connect, self._cards, self._syllables = connect, cards, syllables
        self.feeds = [Feed(name) for name in feeds]
        self._shown: dict[str, Shown] = {}
        self._version = 0
        self._lock = threading.Lock()
        self._told: set[Callable[[bool], object]] = set()
        """Who is called at every change, with whether it is urgent."""
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(feed,), name="console-feed", daemon=True)
            for feed in self.feeds
        ]

    def start(self) -> None:
        """Begin to read; once is enough."""
        for thread in self._threads:
            if thread.ident is None:
                thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stopped.set()
        for feed in self.feeds:
            if (reader := feed.reader) is not None:
                reader.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=2)

    def newer(self, version: int) -> tuple[int, list[Shown], frozenset[str]]:
        """What changed since a version.

        Returns:
            the version to ask with next, the calls that changed, and the ids of all that are shown.
        """
        with self._lock:
            ages = self._ages()
            here = {id_: s for id_, s in self._shown.items() if ages.get(id_, 0.0) <= ENDED_SECONDS}
            changed = [shown for shown in here.values() if shown.version > version]
            return self._version, changed, frozenset(here)

    @contextmanager
    def telling(self, changed: Callable[[bool], object]) -> Iterator[None]:
        """Call back at every change meanwhile, with whether somebody should look at once.

        On a feed's thread: it must only enqueue.
        """
        with self._lock:
            self._told.add(changed)
        try:
            yield
        finally:
            with self._lock:
                self._told.remove(changed)

    def call(self, call_id: str) -> LiveCall | None:
        """A running call."""
        with self._lock:
            shown = self._shown.get(call_id)
            return shown.call if shown and shown.over_at is None else None

    def order(self, order: Order) -> None:
        """Hand an order to the service that has the call.

        Raises:
            MissingError: the call is over.
            InputError: its service is away.
        """
        with self._lock:
            shown = self._shown.get(order.call)
        if shown is None or shown.over_at is not None:
            raise MissingError("that call is over", "look for it among the calls", "call")
        reader = next((feed.reader for feed in self.feeds if feed.name == shown.feed), None)
        if reader is None:
            raise InputError("the service that has the call is away", "use the PBX: transfer the caller by hand")
        reader.order(order)

    def _read(self, feed: Feed) -> None:
        while not self._stopped.is_set():
            try:
                self._connection(feed)
            except Exception:
                log.exception("feed %s: a fault of ours; it is read anew", feed.name)
            self._stopped.wait(AGAIN_SECONDS)

    def _connection(self, feed: Feed) -> None:
        """One connection, until it is lost; none where nobody tells there."""
        try:
            reader = self._connect(feed.name)
        except InputError:
            return
        if feed.away_since is not None:
            feed.away_seconds = (datetime.now(UTC) - feed.away_since).total_seconds()
        feed.reader, feed.board = reader, Board()
        feed.up = True  # last: whoever sees it sees the rest
        try:
            for item in reader:
                if self._stopped.is_set():
                    return
                if item is not None:
                    self._take(feed, item)
        except InputError as problem:
            log.warning("feed %s: %s", feed.name, problem.message)
        finally:
            feed.reader = None
            reader.close()
            self._forget(feed)

    def of_agent(self, extension: str) -> Shown | None:
        """The newest call that an agent has."""
        with self._lock:
            own = [
                (began.started_at, shown.version, shown)
                for shown in self._shown.values()
                if (began := shown.call.began) and _is_of(shown, extension)
            ]
            return max(own, key=lambda found: found[:2])[2] if own else None

    def pause_of(self, extension: str) -> Shown | None:
        """The newest call after which an agent is offered a pause, or has taken it; for a while."""
        now = time.monotonic()
        with self._lock:
            own = [
                (shown.over_at, shown)
                for shown in self._shown.values()
                if shown.over_at and now - shown.over_at < OFFER_SECONDS and _is_of(shown, extension)
                if shown.call.pause_seconds
            ]
            return max(own, key=lambda found: found[0])[1] if own else None

    def pause(self, extension: str, by: str) -> None:
        """The agent takes the pause that was offered.

        Raises:
            InputError: none was, or its service is away.
        """
        shown = self.pause_of(extension)
        readers = [feed.reader for feed in self.feeds if shown and feed.name == shown.feed]
        if shown is None or shown.pause or not readers or (reader := readers[0]) is None:
            raise InputError("no pause is offered any more", "use the telephone's own pause")
        shown.pause = PauseState.ORDERED  # before its answer can come
        try:
            reader.order(Order(shown.call.call, CallControl.PAUSE, by))
        except InputError:
            shown.pause = PauseState.OFFERED
            raise

    def _take(self, feed: Feed, item: Item) -> None:
        with self._lock:
            if isinstance(item, Paused) and (paused := self._shown.get(item.call)) and paused.pause:
                paused.pause = PauseState.BEGUN if item.ok else PauseState.REFUSED
            call = feed.board.take(item)
            if isinstance(item, Node):
                feed.nodes[item.node] = datetime.now(UTC)
            if call is None:
                return
            self._version += 1
            shown = self._shown.get(call.call)
            if shown is None or shown.over_at is not None:  # it was not over: its service was away
                shown = self._shown[call.call] = Shown(call, feed.name, CardChooser(self._cards))
            self._choose(shown.chooser, item)
            shown.call, shown.version = call, self._version
            # Of a line that came late, an earlier one knows.
            shown.zero = min(shown.zero, time.monotonic() - call.at)
            if isinstance(item, Over):
                shown.over_at = time.monotonic()
                self._ages()  # whether or not anybody has a page open
            self._tell(urgent=isinstance(item, Judged) and (item.emergency or item.verdict in URGENT))

    def _ages(self) -> dict[str, float]:
        """Seconds since the end of each call that is over; those of long ago go."""
        now = time.monotonic()
        ages = {id_: now - shown.over_at for id_, shown in self._shown.items() if shown.over_at is not None}
        for id_ in [id_ for id_, age in ages.items() if age > max(ENDED_SECONDS, OFFER_SECONDS)]:
            del self._shown[id_], ages[id_]
        return ages

    def _choose(self, chooser: CardChooser, item: Item) -> None:
        """Tell the chooser of cards what was said and done."""
        match item:
            case Heard(speaker="caller", final=True):
                chooser.caller_said(self._syllables(item.text))
            case Heard(speaker="agent", final=True):
                chooser.agent_said(self._syllables(item.text))
            case Weighed() if item.rule.startswith(ACT):
                chooser.caller_did(item.rule.removeprefix(ACT))
            case _:
                pass

    def _forget(self, feed: Feed) -> None:
        """A service went away: its calls are the agents' now, as far as we know."""
        with self._lock:
            self._version += 1
            for shown in self._shown.values():
                if shown.feed == feed.name and shown.over_at is None:
                    shown.over_at, shown.version = time.monotonic(), self._version
                    shown.call.over = "fault"
            feed.away_since, feed.away_seconds, feed.lost = datetime.now(UTC), None, feed.lost + 1
            feed.up = False  # after all that follows from it
            self._tell(urgent=True)

    def _tell(self, *, urgent: bool) -> None:
        for changed in self._told:
            changed(urgent)


def _is_of(shown: Shown, extension: str) -> bool:
    """Whether an agent has, or had, the call."""
    began = shown.call.began
    return began is not None and extension in (began.agent, began.agent.rpartition("/")[2])
