"""The clock of the listening: when a caller is silent, pauses, talks about nothing, or was heard long enough."""

import pytest

from screener.core.flow import Flow
from screener.core.patience import PROMPT_LIMIT, SPEECH_LIMIT, STEER_SILENCE, Patience
from screener.events import Cue, CueKind, Tick
from tests.core.helpers import said

FLOW = Flow(silence_seconds=5, silence_prompts=2, steer_seconds=8, settle_seconds=1.0, listen_seconds=30)


@pytest.fixture
def patience() -> Patience:
    made = Patience(FLOW)
    made.begin(0.0)
    return made


def test_nobody_is_silent_before_the_time_and_prompts_do_not_count(patience: Patience) -> None:
    assert not patience.is_silent(4.9)
    assert patience.is_silent(5.0)
    patience.prompting(5.0, interruptible=True)
    assert not patience.is_silent(9.0)
    patience.prompted(9.0)
    assert not patience.is_silent(13.9)
    assert patience.is_silent(14.0)


def test_a_prompt_whose_end_is_never_told_ends_all_the_same(patience: Patience) -> None:
    patience.prompting(1.0, interruptible=True)
    assert not patience.is_silent(1.0 + PROMPT_LIMIT - 0.1)
    assert patience.is_silent(1.0 + PROMPT_LIMIT)


def test_a_voice_is_no_silence_and_one_that_never_ends_is_noise(patience: Patience) -> None:
    patience.noticed(Cue(CueKind.SPEECH_START, 1.0))
    assert not patience.is_silent(1.0 + SPEECH_LIMIT - 0.1)
    assert patience.is_silent(1.0 + SPEECH_LIMIT)
    patience.noticed(Cue(CueKind.SPEECH_END, 30.0))
    assert not patience.is_silent(34.9)
    assert patience.is_silent(35.0)


def test_the_clock_of_silence_stands_still_while_the_caller_is_not_heard(patience: Patience) -> None:
    for second in range(1, 21):
        patience.ticked(Tick(float(second), heard=False))
    assert not patience.is_silent(20.0), "on hold, or nothing arrives"
    for second in range(21, 26):
        patience.ticked(Tick(float(second)))
    assert patience.is_silent(25.0)


def test_a_silent_caller_is_asked_so_often_and_again_after_a_sound(patience: Patience) -> None:
    assert [patience.ask() for _ in range(3)] == [True, True, False]
    patience.noticed(Cue(CueKind.SPEECH_START, 9.0))
    assert patience.ask()


def test_words_cut_a_prompt_short_but_no_notice(patience: Patience) -> None:
    patience.prompting(0.0, interruptible=True)
    assert patience.heard(said("你好", 1.0))
    assert not patience.heard(said("你好呀", 1.2)), "once"
    patience.prompting(2.0, interruptible=False)
    assert not patience.heard(said("喂", 3.0))


def test_a_pause_is_a_final_or_a_recogniser_that_listens_on_and_hears_no_other_word(patience: Patience) -> None:
    assert not patience.at_turn_end, "nothing was said yet"
    patience.heard(said("我想查", 2.0, final=False))
    patience.noticed(Cue(CueKind.SPEECH_END, 2.6))
    patience.ticked(Tick(9.0))
    assert not patience.at_turn_end, "neither time nor the end of a voice says that all of it was read"
    patience.heard(said("我想查一下", 2.6, final=False))
    assert not patience.at_turn_end
    patience.heard(said("我想查一下", 3.0, final=False))
    assert patience.at_turn_end
    patience.heard(said("我想查一下话费", 3.3, final=False))
    assert not patience.at_turn_end
    patience.heard(said("我想查一下话费", 3.4))
    assert patience.at_turn_end


def test_a_sentence_is_over_with_its_final_or_when_it_has_stood_for_as_long_as_the_site_says(
    patience: Patience,
) -> None:
    for at in (2.0, 2.4, 2.8):
        patience.heard(said("我想查话费", at, final=False))
        assert patience.at_turn_end == (at > 2.0)
        assert not patience.is_over(at), "who draws breath goes on"
    patience.heard(said("我想查话费", 3.2, final=False))
    assert patience.is_over(3.2)
    patience.noticed(Cue(CueKind.SPEECH_START, 3.2))
    assert not patience.is_over(3.2), "a voice is there again"
    patience.noticed(Cue(CueKind.SPEECH_END, 3.3))
    patience.heard(said("我想查话费", 3.4, utterance=1, final=False))
    assert not patience.is_over(3.4), "the same words once more are another sentence"
    patience.heard(said("我想查话费", 3.5, utterance=1))
    assert patience.is_over(3.5)


def test_a_talker_is_steered_in_a_pause_only(patience: Patience) -> None:
    patience.heard(said("今天天气不错", 1.5))
    assert not patience.is_adrift(8.0)
    patience.heard(said("昨天也不错", 9.5, utterance=1))
    assert not patience.is_adrift(9.5 + STEER_SILENCE - 0.1)
    assert patience.is_adrift(9.5 + STEER_SILENCE)
    patience.prompting(10.6, interruptible=True)
    assert not patience.is_adrift(11.0), "it has just been asked"


def test_time_is_up_for_who_was_heard_or_on_hold_and_silence_is_asked_first(
    patience: Patience,
) -> None:
    assert not patience.is_time_up(31.0)
    patience.heard(said("嗯", 2.0))
    assert not patience.is_time_up(29.9)
    assert patience.is_time_up(30.0)
    held = Patience(FLOW)
    held.begin(0.0)
    held.ticked(Tick(30.0, heard=False))
    assert held.is_time_up(30.0), "nobody waits for ever"
