"""The learned model's inference."""

import time
from array import array
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.evidence import Kind, Source
from screener.core.hearing import Hearing
from screener.core.learned import Learned, ngrams
from screener.core.phonetics import fold
from screener.speech.pinyin import inventory, syllables
from tests.core.helpers import rules, said, shipped

BITS = 12
SOUNDS = sorted(inventory())


def model(**units: int) -> Learned:
    """Weighs the n-grams that are named, `ni_hao` as two syllables; everything else weighs nothing."""
    table = array("b", bytes(1 << BITS))
    for name, unit in units.items():
        said = tuple(fold(s) for s in name.split("_"))
        table[ngrams(said, BITS)[-1]] = unit
    return Learned("test", Kind.ABUSE, BITS, table, 0.1, -1.0)


def test_what_weighs_more_than_the_bar_is_shown_where_it_was_said() -> None:
    words = syllables("今天下班以后你给我滚开好不好")
    found = model(gei_wo_gun=30).hear(words)
    assert found
    assert found.kind is Kind.ABUSE
    assert found.weight == 0.1 * 30 - 1.0
    assert words[found.begin : found.end] == ("gei", "wo", "gun")
    assert model(gei_wo_gun=9).hear(syllables("你给我滚")) is None
    assert model(gei_wo_gun=30).hear(()) is None


def test_words_far_apart_are_not_one_sentence() -> None:
    near, far = "给我" + "好" * 5 + "滚开", "给我" + "好" * 40 + "滚开"
    both = model(gei_wo=10, gun_kai=10)
    assert both.hear(syllables(near))
    assert not both.hear(syllables(far))


def test_what_harmless_words_take_off_counts() -> None:
    assert model(gei_wo=20, fa_piao=-15).hear(syllables("给我"))
    assert not model(gei_wo=20, fa_piao=-15).hear(syllables("给我开发票"))


@settings(deadline=None)
@given(st.lists(st.sampled_from(SOUNDS), max_size=60))
def test_a_stretch_lies_in_what_was_said(sounds: list[str]) -> None:
    if found := shipped().learned.hear(sounds):
        assert 0 <= found.begin < found.end <= len(sounds)
        assert found.weight > 0


def test_it_speaks_in_a_pause() -> None:
    ear = Hearing(shipped(), 2)
    words = "没人要的货色还在这装"
    assert "learned.abuse" not in rules(ear.heard(said(words, 1, final=False)))
    (found,) = [e for e in ear.settle() if e.source is Source.MODEL]
    assert (found.rule, found.kind) == ("learned.abuse", Kind.ABUSE)
    assert found.span in words


def test_over_the_bar_it_weighs_at_once_and_never_more_than_a_limit() -> None:
    weights = shipped().weights
    for units, expected in ((11, weights.learned_least + 0.1 * weights.learned), (127, weights.learned_most)):
        ear = Hearing(replace(shipped().without_words(), learned=model(lan_tian=units)), 2)
        (found,) = ear.heard(said("蓝天", 1))
        assert found.weight == pytest.approx(expected)


def test_one_utterance_never_flags_by_the_model_alone() -> None:
    weights = shipped().weights
    assert weights.learned_most * max(1.0, weights.unaddressed) < weights.carry


def test_a_sentence_costs_little() -> None:
    talk = [SOUNDS[7 * n % len(SOUNDS)] for n in range(40)]
    learned = shipped().learned
    learned.hear(talk)
    began = time.process_time()
    for _ in range(100):
        learned.hear(talk)
    assert (time.process_time() - began) / 100 < 0.01
