"""Caller and agent against each other, and a REFER between two agents, over real sockets."""

import threading

import numpy as np
import pytest

from screener.demo.agent import Agent
from screener.demo.announcement import MATCH, locate
from screener.demo.caller import CallerPhone
from screener.demo.phone import PhoneLeg
from screener.sip.message import Request, Response
from screener.sip.refer import sipfrag_status, terminated
from tests.waiting import WAIT, wait_for

NUMBER = "+8613800138021"


def sound(seed: int, seconds: float = 0.6) -> bytes:
    """Speech-like noise that no other seed makes."""
    noise = np.random.default_rng(seed).standard_normal(int(seconds * 8000))
    return (np.convolve(noise, np.ones(4) / 4, "same") * 6000).clip(-30000, 30000).astype("<i2").tobytes()


class Referrer(Agent):
    """An agent that passes every caller on, as the product does, and hangs up when the NOTIFY says so."""

    def __init__(self, target: str, greeting: bytes) -> None:
        super().__init__(greeting, talk_seconds=20)
        self.target = target
        self.accepted = 0
        self.notified: list[int] = []
        self.judged = threading.Event()

    def _pick_up(self, leg: PhoneLeg, *rest: object) -> None:
        super()._pick_up(leg, *rest)  # type: ignore[arg-type]
        self.layer.after(0.8, lambda: self.refer(leg))

    def refer(self, leg: PhoneLeg) -> None:
        assert leg.dialog
        request = leg.dialog.request("REFER")
        request.headers.add("Refer-To", f"<{self.target}>")
        request.headers.add("Contact", f"<{self.uri}>")
        self.ask(leg, request, self.answered)

    def answered(self, response: Response | None) -> None:
        self.accepted = response.status if response else 408

    def asked(self, request: Request, transaction) -> None:
        if request.method != "NOTIFY":
            super().asked(request, transaction)
            return
        self.answer(transaction, 200)
        status = sipfrag_status(request)
        assert status
        self.notified.append(status)
        if terminated(request):
            leg = self.leg_of(request)
            if leg and status < 300:
                self.hang_up(leg)
            self.judged.set()


@pytest.fixture
def telephones():
    started = []

    def keep(phone):
        started.append(phone)
        return phone

    yield keep
    for phone in started:
        phone.stop()


def test_both_hear_each_other_and_the_agent_hangs_up(telephones) -> None:
    said, greeting = sound(1), sound(2)
    agent = telephones(Agent(greeting, talk_seconds=1.2))
    agent.start()
    caller = telephones(CallerPhone(NUMBER, said))
    caller.place(agent.uri)
    assert caller.wait(WAIT)
    (leg,) = caller.legs
    assert leg.status == 200
    assert leg.ended_by_peer
    assert locate(greeting, leg.handset.heard).correlation > MATCH
    assert locate(said, agent.heard_from(NUMBER)).correlation > MATCH
    assert agent.heard_from("+8613900000000") == b""


def test_a_caller_follows_a_refer_and_says_what_became_of_it(telephones) -> None:
    said, to_agent, first, second = sound(1), sound(2), sound(3), sound(4)
    agent = telephones(Agent(second, talk_seconds=1.2))
    agent.start()
    screener = telephones(Referrer(agent.uri, first))
    screener.start()
    caller = telephones(CallerPhone(NUMBER, said, to_agent))
    caller.place(screener.uri)
    assert caller.wait(WAIT)
    assert screener.accepted == 202
    assert screener.notified[0] == 100
    assert screener.notified[-1] == 200
    before, after = caller.legs
    assert locate(first, before.handset.heard).correlation > MATCH
    assert locate(second, after.handset.heard).correlation > MATCH
    assert locate(said, screener.heard_from(NUMBER)).correlation > MATCH
    assert locate(to_agent, agent.heard_from(NUMBER)).correlation > MATCH
    assert locate(said, agent.heard_from(NUMBER)).correlation < MATCH


def test_a_refused_refer_is_told_and_the_caller_stays(telephones) -> None:
    agent = telephones(Agent(busy=True))
    agent.start()
    screener = telephones(Referrer(agent.uri, sound(3)))
    screener.start()
    caller = telephones(CallerPhone(NUMBER, sound(1)))
    caller.place(screener.uri)
    assert screener.judged.wait(WAIT)
    assert screener.notified[-1] == 486
    before, after = caller.legs
    assert after.status == 486
    assert not before.ended
    heard = len(before.handset.heard)
    wait_for(lambda: len(before.handset.heard) > heard, what="more to hear")


def test_a_refused_call_is_over(telephones) -> None:
    agent = telephones(Agent(busy=True))
    agent.start()
    caller = telephones(CallerPhone(NUMBER))
    caller.place(agent.uri)
    assert caller.wait(WAIT)
    assert caller.legs[0].status == 486
