"""Scripted calls of the project's own: every one judged as it should be, as a whole and live in path."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Decision, Kind, Verdict
from screener.core.flow import Flow
from screener.evaluation.labelled import LabelledCall, read_labelled
from screener.events import Caller, Speaker
from screener.numbers.identify import load_lines
from screener.replay.run import RecordedCall, Replayer
from screener.speech.pinyin import syllables
from tests.core.helpers import Line, offer, shipped

DATA = Path(__file__).parents[1] / "data"
CALLS = read_labelled([DATA / "calls"])
TRADES = read_labelled([DATA / "trades.jsonl"])
"""First sentences of customers of every trade that sound like harassment and are none."""
CLEAN = [call for call in CALLS if not call.slice]
PROTECTED = ("genuine", "complaint", "vulnerable", "abusive_complaint", "undecided")
NOT_FOUND = {
    "lewd-pretext-refund": "a refund that was asked for first makes it an abusive complaint",
}
"""Clean calls that are judged otherwise than their label says, and why that is let stand."""


def judge(call: LabelledCall) -> Decision:
    replayer = Replayer(
        shipped(), Flow(), ZoneInfo("Asia/Shanghai"), load_lines([], "CN").identify, syllables, None
    )
    return replayer.replay(call.call).decision


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len(CALLS) >= 300
    assert len({c.call.id for c in CALLS}) == len(CALLS)
    assert {c.expected for c in CALLS} == set(Verdict)
    assert {c.label for c in CALLS} >= {kind.value for kind in Kind if kind is not Kind.REDIAL}
    assert 3 * sum(c.slice.startswith("noise") for c in CALLS) >= len(CALLS)


@pytest.mark.parametrize("label", sorted({c.label for c in CALLS}))
def test_judged_as_a_whole(label: str) -> None:
    wrong = []
    for call in CLEAN:
        if call.label == label and call.call.id not in NOT_FOUND:
            decision = judge(call)
            if decision.verdict is not call.expected or (decision.kind and decision.kind.value != label):
                wrong.append((call.call.id, decision.verdict.value, decision.kind, decision.assessment.score))
    assert wrong == []


def test_what_is_heard_badly_is_still_found_and_nobody_is_flagged_for_it() -> None:
    judged = [(call, judge(call).verdict) for call in CALLS]
    flagged = [
        call.call.id for call, verdict in judged if verdict is Verdict.HARASSMENT and call.label in PROTECTED
    ]
    assert flagged == []
    assert share(judged, Verdict.HARASSMENT) >= 0.95
    assert share(judged, Verdict.ABUSIVE_COMPLAINT) >= 0.9


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


def share(judged: list[tuple[LabelledCall, Verdict]], expected: Verdict) -> float:
    hits = [verdict is expected for call, verdict in judged if call.expected is expected]
    return sum(hits) / len(hits)


@pytest.mark.parametrize("call", CLEAN, ids=lambda c: c.call.id)
def test_live_in_path(call: LabelledCall) -> None:
    """A caller who keeps to the script is treated when harassing and reaches a person when not."""
    line = Line(Flow(listen_seconds=90), offer(caller=Caller(call.call.caller))).begin().wait(2)
    for turn in call.call.turns:
        if turn.speaker == Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(1)
    line.wait(40)
    if call.label in PROTECTED:
        assert not line.treated
    elif call.label != "chitchat" and not asks_first(call):  # live, it is the product that steers, at its own pace
        assert line.treated, line.evidence
        assert line.transfers == []
    if call.label in ("genuine", "complaint"):
        assert line.transfers == ["agents"]


def asks_first(call: LabelledCall) -> bool:
    """Whether it begins with a pretext that is a clear request: live, an agent's call before it turns."""
    return call.call.id in ASKS_FIRST


ASKS_FIRST = {"lewd-pretext-bill", "lewd-pretext-package", "lewd-pretext-refund"}
