"""What a service has heard, call by call: tests wait for a sentence, not for as long as it ought to take."""

from screener.core.actions import Action, Listen
from screener.events import CallOffered, Event, Speaker, Transcript
from tests.waiting import wait_for


class Ears:
    """An observer of a service.

    On a machine that others keep busy its recognisers are late, and what they have not heard when a call ends is
    never heard.
    """

    def __init__(self) -> None:
        self._begun: list[str] = []
        self._listening: list[str] = []
        self._heard: list[tuple[str, Speaker]] = []
        """Whole utterances, by their calls."""

    def observe(self, call_id: str, _offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call; on the calls thread, which alone adds to the lists."""
        if isinstance(item, CallOffered):
            self._begun.append(call_id)
        if isinstance(item, Listen) and item.on:
            self._listening.append(call_id)
        if isinstance(item, Transcript) and item.final and item.text:
            self._heard.append((call_id, item.speaker))

    def begun(self) -> frozenset[str]:
        """Every call so far."""
        return frozenset(self._begun.copy())

    def listening(self) -> frozenset[str]:
        """Calls whose caller is listened to, or was: a moment after the leg is answered."""
        return frozenset(self._listening.copy())

    def heard(self, speaker: Speaker) -> frozenset[str]:
        """Calls in which that speaker has said something."""
        return frozenset(call for call, who in self._heard.copy() if who is speaker)

    def wait(self, speaker: Speaker, before: frozenset[str], calls: int = 1) -> None:
        """Until that speaker is heard in so many calls besides those before."""
        wait_for(lambda: len(self.heard(speaker) - before) >= calls, what=f"word of the {speaker}")
