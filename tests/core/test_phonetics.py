"""What sounds alike, and what that costs."""

import pytest

from screener.core.phonetics import NEVER, cost, fold, split
from tests.core.helpers import lexicon


@pytest.mark.parametrize(
    ("meant", "heard"),
    [
        ("zhang", "zang"),
        ("chi", "ci"),
        ("shi", "si"),
        ("ni", "li"),
        ("ren", "len"),
        ("ling", "lin"),
        ("sheng", "shen"),
        ("tang", "tan"),
        ("huang", "huan"),
        ("fu", "hu"),
    ],
)
def test_confusions_of_the_telephone_fold_together_and_cost_something(meant: str, heard: str) -> None:
    assert fold(meant) == fold(heard)
    assert 0 < cost(meant, heard) < 2
    assert cost(meant, heard) == cost(heard, meant)


@pytest.mark.parametrize(("meant", "heard"), [("ma", "ba"), ("tong", "ton"), ("shi", "chi"), ("ou", "o")])
def test_others_do_not(meant: str, heard: str) -> None:
    assert fold(meant) != fold(heard) or cost(meant, heard) >= NEVER


def test_two_confusions_in_one_syllable_cost_both() -> None:
    assert cost("zhang", "zan") == pytest.approx(cost("zhang", "zang") + cost("zang", "zan"))


def test_split() -> None:
    assert split("zhuang") == ("zh", "uang")
    assert split("an") == ("", "an")
    assert split("n") == ("", "n")


def test_folding_twice_changes_nothing() -> None:
    for phrase in lexicon().phrases:
        for part in phrase.parts:
            for syllable in part:
                assert fold(fold(syllable)) == fold(syllable)
