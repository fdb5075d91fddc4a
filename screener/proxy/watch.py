"""The thread that looks at Kamailio's calls every second, and does at rtpengine what is asked for meanwhile.

The list says who talks now; nothing depends on what it said before. So a screener that is started, a Kamailio that
was restarted and a list that was missed end in the same: what is listed is listened to.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlsplit

from screener.errors import PbxError
from screener.operations.metrics import Sample
from screener.proxy import kamailio
from screener.proxy.dialogs import Dialogs, ProxyDialog
from screener.proxy.rtpengine import Rtpengine, Rtpengines
from screener.settings.proxy import Proxy

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
SIP_PORT = 5060
NG_PORT = 2223
JOIN_SECONDS = 5.0


class DialogListener(Protocol):
    """Who is told; every method is called on the thread `proxy`."""

    def begun(self, dialog: ProxyDialog) -> None:
        """Two talk."""
        ...

    def over(self, dialog: ProxyDialog) -> None:
        """They talk no more."""
        ...

    def look(self, now: float) -> None:
        """A second has passed."""
        ...


def rtpengines(settings: Proxy, host: str) -> list[Rtpengine]:
    """The daemons that the settings name."""
    return [Rtpengine(kamailio.place(text, NG_PORT), host) for text in settings.rtpengine]


class ProxyWatch:
    """Kamailio and its rtpengines as the service sees them.

    Args:
        settings: the section `[proxy]`.
        host: address to send from; empty takes the one that routes there.
        listener: who is told.
    """

    def __init__(self, settings: Proxy, host: str, listener: DialogListener) -> None:
        self._settings, self._host, self._listener = settings, host, listener
        self.rtpengines = Rtpengines(rtpengines(settings, host))
        self._dialogs = Dialogs(settings.max_calls)
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._up: bool | None = None
        self._unread: frozenset[str] = frozenset()
        """Call-IDs of dialogs of the last list that could not be read."""
        self._unheard = self._unreadable = self._moved = self._stayed = 0
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what was asked for before is done."""
        self._tasks.put(None)
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def do(self, task: Callable[[], None]) -> None:
        """Have the thread `proxy` do this next; any thread."""
        self._tasks.put(task)

    def move(self, dialog: ProxyDialog, uri: str, done: Callable[[bool], None]) -> None:
        """REFER a caller there, on a thread of its own; `done` takes whether they are there."""

        def carry_out() -> None:
            moved = kamailio.move(self._dialogs.newest(dialog) or dialog, uri, self._proxy, self._host)
            self._moved += moved.ok
            self._stayed += not moved.ok
            if not moved.ok:
                log.warning("a caller stays with %s: %s", dialog.agent, moved.why)
            done(moved.ok)

        threading.Thread(target=carry_out, name="refer", daemon=True).start()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("proxy_up", bool(self._up), "Whether Kamailio lists its calls.")
        yield Sample("proxy_unheard_total", self._unheard, "Calls beyond proxy.max_calls.")
        yield Sample("proxy_unread_total", self._unreadable, "Calls that Kamailio lists and that cannot be read.")
        yield Sample("proxy_moved_total", self._moved, "Callers moved by a REFER through the proxy.")
        yield Sample("proxy_stayed_total", self._stayed, "Callers whose REFER was in vain.")

    @property
    def _proxy(self) -> tuple[str, int]:
        named = kamailio.place(self._settings.sip, SIP_PORT)
        return named if named[0] else (urlsplit(self._settings.url).hostname or "", SIP_PORT)

    # The thread `proxy`.

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            try:
                task = self._tasks.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                task = self._look
                due = time.monotonic() + EVERY_SECONDS
            if task is None:
                break
            try:
                task()
            except Exception:
                log.exception("proxy: a fault of ours; it goes on")
        self.rtpengines.close()

    def _look(self) -> None:
        unread: list[str] = []
        try:
            dialogs = kamailio.listed(self._settings, self._host, unread.append)
        except PbxError as problem:
            self._is_up(up=False, why=str(problem))
        else:
            self._is_up(up=True)
            self._are_unread(frozenset(unread))
            begun, over = self._dialogs.listed(dialogs, self._is_unheard)
            for told, found in ((self._listener.over, over), (self._listener.begun, begun)):
                for dialog in found:
                    self._tell(told, dialog)
        self._listener.look(time.monotonic())

    @staticmethod
    def _tell(told: Callable[[ProxyDialog], None], dialog: ProxyDialog) -> None:
        """What fails about one call is no other's fault."""
        try:
            told(dialog)
        except Exception:
            log.exception("proxy: a fault of ours; the other calls go on")

    def _are_unread(self, calls: frozenset[str]) -> None:
        for call in calls - self._unread:
            self._unreadable += 1
            log.error("a call is not listened to: Kamailio's list says what cannot be read of %s", call)
        self._unread = calls

    def _is_up(self, *, up: bool, why: str = "") -> None:
        if up is not self._up:
            self._up = up
            log.log(logging.INFO if up else logging.ERROR, "%s", "Kamailio lists its calls" if up else why)

    def _is_unheard(self, dialog: ProxyDialog) -> None:
        self._unheard += 1
        log.warning("%s has a call that is not listened to: %s is reached", dialog.agent, "proxy.max_calls")
