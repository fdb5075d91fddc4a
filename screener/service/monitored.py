"""Calls of other phone systems: recordings sent here, copies behind a proxy, and who moves their callers."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from screener.calls.copied import CopiedCalls
from screener.calls.eavesdropped import FreeswitchCalls
from screener.calls.flags import Flags
from screener.calls.listened import ListenedCall
from screener.calls.recorded import OnListened, RecordingServer
from screener.calls.screening import Observer
from screener.media.leg import Leg
from screener.operations.metrics import Sample
from screener.ports import Call
from screener.settings.sections import Settings
from screener.sip.recording import RecordingSession
from screener.speech.pool import RecognizerPool
from screener.webhook.sender import Sender


class MonitoredCalls:
    """Calls that neither are offered to us nor are Asterisk's.

    Args:
        settings: the sections `[siprec]`, `[webhook]`, `[proxy]` and `[freeswitch]`.
        pool: recogniser processes.
        offer: takes each call as it begins.
        open_leg: opens a leg on the media loop.
    """

    def __init__(
        self, settings: Settings, pool: RecognizerPool, offer: OnListened, open_leg: Callable[[], Leg]
    ) -> None:
        self._takes_some = bool(settings.sip.recording_extension)
        self._sender = Sender(settings.webhook, settings.folder) if settings.webhook.url else None
        flags = Flags(self._sender) if self._sender else None
        self.observers: Sequence[Observer] = [flags.observe] if flags else []
        self._recorded = RecordingServer(settings.siprec, pool, offer, flags)
        told = _told(offer, flags) if flags else offer
        self._copied = CopiedCalls(settings, pool, told, open_leg) if settings.proxy.url else None
        self._eavesdropped = FreeswitchCalls(settings, pool, told) if settings.freeswitch.host else None

    def start(self) -> None:
        """Look for calls."""
        if self._copied is not None:
            self._copied.start()
        if self._eavesdropped is not None:
            self._eavesdropped.start()

    def attach(self, session: RecordingSession) -> None:
        """A client begins a session; on the SIP thread."""
        self._recorded.attach(session)

    def hear(self, leg: Call) -> None:
        """A listening leg is dialled; on the SIP thread."""
        if self._eavesdropped is None:
            leg.reject(404)
        else:
            self._eavesdropped.attach(leg)

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        if self._takes_some:
            yield from self._recorded.samples()
        if self._sender is not None:
            yield from self._sender.samples()
        if self._copied is not None:
            yield from self._copied.samples()
        if self._eavesdropped is not None:
            yield from self._eavesdropped.samples()

    def stop(self) -> None:
        """Ask nobody any more."""
        if self._copied is not None:
            self._copied.stop()
        if self._eavesdropped is not None:
            self._eavesdropped.stop()
        if self._sender is not None:
            self._sender.stop()


def _told(offer: OnListened, flags: Flags) -> OnListened:
    """Takes calls whose source can move callers: where it cannot, the other system is asked to."""

    def offered(call: ListenedCall) -> None:
        offer(call)
        flags.follow(call.call_id)
        call.otherwise = partial(flags.ask, call.call_id)

    return offered
