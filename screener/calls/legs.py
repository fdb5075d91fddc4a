"""Listening legs: the voices of calls that agents have, each dialled to us by their phone system."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from screener.calls.listened import ListenedCall, MoveOutcome, Parties
from screener.conversations.leg_names import leg_named
from screener.conversations.ongoing import Conversation
from screener.events import CallAnswered, CallEnded, EndedBy, Event, Speaker
from screener.media.prompts import Clip
from screener.ports import Call, Destination, FrameSink, user_of
from screener.speech.pool import RecognizerPool


class Mover(Protocol):
    """Who dials listening legs and moves callers: Asterisk, or FreeSWITCH. From any thread."""

    @property
    def whispers(self) -> bool:
        """What is said into a caller's leg is heard by the caller alone."""
        ...

    def move(self, conversation: Conversation, extension: str, done: Callable[[bool], None]) -> None:
        """Take the caller away from the agent."""
        ...

    def release(self, conversation: Conversation) -> None:
        """It is not listened to any more."""
        ...


class Legs:
    """The listening legs of one conversation: a source of two voices.

    Args:
        conversation: as the phone system tells it.
        mover: the phone system.
        pool: hears the agent's voice.
        forget: takes the conversation's token when it is over.
    """

    def __init__(
        self,
        conversation: Conversation,
        mover: Mover,
        pool: RecognizerPool,
        forget: Callable[[str], object],
    ) -> None:
        who = conversation.who
        self._conversation, self._mover, self._forget = conversation, mover, forget
        self.call = ListenedCall(
            self,
            Parties(
                token=conversation.token,
                number=who.number,
                name=who.name,
                queue=who.queue,
                agent=who.agent_name,
                uniqueid=who.caller.uniqueid,
                linkedid=who.linkedid,
            ),
            pool,
        )
        self._lock = threading.Lock()
        self._legs: dict[Speaker, Call] = {}
        self._frames: dict[Speaker, FrameSink | None] = {}
        self._over = self._logged = False

    # As a source of `ListenedCall`; any thread.

    def tap(self, speaker: Speaker, frames: FrameSink | None) -> None:
        """Send a voice there from now on."""
        self._frames[speaker] = frames
        if leg := self._legs.get(speaker):
            leg.listen(frames)

    def move(self, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        """Move the caller to the extension that the URI names."""
        self._mover.move(self._conversation, user_of(to.uri), lambda ok: done(MoveOutcome(moved=ok)))

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> bool:
        """Speak into the caller's leg: ChanSpy whispers to the caller alone, where the site wants warnings."""
        leg = self._legs.get(Speaker.CALLER)
        if leg is None or not self._mover.whispers:
            return False
        leg.play(clips)
        return True

    def release(self) -> None:
        """Hang up every leg."""
        with self._lock:
            self._over = True
            legs = list(self._legs.values())
        self._mover.release(self._conversation)
        self._forget(self._conversation.token)
        for leg in legs:
            leg.hangup()

    def logged(self) -> None:
        """The call is written down: the BYE of its legs may be answered."""
        self._logged = True
        for leg in list(self._legs.values()):
            leg.logged()

    # What the phone system brings.

    def attach(self, speaker: Speaker, leg: Call) -> None:
        """It has dialled a listening leg; on the SIP thread."""
        with self._lock:
            taken = self._over or speaker in self._legs
            if not taken:
                self._legs[speaker] = leg
        if taken:
            leg.reject(486)
            return
        leg.subscribe(self._heard_from if speaker is Speaker.CALLER else self._agent_heard_from)
        leg.listen(self._frames.get(speaker))
        leg.answer()

    def _heard_from(self, event: Event) -> None:
        if isinstance(event, CallEnded):
            self.call.over(EndedBy.FAULT)  # unless the phone system has said who hung up
            if self._logged:
                self._legs[Speaker.CALLER].logged()
        else:
            self.call.heard(event)

    def _agent_heard_from(self, event: Event) -> None:
        if isinstance(event, CallAnswered):
            self.call.agent_is_there()
        elif isinstance(event, CallEnded):
            self._legs[Speaker.AGENT].logged()  # nothing of it waits to be written


class LegCalls:
    """Every call of a phone system's agents that is listened to: brings its word, the legs and the calls together.

    Args:
        extension: beginning of the user parts that listening legs are dialled with.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
    """

    mover: Mover
    """The phone system, of whom this is the listener."""

    def __init__(self, extension: str, pool: RecognizerPool, offer: Callable[[ListenedCall], None]) -> None:
        self._prefix, self._pool, self._offer = f"{extension}-", pool, offer
        self._legs: dict[str, Legs] = {}

    # On the phone system's thread.

    def begun(self, conversation: Conversation) -> None:
        """Two talk."""
        legs = Legs(conversation, self.mover, self._pool, lambda token: self._legs.pop(token, None))
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
