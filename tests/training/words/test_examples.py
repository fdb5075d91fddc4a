"""What the model learns from."""

import random

from screener.speech.pinyin import syllables
from screener.training.words.examples import (
    CORPUS,
    LONGEST,
    Example,
    filled,
    heard_badly,
    is_for_learning,
    lexicon_sentences,
    own_sentences,
    sentences,
    share_of,
)
from tests.core.helpers import lexicon
from tests.core.test_calls import CALLS


def test_the_same_seed_makes_the_same_sentences() -> None:
    once, again = (list(own_sentences(random.Random(1))) for _ in range(2))
    assert once == again
    counts = share_of(once)
    assert set(counts) == {"abuse", "harmless"}
    assert min(counts.values()) > 200


def test_a_pattern_stands_for_many_sentences() -> None:
    made = {filled("[你|您]好[啊|呀]?{name}", {"name": ["小王"]}, random.Random(n)) for n in range(50)}
    assert made == {you + "好" + end + "小王" for you in "你您" for end in ("", "啊", "呀")}


def test_every_gap_is_filled() -> None:
    slots = (CORPUS / "slots.txt").read_text("utf-8").splitlines()
    names = [tuple(line.partition("=")[0].strip()) for line in slots if "=" in line]
    for example in own_sentences(random.Random(2)):
        for name in names:
            spelled = (example.sounds[i : i + len(name)] for i in range(len(example.sounds)))
            assert name not in spelled or len(name) < 3, example


def test_the_lexicons_phrases_speak_for_what_they_say() -> None:
    made = list(lexicon_sentences(lexicon(), random.Random(1)))
    assert {e.harassing for e in made} == {True, False}


def test_long_talk_is_cut_into_sentences() -> None:
    parts = list(sentences("你好,我想查一下话费。" * 20))
    assert all(0 < len(part) <= LONGEST for part in parts)
    assert list(sentences("")) == []
    assert list(sentences("喂,你好")) == [syllables("喂你好")]


def test_hearing_badly_changes_about_the_share() -> None:
    example = Example(syllables("你好我想查一下话费") * 4, harassing=True)
    heard = heard_badly(example, 0.2, random.Random(1))
    assert heard.harassing is example.harassing
    assert heard.sounds != example.sounds


def test_about_half_of_a_set_is_kept_to_be_measured() -> None:
    kept = [c for c in CALLS if not is_for_learning(c.call.id)]
    assert 0.4 < len(kept) / len(CALLS) < 0.6
