"""What is measured on calls by unheard hands, and what calls are changed into for it."""

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from screener.core.dialogue_acts import Act
from screener.core.evidence import Evidence, Kind, Source, Verdict
from screener.core.judgement import Weights
from screener.events import Speaker
from screener.speech.pinyin import inventory
from screener.training.acts.corpus import LABELS, CorpusCall, CorpusTurn
from screener.training.acts.disturb import (
    NEAR,
    OTHER,
    SELDOM,
    HeardTurn,
    Surroundings,
    alike,
    badly,
    confused,
    disturbed,
    split,
)
from screener.training.acts.measure import (
    SUMMARY,
    SUMMARY_TITLE,
    MeasuredCall,
    Share,
    area,
    beyond,
    margins,
    nearest,
    share,
    tables,
)
from screener.training.acts.variants import VARIANTS, VARIED, closed, cut, misheard, only, thinned
from screener.words.told import measured

W = Weights()
TURNS = tuple(
    CorpusTurn((Speaker.AGENT, Speaker.CALLER)[n % 2], text, (Act.ASK, Act.BUSINESS)[n % 2])
    for n, text in enumerate(("您好请讲", "我查话费", "请问号码", "一三九"))
)


def judged(
    hand: str, label: str, margin: float, turn: int | None = None, known: int | None = None
) -> MeasuredCall:
    call = CorpusCall(f"{hand}-{label}-{margin}", hand, label, TURNS, known)
    verdict = Verdict.HARASSMENT if margin > 0 else Verdict.GENUINE
    return MeasuredCall(call, verdict, Kind.LEWD if margin > 0 else None, margin, turn, ())


def test_a_hands_bar_is_fixed_on_the_others() -> None:
    calls = [
        judged("a", "genuine", 5.0),
        judged("a", "lewd", 3.0),
        judged("b", "genuine", 1.0),
        judged("b", "lewd", 4.0),
    ]
    passed = {t.call.id: p for t, p in beyond(calls, 0.0)}
    assert passed == {"a-genuine-5.0": True, "a-lewd-3.0": True, "b-genuine-1.0": False, "b-lewd-4.0": False}


def test_the_area_under_the_curve() -> None:
    assert area([judged("a", "lewd", 2.0), judged("a", "genuine", 1.0)]) == 1.0
    assert area([judged("a", "lewd", 1.0), judged("a", "genuine", 1.0)]) == 0.5
    assert area([judged("a", "lewd", 1.0)]) is None


def test_margins_follow_what_is_taken_back_and_need_the_callers_own_words() -> None:
    lewd = Evidence("act.caller.lewd", Source.ACTS, Kind.LEWD, 7.0, 1.0)
    above = W.prior + 7.0 - W.threshold
    assert list(margins([lewd], W)) == [above, above]
    assert list(margins([lewd], replace(W, afterwards=-0.5))) == [above, above + 0.5]
    taken = replace(lewd, rule="act.caller.lewd.withdrawn", weight=-7.0, at=2.0)
    assert list(margins([lewd, taken], W)) == [above]
    assert list(margins([replace(lewd, rule="act.agent.rebuke")], W)) == []


def test_the_listed_words_of_an_utterance_are_weighed_with_what_it_does() -> None:
    word = Evidence("lewd.bed.1", Source.WORDS, Kind.LEWD, 7.0, 1.0)
    harmless = Evidence("act.caller.answer", Source.ACTS, Kind.LEWD, -2.0, 1.0)
    above = W.prior + 5.0 - W.threshold
    assert list(margins([word, harmless], W)) == [above, above]


def test_tables_count_each_call_once() -> None:
    calls = [judged("a", "lewd", 1.0, 3, 2), judged("b", "genuine", -1.0), judged("b", "prank", -2.0)]
    found = {title: rows for title, _, rows in tables(calls)}
    assert found["each hand by nets that never heard it"][-1][1] == Share(1, 2)
    assert found["how early"][0][1] == 1


def test_everything_in_the_tables_has_its_chinese() -> None:
    calls = [judged("a", label, 1.0, 3, 2) for label in LABELS]
    calls += [replace(call, in_path=True) for call in calls]
    for title, heads, rows in (*tables(calls), (SUMMARY_TITLE, SUMMARY, [[v.name] for v in VARIANTS])):
        names = {title, *heads, *(row[0] for row in rows if isinstance(row[0], str))} - {"a"}
        assert [name for name in names if measured(name, "zh") == name] == []


def test_callers_whom_a_machine_answers_are_counted_apart() -> None:
    calls = [judged("a", "lewd", 1.0), replace(judged("b", "lewd", -1.0), in_path=True)]
    rows = {row[0]: row[1] for row in next(tables(calls))[2]}
    assert rows["an agent answers"] == Share(1, 1)
    assert rows["a machine answers"] == Share(0, 1)


def test_a_share_has_its_interval() -> None:
    assert str(share([True, False])) == "1/2 50.0% (9.5%-90.5%)"
    assert str(Share(0, 0)) == "-"


def test_calls_are_cut_off_and_disturbed() -> None:
    call = judged("a", "genuine", 0.0).call
    assert cut(0.5)(call).turns == TURNS[:2]
    assert {t.speaker for t in only(Speaker.CALLER)(call).turns} == {Speaker.CALLER}
    assert closed(call).turns[: len(TURNS)] == TURNS
    assert [turn.act for turn in closed(call).turns[len(TURNS) :]] == [Act.ASK, Act.CLOSING, Act.END, Act.CLOSING]
    assert closed(call) == closed(call)
    assert misheard(0.0)(call) == call
    assert misheard(0.5)(call) == misheard(0.5)(call) != call


@pytest.mark.parametrize(("calls", "most", "left"), [(0, 4, 0), (4, 4, 4), (5, 4, 3), (9, 4, 3)])
def test_of_many_calls_as_many_of_each_hand_are_judged_in_every_way(calls: int, most: int, left: int) -> None:
    many = [replace(judged(str(n), "genuine", 0.0).call, hand=f"h{n * 2 // 9}") for n in range(calls)]
    few = thinned(many, most)
    assert len(few) == left <= most
    assert {call.hand for call in few} == {call.hand for call in many}
    assert 1680 <= VARIED < 21_328, "all kept calls, and some of the corpus"


@pytest.mark.parametrize("syllable", ["zhuang", "a", "er", "shi", "xiong"])
def test_a_syllable_is_its_initial_and_its_final(syllable: str) -> None:
    assert "".join(split(syllable)) == syllable


ENDS = {"more": [HeardTurn(1, 7, (2,))], "no_more": [HeardTurn(0, 8, (3,))], "end": [HeardTurn(1, 9, (4,))]}
ENDS["bye"] = ENDS["no_more"]
AROUND = Surroundings(alike(("ma", "mi", "na", "ni"), 2, {}), ENDS)


def test_any_call_may_be_closed_courteously_or_lose_its_end_but_not_what_makes_it_known() -> None:
    turns = [HeardTurn(n % 2, 0, (2, 3, 4, 5)) for n in range(8)]
    for known in (0, 7):
        calls = [disturbed(turns, known, AROUND, Random(seed))[0] for seed in range(400)]
        closed = sum(any(turn.act > 6 for turn in heard) for heard in calls)
        assert 0.25 < closed / len(calls) < 0.45  # whatever is known of it
        assert any(heard[-1].act == 9 for heard in calls)
    short = [disturbed(turns, 0, AROUND, Random(seed))[0] for seed in range(400)]
    assert any(len(heard) == 5 and heard[-1].agent == 0 for heard in short)


def test_a_syllable_is_taken_for_what_recognisers_take_it_for() -> None:
    measured = {"initials": {"n": {"m": 9}}, "finals": {"a": {"i": 2}}}
    near = alike(("ma", "mi", "na", "ni"), 2, measured)
    assert near[4].numbers == (2, 5)  # na: ma by its initial, ni by its final
    assert near[4].sums == pytest.approx((9 + SELDOM, 11 + 2 * SELDOM))
    heard = [badly((4,), 1.0, near, Random(seed)) for seed in range(2000)]
    assert heard.count((2,)) > 3 * heard.count((5,)) > 0
    assert heard.count((3,)) == pytest.approx(2000 * (OTHER - NEAR) / 4, abs=40)  # mi: as any other
    said = sorted(inventory())
    of_nin = alike(said, 0, confused())[said.index("nin")]
    often = [after - before for before, after in pairwise((0.0, *of_nin.sums))]
    assert said[of_nin.numbers[often.index(max(often))]] == "ni"


def test_disturbing_keeps_what_is_known_when() -> None:
    assert AROUND.near[2].numbers == (3, 4)
    turns = [HeardTurn(n % 2, 0, (2, 3, 4, 5)) for n in range(8)]
    for seed in range(300):
        heard, known = disturbed(turns, 5, AROUND, Random(seed))
        assert 1 <= known <= len(heard)
        assert all(turn.sounds for turn in heard)
        assert disturbed(turns, 0, AROUND, Random(seed))[1] == 0
    assert badly((2, 3), 1.0, AROUND.near, Random(1)) != (2, 3)


def test_a_matter_that_leads_into_a_call_moves_when_it_is_known() -> None:
    around = replace(AROUND, matters=[[HeardTurn(n % 2, 5, (2,) * 9) for n in range(6)]])
    turns = [HeardTurn(n % 2, int(n == 4), (2, 3, 4, 5)) for n in range(8)]
    led_in, there = [], []
    for known in (0, 5):
        calls = [disturbed(turns, known, around, Random(seed)) for seed in range(400)]
        led_in += [sum(heard[0].act == 5 for heard, _ in calls)]
        there += [at > 0 and heard[at - 1].act == 1 for heard, at in calls if heard[0].act == 5]
    assert all(0.05 < count / 400 < 0.2 for count in led_in)
    assert sum(there) > 0.8 * led_in[1], "but where turns run together"
    assert not any(there[: led_in[0]])


def test_the_protected_calls_that_come_nearest_to_the_bar_are_kept_without_their_words() -> None:
    said = Evidence("act.caller.business", Source.ACTS, Kind.PRANK, -1.0, 2.0, "我查话费")
    flagged = replace(judged("a", "genuine", 9.0), evidence=(said,))
    others = [replace(judged("a", "genuine", m), evidence=(replace(said, weight=m),)) for m in (-3.0, -1.0, -2.0)]
    kept = gzip.decompress(nearest([flagged, *others, judged("a", "lewd", -0.5)], 2)).decode()
    found = [json.loads(line) for line in kept.splitlines()]
    assert [evidence["weight"] for (evidence,) in found] == [-1.0, -2.0]
    assert "话费" not in kept
