"""Calls of other phone systems: the server that takes recordings, and who is asked to move callers."""

from collections.abc import Iterator, Sequence

from screener.calls.flags import Flags
from screener.calls.recorded import Offer, RecordingServer
from screener.calls.screening import Observer
from screener.operations.metrics import Sample
from screener.settings.sections import Settings
from screener.sip.recording import RecordingSession
from screener.speech.pool import RecognizerPool
from screener.webhook.sender import Sender


class Recordings:
    """Recording clients' calls, and who moves their callers.

    Args:
        settings: the sections `[siprec]` and `[webhook]`.
        pool: recogniser processes.
        offer: takes each call as it begins.
    """

    def __init__(self, settings: Settings, pool: RecognizerPool, offer: Offer) -> None:
        self._takes_some = bool(settings.sip.recording_extension)
        self._sender = Sender(settings.webhook, settings.folder) if settings.webhook.url else None
        flags = Flags(self._sender) if self._sender else None
        self.observers: Sequence[Observer] = [flags.observe] if flags else []
        self._server = RecordingServer(settings.siprec, pool, offer, flags)

    def attach(self, session: RecordingSession) -> None:
        """A client begins a session; on the SIP thread."""
        self._server.attach(session)

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        if self._takes_some:
            yield from self._server.samples()
        if self._sender is not None:
            yield from self._sender.samples()

    def stop(self) -> None:
        """Ask nobody any more."""
        if self._sender is not None:
            self._sender.stop()
