"""One call's state machine: events in, actions out.

In path it answers, greets, listens, and passes the caller on or treats the call. Beside an agent it listens, and
has a harasser moved away; in a replay it only judges. Whatever order events come in, no caller is left alone: each
way out is a transfer, a treatment or the end of the call, and what the edge never reports is taken as reported in
time.
"""

from collections.abc import Iterator
from dataclasses import replace

from screener.core import policy
from screener.core.actions import (
    ON_PBX,
    Action,
    Answer,
    Decided,
    Found,
    Hangup,
    Listen,
    Play,
    Prompt,
    Reject,
    StopPlaying,
    Target,
    Transfer,
    Treated,
)
from screener.core.evidence import Decision, Evidence, Kind, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.hearing import Hearing
from screener.core.judgement import Judgement
from screener.core.patience import Patience
from screener.core.state import State
from screener.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    Cue,
    Deaf,
    Entrance,
    Event,
    ListName,
    PlaybackEnded,
    RecognizerLost,
    Speaker,
    Stopping,
    Tick,
    Transcript,
    TransferEnded,
)

TRANSFER_TRIES = 6
"""Transfers that may fail, over all targets, before the caller is asked to call again."""
PLAY_LIMIT = 45.0
"""Seconds, over the tone's, after which playing is taken as ended although the edge never said so."""
TRANSFER_LIMIT = 40.0
"""Likewise for a transfer; SIP's own limit for a request is 32 s (RFC 3261, timer F)."""


class Session:
    """One call.

    Args:
        offer: who calls, and how the call came.
        judgement: lexicon, weights and calendar.
        flow: the site's course of a call.
    """

    def __init__(self, offer: CallOffered, judgement: Judgement, flow: Flow) -> None:
        self._offer = offer
        self._weights = judgement.weights
        self._flow = flow
        self._beside = offer.entrance is Entrance.BESIDE
        self._watches = self._beside or offer.entrance is Entrance.REPLAY
        self._hearing = Hearing(judgement, flow.steer_prompts)
        self._patience = Patience(flow)
        self._state = State.OFFERED
        self._offered_already = False
        self._at = 0.0
        self._since = 0.0
        """When the state was entered."""
        self._decision: Decision | None = None
        self._over_threshold = False
        self._treatment = Treatment.NONE
        """The treatment that has begun and not ended."""
        self._target = Target.AGENTS
        self._marked = False
        self._tries = 0
        self._stops = self._deaf = False

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take an event; say what is to be done, in order. Never raises; after the end it says nothing."""
        if self._state is State.ENDED:
            return ()
        self._at = max(self._at, getattr(event, "at", 0.0))
        return tuple(self._handle(event))

    def _handle(self, event: Event) -> Iterator[Action]:
        match event:
            case CallOffered():
                yield from self._offered()
            case CallAnswered():
                yield from self._answered()
            case Transcript():
                yield from self._heard(event)
            case Cue():
                yield from self._noticed(event)
            case PlaybackEnded():
                yield from self._played()
            case TransferEnded():
                yield from self._transferred(event)
            case RecognizerLost():
                yield from self._give_up("识别中断,转坐席")
            case Deaf(cause):
                self._deaf = True
                yield from self._give_up(policy.UNHEARD[cause])
            case Stopping():
                yield from self._stopping()
            case Tick():
                self._patience.ticked(event)
                yield from self._ticked()
            case CallEnded():
                yield from self._ended()
            case _:
                pass  # keys mean nothing to a caller who is being screened

    # ---------------------------------------------------------------- the beginning

    def _offered(self) -> Iterator[Action]:
        if self._offered_already or self._state is not State.OFFERED:
            return
        self._offered_already = True
        yield from self._note(self._hearing.offered(self._offer))
        if not self._watches:
            yield Answer()

    def _answered(self) -> Iterator[Action]:
        if self._state is not State.OFFERED:
            return
        self._enter(State.SCREENING)
        self._patience.begin(self._at)
        if self._offer.entrance is Entrance.REPLAY:
            return
        if self._stops:
            yield from self._stopping()
            return
        lists, confirmed = self._offer.history.lists, self._offer.history.confirmed
        if self._offer.entrance is Entrance.BY_HAND:
            yield from self._confirmed()
        elif ListName.ALLOW in lists:
            yield from self._settle(Verdict.GENUINE, "白名单号码")
            yield from self._to_agents()
        elif ListName.BLOCK in lists:
            yield from self._flag("黑名单号码")
        elif 0 < self._flow.repeat_offenders <= confirmed:
            yield from self._flag(f"已确认 {confirmed} 次的骚扰号码")
        else:
            yield Listen(on=True)
            if not self._beside:
                notice = (Prompt.NOTICE,) if self._flow.record_notice else ()
                yield self._say(*notice, Prompt.GREETING)

    def _confirmed(self) -> Iterator[Action]:
        """An agent sent the caller in: that is a confirmation, and wanted also in a dry run."""
        agent = self._offer.referred_by
        reason = f"坐席 {agent} 确认" if agent else "坐席确认"
        settled = policy.given(
            Verdict.HARASSMENT, self._hearing.assessment(self._at), self._weights, self._flow, reason=reason
        )
        yield from self._decide(replace(settled, treatment=Treatment.ANALYSIS_QUEUE, dry_run=False))
        yield from self._treat(Treatment.ANALYSIS_QUEUE)

    # ---------------------------------------------------------------- what is heard

    def _heard(self, transcript: Transcript) -> Iterator[Action]:
        if transcript.speaker is Speaker.CALLER and len(transcript.syllables) > 1:
            if self._patience.heard(transcript) and self._screens:
                yield StopPlaying()  # barge-in
            if self._state is State.CLOSING:
                self._enter(State.SCREENING)
        yield from self._note(self._hearing.heard(transcript))
        yield from self._judge()

    def _noticed(self, cue: Cue) -> Iterator[Action]:
        if cue.speaker is Speaker.CALLER:
            self._patience.noticed(cue)
            yield from self._note(self._hearing.noticed(cue))
            yield from self._judge()

    def _give_up(self, reason: str) -> Iterator[Action]:
        """Nobody can judge this call any more: it is an agent's."""
        if self._screens:
            yield from self._settle(Verdict.UNDECIDED, reason)
            yield from self._pass_on(Target.AGENTS)

    def _stopping(self) -> Iterator[Action]:
        """Who is not being treated is moved on while we are still here to do it."""
        self._stops = True
        match self._state:
            case State.OFFERED if not self._watches:
                yield Reject(503)  # no effect when the answer is on its way: then `_answered` moves the caller
            case State.WARNING | State.RETRYING:
                yield from self._played()
            case state if self._beside and state is not State.GONE:
                self._enter(State.GONE)
                yield Hangup()  # the listening legs: caller and agent talk on
            case _:
                yield from self._give_up("服务停止,转坐席")

    def _note(self, found: Iterator[Evidence]) -> Iterator[Action]:
        for evidence in found:
            yield Found(evidence)

    # ---------------------------------------------------------------- the judgement

    @property
    def _screens(self) -> bool:
        return self._state in (State.SCREENING, State.CLOSING) and not self._watches

    def _judge(self) -> Iterator[Action]:
        if self._state is not State.SCREENING:
            return
        paused = self._patience.is_pause(self._at)
        if paused:
            yield from self._note(self._hearing.settle())
        assessment = self._hearing.assessment(self._at)
        flagged = policy.is_flagged(assessment, self._weights, already=self._over_threshold)
        self._over_threshold = flagged
        # An insult may be the first half of a complaint: hear the sentence out.
        hasty = flagged and assessment.kind in policy.RUDE and not paused
        found = policy.verdict(assessment, self._weights)
        if self._watches:
            urgent = (Verdict.HARASSMENT, Verdict.ABUSIVE_COMPLAINT)
            if (found in urgent or "emergency" in assessment.vetoes) and not hasty:
                yield from self._watch(found)
        elif "emergency" in assessment.vetoes:
            yield from self._settle(Verdict.GENUINE)
            yield from self._pass_on(Target.AGENTS, marked=True)
        elif flagged:
            if not hasty:
                yield from self._flag()
        elif paused and found is Verdict.ABUSIVE_COMPLAINT and not self._flow.dry_run:
            yield from self._settle(found)
            self._enter(State.WARNING)
            yield Listen(on=False)
            yield Play(((Prompt.WARNING, None),))
        elif paused and found is not Verdict.UNDECIDED:
            yield from self._settle(found)
            yield from self._pass_on(Target.AGENTS)

    def _watch(self, found: Verdict) -> Iterator[Action]:
        """Beside an agent and in a replay: say what is found once; harassment stands."""
        before = self._decision
        if before and (before.verdict in (found, Verdict.HARASSMENT)):
            return
        if self._beside and found is Verdict.HARASSMENT:
            yield from self._flag()
            return
        decision = policy.given(found, self._hearing.assessment(self._at), self._weights, self._flow)
        yield from self._decide(decision)

    def _settle(self, verdict: Verdict, reason: str = "", kind: Kind | None = None) -> Iterator[Action]:
        assessment = self._hearing.assessment(self._at)
        yield from self._decide(
            policy.given(verdict, assessment, self._weights, self._flow, kind=kind, reason=reason)
        )

    def _decide(self, decision: Decision) -> Iterator[Action]:
        self._decision = decision
        yield Decided(decision)

    def _flag(self, reason: str = "", kind: Kind | None = None) -> Iterator[Action]:
        yield from self._settle(Verdict.HARASSMENT, reason, kind)
        assert self._decision is not None
        if self._decision.treatment is Treatment.NONE:
            yield from self._to_agents()  # dry run
        else:
            yield from self._treat(self._decision.treatment)

    # ---------------------------------------------------------------- treatments

    def _treat(self, treatment: Treatment) -> Iterator[Action]:
        yield Listen(on=False)
        by_hand = self._offer.entrance is Entrance.BY_HAND
        self._treatment = treatment
        yield Treated(treatment, self._at, done=False, by_hand=by_hand)
        if self._beside:
            yield from self._pass_on(ON_PBX[treatment])
        elif treatment is Treatment.ANALYSIS_QUEUE and self._flow.queue_on_pbx and not by_hand:
            yield from self._pass_on(Target.ANALYSIS)
        else:
            yield from self._treat_here()

    def _treat_here(self) -> Iterator[Action]:
        self._enter(State.TREATING)
        match self._treatment:
            case Treatment.ANALYSIS_QUEUE:
                yield Play(
                    (
                        (Prompt.ANALYSIS_ENTER, None),
                        (Prompt.SIGNAL_TONE, self._flow.tone_seconds),
                        (Prompt.ANALYSIS_DONE, None),
                    )
                )
            case Treatment.LINE_FAULT:
                yield Play(((Prompt.LINE_FAULT, None),))
            case _:
                yield Play(((Prompt.TERMINATE, None),))

    def _treated(self, *, completed: bool) -> Iterator[Action]:
        if self._treatment is not Treatment.NONE:
            by_hand = self._offer.entrance is Entrance.BY_HAND
            yield Treated(self._treatment, self._at, done=True, completed=completed, by_hand=by_hand)
            self._treatment = Treatment.NONE

    def _leave(self) -> Iterator[Action]:
        self._enter(State.GONE)
        yield from self._treated(completed=True)
        yield Hangup()

    # ---------------------------------------------------------------- transfers

    def _to_agents(self) -> Iterator[Action]:
        if not self._beside:  # an agent has this caller
            yield from self._pass_on(Target.AGENTS)

    def _pass_on(self, target: Target, *, marked: bool = False) -> Iterator[Action]:
        self._target = target
        self._marked = self._marked or marked
        self._tries += 1
        self._enter(State.TRANSFERRING)
        if target is not Target.ANALYSIS:
            yield Listen(on=False)
        yield Transfer(target, self._marked)

    def _transferred(self, event: TransferEnded) -> Iterator[Action]:
        if event.ok and self._tries:
            self._enter(State.GONE)
            yield from self._treated(completed=True)
        elif self._state is State.TRANSFERRING and event.target == self._target:
            yield from self._retry()

    def _retry(self) -> Iterator[Action]:
        if self._beside:  # the caller stays with the agent, and the flag stands
            self._enter(State.SCREENING)
            yield from self._treated(completed=False)
            yield Listen(on=True)
        elif self._target is Target.ANALYSIS:
            yield from self._treat_here()
        elif self._tries < TRANSFER_TRIES:
            self._enter(State.RETRYING)
            yield Play(((Prompt.CONNECTING, None),))
        else:
            self._enter(State.TREATING)  # last resort: ask the caller to call again
            yield Play(((Prompt.LINE_FAULT, None),))

    def _next_target(self) -> Target:
        return Target.SUPERVISOR if self._target is Target.AGENTS else Target.AGENTS

    # ---------------------------------------------------------------- the edge's reports, and time

    def _played(self) -> Iterator[Action]:
        self._patience.prompted(self._at)
        match self._state:
            case State.TREATING if self._treatment is Treatment.ANALYSIS_QUEUE:
                self._enter(State.STAYING)
            case State.TREATING:
                yield from self._leave()
            case State.WARNING:
                yield from self._pass_on(Target.SUPERVISOR)
            case State.RETRYING:
                yield from self._pass_on(self._next_target())
            case _:
                pass

    def _ticked(self) -> Iterator[Action]:
        waited = self._at - self._since
        match self._state:
            case State.SCREENING:
                yield from self._judge()
                if self._screens:
                    yield from self._attend()
            case State.CLOSING if self._patience.is_silent(self._at):
                yield from self._close()
            case State.STAYING if waited >= self._flow.stay_seconds:
                yield from self._leave()
            case State.TRANSFERRING if waited >= TRANSFER_LIMIT:
                yield from self._retry()
            case State.TREATING | State.WARNING | State.RETRYING if waited >= PLAY_LIMIT + self._flow.tone_seconds:
                yield from self._played()
            case _:
                pass

    def _attend(self) -> Iterator[Action]:
        """Ask a silent caller, steer one who talks about nothing, and let nobody wait for ever."""
        patience = self._patience
        if patience.is_time_up(self._at):
            found = policy.verdict(self._hearing.assessment(self._at), self._weights)
            yield from self._settle(found, "" if found is not Verdict.UNDECIDED else "听满时限未能判断,转坐席")
            yield from self._pass_on(Target.AGENTS)
        elif patience.is_silent(self._at):
            if patience.ask():
                yield self._say(Prompt.STILL_THERE)
            elif self._hearing.anything_said:
                yield from self._settle(Verdict.UNDECIDED, "来电人不再说话,转坐席")
                yield from self._pass_on(Target.AGENTS)
            else:
                self._enter(State.CLOSING)
                yield self._say(Prompt.SILENT_CLOSING)
        elif patience.is_adrift(self._at) and self._hearing.steered < self._flow.steer_prompts:
            self._hearing.steer(self._at)
            yield self._say(Prompt.STEER)

    def _close(self) -> Iterator[Action]:
        """Nobody spoke after the closing sentence either."""
        yield from self._note(self._hearing.silent(self._at, self._patience.asked))
        yield from self._settle(Verdict.HARASSMENT, kind=Kind.SILENT)
        assert self._decision is not None
        if self._decision.treatment is Treatment.TERMINATE:  # the closing sentence was the farewell
            self._treatment = Treatment.TERMINATE
            yield Treated(Treatment.TERMINATE, self._at, done=False)
            yield from self._leave()
        elif self._decision.treatment is Treatment.NONE:
            yield from self._pass_on(Target.AGENTS)
        else:
            yield from self._treat(self._decision.treatment)

    def _ended(self) -> Iterator[Action]:
        yield from self._treated(completed=self._state is State.STAYING)
        unanswered = self._hearing.unanswered > self._flow.silence_prompts and not self._hearing.anything_said
        if self._watches and unanswered and not self._deaf:
            yield from self._note(self._hearing.silent(self._at, self._hearing.unanswered))
        assessment = self._hearing.assessment(self._at)
        if self._watches and not (self._decision and self._decision.verdict is Verdict.HARASSMENT):
            decision = policy.decide(assessment, self._weights, self._flow)
            if self._decision is None or self._decision.verdict is not decision.verdict:
                yield from self._decide(decision)
        elif self._decision is None:
            yield from self._decide(policy.decide(assessment, self._weights, self._flow))
        self._state = State.ENDED

    def _say(self, *prompts: Prompt) -> Play:
        self._patience.prompting(self._at, interruptible=Prompt.NOTICE not in prompts)
        return Play(tuple((prompt, None) for prompt in prompts))

    def _enter(self, state: State) -> None:
        self._state = state
        self._since = self._at
