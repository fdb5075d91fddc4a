"""A call that comes to us first: answered, greeted, listened to, and passed on or treated."""

from collections.abc import Generator, Iterator

from screener.core import policy
from screener.core.actions import Action, Answer, Listen, OrderOutcome, Play, Prompt, Reject, StopPlaying
from screener.core.evidence import Assessment, Kind, Reason, Treatment, Verdict, Veto
from screener.core.handling import Handling
from screener.core.state import State
from screener.events import CallControl, Ordered, Rung, Target

OURS = frozenset({State.SCREENING, State.CLOSING, State.TREATING, State.STAYING, State.WARNING, State.RETRYING})
"""While the caller is ours, a person's order can be carried out."""


class InPath(Handling):
    """Listens until it is clear whose call this is; when in doubt, an agent's."""

    _warns = True
    _treats = True
    _stops = False
    """The service goes down: nobody new is listened to."""
    _steered = 0
    """Times the caller was steered back."""

    def _offered(self) -> Iterator[Action]:
        yield Answer()

    def _answered(self) -> Iterator[Action]:
        if self._stops:
            yield from self._stopping()
        else:
            yield from self._begin()

    def _begin(self) -> Iterator[Action]:
        match policy.known(self._offer.history, self._flow):
            case Verdict.GENUINE, reason:
                yield from self._settle(Verdict.GENUINE, reason)
                yield from self._pass_on(Target.AGENTS)
            case Verdict.HARASSMENT, reason:
                yield from self._flag(reason)
            case _:
                yield Listen(on=True)
                notice = (Prompt.NOTICE,) if self._flow.record_notice else ()
                warned = (Prompt.WARNING,) if self._offer.history.rung is Rung.WARNED else ()
                yield from self._say(*notice, *warned, Prompt.GREETING)

    # What is heard.

    @property
    def _screens(self) -> bool:
        return self._state in (State.SCREENING, State.CLOSING)

    def _spoke(self, *, cut_short: bool) -> Iterator[Action]:
        if cut_short and self._screens:
            yield StopPlaying()  # barge-in
        if self._state is State.CLOSING:
            self._enter(State.SCREENING)

    def _judged(self, found: Verdict, assessment: Assessment, *, flagged: bool) -> Iterator[Action]:
        if Veto.EMERGENCY in assessment.vetoes:
            yield from self._settle(Verdict.GENUINE)
            yield from self._pass_on(Target.AGENTS, marked=True)
        elif flagged:
            yield from self._flag()
        elif not self._patience.is_over(self._at):
            pass  # who draws breath is not passed on in the middle of what they say
        elif found is Verdict.ABUSIVE_COMPLAINT and self._warner.by_rule:
            pass  # warned step by step, while time lasts
        elif found is Verdict.ABUSIVE_COMPLAINT and not self._flow.dry_run:
            yield from self._settle(found)
            self._enter(State.WARNING)
            yield Listen(on=False)
            yield from self._warner.warn_once(self._at)
        elif found is not Verdict.UNDECIDED:
            yield from self._settle(found)
            yield from self._pass_on(Target.AGENTS)

    def _flag(self, reason: str = "") -> Iterator[Action]:
        yield from self._settle(Verdict.HARASSMENT, reason)
        assert self._decision is not None
        if self._decision.treatment is Treatment.NONE:
            yield from self._pass_on(Target.AGENTS)  # dry run
        else:
            yield from self._treat(self._decision.treatment)

    def _unheard(self, reason: str) -> Iterator[Action]:
        yield from self._give_up(reason)

    def _give_up(self, reason: str) -> Iterator[Action]:
        """Nobody can judge this call any more: it is an agent's."""
        if self._screens:
            yield from self._settle(Verdict.UNDECIDED, reason)
            yield from self._pass_on(Target.AGENTS)

    def _stopping(self) -> Iterator[Action]:
        """Who is not being treated is moved on while we are still here to do it."""
        self._stops = True
        match self._state:
            case State.OFFERED:
                yield Reject(503)  # no effect when the answer is on its way: then `_answered` moves the caller
            case State.WARNING | State.RETRYING:
                yield from self._played()
            case _:
                yield from self._give_up(Reason.STOPPING)

    def _ordered(self, event: Ordered) -> Generator[Action, None, OrderOutcome]:
        """A person knows better, also about a caller who is being treated: then otherwise."""
        if self._goes_on(event.act):
            return OrderOutcome.ALREADY
        if self._state not in OURS:
            return OrderOutcome.TOO_LATE
        yield from self._warner.over(self._at)
        yield from self._treated(completed=self._state is State.STAYING)
        yield StopPlaying()
        yield from self._settle_order(event)
        if event.act is CallControl.AGENTS:
            yield from self._pass_on(Target.AGENTS)
        else:
            yield from self._treat(Treatment(event.act.value))
        return OrderOutcome.DONE

    def _goes_on(self, act: CallControl) -> bool:
        """Whether what is ordered is being done."""
        if act is CallControl.AGENTS:
            return self._state in (State.TRANSFERRING, State.RETRYING) and self._target is Target.AGENTS
        return self._treatment is not Treatment.NONE and act.value == self._treatment.value

    def _end(self) -> Iterator[Action]:
        decision = self._after_warnings()
        yield from self._decide(decision)
        if decision.treatment is Treatment.NONE:
            yield from self._pass_on(Target.SUPERVISOR)
        else:
            yield from self._treat(decision.treatment)

    # Time.

    def _ticked(self) -> Iterator[Action]:
        if self._state is State.SCREENING:
            yield from self._judge()
            if self._screens and not self._waits:
                yield from self._attend()
        elif self._state is State.CLOSING:
            if self._patience.is_silent(self._at):
                yield from self._close()
        else:
            yield from super()._ticked()

    def _attend(self) -> Iterator[Action]:
        """Ask a silent caller, steer one who talks about nothing, and let nobody wait for ever."""
        patience = self._patience
        if patience.is_time_up(self._at):
            found = policy.verdict(self._hearing.assessment(self._at), self._weights)
            yield from self._settle(found, "" if found is not Verdict.UNDECIDED else Reason.TIME_UP)
            yield from self._pass_on(Target.AGENTS)
        elif patience.is_waiting(self._at) and policy.waits(
            assessment := self._hearing.assessment(self._at), self._weights
        ):
            yield from self._settle(policy.standing(assessment))
            yield from self._pass_on(Target.AGENTS)
        elif patience.is_silent(self._at):
            if patience.ask():
                yield from self._say(Prompt.STILL_THERE)
            elif self._hearing.anything_said:
                yield from self._settle(Verdict.UNDECIDED, Reason.FELL_SILENT)
                yield from self._pass_on(Target.AGENTS)
            else:
                self._enter(State.CLOSING)
                yield from self._say(Prompt.SILENT_CLOSING)
        elif patience.is_adrift(self._at) and self._steered < self._flow.steer_prompts:
            self._steered += 1
            yield from self._say(Prompt.STEER)

    def _close(self) -> Iterator[Action]:
        """Nobody spoke after the closing sentence either."""
        yield from self._note(self._hearing.silent(self._at, self._patience.asked))
        yield from self._settle(Verdict.HARASSMENT, kind=Kind.SILENT)
        assert self._decision is not None
        if self._decision.treatment is Treatment.TERMINATE:  # the closing sentence was the farewell
            yield from self._begin_treatment(Treatment.TERMINATE)
            yield from self._leave()
        elif self._decision.treatment is Treatment.NONE:
            yield from self._pass_on(Target.AGENTS)
        else:
            yield from self._treat(self._decision.treatment)

    def _say(self, *prompts: Prompt) -> Iterator[Action]:
        """What we say to the caller is the agent's turn."""
        self._patience.prompting(self._at, interruptible=Prompt.NOTICE not in prompts)
        for prompt in prompts:
            yield from self._note(self._hearing.played(prompt, self._at))
            if self._second:
                self._second.keep((prompt, self._at))
        yield Play(tuple((prompt, None) for prompt in prompts))
