"""One call between session and edges: what is asked for is carried out, and a fault of ours ends at an agent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from screener.calls.screening import Screening, Shared
from screener.core.actions import Decided, EvidenceFound, Prompt
from screener.core.flow import Flow
from screener.core.in_path import InPath
from screener.events import (
    CallAnswered,
    CallEnded,
    Caller,
    CallOffered,
    EndedBy,
    Event,
    PartiesTold,
    PlaybackEnded,
    Speaker,
    Target,
    Tick,
    Transcript,
    TransferEnded,
)
from screener.media.prompts import load_clips
from screener.ports import Destination
from screener.settings.sections import Targets
from screener.speech.none import NoModel
from screener.speech.pinyin import syllables
from screener.speech.pool import RecognizerPool
from tests.core.helpers import plain

NOON = datetime(2026, 3, 11, 4, tzinfo=UTC)


class FakeCall:
    """Writes down what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def subscribe(self, events) -> None: ...

    def answer(self) -> None:
        self.asked.append(("answer", None))

    def reject(self, status: int) -> None:
        self.asked.append(("reject", status))

    def listen(self, frames) -> None:
        self.asked.append(("listen", frames is not None))

    def play(self, clips) -> None:
        self.asked.append(("play", [clip for clip, _ in clips]))

    def stop_playing(self) -> None:
        self.asked.append(("stop_playing", None))

    def transfer(self, to: Destination, *, marked: bool = False) -> None:
        self.asked.append(("transfer", to.uri))

    def hangup(self) -> None:
        self.asked.append(("hangup", None))

    def logged(self) -> None:
        self.asked.append(("logged", None))

    def transfers(self) -> list[object]:
        return [uri for what, uri in self.asked if what == "transfer"]


class BrokenSession(InPath):
    """Fails when it is told what was heard."""

    def handle(self, event: Event):
        if isinstance(event, Transcript):
            raise RuntimeError("a fault of ours")
        return super().handle(event)


class Bench:
    """A screening with everything real but the call."""

    def __init__(self, session: type[InPath] = InPath, **flow: object) -> None:
        self.call, self.seen, self.posted = FakeCall(), [], []
        self.clips = load_clips()
        self.pool = RecognizerPool(NoModel, 1, 3.0, lambda *_: None)
        targets = Targets(agents="sip:agents@pbx", supervisor="sip:boss@pbx", analysis="")
        shared = Shared(self.clips, targets, self.pool, [self._see], lambda *item: self.posted.append(item))
        offer = CallOffered("id", NOON, NOON, Caller("+8613800138000"))
        judgement = plain()
        self.screening = Screening(offer, self.call, session(offer, judgement, Flow(**flow)), shared)
        for event in (offer, CallAnswered()):
            self.screening.handle(event)

    def _see(self, _id, _offer, item, _at) -> None:
        self.seen.append(item)

    def say(self, text: str, at: float = 2.0) -> None:
        self.screening.handle(Transcript(Speaker.CALLER, 0, text, syllables(text), at - 1, at, final=True))
        self.screening.handle(Tick(at + 1))


@pytest.fixture
def bench():
    made: list[Bench] = []

    def make(*args, **flow) -> Bench:
        made.append(Bench(*args, **flow))
        return made[-1]

    yield make
    for one in made:
        one.pool.stop()


def test_a_caller_is_answered_greeted_and_heard(bench) -> None:
    one = bench()
    assert one.call.asked == [("answer", None), ("listen", True), ("play", [one.clips[Prompt.GREETING]])]


def test_a_genuine_caller_goes_to_the_agents_and_is_heard_no_more(bench) -> None:
    one = bench()
    one.say("我想查一下我的话费余额")
    assert one.call.asked[-2:] == [("listen", False), ("transfer", "sip:agents@pbx")]


def test_harassment_hears_the_queue(bench) -> None:
    one = bench()
    one.say("你今天穿什么颜色的内裤")
    names = (Prompt.ANALYSIS_ENTER, Prompt.SIGNAL_TONE, Prompt.ANALYSIS_DONE)
    assert one.call.asked[-1] == ("play", [one.clips[name] for name in names])
    assert not one.call.transfers()


def test_a_queue_on_the_pbx_without_a_target_is_a_failed_transfer_and_no_lost_call(bench) -> None:
    one = bench(queue_on_pbx=True)
    one.say("你今天穿什么颜色的内裤")
    assert one.posted == [("id", TransferEnded(Target.ANALYSIS, ok=False, status=404, at=2.0))]
    one.screening.handle(one.posted[0][1])
    assert one.call.asked[-1][0] == "play", "the screener plays the queue itself"


def test_a_transfer_that_the_pbx_refuses_is_tried_elsewhere_at_once(bench) -> None:
    one = bench()
    one.say("我想查一下我的话费余额")
    one.screening.handle(TransferEnded(Target.AGENTS, ok=False, status=404, at=3.2))
    assert one.call.asked[-1] == ("play", [one.clips[Prompt.CONNECTING]])
    one.screening.handle(PlaybackEnded(5.0))
    assert one.call.transfers() == ["sip:agents@pbx", "sip:boss@pbx"]


def test_a_judgement_that_fails_hands_the_caller_to_an_agent(bench, caplog: pytest.LogCaptureFixture) -> None:
    one = bench(BrokenSession)
    one.say("你今天穿什么颜色的内裤")
    assert one.call.transfers()[0] == "sip:agents@pbx"
    assert ("listen", False) in one.call.asked
    assert "the judgement failed" in caplog.text


def test_an_agent_who_cannot_be_reached_is_tried_again_without_the_judgement(bench) -> None:
    one = bench(BrokenSession)
    one.say("你今天穿什么颜色的内裤")
    one.say("你说呀", at=4.0)
    assert one.call.transfers() == ["sip:agents@pbx"], "once, however often the judgement would fail"
    one.screening.handle(TransferEnded(Target.AGENTS, ok=False, status=486, at=5.0))
    one.screening.handle(Tick(6.0))
    assert len(one.call.transfers()) == 1
    one.screening.handle(Tick(8.0))
    one.screening.handle(Tick(8.2))
    assert one.call.transfers() == ["sip:agents@pbx"] * 2
    one.screening.handle(CallEnded(EndedBy.CALLER, 9.0))
    assert one.screening.ended


def test_who_talks_now_is_what_observers_see_and_the_agent_was_dialled_where_no_queue_was(bench) -> None:
    one = bench()
    offers: list[CallOffered] = []
    one.screening._shared.observers.append(lambda _id, offer, _item, _at: offers.append(offer))
    told = PartiesTold(Caller("+8613700002222"), "8002", "17.2", "17.9", 3.0, apart="mixed")
    one.screening.handle(told)
    one.screening.handle(replace(told, agent="8003"))
    assert [(offer.caller.number, offer.agent, offer.dialled) for offer in (offers[0], offers[-1])] == [
        ("+8613700002222", "8002", "8002"),
        ("+8613700002222", "8003", "8002"),
    ]
    assert (one.screening.offer.uniqueid, one.screening.offer.linkedid) == ("17.2", "17.9")
    rules = [item.evidence for item in one.seen if isinstance(item, EvidenceFound)]
    assert [(e.rule, e.weight) for e in rules if e.rule.startswith("voices.")] == [("voices.mixed", 0.0)] * 2


def test_the_end_of_a_call_is_the_end(bench) -> None:
    one = bench()
    one.screening.handle(CallEnded(EndedBy.CALLER, 3.0))
    assert one.screening.ended
    assert any(isinstance(item, Decided) for item in one.seen)
    before = list(one.call.asked)
    one.say("你今天穿什么颜色的内裤", at=5.0)
    assert one.call.asked == before


def test_whoever_watches_and_fails_costs_the_call_nothing(bench, caplog: pytest.LogCaptureFixture) -> None:
    one = bench()
    one.screening._shared.observers.insert(0, lambda *_: 1 / 0)
    one.say("你今天穿什么颜色的内裤")
    assert any(isinstance(item, Decided) for item in one.seen), "the others still see it"
    assert one.call.transfers() == [], "the caller is judged on"
    one.screening.handle(CallEnded(EndedBy.CALLER, 9.0))
    assert one.screening.ended
    assert "whoever watches has failed" in caplog.text
