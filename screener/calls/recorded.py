"""Calls that a recording client (SIPREC, RFC 7866) sends us beside the agents, from whatever phone system.

A recording becomes a call of the product once it is known who talks, or after a moment if nothing is said of it:
some clients send their metadata later, by re-INVITE or UPDATE. One recording session is one call; a client that
sends another call in the same session is heard on as the same.

Who is caller and who is agent is `siprec.roles`'s to say, and is said anew with all that the client says: to the
call too, so that its record and what is asked of the other system name who talks now. Where one stream carries
both, it is heard as the caller's, and nobody is moved for what may have been the agent's words: a flag is logged
and told, not acted upon.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from screener.calls.flags import Flags
from screener.calls.listened import ListenedCall, MoveOutcome, Parties
from screener.errors import InputError
from screener.events import CallAnswered, CallEnded, EndedBy, Event, Speaker, Tick
from screener.media.prompts import Clip
from screener.operations.metrics import Sample
from screener.ports import Destination, FrameSink, Recording, RecordingInfo
from screener.settings.sections import Siprec
from screener.siprec.metadata import Metadata, parse, updated
from screener.siprec.roles import Known, Roles, Rules, assign
from screener.speech.pool import RecognizerPool

log = logging.getLogger(__name__)

WAIT_SECONDS = 3.0
"""How long metadata are waited for."""
DOUBTED = (Known.MIXED, Known.ORDER)
"""Ways to tell the two apart that people should know of."""

OnListened = Callable[[ListenedCall], None]
"""Takes a call as it begins; must only enqueue, and gives the call its id."""


class Recorded:
    """One recording session: a source of two voices."""

    def __init__(self, recording: Recording, server: "RecordingServer") -> None:
        self._recording, self._server = recording, server
        self._lock = threading.RLock()
        self._metadata: Metadata | None = None
        self._roles: Roles | None = None
        self._apart: Known | None = None
        """By what the two were told apart last."""
        self._call: ListenedCall | None = None
        self._frames: dict[Speaker, FrameSink | None] = {}
        self._places = 0
        self._over = False

    def start(self) -> None:
        """Take the session; on the SIP thread."""
        self._recording.subscribe(self._event)
        self._recording.follow(self._said)
        self._said(self._recording.said)
        self._recording.answer()

    # As a source of `ListenedCall`; any thread.

    def tap(self, speaker: Speaker, frames: FrameSink | None) -> None:
        """Send a voice there from now on."""
        with self._lock:
            self._frames[speaker] = frames
            self._tap()

    def move(self, to: Destination, done: Callable[[MoveOutcome], None]) -> None:
        """Ask the other system, where there is one and it is known who spoke."""
        call, roles, flags = self._call, self._roles, self._server.flags
        if flags is None or call is None:
            done(MoveOutcome(moved=False))
        elif roles is None or roles.known is Known.MIXED:
            log.warning("call %s: one stream carries both voices: nobody is moved", call.call_id)
            flags.tell(call.call_id)
            done(MoveOutcome(moved=False))
        else:
            flags.ask(call.call_id, to, done)

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> bool:  # noqa: ARG002
        """Nobody hears a recording server."""
        return False

    def release(self) -> None:
        """End the recording session; caller and agent talk on."""
        self._over = True
        self._recording.hangup()

    def logged(self) -> None:
        """The call is written down."""
        self._recording.logged()

    # What the client says; on the SIP thread.

    def _said(self, info: RecordingInfo) -> None:
        with self._lock:
            self._places = len(info.labels)
            if info.metadata:
                self._read(info.metadata)
            before = self._roles
            self._roles = assign(info.labels, self._metadata, self._server.rules, before)
            self._tap()
            if self._call is not None:
                self._tell(self._call, self._roles, before)

    def _read(self, document: bytes) -> None:
        try:
            self._metadata = updated(self._metadata, parse(document))
        except InputError as problem:
            self._server.unreadable += 1
            log.warning("recording by %s: %s", self._recording.invite.source, problem)

    def _event(self, event: Event) -> None:
        match event:
            case CallAnswered() if self._metadata and self._metadata.participants:
                self._begin(event.at)
            case CallEnded():
                self._over = True
                if self._call is None:
                    self._recording.logged()  # nothing of it is written
                else:
                    by = EndedBy.CALLER if event.by is EndedBy.CALLER else EndedBy.FAULT
                    self._call.over(by)
                self._server.forget(self)

    # On the media thread: what happens on the caller's stream, or on the first while nobody is known.

    def _stream_event(self, event: Event) -> None:
        if self._call is not None:
            self._call.heard(event)
        elif isinstance(event, Tick):
            known = self._metadata is not None and bool(self._metadata.participants)
            if known or event.at >= WAIT_SECONDS:
                self._begin(event.at)

    def _begin(self, at: float) -> None:
        """It is known who talks, or nobody will say it."""
        with self._lock:
            if self._call is not None or self._over:
                return
            call = ListenedCall(self, self._parties(), self._server.pool)
            self._server.offer(call)
            self._call = call
            assert self._roles is not None, "`start` has asked for it"
            log.info("call %s: recording by %s", call.call_id, self._source)
            if self._server.flags is not None:
                self._server.flags.follow(call.call_id)
            call.heard(CallAnswered(at))
            self._tell(call, self._roles, None)

    def _tell(self, call: ListenedCall, roles: Roles, before: Roles | None) -> None:
        """The call hears what is known now of who talks; `before` is None as it begins."""
        parties, apart = _newer(call.parties, self._parties()), ""
        if roles.known not in (self._apart, Known.KEPT):
            self._apart = roles.known
            log.info("call %s: who speaks is known by %s", call.call_id, roles.known)
            if roles.known is Known.MIXED:
                log.warning("call %s: one stream carries both voices: it is heard as the caller's", call.call_id)
            if before is not None or roles.known in DOUBTED:
                apart = roles.known.value
        if apart or parties != call.parties:
            call.told(parties, apart)
        if roles.place(Speaker.CALLER) is None and (before is None or before.place(Speaker.CALLER) is not None):
            call.deaf("no stream of the recording is the caller's")
        if roles.place(Speaker.AGENT) is not None:
            call.agent_is_there()

    def _parties(self) -> Parties:
        assert self._roles is not None, "`start` has asked for it"
        caller, agent, session = self._roles.caller, self._roles.agent, self._metadata and self._metadata.session
        who = agent.user if agent else ""
        return Parties(
            token=self._recording.invite.sip_call_id,
            number=caller.user if caller else "",
            name=caller.name if caller and caller.name != caller.user else "",
            agent=who,
            uniqueid=session or "",
            linkedid=session or "",
        )

    @property
    def _source(self) -> str:
        return self._recording.invite.source

    def _tap(self) -> None:
        """Lead each stream to whoever hears that voice; the caller's tells what happens."""
        if self._roles is None:
            return
        caller = self._roles.place(Speaker.CALLER)
        for place in range(self._places):
            speaker = self._roles.streams.get(place)
            frames = self._frames.get(speaker) if speaker else None
            tells = place == (caller if caller is not None else 0)
            self._recording.tap(place, frames, self._stream_event if tells else None)


def _newer(before: Parties, now: Parties) -> Parties:
    """Who talks after a further word: what it leaves out stays as it was.

    Another caller in another session is another call: what was heard so far is not that caller's.
    """
    another = before.uniqueid and now.uniqueid not in ("", before.uniqueid)
    if another and before.number and now.number != before.number:
        return before
    return replace(
        now,
        number=now.number or before.number,
        name=now.name if now.number else before.name,
        agent=now.agent or before.agent,
        uniqueid=now.uniqueid or before.uniqueid,
        linkedid=now.linkedid or before.linkedid,
    )


class RecordingServer:
    """Every recording that comes in.

    Args:
        settings: the section `[siprec]`.
        pool: recogniser processes.
        offer: takes each call as it begins.
        flags: asks the other system to move callers; None where there is none.
    """

    def __init__(self, settings: Siprec, pool: RecognizerPool, offer: OnListened, flags: Flags | None) -> None:
        self.rules = Rules(settings.agents, settings.caller_label, settings.agent_label, Speaker(settings.first))
        self.pool, self.offer, self.flags = pool, offer, flags
        self.unreadable = 0
        self._most = settings.max_calls
        self._unheard = 0
        self._recorded: set[Recorded] = set()

    def attach(self, recording: Recording) -> None:
        """A client begins a session; on the SIP thread."""
        if len(self._recorded) >= self._most:
            self._unheard += 1
            log.warning("a recording by %s is refused: siprec.max_calls is reached", recording.invite.source)
            recording.reject(503)
            return
        recorded = Recorded(recording, self)
        self._recorded.add(recorded)
        recorded.start()

    def forget(self, recorded: Recorded) -> None:
        """It is over; on the SIP thread."""
        self._recorded.discard(recorded)

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("recordings", len(self._recorded), "Recording sessions (SIPREC) that go on now.")
        yield Sample("recordings_refused_total", self._unheard, "Recording sessions beyond siprec.max_calls.")
        yield Sample("recordings_unreadable_total", self.unreadable, "Recording metadata that could not be read.")
