"""Calls behind a SIP proxy: the voices of calls that agents have, copied to us by its rtpengine.

Each voice has a leg of its own that only hears. A voice whose audio stops is asked for anew, again and again while
the call lasts: so it is after rtpengine was restarted, and nothing else has to notice that. A party on hold is
silent too; to ask again for a copy costs two datagrams.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from screener.calls.listened import ListenedCall, MoveOutcome, Parties
from screener.errors import PbxError, SipError
from screener.events import CallAnswered, EndedBy, Event, Speaker
from screener.media.g711 import Law
from screener.media.leg import Leg
from screener.media.prompts import Clip
from screener.media.stream import AudioStream
from screener.operations.metrics import Sample
from screener.ports import Destination, FrameSink
from screener.proxy.dialogs import ProxyDialog
from screener.proxy.rtpengine import Copy
from screener.proxy.watch import ProxyWatch
from screener.settings.sections import Settings
from screener.speech.pool import RecognizerPool

log = logging.getLogger(__name__)

QUIET_SECONDS = 3.0
"""A voice without audio for so long is asked for anew."""
AGAIN_SECONDS = (3.0, 3.0, 5.0, 10.0, 20.0)
"""Waits between two times; the last one for ever."""

LegOpener = Callable[[], Leg]
"""Opens a leg on the media loop."""


@dataclass(slots=True)
class _CopiedVoice:
    """One voice: its sockets, its audio, and what rtpengine sends there."""

    speaker: Speaker
    tag: str
    leg: Leg
    audio: AudioStream
    copy: Copy | None = None
    tries: int = 0
    due: float = 0.0


class CopiedVoices:
    """The copied voices of one call: a source of `ListenedCall`."""

    def __init__(self, dialog: ProxyDialog, calls: "CopiedCalls") -> None:
        self._dialog, self._calls = dialog, calls
        self._lock = threading.Lock()
        self._voices: dict[Speaker, _CopiedVoice] = {}
        self._over = self._moving = self._gone = False
        self.call = ListenedCall(
            self,
            Parties(
                token=dialog.name,
                number=dialog.number,
                queue=dialog.queue,
                agent=dialog.agent,
                uniqueid=dialog.name,
                linkedid=dialog.name,
            ),
            calls.pool,
        )

    # As a source of `ListenedCall`; any thread.

    def tap(self, speaker: Speaker, frames: FrameSink | None) -> None:
        """Send a voice there from now on."""
        if voice := self._voices.get(speaker):
            voice.audio.listener = frames

    def move(self, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        """REFER the caller there through the proxy; a call that is over meanwhile waits for what becomes of it."""
        self._moving = True

        def ended(ok: bool) -> None:
            done(MoveOutcome(moved=ok))
            self._moving = False
            if self._gone:
                self.over()

        self._calls.watch.move(self._dialog, to.uri, ended)

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> bool:  # noqa: ARG002
        """Copies only come in."""
        return False

    def release(self) -> None:
        """Hear nothing more; caller and agent talk on."""
        with self._lock:
            if self._over:
                return
            self._over = True
        for voice in self._voices.values():
            voice.leg.close()
        self._calls.watch.do(self._leave)

    def logged(self) -> None:
        """Nothing waits for it."""

    # On the thread `proxy`.

    def start(self, open_leg: LegOpener, *, hear_agent: bool) -> None:
        """Take the call.

        Raises:
            SipError: no port is free.
        """
        ends = {Speaker.CALLER: self._dialog.caller.tag}
        if hear_agent:
            ends[Speaker.AGENT] = self._dialog.callee.tag
        for speaker, tag in ends.items():
            audio = AudioStream(self._event if speaker is Speaker.CALLER else _unsaid, Law.PCMA, 8, None)
            audio.sending = False
            self._voices[speaker] = _CopiedVoice(speaker, tag, open_leg(), audio)
        self._calls.offer(self.call)
        self.call.heard(CallAnswered(0.0))
        for voice in self._voices.values():
            voice.leg.start(voice.audio)
        if Speaker.AGENT in self._voices:
            self.call.agent_is_there()

    def look(self, now: float) -> None:
        """Ask for each voice that does not come."""
        for voice in self._voices.values():
            heard = voice.copy is not None and voice.audio.silent_for < QUIET_SECONDS
            if heard:
                voice.tries = 0
            elif now >= voice.due and not self._over:
                self._subscribe(voice, now)

    def over(self) -> None:
        """They talk no more."""
        self._gone = True
        if not self._moving:
            self.call.over(EndedBy.CALLER)  # the list does not say who hung up

    def _subscribe(self, voice: _CopiedVoice, now: float) -> None:
        again, voice.tries = voice.tries > 0 or voice.copy is not None, voice.tries + 1
        voice.due = now + AGAIN_SECONDS[min(voice.tries, len(AGAIN_SECONDS)) - 1]
        if voice.copy is not None:
            voice.copy.engine.unsubscribe(voice.copy)
        voice.copy = None
        try:
            copy = self._calls.watch.rtpengines.subscribe(self._dialog.call_id, voice.tag, voice.leg.port)
        except PbxError as problem:
            self._calls.failed += 1
            if not again:
                log.warning("call %s: the %s is not heard yet: %s", self.call.call_id, voice.speaker, problem)
            return
        if again:
            self._calls.again += 1
        stream = copy.stream
        voice.audio.law, voice.audio.payload_type = stream.law, stream.payload_type
        voice.audio.event_type = stream.event_type
        voice.leg.point(stream.host, stream.port, control=stream.control, muxed=stream.muxed)
        voice.copy = copy

    def _leave(self) -> None:
        for voice in self._voices.values():
            if voice.copy is not None:
                voice.copy.engine.unsubscribe(voice.copy)
        self._calls.forget(self._dialog)

    # The media thread.

    def _event(self, event: Event) -> None:
        self.call.heard(event)


def _unsaid(_event: Event) -> None:
    """What happens on the agent's stream is nobody's business."""


class CopiedCalls:
    """Every call behind the proxy that is listened to.

    Args:
        settings: the sections `[proxy]` and `[sip]`.
        pool: recogniser processes.
        offer: takes each call as it begins; must only enqueue.
        open_leg: opens a leg on the media loop.
    """

    def __init__(
        self,
        settings: Settings,
        pool: RecognizerPool,
        offer: Callable[[ListenedCall], None],
        open_leg: LegOpener,
    ) -> None:
        self.pool, self.offer = pool, offer
        self.failed = self.again = 0
        self._open_leg, self._hear_agent = open_leg, settings.proxy.hear_agent
        self._calls: dict[tuple[str, str, str], CopiedVoices] = {}
        self.watch = ProxyWatch(settings.proxy, settings.sip.host, self)

    def start(self) -> None:
        """Begin to listen."""
        self.watch.start()

    def stop(self) -> None:
        """Listen no more; the calls go on."""
        self.watch.stop()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield from self.watch.samples()
        yield Sample("forked_calls", len(self._calls), "Calls behind the proxy that are listened to now.")
        yield Sample("forks_failed_total", self.failed, "Copies of voices that were asked of rtpengine in vain.")
        yield Sample("forks_again_total", self.again, "Copies of voices that were asked for anew, and came.")

    def forget(self, dialog: ProxyDialog) -> None:
        """It is not listened to any more."""
        self._calls.pop(dialog.key, None)

    # As the listener of `ProxyWatch`.

    def begun(self, dialog: ProxyDialog) -> None:
        """Two talk."""
        voices = CopiedVoices(dialog, self)
        try:
            voices.start(self._open_leg, hear_agent=self._hear_agent)
        except SipError as problem:
            self.failed += 1
            log.error("%s has a call that is not listened to: %s", dialog.agent, problem)
            voices.release()
            return
        self._calls[dialog.key] = voices

    def over(self, dialog: ProxyDialog) -> None:
        """They talk no more."""
        if voices := self._calls.get(dialog.key):
            voices.over()

    def look(self, now: float) -> None:
        """Ask for what does not come."""
        for voices in list(self._calls.values()):
            voices.look(now)
