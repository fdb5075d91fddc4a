"""Scripted calls of the project's own: every one judged as it should be, as a whole and live in path."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.core.dialogue_acts import Memory, Understanding, Understood
from screener.core.evidence import Decision, Kind, Source, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.core.policy import Reason
from screener.evaluation.labelled import LabelledCall, read_labelled
from screener.events import Caller, Speaker
from screener.numbers.identify import load_lines
from screener.replay.run import RecordedCall, Replayer, Turn
from screener.speech.pinyin import syllables
from tests.bench.live import HARASSING
from tests.core.helpers import Line, offer, shipped

DATA = Path(__file__).parents[1] / "data"
CALLS = read_labelled([DATA / "calls"])
TRADES = read_labelled([DATA / "trades.jsonl"])
"""First sentences of customers of every trade that sound like harassment and are none."""
CLEAN = [call for call in CALLS if not call.slice]
BADLY = [call for call in CALLS if call.slice.startswith("noise")]
PROTECTED = ("genuine", "complaint", "vulnerable", "abusive_complaint", "undecided")
FOUND = {"lewd": 0.35, "prank": 0.05, "silent": 1.0}
"""Of these kinds at least such a share of the clean calls is found. Most are one sentence by the caller alone, by
the hand that wrote the old word list: a test of behaviour, no measure of accuracy. What share of whole calls is
found, `tests/training/acts/test_kept.py` holds."""
NAMED = {"abuse": 0.8, "lewd": 0.7, "prank": 0.5}
"""Of these kinds such a share of the clean calls ends with an utterance that is heard as of its kind."""
TOLD = {Verdict.GENUINE: 0.75, Verdict.COMPLAINT: 0.7, Verdict.ABUSIVE_COMPLAINT: 0.6}
"""Of the clean calls that ought to be judged so, such a share is; of those that are heard badly a tenth less."""


class Recalling:
    """The shipped understanding, asked once about the same words after the same ones: a call is judged in
    characters, in sounds and live, and the nets are most of the work."""

    def __init__(self, of: Understanding) -> None:
        self._of = of
        self.version, self.leaning = of.version, of.leaning
        self._told: dict[tuple[object, ...], tuple[Memory, Understood]] = {(): (of.begin(), None)}

    def begin(self) -> Memory:
        return ()

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        assert isinstance(memory, tuple)
        said = (*memory, (speaker, *syllables))
        if said not in self._told:
            self._told[said] = self._of.hear(self._told[memory][0], speaker, syllables)
        return said, self._told[said][1]


@cache
def judgement() -> Judgement:
    return replace(shipped(), acts=Recalling(shipped().acts))


@cache
def judge(call: LabelledCall) -> Decision:
    replayer = Replayer(
        judgement(), Flow(), ZoneInfo("Asia/Shanghai"), load_lines([], "CN").identify, syllables, None
    )
    return replayer.replay(call.call).decision


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len(CALLS) >= 300
    assert len({c.call.id for c in CALLS}) == len(CALLS)
    assert {c.expected for c in CALLS} == set(Verdict)
    assert {c.label for c in CALLS} >= {kind.value for kind in Kind} - {"redial", "mimic", "breathing"}
    assert 3 * sum(c.slice.startswith("noise") for c in CALLS) >= len(CALLS)


def test_nobody_who_is_protected_is_flagged_also_when_heard_badly() -> None:
    flagged = [c.call.id for c in CALLS if c.label in PROTECTED and judge(c).verdict is Verdict.HARASSMENT]
    assert flagged == []


@pytest.mark.parametrize("label", sorted(FOUND))
def test_what_is_plain_is_found(label: str) -> None:
    found = [judge(c).verdict is Verdict.HARASSMENT for c in CLEAN if c.label == label]
    assert sum(found) / len(found) >= FOUND[label]


@pytest.mark.parametrize("text", HARASSING)
@pytest.mark.parametrize("greeting", [(), (Turn(Speaker.AGENT, "您好请问有什么可以帮您"),)])
def test_what_the_benches_say_is_flagged_while_the_call_lasts(greeting: tuple[Turn, ...], text: str) -> None:
    """They measure from its last word; what is told once the call is over would be another time."""
    call = RecordedCall("bench", turns=(*greeting, Turn(Speaker.CALLER, text)))
    decision = Replayer(judgement(), Flow(), UTC, lambda _: Caller(), syllables, None).replay(call).decision
    assert decision.verdict is Verdict.HARASSMENT
    assert not decision.reason.startswith(Reason.AFTERWARDS)


@pytest.mark.parametrize("label", NAMED)
def test_what_is_plain_is_heard_as_of_its_kind(label: str) -> None:
    """By the model itself, whatever listed words name."""
    heard = [judge(c).assessment.evidence for c in CLEAN if c.label == label]
    newest = [next(e.kind for e in reversed(evidence) if e.source is Source.ACTS) for evidence in heard]
    assert newest.count(Kind(label)) >= NAMED[label] * len(newest)


def test_what_is_plain_is_found_also_when_heard_badly() -> None:
    judged = [judge(c) for c in BADLY if c.label == "lewd"]
    assert sum(decision.kind is Kind.LEWD for decision in judged) >= 0.3 * len(judged)


def test_an_angry_complaint_is_a_complaint_and_an_abusive_one_a_supervisors() -> None:
    for verdict in (Verdict.COMPLAINT, Verdict.ABUSIVE_COMPLAINT):
        assert share(CLEAN, verdict) >= TOLD[verdict]
        assert share(BADLY, verdict) >= TOLD[verdict] - 0.1


def test_who_has_a_matter_is_genuine() -> None:
    assert share(CLEAN, Verdict.GENUINE) >= TOLD[Verdict.GENUINE]
    assert share(BADLY, Verdict.GENUINE) >= TOLD[Verdict.GENUINE] - 0.1


@pytest.mark.parametrize("trade", sorted({c.slice for c in TRADES}))
def test_what_customers_say_flags_nobody(trade: str) -> None:
    """Neither in characters nor as the bare sounds that some recognisers print."""
    flagged = [
        call.call.turns[0].text
        for call in TRADES
        if call.slice == trade
        and Verdict.HARASSMENT in {judge(call).verdict, judge(replace(call, call=in_sounds(call.call))).verdict}
    ]
    assert flagged == []


def in_sounds(call: RecordedCall) -> RecordedCall:
    return replace(call, turns=tuple(replace(t, text=" ".join(syllables(t.text))) for t in call.turns))


def share(calls: list[LabelledCall], expected: Verdict) -> float:
    hits = [judge(call).verdict is expected for call in calls if call.expected is expected]
    return sum(hits) / len(hits)


def live(call: LabelledCall) -> Line:
    """The call as the product answers it: the caller keeps to the script."""
    line = Line(Flow(listen_seconds=90), judgement(), offer(caller=Caller(call.call.caller))).begin().wait(2)
    for turn in call.call.turns:
        if turn.speaker == Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(1)
    return line.wait(40)


@pytest.mark.parametrize("call", [c for c in CLEAN if c.label in PROTECTED], ids=lambda c: c.call.id)
def test_live_in_path_nobody_who_is_protected_is_treated(call: LabelledCall) -> None:
    line = live(call)
    assert not line.treated
    people = ("agents", "supervisor") if call.label == "abusive_complaint" else ("agents",)
    assert line.transfers in [[who] for who in people], "but reaches a person"


@pytest.mark.parametrize("label", sorted(FOUND))
def test_live_in_path_what_is_plain_is_treated_and_reaches_nobody(label: str) -> None:
    lines = [live(c) for c in CLEAN if c.label == label]
    treated = [line for line in lines if line.treated]
    assert len(treated) >= FOUND[label] * len(lines)
    assert [line.transfers for line in treated] == [[]] * len(treated)
