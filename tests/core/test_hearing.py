"""What is known of a call, and what is taken back."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.actions import Prompt
from screener.core.dialogue_acts import Act
from screener.core.evidence import Evidence, Kind, Source, Standing
from screener.core.hearing import ACT_LIMIT, FEW_UTTERANCES, SAME_RULE_LIMIT, SOUND_LIMIT, Hearing
from screener.events import Caller, Cue, CueKind, History, LineClass, Speaker
from screener.speech.pinyin import syllables
from screener.words.judgement import Teller
from tests.core.helpers import LISTED, offer, plain, rules, said, shipped
from tests.core.plain import WORDS, Always, Plain

AGENT = Speaker.AGENT


def hearing() -> Hearing:
    steer = "请问您要咨询什么业务"
    return Hearing(replace(plain(), prompts={Prompt.STEER: (steer, syllables(steer))}))


def acts(found: list[Evidence]) -> list[str]:
    return [e.rule for e in found if e.source is Source.ACTS]


def test_a_listed_word_is_told_once_an_utterance() -> None:
    ear = hearing()
    told = [
        list(ear.heard(said(text, at, final=False))) for text, at in [("陪我", 1), (LISTED, 2), (f"{LISTED}啊", 3)]
    ]
    assert [rules(found) for found in told] == [set(), set(), {"lewd.listed"}]
    assert acts(list(ear.heard(said(f"{LISTED}啊", 4)))) == ["act.caller.other"]
    word, _ = ear.assessment(4).evidence
    assert word.at == 3, "a find keeps the time at which it was first known"
    again, _ = ear.heard(said(LISTED, 9, 1))
    assert (rules([again]), again.at) == ({"lewd.listed"}, 9), "another utterance tells it anew"


def test_a_find_that_a_harmless_phrase_may_yet_cover_waits() -> None:
    ear = hearing()
    assert list(ear.heard(said(LISTED, 1, final=False))) == []
    assert rules(ear.settle()) == {"lewd.listed", "act.caller.other"}


def test_what_the_recogniser_takes_back_is_taken_back() -> None:
    ear = hearing()
    list(ear.heard(said(f"{LISTED}啊", 1, final=False)))
    before = ear.assessment(1).score
    withdrawn, _ = ear.heard(said("今天下雨了", 2))
    assert withdrawn.rule.endswith(".withdrawn")
    assert withdrawn.weight < 0
    assert ear.assessment(2).score < before


def test_an_act_waits_for_the_end_or_a_pause() -> None:
    ear = hearing()
    assert list(ear.heard(said("你穿裙子", 1, final=False))) == []
    (act,) = ear.settle()
    assert (act.rule, act.kind, act.weight, act.detail) == ("act.caller.lewd", Kind.LEWD, 3.5, "1")
    assert list(ear.settle()) == [], "nothing new"
    assert list(ear.heard(said("你穿裙子", 2))) == [], "what the pause told stands"
    assert ear.assessment(2).evidence == (act,)


class Counting(Plain):
    """Counts how often it is asked."""

    asked = 0

    def hear(self, memory, speaker, syllables):
        self.asked += 1
        return super().hear(memory, speaker, syllables)


def test_the_same_words_are_understood_once() -> None:
    acts_ = Counting()
    ear = Hearing(replace(plain(), acts=acts_))
    list(ear.heard(said("请问您要", 0.5, speaker=AGENT, final=False)))
    for at in (1.0, 1.2, 1.4):
        list(ear.heard(said("你穿裙子", at, final=False)))
        list(ear.settle())
    assert acts_.asked == 1, "an agent who goes on is heard out; the caller's words are the same"
    list(ear.heard(said("你穿裙子", 1.6)))
    assert acts_.asked == 1, "as its final too"
    list(ear.heard(said("请问您要", 1.8, speaker=AGENT, final=False)))
    list(ear.settle())
    assert acts_.asked == 2, "the agent pauses"


def test_an_utterance_that_goes_on_after_a_pause_is_understood_anew() -> None:
    ear = hearing()
    list(ear.heard(said("你这个废物", 1, final=False)))
    list(ear.settle())
    found = list(ear.heard(said("你这个废物我要投诉", 2)))
    assert acts(found) == ["act.caller.insult_agent.withdrawn", "act.caller.grievance"]
    assert sum(e.weight for e in ear.assessment(2).evidence if e.source is Source.ACTS) == 3.5 - 3.0
    assert ear.assessment(2).standing is Standing.COMPLAINT


def test_a_late_partial_of_a_closed_utterance_is_ignored() -> None:
    ear = hearing()
    list(ear.heard(said("我想查话费", 1)))
    assert list(ear.heard(said(LISTED, 2, 0, final=False))) == []


def test_an_agents_words_are_evidence_but_none_of_the_list() -> None:
    ear = hearing()
    (act,) = ear.heard(said(f"{LISTED}请自重", 1, speaker=AGENT))
    assert (act.rule, act.weight) == ("act.agent.rebuke", 3.0)


def test_a_pretext_names_no_matter_whatever_it_seems_to_do() -> None:
    ear = Hearing(replace(plain(), lexicon=shipped().lexicon, acts=Always(Act.BUSINESS)))
    assert acts(list(ear.heard(said("喂你好我想咨询一下", 1)))) == ["act.caller.opening"]
    assert acts(list(ear.heard(said("我想咨询一下宽带续费", 2, 1)))) == ["act.caller.business"]


def test_a_pretext_said_ever_again_is_no_share_of_a_matter() -> None:
    ear = Hearing(replace(plain(), lexicon=shipped().lexicon, acts=Always(Act.BUSINESS)))
    for number in range(FEW_UTTERANCES):
        assert ear.matter_share == 1.0, "too few to tell"
        list(ear.heard(said("喂你好我想咨询一下", number, number)))
    assert ear.matter_share == 0.0
    list(ear.heard(said("我想咨询一下宽带续费", FEW_UTTERANCES, FEW_UTTERANCES)))
    assert ear.matter_share == 1 / (FEW_UTTERANCES + 1)


def test_acts_are_counted_and_said_in_plain_words() -> None:
    ear = hearing()
    for number in range(2):
        found = list(ear.heard(said("请问您要咨询什么业务", number, number, speaker=AGENT)))
    assert Teller().evidence(found[0].rule, found[0].detail) == "坐席第 2 次引回正题"


def test_our_own_prompts_are_the_agents_turns() -> None:
    ear = hearing()
    (act,) = ear.played(Prompt.STEER, 1.0)
    assert act.rule == "act.agent.steer"
    assert list(ear.played(Prompt.SIGNAL_TONE, 2.0)) == [], "a tone says nothing"
    quiet = Hearing(shipped())
    assert list(quiet.played(Prompt.STILL_THERE, 2.0)) == [], "who is silent does nothing"


def test_who_speaks_over_whom_makes_no_difference_to_the_sum() -> None:
    ear = hearing()
    list(ear.heard(said("你穿裙子", 1, final=False)))
    list(ear.heard(said("请自重", 1.2, speaker=AGENT, final=False)))
    list(ear.settle())
    list(ear.heard(said("请自重", 2, speaker=AGENT)))
    list(ear.settle())
    list(ear.heard(said("你穿裙子", 3)))
    assert ear.assessment(3).score == pytest.approx(-4.0 + 3.5 + 3.0)


@given(
    st.lists(
        st.tuples(st.sampled_from(Speaker), st.sampled_from([*WORDS, "嗯", ""]), st.booleans(), st.booleans()),
        max_size=30,
    )
)
def test_what_is_told_adds_up_to_the_score(turns) -> None:
    """The log holds everything that the score is made of: whatever order partials, finals and pauses come in."""
    ear = hearing()
    told = 0.0
    number: Counter[Speaker] = Counter()
    for at, (speaker, text, final, pause) in enumerate(turns):
        found = [*ear.heard(said(text, at, number[speaker], speaker=speaker, final=final))]
        found += ear.settle() if pause else ()
        number[speaker] += final
        told += sum(e.weight for e in found if e.source is Source.ACTS)
        acts_now = sum(e.weight for e in ear.assessment(at).evidence if e.source is Source.ACTS)
        assert told == pytest.approx(acts_now)


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


def test_a_call_of_hours_stays_small_and_weighs_the_same() -> None:
    ear = hearing()
    for number in range(ACT_LIMIT + 100):
        list(ear.heard(said(f"{LISTED}球赛", number, number)))
        list(ear.heard(said("什么业务", number, number, speaker=AGENT)))
    evidence = ear.assessment(9999).evidence
    assert max(Counter(e.rule for e in evidence if e.source is Source.WORDS).values()) <= SAME_RULE_LIMIT
    assert len(evidence) <= ACT_LIMIT + SAME_RULE_LIMIT
    assert sum(e.weight for e in evidence if e.source is Source.ACTS) == pytest.approx(2.5 * (ACT_LIMIT + 100))


def test_utterances_that_are_never_closed_do_not_pile_up() -> None:
    ear = hearing()
    for number in range(500):
        list(ear.heard(said(LISTED, number, number, final=False)))
    assert sum(e.source is Source.WORDS for e in ear.assessment(500).evidence) < 30
