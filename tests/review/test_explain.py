"""Why a call was judged so."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest

from screener.core.dialogue_acts import MATTERS, Act
from screener.core.evidence import Kind, Source, Treatment, Verdict, Veto
from screener.core.judgement import Weights
from screener.core.signals import rule_of
from screener.events import Entrance
from screener.review.explain import explain
from screener.review.timeline import moments, reasons, timeline
from screener.store.records import CallRecord, DecisionRow, EvidenceRow
from screener.words.judgement import Teller

W = Weights()


def row(weight: float, at: float, rule: str, source: Source = Source.WORDS, kind: Kind | None = Kind.LEWD):
    return EvidenceRow(at, rule, source, kind, weight, "…", "")


def call(*evidence: EvidenceRow) -> CallRecord:
    return CallRecord("c", datetime(2026, 3, 4, tzinfo=UTC), evidence=evidence, verdict=Verdict.HARASSMENT)


def test_when_it_tipped_and_what_would_not_have() -> None:
    found = explain(
        call(row(4.0, 1, "a"), row(4.0, 2, "b"), row(0.4, 2.5, "c", Source.SOUND), row(6.0, 3, "d")), W
    )
    assert found.tipped is found.steps[1]
    assert [s.flagged for s in found.steps] == [False, True, True, True]
    assert [e.rule for e in found.needed] == ["a", "b"]
    assert found.spare == ()
    assert found.lacking is None


def test_an_utterance_tips_with_all_that_it_says_or_not_at_all() -> None:
    """The session weighs its listed words and its act together."""
    word, harmless = row(6.5, 1, "lewd.bed.1"), row(-1.0, 1, "act.caller.answer", Source.ACTS)
    found = explain(call(word, harmless), W)
    assert found.tipped is None and not any(step.flagged for step in found.steps)
    meant = replace(harmless, weight=1.0)
    found = explain(call(word, meant), W)
    assert found.tipped is found.steps[0]
    assert [e.rule for e in found.needed] == ["lewd.bed.1"]


def test_what_is_needed_is_told_with_what_it_counted() -> None:
    said = partial(row, kind=Kind.ABUSE)
    breath = (said(1.5, 1, "abuse.curse.1"), said(0.5, 1, "act.caller.insult_agent", Source.ACTS))
    twice = call(*breath, said(0.0, 2, "act.agent.steer", Source.ACTS), *breath)
    why = explain(twice, Weights(threshold=2.9))
    assert [(e.rule, round(e.weight, 2)) for e in why.needed] == [
        ("abuse.curse.1", 1.5),
        ("act.caller.insult_agent", 0.5),
        ("abuse.curse.1", 4.95),
        ("act.caller.insult_agent", 0.5),
    ]
    assert "+4.9" in reasons(twice, why, Teller())[2] and "+1.5" in reasons(twice, why, Teller())[2]


def test_a_curse_that_counts_nothing_is_no_reason() -> None:
    curse = row(1.5, 1, "abuse.curse.1", kind=Kind.ABUSE)
    found = explain(call(curse, row(0.0, 1, rule_of(Act.GRIEVANCE), Source.ACTS), row(9.0, 2, "a")), W)
    assert ([e.rule for e in found.needed], found.spare) == (["a"], ())


def test_what_is_not_needed_is_said() -> None:
    found = explain(call(row(0.6, 1, "a"), row(6.5, 2, "b")), W)
    assert ([e.rule for e in found.needed], [e.rule for e in found.spare]) == (["b"], ["a"])


def test_what_a_recogniser_took_back_counts_no_more() -> None:
    found = explain(call(row(6.0, 1, "a"), row(-6.0, 2, "a.withdrawn"), row(0.1, 3, "b")), W)
    assert found.steps[0].score == W.prior + 6.0
    assert found.steps[1].score == W.prior


def test_a_call_that_was_protected_by_what_it_is_about() -> None:
    about = row(-4.0, 1, "act.caller.grievance", Source.ACTS)
    found = explain(call(about, row(4.0, 3, "a"), row(4.0, 4, "b")), W)
    assert found.tipped is None
    assert found.lacking == W.threshold - W.prior - 4.0


def test_an_emergency_is_named_as_what_protected_a_call_that_scored_enough() -> None:
    danger = row(0.0, 1, "emergency.danger.1", Source.EMERGENCY, None)
    enough = W.threshold - W.prior + 1
    heard = call(danger, row(enough, 2, "a"))
    found = explain(heard, W)
    assert (found.tipped, found.vetoes) == (None, (Veto.EMERGENCY,))
    assert found.steps[1].score > found.steps[1].threshold
    assert reasons(replace(heard, verdict=Verdict.GENUINE), found, Teller())[-1] == "受保护：紧急情况"
    assert explain(call(row(enough, 2, "a")), W).vetoes == ()
    mocked = explain(call(danger, row(enough + 1, 2, "a")), W)
    assert (mocked.tipped, mocked.vetoes) == (mocked.steps[1], ()), "not believed of a caller so far above it"


def test_the_thresholds_are_those_of_the_way_the_call_came() -> None:
    weights = replace(W, in_path=-0.5)
    heard = call(row(W.threshold - W.prior - 0.2, 1, "a"))
    assert explain(heard, weights).tipped is not None
    assert explain(replace(heard, entrance=Entrance.BESIDE), weights).tipped is None


def test_a_call_that_was_told_once_it_was_over_tipped_at_its_last_word() -> None:
    weights = replace(W, afterwards=-1.0)
    heard = call(row(W.threshold - W.prior - 0.4, 1, "a"), row(0.1, 2, "b"))
    assert explain(heard, weights).tipped is None, "it goes on, or was a complaint"
    made = DecisionRow(2, Verdict.HARASSMENT, Kind.LEWD, Treatment.NONE, 1.7, 1.0, False, False, "afterwards:lewd")
    heard = replace(heard, decisions=(made,))
    found = explain(heard, weights)
    assert found.tipped is not None
    assert (found.tipped.evidence.rule, found.tipped.threshold) == ("b", W.threshold - 1.0)
    assert ([e.rule for e in found.needed], [e.rule for e in found.spare]) == (["a"], ["b"])
    assert found.lacking is None
    assert explain(heard, W).tipped is None
    assert explain(heard, replace(W, afterwards=-0.1)).tipped is None, "not at these weights"


def told_of(*evidence: EvidenceRow) -> list[str]:
    heard = call(*evidence)
    return reasons(heard, explain(heard, W), Teller())


ENOUGH = W.threshold - W.prior


@pytest.mark.parametrize("act", [Act.GREET, Act.REBUKE, Act.CLOSING, Act.BACKCHANNEL])
def test_a_greeting_or_what_the_agent_did_is_a_reason_only_where_it_weighs(act: Act) -> None:
    lewd = row(ENOUGH - 0.2, 2, rule_of(Act.LEWD), Source.ACTS)
    slight = told_of(row(0.3, 1, rule_of(act), Source.ACTS), lewd)
    assert [line for line in slight if line.startswith("当时少了")] == [
        "当时少了其中任何一项就不会越线：“…”（来电人言语猥亵 +5.8）"
    ]
    weighty = told_of(row(0.6, 1, rule_of(act), Source.ACTS), lewd)
    assert "+0.6" in next(line for line in weighty if line.startswith("当时少了"))


@pytest.mark.parametrize("act", sorted(MATTERS))
def test_a_matter_is_no_reason_that_is_sure(act: Act) -> None:
    matter = row(2.1, 1, rule_of(act), Source.ACTS, Kind.PRANK)
    needed = told_of(matter, row(ENOUGH - 2, 2, rule_of(Act.ABSURD), Source.ACTS, Kind.PRANK))[2]
    assert "（像是来电人" in needed and "（来电人胡闹或模仿" in needed
    guessed = told_of(replace(matter, detail="1?"), row(ENOUGH - 2, 2, rule_of(Act.ABSURD), Source.ACTS))[2]
    assert guessed.count("像是") == 1


def test_of_many_reasons_the_three_that_counted_most_are_named_and_quoted_in_a_few_characters() -> None:
    weights = (0.4, 0.6, 0.3, 2.0, 0.5, 0.6, 0.4)
    acts = [
        replace(row(weight, n, rule_of(Act.ABSURD), Source.ACTS), span=f"{n}这一句话很长很长没有人愿意从头看到尾")
        for n, weight in enumerate(weights)
    ]
    told = told_of(*acts, row(9.0, 9, "a"))
    assert told[2] == "当时少了其中任何一项就不会越线：“…”（a +9.0）"
    quoted = [
        f"“{n}这一句话很长很长没有人…”（来电人胡闹或模仿 {weight}）"
        for n, weight in ((1, "+0.6"), (3, "+2.0"), (5, "+0.6"))
    ]
    assert told[3] == f"当时单独去掉仍会越线：{'、'.join(quoted)}等 7 项"
    whole = replace(acts[0], span="这一句话有十四个字所以要截短")
    assert "“这一句话有十四个字所以要…”" in told_of(whole, row(9.0, 9, "a"))[3]
    assert (
        "“这一句话正好有十三个字的”"
        in told_of(replace(whole, span="这一句话正好有十三个字的"), row(9.0, 9, "a"))[3]
    )


def test_a_curse_stands_beside_what_it_counts_with_its_utterance() -> None:
    """It counts only beside an act of the caller, which is weighed after it."""
    said = partial(row, kind=Kind.ABUSE)
    breath = (said(1.5, 1, "abuse.curse.1"), said(0.5, 1, "act.caller.insult_agent", Source.ACTS))
    twice = call(*breath, said(0.0, 2, "act.agent.steer", Source.ACTS), *breath)
    why = explain(twice, Weights(threshold=2.9))
    stood = [why.prior, *(step.score for step in why.steps)]
    assert [round(after - before, 2) for before, after in pairwise(stood)] == [1.5, 0.5, 0.0, 4.95, 0.5]
    weighed = [moment.text for moment in moments(twice, Teller(), why) if moment.step]
    assert [text.split()[0] for text in weighed] == ["+1.5", "+0.5", "+0.0", "+4.9", "+0.5"]
    matter = said(-0.4, 2, rule_of(Act.BUSINESS), Source.ACTS)
    cleared = explain(call(*breath, matter), W)
    assert cleared.steps[-1].score - cleared.steps[-2].score == pytest.approx(-1.9), "it takes the curse back"


def test_what_speaks_for_harassment_is_a_sure_matter_nowhere() -> None:
    matter = row(2.1, 1, rule_of(Act.BUSINESS), Source.ACTS, Kind.PRANK)
    heard = call(matter, row(ENOUGH - 2, 2, rule_of(Act.ABSURD), Source.ACTS, Kind.PRANK))
    told = "\n".join(timeline(heard, Teller(), UTC, explain(heard, W)))
    assert told.count("来电人提出业务") == told.count("像是来电人提出业务") == 3
    harmless = call(replace(matter, weight=-1.0))
    assert "像是" not in "\n".join(timeline(harmless, Teller(), UTC, explain(harmless, W)))


def test_a_call_without_a_word() -> None:
    found = explain(call(), W)
    assert (found.steps, found.tipped, found.lacking) == ((), None, W.threshold - W.prior)
