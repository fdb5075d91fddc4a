"""One call between its session and its edges: events go in, and what the session asks for is carried out.

If the judgement itself fails, the caller goes to an agent: a genuine caller is never lost to a fault of ours.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from screener.core.actions import (
    Action,
    Answer,
    Decided,
    EvidenceFound,
    Hangup,
    Listen,
    OrderAnswered,
    OrderOutcome,
    PauseOffered,
    Play,
    Prompt,
    ReadAgain,
    Reject,
    StopPlaying,
    Transfer,
    Treated,
    Warned,
)
from screener.core.session import Session
from screener.events import (
    CallEnded,
    CallOffered,
    Deaf,
    Entrance,
    Event,
    Ordered,
    PartiesTold,
    RecognizerLost,
    Reread,
    Speaker,
    Target,
    Tick,
    Transcript,
    TransferEnded,
)
from screener.media.prompts import Clip
from screener.ports import Call, Destination, FrameSink
from screener.settings.sections import Targets
from screener.speech.pool import RecognizerPool
from screener.speech.second import Recent, SecondReader
from screener.speech.voice import Voice

log = logging.getLogger(__name__)

INSIST_SECONDS = 3.0
"""Wait before the next attempt to reach an agent after the judgement has failed."""

Observer = Callable[[str, CallOffered, Event | Action, float], None]
"""Sees everything that happens: call id, offer, event or action, audio time. Must not block."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What every call shares: recordings, targets, ears.

    Attributes:
        clips: the recordings by name.
        targets: the only URIs that a caller can be transferred to.
        pool: recogniser processes.
        observers: who watches; the log's notes among them.
        post: hands an event for a call id to the thread that runs all sessions; never blocks.
        second: reads again what a flag stands on, if the site has such a reader.
    """

    clips: Mapping[Prompt, Clip]
    targets: Targets
    pool: RecognizerPool
    observers: Sequence[Observer]
    post: Callable[[str, Event], None]
    second: SecondReader | None = None


class Screening:
    """One call. Everything here runs on the calls thread, except the frame sink."""

    def __init__(self, offer: CallOffered, call: Call, session: Session, shared: Shared) -> None:
        self.offer = offer
        self.ended = False
        self._call = call
        self._session = session
        self._shared = shared
        self.at = 0.0
        self._voice: Voice | None = None
        """The caller's, while it is listened to."""
        self._recent = Recent()
        """What the second reader may be given."""
        self._failed = False
        """The judgement is not asked any more; the caller is on the way to an agent."""
        self._try_again_at: float | None = None

    def handle(self, event: Event) -> None:
        """Give the session an event and carry out what it asks for."""
        if self.ended:
            return
        if isinstance(event, RecognizerLost):
            log.warning("call %s: nobody listens any more: %s", self.offer.call_id, event.reason)
        if isinstance(event, Tick) and self._voice is not None and not self._voice.caught_up:
            event = replace(event, heard=False)
        if isinstance(event, Deaf):
            log.warning("call %s: the caller is not heard: %s", self.offer.call_id, event.cause)
        self.at = max(self.at, getattr(event, "at", 0.0))
        if isinstance(event, PartiesTold):
            self.offer = _told(self.offer, event)
        if isinstance(event, CallEnded):
            self._end(event)
            return
        self._observe(event)
        if self._failed:
            self._insist(event)
        else:
            self._judge(event)

    def _end(self, event: CallEnded) -> None:
        """The last word about a call is said before observers hear that it is over."""
        if not self._failed:
            self._judge(event)
        self._observe(event)
        self._listen(False)
        self.ended = True

    def _judge(self, event: Event) -> None:
        try:
            actions = self._session.handle(event)
        except Exception:
            log.exception("call %s: the judgement failed; the caller goes to an agent", self.offer.call_id)
            actions = ()
            self.fail_open()
        for action in actions:
            self._observe(action)
            self._perform(action)

    def _insist(self, event: Event) -> None:
        """Try again to reach an agent, for as long as the caller holds the line; no order is carried out."""
        if isinstance(event, Ordered):
            self._observe(OrderAnswered(event.act, event.by, self.at, OrderOutcome.TOO_LATE))
        if isinstance(event, TransferEnded) and not event.ok:
            self._try_again_at = self.at + INSIST_SECONDS
        elif isinstance(event, Tick) and self._try_again_at is not None and self.at >= self._try_again_at:
            self._try_again_at = None
            self._call.transfer(Destination(Target.AGENTS, self._shared.targets.agents))

    def fail_open(self) -> None:
        """Hand the caller to an agent without asking the session, now or ever again."""
        self._failed = True
        self._listen(False)
        if self.offer.entrance is Entrance.BESIDE:
            self._call.hangup()  # an agent has the caller already
            return
        self._call.stop_playing()
        self._call.reject(503)  # still ringing: the PBX goes on by itself; no effect on an answered call
        self._call.transfer(Destination(Target.AGENTS, self._shared.targets.agents))

    def close(self) -> None:
        """The call is over and written down: the peer may know."""
        self._call.logged()

    def _observe(self, item: Event | Action) -> None:
        for observer in self._shared.observers:
            try:
                observer(self.offer.call_id, self.offer, item, self.at)
            except Exception:
                log.exception("call %s: whoever watches has failed; the call goes on", self.offer.call_id)

    def _perform(self, action: Action) -> None:
        match action:
            case Answer():
                self._call.answer()
            case Reject(status):
                self._call.reject(status)
            case Listen(on):
                self._listen(on)
            case ReadAgain(said, seconds):
                self._read_again(said, seconds)
            case Play(prompts):
                self._call.play([(self._shared.clips[prompt], seconds) for prompt, seconds in prompts])
            case StopPlaying():
                self._call.stop_playing()
            case Transfer(target, marked):
                self._transfer(target, marked)
            case Hangup():
                self._call.hangup()
            case EvidenceFound() | Decided() | Treated() | Warned() | OrderAnswered() | PauseOffered():
                pass  # for observers only

    def _transfer(self, target: Target, marked: bool) -> None:
        if uri := self._uri(target):
            self._call.transfer(Destination(target, uri), marked=marked)
        else:
            self._shared.post(self.offer.call_id, TransferEnded(target, ok=False, status=404, at=self.at))

    def _uri(self, target: Target) -> str:
        targets = self._shared.targets
        match target:
            case Target.AGENTS:
                return targets.agents
            case Target.SUPERVISOR:
                return targets.supervisor or targets.agents
            case Target.ANALYSIS:
                return targets.analysis
            case Target.LINE_FAULT:
                return targets.line_fault or targets.analysis
            case Target.TERMINATE:
                return targets.terminate or targets.analysis

    def _listen(self, on: bool) -> None:
        if on and self._voice is None:
            self._voice = self._shared.pool.open(self.offer.call_id, Speaker.CALLER)
            self._call.listen(self._kept(self._voice) if self._shared.second else self._voice.feed)
        elif not on and self._voice is not None:
            self._call.listen(None)
            self._shared.pool.close(self._voice)
            self._voice = None

    # The second reading.

    def _kept(self, voice: Voice) -> FrameSink:
        recent = self._recent

        def feed(pcm: bytes, at: float) -> None:
            voice.feed(pcm, at)
            recent.feed(pcm, at)

        return feed

    def _read_again(self, said: tuple[Transcript, ...], seconds: float) -> None:
        post, call_id, at = self._shared.post, self.offer.call_id, self.at

        def answered(read: tuple[Transcript, ...]) -> None:
            post(call_id, Reread(read, at))

        if self._shared.second is None:
            answered(())
        else:
            self._shared.second.ask(said, self._recent, seconds, answered)


def _told(offer: CallOffered, said: PartiesTold) -> CallOffered:
    """The call as it is known now; its history is that of the moment at which it began."""
    dialled = offer.dialled or ("" if offer.queue else said.agent)
    return replace(
        offer,
        caller=said.caller,
        agent=said.agent,
        dialled=dialled,
        uniqueid=said.uniqueid,
        linkedid=said.linkedid,
    )
