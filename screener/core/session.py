"""One call's state machine: events in, actions out. What every call shares; its entrance says the rest.

Whatever order events come in, no caller is left alone: each way out is a transfer, a treatment or the end of the
call, and what the edge never reports is taken as reported in time.
"""

# ruff: noqa: ARG002 - what an entrance overrides takes more than its default uses

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import replace

from screener.core import policy
from screener.core.actions import (
    Action,
    Decided,
    EvidenceFound,
    Misconduct,
    OrderAnswered,
    OrderOutcome,
    PauseOffered,
    Play,
    ReadAgain,
    Treated,
)
from screener.core.evidence import Assessment, Decision, Evidence, Kind, Reason, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.hearing import Hearing
from screener.core.judgement import Judgement
from screener.core.patience import Patience
from screener.core.rereading import CLEARED, CONFIRMED, UNREAD, Rereading, noted
from screener.core.scoring import threshold
from screener.core.signals import RUDE, of_voices
from screener.core.state import State
from screener.core.warnings import Warner
from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    CallOffered,
    Cue,
    CueKind,
    Deaf,
    Entrance,
    Event,
    Ordered,
    PartiesTold,
    PlaybackEnded,
    RecognizerLost,
    Reread,
    Speaker,
    Stopping,
    Tick,
    Transcript,
    TransferEnded,
)

TRANSFER_LIMIT = 40.0
"""Seconds after which a transfer is taken as failed although the edge never said so; SIP's own limit for a request
is 32 s (RFC 3261, timer F)."""


EDGES = frozenset({CueKind.SPEECH_START, CueKind.SPEECH_END})
WARNINGS = frozenset({CallControl.WARN, CallControl.APPROVE, CallControl.REFUSE})


class Session:
    """One call.

    Args:
        offer: who calls, and how the call came.
        judgement: lexicon, acts, weights and calendar.
        flow: the site's course of a call.
    """

    def __init__(self, offer: CallOffered, judgement: Judgement, flow: Flow) -> None:
        self._offer = offer
        self._weights = judgement.weights
        self._flow = flow
        self._by_hand = offer.entrance is Entrance.BY_HAND
        self._hearing = Hearing(judgement)
        self._patience = Patience(flow)
        self._second = Rereading(judgement, flow.second_seconds) if self._treats and flow.second_seconds else None
        self._state = State.OFFERED
        self._offered_already = False
        self._early: Ordered | None = None
        """The newest order from before the answer."""
        self._at = 0.0
        """Audio time of the newest event."""
        self._since = 0.0
        """When the state was entered."""
        self._decision: Decision | None = None
        """The newest."""
        self._over_threshold = False
        """Whether the call was flagged when it was judged last: its threshold is lower then."""
        self._treatment = Treatment.NONE
        """The treatment that has begun and not ended."""
        self._warner = Warner(flow.warnings, judgement.played, by_rule=not flow.dry_run)
        self._deaf = False
        """The caller was not heard for a while, by the line or by us: nothing is known of whether they spoke."""

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take an event; say what is to be done, in order. Never raises; after the end it says nothing."""
        if self._state is State.ENDED:
            return ()
        self._at = max(self._at, getattr(event, "at", 0.0))
        return tuple(self._handle(event))

    def _handle(self, event: Event) -> Iterator[Action]:
        match event:
            case CallOffered():
                if self._state is State.OFFERED and not self._offered_already:
                    self._offered_already = True
                    if self._second:
                        self._second.keep(self._offer)
                    yield from self._note(self._hearing.offered(self._offer))
                    yield from self._offered()
            case PartiesTold(apart=apart) if apart:
                yield from self._note(self._hearing.noted(of_voices(apart, self._at)))
            case CallAnswered():
                if self._state is State.OFFERED:
                    self._enter(State.SCREENING)
                    self._patience.begin(self._at)
                    yield from self._answered()
                    if early := self._early:
                        self._early = None
                        yield from self._obey(early)
            case Transcript():
                yield from self._heard(event)
            case Cue() if event.speaker is Speaker.CALLER:
                self._patience.noticed(event)
                if self._second and event.kind not in EDGES:
                    self._second.keep(event)
                yield from self._note(self._hearing.noticed(event))
                yield from self._judge()
            case Reread(said):
                yield from self._reread(said)
            case PlaybackEnded():
                if self._state in (State.SCREENING, State.WARNING):
                    yield from self._warner.played(event.at, sent=event.sent)
                yield from self._played()
            case TransferEnded():
                yield from self._transferred(event)
            case RecognizerLost():
                self._deaf = True
                yield from self._unheard(Reason.UNHEARD)
            case Deaf(cause):
                self._deaf = True
                yield from self._unheard(Reason.DEAF.of(cause))
            case Stopping():
                yield from self._stopping()
            case Ordered(act=CallControl.PAUSE):
                pass  # nobody's record
            case Ordered() if self._state is State.OFFERED and event.act is not CallControl.SUPERVISOR:
                yield from self._miss(OrderOutcome.REPLACED)
                self._early = event
            case Ordered():
                yield from self._obey(event)
            case Tick():
                self._patience.ticked(event)
                yield from self._warner.ticked(self._at)
                yield from self._ticked()
            case CallEnded():
                yield from self._miss(OrderOutcome.TOO_LATE)
                yield from self._warner.over(self._at)
                yield from self._ended()
                yield from self._offer_pause()
                self._state = State.ENDED
            case _:
                pass  # keys mean nothing to a caller who is being screened

    # What an entrance makes of an event; nothing, unless it says so.

    _warns = False
    """Whether this caller can be warned."""
    _treats = False
    """Whether anything is done about a flag: only then is it read again."""

    def _offered(self) -> Iterator[Action]:
        yield from ()

    def _answered(self) -> Iterator[Action]:
        yield from ()

    def _spoke(self, *, cut_short: bool) -> Iterator[Action]:
        """The caller says something; `cut_short` tells whether over a prompt."""
        yield from ()

    def _judged(self, found: Verdict, assessment: Assessment, *, flagged: bool) -> Iterator[Action]:
        """What follows from how the call stands; `flagged` waits for the end of a rude sentence."""
        yield from ()

    def _played(self) -> Iterator[Action]:
        yield from ()

    def _transferred(self, event: TransferEnded) -> Iterator[Action]:
        yield from ()

    def _unheard(self, reason: str) -> Iterator[Action]:
        yield from ()

    def _stopping(self) -> Iterator[Action]:
        yield from ()

    def _ordered(self, event: Ordered) -> Generator[Action, None, OrderOutcome]:
        """What a person wants done to the caller."""
        yield from ()
        return OrderOutcome.NOT_HERE

    def _end(self) -> Iterator[Action]:
        """The end after the warnings was granted."""
        yield from ()

    def _ticked(self) -> Iterator[Action]:
        yield from self._judge()

    def _ended(self) -> Iterator[Action]:
        yield from self._treated(completed=False)
        if self._decision is None:
            assessment = self._hearing.assessment(self._at)
            yield from self._decide(policy.decide_over(assessment, self._weights, self._flow))

    # What every entrance does alike.

    def _note(self, found: Iterator[Evidence]) -> Iterator[Action]:
        for evidence in found:
            stands = self._hearing.assessment(self._at)
            yield EvidenceFound(evidence, stands.score, threshold(stands.kind, self._weights))

    def _settle(self, verdict: Verdict, reason: str = "", kind: Kind | None = None) -> Iterator[Action]:
        assessment = self._hearing.assessment(self._at)
        yield from self._decide(
            policy.given(verdict, assessment, self._weights, self._flow, kind=kind, reason=reason)
        )

    def _decide(self, decision: Decision) -> Iterator[Action]:
        self._decision = decision
        yield Decided(decision)

    def _heard(self, transcript: Transcript) -> Iterator[Action]:
        if transcript.speaker is Speaker.CALLER and len(transcript.syllables) > 1:
            yield from self._spoke(cut_short=self._patience.heard(transcript))
        if self._second is None or self._second.keep_words(transcript):
            yield from self._note(self._hearing.heard(transcript))
        yield from self._judge()

    def _judge(self) -> Iterator[Action]:
        if self._state is not State.SCREENING:
            return
        turn_end = self._patience.at_turn_end
        if turn_end:
            yield from self._note(self._hearing.settle())
        assessment = self._hearing.assessment(self._at)
        over = policy.is_flagged(assessment, self._weights, already=self._over_threshold)
        self._over_threshold = over
        # An insult may be the first half of a complaint: hear the sentence out.
        hasty = over and assessment.kind in RUDE and not turn_end
        if not over and self._second:
            self._second.withdraw()
        if not hasty and not (over and (yield from self._doubted())):
            found = policy.verdict(assessment, self._weights)
            yield from self._judged(found, assessment, flagged=over)
            if self._warns and turn_end and self._state is State.SCREENING:
                share = self._hearing.matter_share
                yield from self._warn(self._warner.judged(assessment, self._at, share))

    # A flag is read again before anything is done about it.

    @property
    def _waits(self) -> bool:
        """Whether a flag waits for its second reading."""
        return self._second is not None and self._second.waits

    def _doubted(self) -> Generator[Action, None, bool]:
        """Whether the flag is to wait; asks for what it waits for."""
        second = self._second
        if second is None:
            return False
        if second.waits and second.is_late(self._at):
            second.stand()
            yield from self._note(self._hearing.noted(noted(UNREAD, self._at)))
        elif not second.waits and (asked := second.ask(self._at)):
            yield ReadAgain(asked, second.seconds)
        return second.waits

    def _reread(self, said: tuple[Transcript, ...]) -> Iterator[Action]:
        if not self._waits or self._state is not State.SCREENING:
            return  # too late
        assert self._second is not None
        if not said:
            self._second.stand()
            yield from self._note(self._hearing.noted(noted(UNREAD, self._at)))
        else:
            hearing = self._second.read(said)
            if self._patience.at_turn_end:
                deque(hearing.settle(), maxlen=0)
            flagged = policy.is_flagged(hearing.assessment(self._at), self._weights)
            if not flagged:
                yield from self._note(hearing.instead_of(self._hearing, self._at))
                self._hearing, self._over_threshold = hearing, False
            yield from self._note(self._hearing.noted(noted(CONFIRMED if flagged else CLEARED, self._at, said)))
        yield from self._judge()

    # Every order is answered.

    def _obey(self, order: Ordered) -> Iterator[Action]:
        if order.act is CallControl.SUPERVISOR:
            outcome = OrderOutcome.DONE  # observers tell a supervisor
        elif order.act in WARNINGS:
            outcome = yield from self._ordered_warning(order)
        else:
            outcome = yield from self._ordered(order)
        yield OrderAnswered(order.act, order.by, self._at, outcome)

    def _miss(self, outcome: OrderOutcome) -> Iterator[Action]:
        """The order from before the answer is not carried out."""
        if early := self._early:
            self._early = None
            yield OrderAnswered(early.act, early.by, self._at, outcome)

    def _ordered_warning(self, order: Ordered) -> Generator[Action, None, OrderOutcome]:
        if not self._warns:
            return OrderOutcome.NOT_HERE
        if self._state is not State.SCREENING:
            return OrderOutcome.TOO_LATE
        assessment = self._hearing.assessment(self._at)
        outcome = OrderOutcome.NOT_HERE
        for action in self._warn(self._warner.ordered(order.act, order.by, self._at, assessment)):
            outcome = OrderOutcome.DONE
            yield action
        return outcome

    def _settle_order(self, order: Ordered) -> Iterator[Action]:
        """A person's word decides; one that treats does so also in a dry run."""
        reason = Reason.ORDERED.of(order.by)
        if order.act is CallControl.AGENTS:
            yield from self._settle(Verdict.GENUINE, reason)
        else:
            assessment = self._hearing.assessment(self._at)
            treatment = Treatment(order.act.value)
            yield from self._decide(policy.by_person(treatment, assessment, self._weights, self._flow, reason))

    def _warn(self, actions: Iterator[Action]) -> Iterator[Action]:
        """A step of the warnings, and the end where it was granted."""
        for action in actions:
            if isinstance(action, Play):
                self._patience.prompting(self._at, interruptible=False)
            yield action
        if self._warner.ending:
            yield from self._end()
            self._warner.ending = None

    def _after_warnings(self) -> Decision:
        """The decision to end a call: its verdict as it stands, its treatment the site's; none is a supervisor."""
        assessment = self._hearing.assessment(self._at)
        then = self._flow.warnings.then
        ends = Treatment(then) if then in (Treatment.TERMINATE, Treatment.LINE_FAULT) else Treatment.NONE
        idle = self._warner.ending is Misconduct.IDLE
        if idle and ends is Treatment.NONE:
            ends = Treatment.TERMINATE
        decision = policy.decide(assessment, self._weights, self._flow)
        reason = Reason.IDLE if idle else Reason.WARNED.of(self._warner.heard)
        return replace(decision, treatment=ends, reason=reason, dry_run=False)

    def _offer_pause(self) -> Iterator[Action]:
        seconds = self._flow.pause_seconds
        assessment = self._hearing.assessment(self._at)
        abused = self._warner.heard or policy.was_abused(self._decision, assessment)
        if self._offer.entrance is Entrance.BESIDE and seconds and abused:
            yield PauseOffered(seconds, self._at)

    def _begin_treatment(self, treatment: Treatment) -> Iterator[Action]:
        self._treatment = treatment
        yield Treated(treatment, self._at, done=False, by_hand=self._by_hand)

    def _treated(self, *, completed: bool) -> Iterator[Action]:
        if self._treatment is not Treatment.NONE:
            yield Treated(self._treatment, self._at, done=True, completed=completed, by_hand=self._by_hand)
            self._treatment = Treatment.NONE

    def _enter(self, state: State) -> None:
        self._state = state
        self._since = self._at
