"""Pauses that agents are offered: each is taken once, and who took it is told whether it began."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from screener.calls.pause_offers import OFFERS, PauseOffers
from screener.core.actions import PauseOffered
from screener.events import Caller, CallOffered, Entrance

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


class Desk:
    """A PBX that answers as it is told, and what the agents' page hears of it."""

    def __init__(self) -> None:
        self.ok = True
        self.begun: list[tuple[str, float]] = []
        self.told: list[tuple[str, bool]] = []
        self.pauses = PauseOffers(self._begin, lambda call, ok: self.told.append((call, ok)))

    def _begin(self, agent: str, seconds: float, done: Callable[[bool], None]) -> None:
        self.begun.append((agent, seconds))
        done(self.ok)

    def offer(self, call: str, agent: str = "8001") -> None:
        offer = CallOffered(call, NOON, NOON, Caller(), entrance=Entrance.BESIDE, agent=agent)
        self.pauses.observe(call, offer, PauseOffered(300.0, 20.0), 20.0)


@pytest.mark.parametrize("ok", [True, False])
def test_what_the_pbx_answers_is_told_of_the_call(ok: bool) -> None:
    desk = Desk()
    desk.ok = ok
    desk.offer("a")
    desk.pauses.take("a")
    assert desk.begun == [("8001", 300.0)]
    assert desk.told == [("a", ok)]


def test_a_pause_is_taken_once_and_what_was_not_offered_here_is_another_nodes() -> None:
    desk = Desk()
    desk.offer("a")
    for call in ("a", "a", "b"):
        desk.pauses.take(call)
    assert desk.told == [("a", True)] and len(desk.begun) == 1


def test_the_oldest_offer_lapses() -> None:
    desk = Desk()
    for number in range(OFFERS + 1):
        desk.offer(str(number))
    desk.pauses.take("0")
    desk.pauses.take("1")
    assert desk.told == [("1", True)]
