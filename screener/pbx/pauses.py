"""Pauses of agents after abusive calls: begun by the agent, ended by themselves, and written down by nobody here.

What is running is kept at the PBX, in the reason of each pause, so that a service that was restarted in between
ends it all the same.
"""

import math
from collections.abc import Callable

from screener.pbx import messages
from screener.pbx.ami import Ami, AmiResponse

REASON = "screener-"
"""How the reason of a pause of ours begins; then when it ends, seconds since 1970."""
AGAIN_SECONDS = 30.0
"""Wait before the end of a pause is tried again that the PBX did not take."""


class QueuePauses:
    """The pauses that go on.

    Args:
        ami: the connection.
        clock: seconds since 1970.
    """

    def __init__(self, ami: Ami, clock: Callable[[], float]) -> None:
        self._ami, self._clock = ami, clock
        self._next = math.inf
        """When is looked next; one look at a time is waited for, however many are paused."""

    def begin(self, agent: str, seconds: float, done: Callable[[bool], None]) -> None:
        """Pause an agent in every queue where they take calls now; any thread.

        Args:
            agent: the name.
            seconds: after which it ends by itself.
            done: takes whether a queue knows the agent and has paused them; on the thread `pbx`.
        """
        reason = f"{REASON}{self._clock() + seconds:.0f}"

        def found(reply: AmiResponse) -> None:
            free = [m for m in messages.members(reply.parts) if m.agent == agent and not m.paused]
            for member in free[:-1]:
                self._ami.ask(messages.pause(member.queue, member.interface, reason, on=True))
            if not free:
                done(False)
                return
            last = messages.pause(free[-1].queue, free[-1].interface, reason, on=True)
            self._ami.ask(last, lambda answer: self._begun(answer, seconds, done))

        self._ami.ask(messages.queue_members(), found)

    def take_up(self) -> None:
        """End what has run out, and wait for the rest: after every login, for what a restart or a fault missed."""
        self._next = math.inf
        self._ami.ask(messages.queue_members(), self._end)

    def _begun(self, answer: AmiResponse, seconds: float, done: Callable[[bool], None]) -> None:
        done(answer.ok)
        self._look_in(seconds)

    def _end(self, reply: AmiResponse) -> None:
        """Who was paused by somebody else meanwhile has another reason, and is left alone."""
        if not reply.ok:
            self._look_in(AGAIN_SECONDS)
        for member in messages.members(reply.parts):
            if not member.paused or not member.reason.startswith(REASON):
                continue
            left = _number(member.reason.removeprefix(REASON)) - self._clock()
            if left >= 1.0:
                self._look_in(left)
            else:
                self._ami.ask(messages.pause(member.queue, member.interface, "", on=False), self._ended)

    def _ended(self, answer: AmiResponse) -> None:
        if not answer.ok:
            self._look_in(AGAIN_SECONDS)

    def _look_in(self, seconds: float) -> None:
        """Look after so long; what is due later is seen to then."""
        if (due := self._clock() + seconds) < self._next:
            self._next = due
            self._ami.later(seconds, lambda: self._look(due))

    def _look(self, due: float) -> None:
        if due == self._next:  # else another look came before it
            self.take_up()


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
