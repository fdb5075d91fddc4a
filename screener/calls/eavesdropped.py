"""FreeSWITCH's listening legs: the voices of calls that its agents have, each dialled to us by `eavesdrop`."""

from collections.abc import Callable, Iterator

from screener.calls.beside import Legs
from screener.calls.listened import ListenedCall
from screener.events import EndedBy
from screener.freeswitch.watch import FreeswitchWatch
from screener.operations.metrics import Sample
from screener.pbx.conversations import Conversation, leg_named
from screener.ports import Call
from screener.settings.sections import Settings
from screener.speech.pool import RecognizerPool


class EavesdropPost:
    """Every call that is listened to beside an agent of a FreeSWITCH.

    Args:
        settings: the sections `[freeswitch]` and `[sip]`.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
    """

    def __init__(self, settings: Settings, pool: RecognizerPool, offer: Callable[[ListenedCall], None]) -> None:
        self._pool, self._offer = pool, offer
        self._prefix = f"{settings.sip.listening_extension}-"
        self._watch = FreeswitchWatch(settings.freeswitch, settings.sip.listening_extension, self)
        self._legs: dict[str, Legs] = {}

    def start(self) -> None:
        """Begin to listen."""
        self._watch.start()

    def stop(self) -> None:
        """Listen no more; the calls go on."""
        self._watch.stop()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield from self._watch.samples()

    # On the thread `freeswitch`.

    def begun(self, conversation: Conversation) -> None:
        """Two talk."""
        legs = Legs(conversation, self._watch, self._pool, lambda token: self._legs.pop(token, None))
        self._legs[conversation.token] = legs
        self._offer(legs.call)

    def deaf(self, conversation: Conversation, reason: str) -> None:
        """There will be no leg for the caller's voice."""
        if legs := self._legs.get(conversation.token):
            legs.call.deaf(reason)

    def over(self, conversation: Conversation, by: EndedBy) -> None:
        """They talk no more."""
        if legs := self._legs.get(conversation.token):
            legs.call.over(by)

    # On the SIP thread.

    def attach(self, leg: Call) -> None:
        """A listening leg is dialled; one that nobody asked for is refused."""
        named = leg_named(leg.invite.dialled.removeprefix(self._prefix))
        legs = self._legs.get(named[0]) if named else None
        if named is None or legs is None:
            leg.reject(404)
        else:
            legs.attach(named[1], leg)
