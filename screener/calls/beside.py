"""Beside the agents of an Asterisk: their calls' legs by ChanSpy, pauses, and flags taken back."""

from collections.abc import Callable

from screener.calls.legs import LegCalls
from screener.calls.listened import ListenedCall
from screener.calls.pause_offers import PauseOffers
from screener.calls.wallboard import Wallboard
from screener.pbx.switchboard import Switchboard
from screener.settings.sections import Settings
from screener.speech.pool import RecognizerPool


class AsteriskCalls(LegCalls):
    """Every call that is listened to beside an agent of an Asterisk.

    Args:
        settings: the sections `[pbx]`, `[sip]` and `[flow]`.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
        take_back: takes the agent, and the linkedid when it is known, of a flag that was a mistake; likewise.
        paused: takes of which call's offer a pause began, or could not; likewise.
    """

    def __init__(
        self,
        settings: Settings,
        pool: RecognizerPool,
        offer: Callable[[ListenedCall], None],
        take_back: Callable[[str, str], None],
        paused: Callable[[str, bool], None],
    ) -> None:
        super().__init__(settings.sip.listening_extension, pool, offer)
        self._take_back = take_back
        self.mover = self.switchboard = Switchboard(
            settings.pbx,
            settings.sip.listening_extension,
            self,
            whispers=bool(settings.flow.warnings.by),
            pauses=settings.flow.pause_seconds > 0,
        )
        self.pauses = PauseOffers(self.switchboard.pause, paused)
        wallboard = Wallboard(self.switchboard, record=settings.pbx.record_flagged)
        self.observers = wallboard.observe, self.pauses.observe

    def taken_back(self, agent: str, linkedid: str) -> None:
        """A flag was a mistake; on the thread `pbx`."""
        self._take_back(agent, linkedid)
