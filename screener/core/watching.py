"""A call that is only listened to: beside an agent, where a harasser is moved away, and in a replay."""

from collections.abc import Generator, Iterator

from screener.core import policy
from screener.core.actions import ON_PBX, Action, Hangup, Listen, OrderOutcome, Transfer
from screener.core.evidence import URGENT, Assessment, Treatment, Verdict, Veto
from screener.core.session import TRANSFER_LIMIT, Session
from screener.core.state import State
from screener.events import CallControl, Ordered, Target, TransferEnded


class Watching(Session):
    """Says what is found, and does nothing about it: a replay."""

    _decided_by_person = False

    def _judged(self, found: Verdict, assessment: Assessment, *, flagged: bool) -> Iterator[Action]:  # noqa: ARG002
        if found in URGENT or Veto.EMERGENCY in assessment.vetoes:
            before = self._decision
            if before is None or before.verdict not in (found, Verdict.HARASSMENT):  # harassment stands
                yield from self._say(found)

    def _say(self, found: Verdict) -> Iterator[Action]:
        assessment = self._hearing.assessment(self._at)
        yield from self._decide(policy.given(found, assessment, self._weights, self._flow))

    def _ended(self) -> Iterator[Action]:
        yield from self._treated(completed=False)
        unanswered = self._hearing.unanswered
        silent = not self._hearing.anything_said and unanswered > self._flow.silence_prompts
        if silent and not self._deaf:
            yield from self._note(self._hearing.silent(self._at, unanswered))
        if self._decision and (self._decision.verdict is Verdict.HARASSMENT or self._decided_by_person):
            return
        decide = policy.decide if self._decision else policy.decide_over
        decision = decide(self._hearing.assessment(self._at), self._weights, self._flow)
        if self._decision is None or self._decision.verdict is not decision.verdict:
            yield from self._decide(decision)


class Beside(Watching):
    """An agent has the caller: on a flag the PBX moves the caller, and where it cannot, both talk on."""

    _warns = True
    _treats = True
    _target: Target | None = None
    """Where the caller was asked to be moved."""

    def _answered(self) -> Iterator[Action]:
        match policy.known(self._offer.history, self._flow):
            case Verdict.GENUINE, reason:
                yield from self._settle(Verdict.GENUINE, reason)
            case Verdict.HARASSMENT, reason:
                yield from self._flag(reason)
            case _:
                yield Listen(on=True)

    def _say(self, found: Verdict) -> Iterator[Action]:
        if found is Verdict.HARASSMENT:
            yield from self._flag()
        else:
            yield from super()._say(found)

    def _flag(self, reason: str = "") -> Iterator[Action]:
        yield from self._settle(Verdict.HARASSMENT, reason)
        assert self._decision is not None
        if self._decision.treatment is not Treatment.NONE:  # not a dry run
            yield from self._treat(self._decision.treatment)

    def _treat(self, treatment: Treatment) -> Iterator[Action]:
        yield from self._begin_treatment(treatment)
        yield from self._move(ON_PBX[treatment])

    def _move(self, target: Target) -> Iterator[Action]:
        yield from self._warner.over(self._at)
        yield Listen(on=False)
        self._target = target
        self._enter(State.TRANSFERRING)
        yield Transfer(target)

    def _end(self) -> Iterator[Action]:
        self._decided_by_person = True
        decision = self._after_warnings()
        yield from self._decide(decision)
        if decision.treatment is Treatment.NONE:
            yield from self._move(Target.SUPERVISOR)
        else:
            yield from self._treat(decision.treatment)

    def _transferred(self, event: TransferEnded) -> Iterator[Action]:
        if event.ok and self._target:
            self._enter(State.GONE)
            yield from self._treated(completed=True)
        elif self._state is State.TRANSFERRING and event.target is self._target:
            yield from self._stays()

    def _stays(self) -> Iterator[Action]:
        """The caller stays with the agent, and the flag stands."""
        self._enter(State.SCREENING)
        yield from self._treated(completed=False)
        yield Listen(on=True)

    def _ordered(self, event: Ordered) -> Generator[Action, None, OrderOutcome]:
        """A person knows better: the caller is moved whatever was heard, or nobody listens any more."""
        if self._state is not State.SCREENING:
            return OrderOutcome.ALREADY if event.act.value == self._treatment.value else OrderOutcome.TOO_LATE
        self._decided_by_person = True
        yield from self._settle_order(event)
        if event.act is CallControl.AGENTS:
            self._enter(State.GONE)
            yield Hangup()
        else:
            yield from self._treat(Treatment(event.act.value))
        return OrderOutcome.DONE

    def _stopping(self) -> Iterator[Action]:
        if self._state is not State.GONE:
            self._enter(State.GONE)
            yield Hangup()  # the listening legs: caller and agent talk on

    def _ticked(self) -> Iterator[Action]:
        if self._state is State.TRANSFERRING and self._at - self._since >= TRANSFER_LIMIT:
            yield from self._stays()
        else:
            yield from self._judge()
