"""A caller on our own line: treatments are played, transfers are tried until one succeeds."""

from collections.abc import Iterator

from screener.core.actions import Action, Hangup, Listen, Play, Prompt, Transfer
from screener.core.evidence import Treatment
from screener.core.session import TRANSFER_LIMIT, Session
from screener.core.state import State
from screener.events import Target, TransferEnded

TRANSFER_TRIES = 6
"""Transfers that may fail, over all targets, before the caller is asked to call again."""
PLAY_LIMIT = 45.0
"""Seconds, over the tone's length, after which recordings are taken as played although the edge never said so."""


class Handling(Session):
    """Carries out what was decided about a caller whom nobody but us has."""

    _target = Target.AGENTS
    """Where the caller was sent last."""
    _marked = False
    """An emergency: every transfer says so."""
    _tries = 0
    """Transfers so far."""

    def _treat(self, treatment: Treatment) -> Iterator[Action]:
        yield Listen(on=False)
        yield from self._begin_treatment(treatment)
        if treatment is Treatment.ANALYSIS_QUEUE and self._flow.queue_on_pbx and not self._by_hand:
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

    def _leave(self) -> Iterator[Action]:
        self._enter(State.GONE)
        yield from self._treated(completed=True)
        yield Hangup()

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
        elif self._state is State.TRANSFERRING and event.target is self._target:
            yield from self._retry()

    def _retry(self) -> Iterator[Action]:
        if self._target is Target.ANALYSIS:
            yield from self._treat_here()
        elif self._tries < TRANSFER_TRIES:
            self._enter(State.RETRYING)
            yield Play(((Prompt.CONNECTING, None),))
        else:
            self._enter(State.TREATING)  # last resort: ask the caller to call again
            yield Play(((Prompt.LINE_FAULT, None),))

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
                agents = self._target is not Target.AGENTS
                yield from self._pass_on(Target.AGENTS if agents else Target.SUPERVISOR)
            case _:
                pass

    def _ticked(self) -> Iterator[Action]:
        waited = self._at - self._since
        match self._state:
            case State.STAYING if waited >= self._flow.stay_seconds:
                yield from self._leave()
            case State.TRANSFERRING if waited >= TRANSFER_LIMIT:
                yield from self._retry()
            case State.TREATING | State.WARNING | State.RETRYING if waited >= PLAY_LIMIT + self._flow.tone_seconds:
                yield from self._played()
            case _:
                pass

    def _ended(self) -> Iterator[Action]:
        yield from self._treated(completed=self._state is State.STAYING)
        yield from super()._ended()
