"""Beside the agents of a FreeSWITCH: the voices of their calls, each dialled to us by `eavesdrop`."""

from collections.abc import Callable, Iterator

from screener.calls.legs import LegCalls
from screener.calls.listened import ListenedCall
from screener.freeswitch.watch import FreeswitchWatch
from screener.operations.metrics import Sample
from screener.settings.sections import Settings
from screener.speech.pool import RecognizerPool


class FreeswitchCalls(LegCalls):
    """Every call that is listened to beside an agent of a FreeSWITCH.

    Args:
        settings: the sections `[freeswitch]` and `[sip]`.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
    """

    def __init__(self, settings: Settings, pool: RecognizerPool, offer: Callable[[ListenedCall], None]) -> None:
        super().__init__(settings.sip.listening_extension, pool, offer)
        self.mover = self._watch = FreeswitchWatch(settings.freeswitch, settings.sip.listening_extension, self)

    def start(self) -> None:
        """Begin to listen."""
        self._watch.start()

    def stop(self) -> None:
        """Listen no more; the calls go on."""
        self._watch.stop()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield from self._watch.samples()
