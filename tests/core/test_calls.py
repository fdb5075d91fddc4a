"""Scripted calls of the project's own: every one judged as it should be, as a whole and live in path."""

from dataclasses import replace
from functools import cache
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
FOUND = {"lewd": 0.35, "prank": 0.05, "silent": 1.0}
"""Of these kinds at least such a share of the clean calls is found. Most are one sentence by the caller alone, by
the hand that wrote the old word list: a test of behaviour, no measure of accuracy."""


@cache
def judge(call: LabelledCall) -> Decision:
    replayer = Replayer(
        shipped(), Flow(), ZoneInfo("Asia/Shanghai"), load_lines([], "CN").identify, syllables, None
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


def test_an_angry_complaint_is_a_complaint_and_an_abusive_one_a_supervisors() -> None:
    judged = [(c, judge(c).verdict) for c in CLEAN]
    assert share(judged, Verdict.COMPLAINT) >= 0.7
    assert share(judged, Verdict.ABUSIVE_COMPLAINT) >= 0.6


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


@pytest.mark.parametrize("call", [c for c in CLEAN if c.label in PROTECTED], ids=lambda c: c.call.id)
def test_live_in_path_nobody_who_is_protected_is_treated(call: LabelledCall) -> None:
    line = Line(Flow(listen_seconds=90), shipped(), offer(caller=Caller(call.call.caller))).begin().wait(2)
    for turn in call.call.turns:
        if turn.speaker == Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(1)
    line.wait(40)
    assert not line.treated
