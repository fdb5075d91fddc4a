"""What is known of a call, and what is taken back."""

from collections import Counter

from screener.core.evidence import Kind, Source
from screener.core.hearing import SAME_RULE_LIMIT, SOUND_LIMIT, Hearing
from screener.events import Caller, Cue, CueKind, History, LineClass, Speaker
from screener.words.judgement import Teller
from tests.core.helpers import offer, rules, said, shipped


def hearing() -> Hearing:
    return Hearing(shipped(), 2)


def test_a_find_is_told_once_an_utterance() -> None:
    ear = hearing()
    told = [
        list(ear.heard(said(text, at, final=False)))
        for text, at in [("你穿什么", 1), ("你穿什么内裤", 2), ("你穿什么内裤啊", 3)]
    ]
    assert [rules(found) for found in told] == [set(), {"lewd.clothes"}, set()]
    assert list(ear.heard(said("你穿什么内裤啊", 4))) == []
    (evidence,) = ear.assessment(4).evidence
    assert evidence.at == 2, "a find keeps the time at which it was first known"
    assert next(iter(ear.heard(said("你穿什么内裤", 9, 1)))).at == 9


def test_what_the_recogniser_takes_back_is_taken_back() -> None:
    ear = hearing()
    list(ear.heard(said("陪我睡觉", 1, final=False)))
    before = ear.assessment(1).score
    (withdrawn,) = ear.heard(said("今天下雨了", 2))
    assert withdrawn.rule.endswith(".withdrawn")
    assert withdrawn.weight < 0
    assert ear.assessment(2).score < before
    assert ear.assessment(2).evidence == ()


def test_a_late_partial_of_a_closed_utterance_is_ignored() -> None:
    ear = hearing()
    list(ear.heard(said("我想查话费", 1)))
    assert list(ear.heard(said("陪我睡觉", 2, 0, final=False))) == []


def test_an_agents_words_are_no_evidence() -> None:
    ear = hearing()
    assert list(ear.heard(said("陪我睡觉", 1, speaker=Speaker.AGENT))) == []


def test_a_greeting_is_not_yet_steering() -> None:
    ear = hearing()
    list(ear.heard(said("请问有什么可以帮您", 1, speaker=Speaker.AGENT)))
    assert ear.steered == 0
    list(ear.heard(said("昨天的球赛你看了吗", 3)))
    list(ear.heard(said("请问您要咨询什么业务", 5, 1, speaker=Speaker.AGENT)))
    assert ear.steered == 1


def test_talk_on_after_steering_is_evidence_of_drift_but_not_with_a_matter() -> None:
    ear = hearing()
    ear.steered = 2
    assert "dialogue.off_topic" in rules(ear.heard(said("我跟你说那个前锋踢得真好", 3)))
    other = hearing()
    other.steered = 2
    list(other.heard(said("我的快递到哪里了", 1)))
    assert "dialogue.off_topic" not in rules(other.heard(said("我等了好久好久了你知道的", 3, 1)))


def test_caller_hour_and_history_support_with_a_reason() -> None:
    found = list(
        hearing().offered(
            offer(
                caller=Caller("+862012345678", line=LineClass.PUBLIC),
                local_time=offer().local_time.replace(hour=12),
                history=History(flagged=1, calls_15min=8),
            )
        )
    )
    assert rules(found) == {"caller.line.public", "time.noon", "history.flagged", "history.redial"}
    assert all(Teller().evidence(e.rule, e.detail) != e.rule for e in found)


def test_laughter_counts_three_times_and_never_carries() -> None:
    ear = hearing()
    found = [e for n in range(9) for e in ear.noticed(Cue(CueKind.LAUGHTER, n, 1.0))]
    assert len(found) == SOUND_LIMIT
    assert {e.source for e in found} == {Source.SOUND}
    assert ear.assessment(9).kind is None


def test_a_call_of_hours_stays_small() -> None:
    ear = hearing()
    for number in range(2000):
        list(ear.heard(said("傻逼", number, number)))
    kept = Counter(e.rule for e in ear.assessment(2000).evidence)
    assert max(kept.values()) <= SAME_RULE_LIMIT


def test_utterances_that_are_never_closed_do_not_pile_up() -> None:
    ear = hearing()
    for number in range(500):
        list(ear.heard(said("陪我睡觉", number, number, final=False)))
    assert len(ear.assessment(500).evidence) < 30


def test_a_pause_lets_a_held_find_count() -> None:
    ear = hearing()
    assert list(ear.heard(said("二百五", 1, final=False))) == []
    found = list(ear.settle())
    assert {e.kind for e in found} == {Kind.ABUSE}
    assert list(ear.settle()) == []
