"""A call that an agent already has, as an `endpoint.Call`: heard through listening legs, moved through the PBX.

Nothing that is done here can be heard by caller or agent: a leg listens, and what it is asked to say is left out.
"""

import threading
from collections.abc import Callable, Sequence

from screener.events import (
    CallAnswered,
    CallEnded,
    Deaf,
    EndedBy,
    Event,
    RecognizerLost,
    Speaker,
    Tick,
    TransferEnded,
)
from screener.media.prompts import Clip
from screener.pbx.desk import Conversation
from screener.pbx.switchboard import Switchboard, leg_named
from screener.ports import Call, Destination, EventSink, FrameSink, InviteInfo
from screener.settings.sections import Settings
from screener.speech.pool import RecognizerPool
from screener.speech.voice import Voice

MOVED, REFUSED = 200, 503
"""SIP's words for what the PBX made of a move."""


def user_of(uri: str) -> str:
    """The user part of a SIP URI of `[targets]`, which is an extension of the PBX."""
    return uri.partition(":")[2].partition("@")[0]


class BesideCall:
    """One conversation of a caller with an agent.

    Args:
        conversation: as the PBX tells it.
        switchboard: moves the caller.
        pool: hears the agent's voice; the caller's goes where `listen` says.
        forget: takes the conversation's token when it is over.
    """

    def __init__(
        self,
        conversation: Conversation,
        switchboard: Switchboard,
        pool: RecognizerPool,
        forget: Callable[[str], object],
    ) -> None:
        who = conversation.who
        self.conversation = conversation
        self.call_id = ""
        """The product's; empty leaves the agent's voice unheard."""
        self._agent_voice: Voice | None = None
        self._switchboard, self._pool, self._forget = switchboard, pool, forget
        self._invite = InviteInfo(
            sip_call_id=conversation.token,
            dialled=who.queue or who.agent_name,
            number=who.number,
            display_name=who.name,
            referred_by="",
            source="",
            headers={},
        )
        self._lock = threading.Lock()
        self._legs: dict[Speaker, Call] = {}
        self._events: EventSink = lambda _event: None
        self._frames: FrameSink | None = None
        self._at = 0.0
        self._over = self._logged = False

    @property
    def invite(self) -> InviteInfo:
        """Who called which queue."""
        return self._invite

    # What a session asks for; any thread.

    def subscribe(self, events: EventSink) -> None:
        """Say where events go."""
        self._events = events

    def answer(self) -> None:
        """Nothing: the agent has answered."""

    def reject(self, status: int) -> None:
        """Nothing, likewise."""

    def listen(self, frames: FrameSink | None) -> None:
        """Send the caller's voice there from now on; None stops it."""
        self._frames = frames
        if leg := self._legs.get(Speaker.CALLER):
            leg.listen(frames)

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Nothing: a leg listens and is never heard."""

    def stop_playing(self) -> None:
        """Nothing, likewise."""

    def transfer(self, to: Destination, *, marked: bool = False) -> None:  # noqa: ARG002 - an agent has the caller already
        """Move the caller to the extension that the URI names; `TransferEnded` and the end of the call follow."""

        def done(ok: bool) -> None:
            self._events(TransferEnded(to.target, ok=ok, status=MOVED if ok else REFUSED, at=self._at))
            if ok:
                self.over(EndedBy.TRANSFER)

        self._switchboard.move(self.conversation, user_of(to.uri), done)

    def hangup(self) -> None:
        """Listen no more; caller and agent talk on."""
        self.over(EndedBy.SCREENER)

    def logged(self) -> None:
        """The call is written down: the BYE of its legs may be answered."""
        self._logged = True
        for leg in list(self._legs.values()):
            leg.logged()

    # What the edges report.

    def attach(self, speaker: Speaker, leg: Call) -> None:
        """The PBX has dialled a listening leg; on the SIP thread."""
        with self._lock:
            taken = self._over or speaker in self._legs
            if not taken:
                self._legs[speaker] = leg
        if taken:
            leg.reject(486)
            return
        leg.subscribe(self._heard_from if speaker is Speaker.CALLER else self._agent_heard_from)
        if speaker is Speaker.CALLER:
            leg.listen(self._frames)
        leg.answer()

    def deaf(self, reason: str) -> None:
        """There is no leg for the caller's voice: the call goes on unheard."""
        self._events(RecognizerLost(reason, self._at))

    def over(self, by: EndedBy) -> None:
        """The conversation is over, or is not listened to any more; once is enough."""
        with self._lock:
            if self._over:
                return
            self._over = True
            legs = list(self._legs.values())
        self._switchboard.release(self.conversation)
        self._forget(self.conversation.token)
        if voice := self._agent_voice:
            self._pool.close(voice)
        for leg in legs:
            leg.hangup()
        self._events(CallEnded(by, self._at))

    def _heard_from(self, event: Event) -> None:
        match event:
            case CallAnswered() | Deaf():
                self._events(event)
            case Tick(at):
                self._at = at
                self._events(event)
            case CallEnded():
                self.over(EndedBy.FAULT)  # unless the PBX has said who hung up
                if self._logged:
                    self._legs[Speaker.CALLER].logged()
            case _:
                pass  # nobody presses keys on a listening leg

    def _agent_heard_from(self, event: Event) -> None:
        leg = self._legs[Speaker.AGENT]
        if isinstance(event, CallAnswered) and self.call_id:
            with self._lock:
                if self._over:
                    return
                self._agent_voice = self._pool.open(self.call_id, Speaker.AGENT)
            leg.listen(self._agent_voice.feed)
        elif isinstance(event, CallEnded):
            leg.logged()  # nothing of it waits to be written


class ListeningPost:
    """Every call that is listened to beside an agent: brings the PBX's word, the legs and the calls together.

    Args:
        settings: the sections `[pbx]`, `[sip]` and `[targets]`.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
        take_back: takes the agent, and the linkedid when it is known, of a flag that was a mistake; likewise.
    """

    def __init__(
        self,
        settings: Settings,
        pool: RecognizerPool,
        offer: Callable[[BesideCall], None],
        take_back: Callable[[str, str], None],
    ) -> None:
        self._pool, self._offer, self._take_back = pool, offer, take_back
        self._prefix = f"{settings.sip.listening_extension}-"
        self.switchboard = Switchboard(settings.pbx, settings.sip.listening_extension, self)
        self._calls: dict[str, BesideCall] = {}

    # On the thread `pbx`.

    def begun(self, conversation: Conversation) -> None:
        """Two talk."""
        call = BesideCall(conversation, self.switchboard, self._pool, lambda token: self._calls.pop(token, None))
        self._calls[conversation.token] = call
        self._offer(call)

    def deaf(self, conversation: Conversation, reason: str) -> None:
        """There will be no leg for the caller's voice."""
        if call := self._calls.get(conversation.token):
            call.deaf(reason)

    def over(self, conversation: Conversation, by: EndedBy) -> None:
        """They talk no more."""
        if call := self._calls.get(conversation.token):
            call.over(by)

    def taken_back(self, agent: str, linkedid: str) -> None:
        """A flag was a mistake."""
        self._take_back(agent, linkedid)

    # On other threads.

    def attach(self, leg: Call) -> None:
        """The PBX dials a listening leg; one that nobody asked for is refused."""
        named = leg_named(leg.invite.dialled.removeprefix(self._prefix))
        call = self._calls.get(named[0]) if named else None
        if named is None or call is None:
            leg.reject(404)
        else:
            call.attach(named[1], leg)
