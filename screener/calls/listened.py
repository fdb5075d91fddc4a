"""A call that an agent already has, as a `ports.Call`: heard, and moved by whatever means its source has.

Whoever listens beside an agent is a *source*: listening legs (`calls.legs`: of Asterisk in `calls.beside`, of
FreeSWITCH in `calls.eavesdropped`), a media proxy that copies (`calls.copied`), a recording client
(`calls.recorded`). It brings two voices and who they belong to, and says what can be done to the caller: move
them, ask another system to, or nothing. Everything else is the same for all, and is here.

Nothing that is done here can be heard by the agent, and by the caller only a warning, where the source can speak
to the caller alone.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    Caller,
    Deaf,
    EndedBy,
    Event,
    Ordered,
    PartiesTold,
    PlaybackEnded,
    RecognizerLost,
    Speaker,
    Tick,
    TransferEnded,
)
from screener.media.prompts import Clip
from screener.ports import Destination, EventSink, FrameSink, InviteInfo
from screener.speech.pool import RecognizerPool
from screener.speech.voice import Voice

MOVED, REFUSED = 200, 503
"""SIP's words for what became of a move."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who talks to whom; empty for what is not known.

    Attributes:
        token: the source's own name of the conversation.
        number, name: the caller's.
        queue: whose call it is; empty where the agent was dialled.
        agent: who has the call.
        uniqueid, linkedid: the phone system's ids of the call.
    """

    token: str
    number: str = ""
    name: str = ""
    queue: str = ""
    agent: str = ""
    uniqueid: str = ""
    linkedid: str = ""


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    """What became of a move.

    Attributes:
        moved: the caller is gone from the agent.
        genuine: a person at the other system says that the flag is a mistake; who it was.
    """

    moved: bool
    genuine: str | None = None


Move = Callable[[Destination, Callable[[MoveOutcome], None]], None]
"""Brings a caller somewhere, and says what became of it."""


class VoiceSource(Protocol):
    """Where the voices of one conversation come from, and what can be done to its caller. From any thread."""

    def tap(self, speaker: Speaker, frames: FrameSink | None) -> None:
        """Send a voice there from now on; one that has not come yet, once it comes."""
        ...

    def move(self, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        """Bring the caller there, if that can be done, and say what became of it."""
        ...

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> bool:
        """Play clips to the caller alone, `PlaybackEnded` follows; False where that cannot be done."""
        ...

    def release(self) -> None:
        """Listen no more; caller and agent talk on."""
        ...

    def logged(self) -> None:
        """The call is written down."""
        ...


class ListenedCall:
    """One conversation of a caller with an agent.

    Args:
        source: its voices.
        parties: who they are.
        pool: hears the agent's voice; the caller's goes where `listen` says.
    """

    def __init__(self, source: VoiceSource, parties: Parties, pool: RecognizerPool) -> None:
        self.parties = parties
        self.call_id = ""
        """The product's; empty leaves the agent's voice unheard."""
        self.otherwise: Move | None = None
        """Moves the caller where the source cannot."""
        self._source, self._pool = source, pool
        self._agent_voice: Voice | None = None
        self._lock = threading.Lock()
        self._events: EventSink = lambda _event: None
        self._at = 0.0
        self._over = False

    @property
    def invite(self) -> InviteInfo:
        """Who called which queue."""
        who = self.parties
        return InviteInfo(
            who.token, who.queue or who.agent, who.number, who.name, referred_by="", source="", headers={}
        )

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
        self._source.tap(Speaker.CALLER, frames)

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Play clips to the caller alone, each once or for so many seconds."""
        if not self._source.play(clips):
            self._events(PlaybackEnded(self._at, sent=False))

    def stop_playing(self) -> None:
        """Nothing: a warning that has begun is heard out."""

    def transfer(self, to: Destination, *, marked: bool = False) -> None:  # noqa: ARG002 - an agent has the caller already
        """Bring the caller there; `TransferEnded` follows, and the end of the call where it succeeds."""

        def tried(outcome: MoveOutcome) -> None:
            if outcome.moved or self.otherwise is None:
                done(outcome)
            else:
                self.otherwise(to, done)

        def done(outcome: MoveOutcome) -> None:
            status = MOVED if outcome.moved else REFUSED
            self._events(TransferEnded(to.target, ok=outcome.moved, status=status, at=self._at))
            if outcome.moved:
                self.over(EndedBy.TRANSFER)
            elif outcome.genuine is not None:
                self._events(Ordered(CallControl.AGENTS, outcome.genuine, self._at))

        self._source.move(to, tried)

    def hangup(self) -> None:
        """Listen no more; caller and agent talk on."""
        self.over(EndedBy.SCREENER)

    def logged(self) -> None:
        """The call is written down: the end of the source's own calls may be answered."""
        self._source.logged()

    # What the source reports.

    def heard(self, event: Event) -> None:
        """Something happens on the caller's voice: CallAnswered, Tick, Deaf or PlaybackEnded."""
        match event:
            case Tick(at) | CallAnswered(at):
                self._at = max(self._at, at)
                self._events(event)
            case Deaf() | PlaybackEnded():
                self._events(event)
            case _:
                pass  # nobody presses keys where nobody can be heard

    def told(self, parties: Parties, apart: str = "") -> None:
        """It is said anew who talks, and by what their voices are told apart: a code, empty for nothing new."""
        self.parties = parties
        caller = Caller(parties.number, parties.name)
        self._events(PartiesTold(caller, parties.agent, parties.uniqueid, parties.linkedid, self._at, apart))

    def agent_is_there(self) -> None:
        """The agent's voice comes from now on."""
        with self._lock:
            if self._over or not self.call_id or self._agent_voice is not None:
                return
            voice = self._agent_voice = self._pool.open(self.call_id, Speaker.AGENT)
        self._source.tap(Speaker.AGENT, voice.feed)

    def deaf(self, reason: str) -> None:
        """The caller's voice will not come: the call goes on unheard."""
        self._events(RecognizerLost(reason, self._at))

    def over(self, by: EndedBy) -> None:
        """The conversation is over, or is not listened to any more; once is enough."""
        with self._lock:
            if self._over:
                return
            self._over = True
        if voice := self._agent_voice:
            self._pool.close(voice)
        self._source.release()
        self._events(CallEnded(by, self._at))
