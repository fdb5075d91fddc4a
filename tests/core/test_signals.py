"""What one source says of a call: each piece of evidence has its rule, its weight and what was heard."""

from dataclasses import replace
from datetime import date

import pytest

from screener.core import signals
from screener.core.dialogue_acts import MATTERS, Act, Understood
from screener.core.evidence import Kind, Source, Standing
from screener.core.judgement import Calendar, Weights
from screener.core.lexicon import Match, Phrase, PhraseRole
from screener.core.signals import DOUBTFUL, FILLERS, SURE
from screener.events import Caller, Cue, CueKind, History, LineClass, ListName, Speaker
from tests.core.helpers import offer, said
from tests.core.weighed import W

CALENDAR = Calendar(holidays=frozenset({date(2026, 3, 2)}))
WORKDAY = offer().local_time.replace(day=3)


def before_a_word(weights: Weights = W, *, hour: int = 10, day: int = 3, **changes) -> dict[str, float]:
    offered = offer(local_time=WORKDAY.replace(day=day, hour=hour), **changes)
    return {e.rule: e.weight for e in signals.of_offer(offered, weights, CALENDAR)}


def test_an_ordinary_caller_in_working_hours_says_nothing() -> None:
    assert before_a_word() == {}


@pytest.mark.parametrize(("hour", "rule"), [(23, "time.night"), (3, "time.night"), (12, "time.noon")])
def test_the_hour_counts(hour: int, rule: str) -> None:
    assert set(before_a_word(hour=hour)) == {rule}


def test_a_holiday_and_a_class_of_line_count_by_the_site_s_weights() -> None:
    weights = Weights(line={LineClass.PUBLIC: 0.6}, holiday=0.3)
    public = Caller("+862012345678", line=LineClass.PUBLIC)
    assert before_a_word(weights, day=2, caller=public) == {"caller.line.public": 0.6, "time.holiday": 0.3}
    assert before_a_word(Weights(holiday=0.0), day=2) == {}, "what weighs nothing is no evidence"


@pytest.mark.parametrize(
    ("history", "rule", "weight"),
    [
        (History(flagged=2), "history.flagged", W.flagged_before),
        (History(confirmed=1), "history.confirmed", W.confirmed_before),
        (History(overturned=1), "history.overturned", W.overturned_before),
        (History(genuine=3), "history.genuine", W.genuine_before),
        (History(lists=frozenset({ListName.WATCH})), "history.watched", W.watched),
        (History(calls_15min=signals.OFTEN_15MIN), "history.redial", W.redial),
        (History(calls_60min=signals.OFTEN_60MIN), "history.redial", W.redial),
        (History(calls_24h=signals.OFTEN_24H), "history.redial", W.redial),
    ],
)
def test_each_thing_in_a_number_s_past_counts_once(history: History, rule: str, weight: float) -> None:
    assert before_a_word(history=history) == {rule: weight}


def test_who_calls_often_but_not_that_often_is_no_redialler() -> None:
    often = History(
        calls_15min=signals.OFTEN_15MIN - 1, calls_60min=signals.OFTEN_60MIN - 1, calls_24h=signals.OFTEN_24H - 1
    )
    assert before_a_word(history=often) == {}


def phrase(role: PhraseRole, rule: str = "lewd.bed.1", weight: float = 2.0) -> Phrase:
    kind = Kind.LEWD if role is PhraseRole.HARASSMENT else None
    return Phrase(rule, role, kind, weight, "陪我睡觉", (("pei", "wo", "shui", "jiao"),))


def match(role: PhraseRole, likeness: float, begin: int = 0, end: int = 4) -> Match:
    return Match(phrase(role), begin, end, "陪我睡觉", likeness)


@pytest.mark.parametrize(("role", "limit"), [(PhraseRole.HARASSMENT, DOUBTFUL), (PhraseRole.EMERGENCY, SURE)])
def test_a_listed_word_is_believed_from_a_likeness_on(role: PhraseRole, limit: float) -> None:
    heard = said("陪我睡觉", at=3.0)
    assert signals.of_words([match(role, limit - 0.01)], heard) == ()
    (found,) = signals.of_words([match(role, limit)], heard)
    assert (found.at, found.span) == (3.0, "陪我睡觉")


def test_a_listed_word_weighs_as_much_as_it_is_alike_and_an_emergency_nothing() -> None:
    (word,) = signals.of_words([match(PhraseRole.HARASSMENT, 0.95)], said("陪我睡觉"))
    assert (word.source, word.kind, word.weight) == (Source.WORDS, Kind.LEWD, pytest.approx(1.9))
    (danger,) = signals.of_words([match(PhraseRole.EMERGENCY, 1.0)], said("救命"))
    assert (danger.source, danger.kind, danger.weight) == (Source.EMERGENCY, None, 0.0)


def test_a_rule_is_found_once_an_utterance_and_a_pretext_never() -> None:
    twice = [match(PhraseRole.HARASSMENT, 1.0), match(PhraseRole.HARASSMENT, 1.0, 4, 8)]
    assert len(signals.of_words(twice, said("陪我睡觉陪我睡觉"))) == 1
    assert signals.of_words([match(PhraseRole.PRETEXT, 1.0)], said("我想咨询一下")) == ()


def test_a_pretext_with_a_filler_or_two_only_opens_the_call() -> None:
    pretext = [match(PhraseRole.PRETEXT, 1.0), match(PhraseRole.PRETEXT, 1.0, 2, 6)]
    assert signals.bare(pretext, 6 + FILLERS) == signals.OPENING, "what two pretexts share is counted once"
    assert not signals.bare(pretext, 7 + FILLERS)
    assert not signals.bare([match(PhraseRole.HARASSMENT, 1.0)], 4)
    assert not signals.bare([], 1)


def test_a_curse_with_a_filler_or_two_is_an_insult() -> None:
    insult = signals.rule_of(Act.INSULT_AGENT)
    curse = match(PhraseRole.HARASSMENT, 1.0)
    curse = replace(curse, phrase=replace(curse.phrase, kind=Kind.ABUSE))
    assert signals.bare([curse], 4 + FILLERS) == insult
    assert signals.bare([curse, match(PhraseRole.PRETEXT, 1.0, 4, 8)], 8) == insult, "after a pretext too"
    assert not signals.bare([curse], 5 + FILLERS), "beside it something may be wanted"
    assert not signals.bare([replace(curse, likeness=0.8)], 4), "badly heard it is none"


def understood(act: Act, leaning: float, probability: float = 0.9) -> Understood:
    return Understood(act, probability, leaning, Kind.LEWD, {Standing.GENUINE: 1.0})


def test_an_act_weighs_the_difference_that_it_makes() -> None:
    found = signals.of_act(understood(Act.LEWD, 1.5), -4.0, 2, said("你穿什么", at=7.0))
    assert (found.rule, found.source, found.kind) == ("act.caller.lewd", Source.ACTS, Kind.LEWD)
    assert (found.weight, found.at, found.span, found.detail) == (5.5, 7.0, "你穿什么", "2")


@pytest.mark.parametrize(("probability", "detail"), [(0.5, "3"), (0.49, "3?")])
def test_an_act_that_is_not_likely_is_a_guess(probability: float, detail: str) -> None:
    assert signals.of_act(understood(Act.LEWD, 1.5, probability), -4.0, 3, said("嗯")).detail == detail


def test_a_long_utterance_is_shown_shortened() -> None:
    assert signals.of_act(understood(Act.LEWD, 0.0), 0.0, 1, said("长" * 99)).span == "长" * signals.SHOWN


@pytest.mark.parametrize("act", Act)
def test_an_opening_names_no_matter_but_hides_no_offence(act: Act) -> None:
    opening = signals.of_act(understood(act, 0.0), 0.0, 1, said("喂"), only=signals.OPENING)
    assert opening.rule == (signals.OPENING if act in MATTERS else f"act.{act}")
    assert signals.OPENING not in signals.MATTER_RULES


def test_an_agent_s_acts_are_told_from_a_caller_s_by_their_rule() -> None:
    for act in Act:
        assert signals.rule_of(act).startswith(signals.AGENT_ACT) is (act.speaker is Speaker.AGENT)


def test_laughter_supports_a_prank_as_much_as_it_is_sure_and_edges_say_nothing() -> None:
    found = signals.of_cue(Cue(CueKind.LAUGHTER, 4.0, 1.25, 0.5), W)
    assert found is not None
    assert (found.rule, found.kind, found.weight, found.span) == (
        *("sound.laughter", Kind.PRANK),
        *(W.laughter * 0.5, "1.2s"),
    )
    assert signals.of_cue(Cue(CueKind.SPEECH_START, 4.0), W) is None


def test_silence_says_how_often_somebody_asked() -> None:
    found = signals.of_silence(27.0, 2, W)
    assert (found.kind, found.weight, found.at, found.detail) == (Kind.SILENT, W.silent, 27.0, "2")


def test_what_takes_evidence_back_names_what_it_takes_back() -> None:
    assert signals.taken_back(signals.withdrawn("lewd.bed.1")) == "lewd.bed.1"
    assert signals.taken_back("lewd.bed.1") == ""


def test_what_is_taken_back_is_the_newest_of_its_rule() -> None:
    assert signals.left_standing(["a", "b", "a", "a.withdrawn"]) == [0, 1]
    assert signals.left_standing(["a.withdrawn", "a", "b.withdrawn"]) == [1], "and nothing where there is none"
