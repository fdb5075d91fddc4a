"""The composition root of a running site: makes, starts and stops its parts, wires the edges to the judgement.

SIP and media threads, the speech thread before the recogniser processes, and one *calls thread*, which runs every
session, meet in one bounded inbox. Over its limit ticks, sounds, keys and transcripts are dropped and counted.
"""

import logging
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from screener.alerts.causes import Alert, Cause, Causes
from screener.alerts.outbox import Outbox
from screener.calls.beside import AsteriskCalls
from screener.calls.listened import ListenedCall
from screener.calls.logbook import CallNotes
from screener.calls.screening import Observer, Screening, Shared
from screener.calls.tally import Tally
from screener.core.entrances import open_session
from screener.core.flow import Flow
from screener.events import (
    CallControl,
    CallEnded,
    Caller,
    CallOffered,
    Cue,
    Dtmf,
    EndedBy,
    Event,
    Ordered,
    PartiesTold,
    RecognizerLost,
    Speaker,
    Stopping,
    Tick,
    Transcript,
)
from screener.feed.items import Order
from screener.feed.publish import Publisher
from screener.media.prompts import load_clips
from screener.numbers.mask import mask
from screener.numbers.plan import lines_of
from screener.operations.metrics import MetricsServer, Sample
from screener.ports import Call, RegistrationState, user_of
from screener.review.take_back import TakeBacks
from screener.service.figures import Reviews, of_hearing
from screener.service.monitored import MonitoredCalls
from screener.service.node import StateTeller, open_feed, pause_teller
from screener.service.offers import Offers
from screener.service.summaries import Summaries
from screener.service.system import all_at_once, raise_file_limit
from screener.settings.judgement import load_judgement
from screener.settings.sections import Settings
from screener.sip.recording import RecordingSession
from screener.sip.useragent import ENDPOINT_SECONDS, SipUserAgent
from screener.speech.load import load_model
from screener.speech.offline import load_second
from screener.speech.pinyin import syllables
from screener.speech.pool import RecognizerPool
from screener.speech.recognizer import ModelInfo
from screener.speech.second import SecondReader
from screener.store.cut_off import cut_off
from screener.store.ladder import past
from screener.store.log import open_log
from screener.store.lookup import HistoryLookup
from screener.store.privacy import Purger
from screener.store.writer import CLOSE_SECONDS, LogWriter

log = logging.getLogger(__name__)

INBOX_ITEMS = 20_000
"""Events that may wait for the calls thread before droppable ones are dropped."""
HAND_OVER_SECONDS = 5.0
"""How long the callers may take to reach the agents when the service stops."""
CALLS_THREAD_SECONDS = 10.0
"""How long the calls thread may take to write down what ended with the stop."""
HELPERS_SECONDS = 10.0
"""How long everything that only helps may take to stop, all at the same time."""
STOPS_WITHIN = HAND_OVER_SECONDS + ENDPOINT_SECONDS + CALLS_THREAD_SECONDS + HELPERS_SECONDS + CLOSE_SECONDS
"""Seconds that a stop takes at the very worst: a service manager must wait longer."""
PULSE_SECONDS = 2.0
"""How long the metrics wait for a sign of life."""


def utc_now() -> datetime:
    """The clock of a live site."""
    return datetime.now(UTC)


def site_flow(settings: Settings, model: ModelInfo) -> Flow:
    """The site's flow, forced to dry run where the model must treat nobody."""
    if not model.synthetic_only or settings.speech.treat_with_synthetic_model or settings.flow.dry_run:
        return settings.flow
    log.warning(
        "the embedded model %s understands synthetic demo speech only: dry run, nobody is treated. Install a "
        "production model with `screener model install`, or set speech.treat_with_synthetic_model = true",
        model.name,
    )
    return replace(settings.flow, dry_run=True)


@dataclass(frozen=True, slots=True)
class _Offered:
    """A call that the endpoint offers, on its way to the calls thread."""

    offer: CallOffered
    call: Call


@dataclass(frozen=True, slots=True)
class _Pulse:
    """A sign of life is asked for; the endpoint gives it when its own threads live too."""

    answered: Callable[[], None]


_DROPPABLE = (Tick, Cue, Transcript, Dtmf)
_EVERY_CALL = ""


class Service:
    """A running site: takes calls until it is stopped.

    Args:
        settings: validated.
        observers: called on the calls thread with everything that happens.
        clock: the wall clock, aware UTC; read here and by the parts that take one.

    Raises:
        ScreenerError: a part cannot be had: model, recordings, lexicon, database.
    """

    def __init__(
        self, settings: Settings, observers: Sequence[Observer] = (), clock: Callable[[], datetime] = utc_now
    ) -> None:
        folder = settings.folder
        self._settings = settings
        self._clock = clock
        recordings = settings.recordings
        self._judgement = load_judgement(settings.judgement, folder, syllables, recordings)
        self._lines = lines_of(settings)
        self._offers = Offers(settings, self._lines, clock)
        clips = load_clips(recordings)
        self._log = open_log(settings.store.url, folder)
        self._history = HistoryLookup(partial(past, self._log, settings.ladder))
        spool = settings.spool
        caught_up = partial(cut_off, self._log, socket.gethostname(), clock())
        self._writer = LogWriter(self._log, settings.store.queue_rows, spool, self._spool_failed, caught_up)
        self._purger = Purger(self._log, settings.store.transcript_days, clock, spool)
        hear, loader = settings.speech, partial(load_model, settings.speech, folder)
        self._pool = RecognizerPool(loader, hear.processes, hear.queue_seconds, self._heard)
        self.model = self._pool.info
        self.flow = site_flow(settings, self.model)
        self._notes = CallNotes(self._writer.put, clock)
        self._beside: AsteriskCalls | None = None
        self._feed = open_feed(settings, self._ordered)
        self._tally = Tally()
        self._summaries = Summaries(settings, self._log, clock)
        self._outbox = Outbox(settings.alerts, settings.site, clock)
        watching = [self._notes.observe, self._tally.observe, *observers]
        watching.append(Causes(settings.alerts, self._outbox.put, clock).observe)
        if self._feed is not None:
            watching.append(Publisher(self._feed.put, socket.gethostname()).observe)
        if settings.pbx.host:
            hands = self._offered_beside, self._take_back, pause_teller(self._feed)
            self._beside = AsteriskCalls(settings, self._pool, *hands)
            watching += self._beside.observers
        self._endpoint = SipUserAgent(settings.sip)
        self._monitored = MonitoredCalls(settings, self._pool, self._offered_beside, self._endpoint.open_leg)
        watching += self._monitored.observers
        self._take_backs = TakeBacks(self._log, self._bring_back, clock)
        self._second = SecondReader(partial(load_second, hear, folder)) if hear.second else None
        self._shared = Shared(clips, settings.targets, self._pool, watching, self._post, self._second)
        self._state: StateTeller | None = None
        if self._feed is not None:
            calls, waiting = (lambda: len(self._screenings)), (lambda: self._writer.waiting)
            tell = partial(StateTeller, self._feed, self.model, self.flow.dry_run, calls)
            self._state = tell(self.registrations, waiting, self._pool.failing, clock)
        self._inbox: queue.SimpleQueue[tuple[str, Event | _Offered | _Pulse] | None] = queue.SimpleQueue()
        self._metrics: MetricsServer | None = None
        self._reviews = Reviews(self._log)
        self._dropped = 0
        self._leaving = False
        self._empty = threading.Event()
        """We are leaving, and no call is left."""
        self._screenings: dict[str, Screening] = {}
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)

    @property
    def sip_port(self) -> int:
        """The port that the user agent is bound to."""
        return self._endpoint.port

    def registrations(self) -> Sequence[RegistrationState]:
        """Where we stand with each registrar."""
        return self._endpoint.registrations()

    def pulse(self, answered: Callable[[], None]) -> None:
        """Call back once the calls, speech, SIP and media threads have come round to it, in turn."""
        self._inbox.put((_EVERY_CALL, _Pulse(answered)))

    def status(self) -> str:
        """One line for whoever looks at the running service."""
        states = self.registrations()
        registered = f", registered {sum(s.registered for s in states)} of {len(states)}" if states else ""
        return f"port {self.sip_port}, {len(self._screenings)} calls{registered}"

    def start(self) -> None:
        """Begin to take calls.

        Raises:
            SipError: the address cannot be bound.
        """
        raise_file_limit(self._settings.sip.max_calls)
        self._thread.start()
        self._endpoint.start(self._offered)
        self._purger.start()
        self._take_backs.start()
        self._outbox.start()
        self._summaries.start()
        if self._state is not None:
            self._state.start()
        if self._beside is not None:
            self._beside.switchboard.start()
        self._monitored.start()
        if port := self._settings.operations.metrics_port:
            self._metrics = MetricsServer(port, self.figures)
        log.info("taking calls on port %d with %s %s", self.sip_port, self.model.engine, self.model.name)

    def stop(self) -> None:
        """Hand callers to the agents, end the calls that are left, write down everything, close everything."""
        # Only we know where our callers belong: a BYE would tell the PBX that we are done with them.
        self._inbox.put((_EVERY_CALL, Stopping(0.0)))
        self._empty.wait(HAND_OVER_SECONDS)
        self._endpoint.stop()
        self._inbox.put(None)
        self._thread.join(CALLS_THREAD_SECONDS)
        helpers = [self._pool.stop, self._purger.stop, self._take_backs.stop, self._outbox.stop]
        helpers += [self._summaries.stop, self._history.stop, self._monitored.stop]
        if self._second is not None:
            helpers.append(self._second.stop)
        if self._metrics is not None:
            helpers.append(self._metrics.stop)
        if self._state is not None:
            helpers.append(self._state.stop)
        if self._feed is not None:
            helpers.append(self._feed.stop)
        if self._beside is not None:
            helpers.append(self._beside.switchboard.stop)
        all_at_once(helpers, HELPERS_SECONDS)
        self._writer.close()
        self._log.close()

    # From the SIP, media and speech threads: only enqueue.

    def _offered(self, call: Call) -> None:
        invite = call.invite
        if isinstance(call, RecordingSession):
            self._monitored.attach(call)
            return
        if invite.dialled.startswith(f"{self._settings.sip.listening_extension}-"):
            if self._beside is not None:
                self._beside.attach(call)
            else:
                self._monitored.hear(call)
            return
        self._take(self._offers.dialled(invite), call)

    def _offered_beside(self, call: ListenedCall) -> None:
        offer = self._offers.beside(call)
        call.call_id = offer.call_id
        self._take(offer, call)

    def _take(self, offer: CallOffered, call: Call) -> None:
        call.subscribe(lambda event: self._post(offer.call_id, event))
        self._inbox.put((offer.call_id, _Offered(offer, call)))

    def _heard(self, call_id: str, speaker: Speaker, event: Transcript | Cue | RecognizerLost) -> None:
        if speaker is Speaker.AGENT and isinstance(event, RecognizerLost):
            log.warning("call %s: the agent is not heard any more: %s", call_id, event.reason)
        else:
            self._post(call_id, event)

    def _ordered(self, order: Order) -> None:
        if order.act is not CallControl.PAUSE:
            log.info("call %s: %s ordered by %s", order.call, order.act, order.by)
            self._inbox.put((order.call, Ordered(order.act, order.by, 0.0)))
        elif self._beside is not None:
            self._beside.pauses.take(order.call)  # nobody's record

    def _spool_failed(self, waiting: int) -> None:
        """The spool cannot be written; on whatever thread puts a call in."""
        self._outbox.put(Alert(Cause.SPOOL, self._clock(), count=waiting))

    def _take_back(self, agent: str, linkedid: str) -> None:
        self._take_backs.put(agent, linkedid)

    def _bring_back(self, uniqueid: str) -> None:
        if self._beside is not None:
            self._beside.switchboard.bring_back(uniqueid, user_of(self._settings.targets.agents))

    def _post(self, call_id: str, event: Event) -> None:
        if isinstance(event, _DROPPABLE) and self._inbox.qsize() > INBOX_ITEMS:
            self._dropped += 1
            if self._dropped % 1000 == 1:
                log.error("the calls thread is behind: %d events dropped so far", self._dropped)
            return
        self._inbox.put((call_id, event))

    # The metrics threads.

    def figures(self) -> Iterator[Sample]:
        """What is measured now; takes a moment where a thread does not answer."""
        yield from self._endpoint.samples()
        yield from self._tally.samples()
        yield from self._outbox.samples()
        yield from self._summaries.samples()
        yield Sample("log_waiting", self._writer.waiting, "Calls that are not in the database yet.")
        if self._beside is not None:
            yield from self._beside.switchboard.samples()
        yield from self._monitored.samples()
        yield from self._reviews.samples(self._clock())
        beat = threading.Event()
        self.pulse(beat.set)
        alive = beat.wait(PULSE_SECONDS)
        yield Sample(
            "alive", alive, f"1: the calls, speech, SIP and media threads answer within {PULSE_SECONDS:g} s."
        )
        yield from of_hearing(self._pool, self._second)
        yield Sample("events_waiting", self._inbox.qsize(), "Events that wait for the calls thread.")
        yield Sample(
            "events_dropped_total", self._dropped, "Ticks, sounds, keys, transcripts dropped behind time."
        )

    # The calls thread.

    def _run(self) -> None:
        while (item := self._inbox.get()) is not None:
            call_id, event = item
            try:
                if isinstance(event, _Offered):
                    self._begin(event)
                elif isinstance(event, _Pulse):
                    self._pool.pulse(partial(self._endpoint.pulse, event.answered))
                elif call_id == _EVERY_CALL:
                    self._leave()
                elif screening := self._screenings.get(call_id):
                    screening.handle(self._identified(event))
                    if screening.ended:
                        del self._screenings[call_id]
                        self._notes.close(call_id)
                        screening.close()
            except Exception:
                log.exception("call %s: a fault of ours; the caller goes to an agent", call_id)
                self._fail_open(call_id, event)
            if self._leaving and not self._screenings:
                self._empty.set()
        for screening in list(self._screenings.values()):
            screening.handle(CallEnded(EndedBy.FAULT, screening.at))
            self._notes.close(screening.offer.call_id)

    def _leave(self) -> None:
        self._leaving = True
        for call_id, screening in self._screenings.items():
            self._inbox.put((call_id, Stopping(screening.at)))

    def _begin(self, offered: _Offered) -> None:
        if self._leaving:
            offered.call.reject(503)  # the PBX goes on to the agents by itself
            return
        offer = offered.offer
        caller = self._identify(offer.caller)
        offer = replace(offer, caller=caller, history=self._history.of(caller.number, offer.started_at))
        log.info("call %s from %s (%s)", offer.call_id, mask(caller.number) or "anonymous", caller.line)
        session = open_session(offer, self._judgement, self.flow)
        screening = Screening(offer, offered.call, session, self._shared)
        self._screenings[offer.call_id] = screening
        screening.handle(offer)

    def _identify(self, caller: Caller) -> Caller:
        return self._lines.identify(caller.number, caller.display_name)

    def _identified(self, event: Event) -> Event:
        return replace(event, caller=self._identify(event.caller)) if isinstance(event, PartiesTold) else event

    def _fail_open(self, call_id: str, event: Event | _Offered | _Pulse) -> None:
        try:
            if screening := self._screenings.get(call_id):
                screening.fail_open()
            elif isinstance(event, _Offered):
                event.call.reject(503)  # the PBX goes on to the agents by itself
        except Exception:
            log.exception("call %s: failing open failed", call_id)
