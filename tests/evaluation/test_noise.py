"""A simulated bad recogniser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.evaluation.noise import Garbler
from screener.events import Speaker
from screener.replay.run import RecordedCall, Turn
from screener.speech.pinyin import characters_of, syllables

TEXT = "你好我想查一下我的话费余额" * 40


def call(text: str) -> RecordedCall:
    return RecordedCall("c", turns=(Turn(Speaker.CALLER, text),))


def heard(text: str, share: float, seed: int = 1) -> str:
    return Garbler(share).hear(call(text), seed).turns[0].text


def test_without_errors_nothing_changes_and_a_seed_repeats_itself() -> None:
    assert heard(TEXT, 0.0) == TEXT
    assert heard(TEXT, 0.2) == heard(TEXT, 0.2) != heard(TEXT, 0.2, seed=2)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_about_the_share_is_wrong(share: float) -> None:
    """Lost, made-up and other syllables together; an edit distance finds a little less than was done."""
    meant, printed = syllables(TEXT), syllables(heard(TEXT, share))
    assert 0.7 * share < distance(meant, printed) / len(meant) < 1.3 * share


@given(st.text(max_size=40), st.floats(0, 1))
def test_anything_can_be_heard(text: str, share: float) -> None:
    assert isinstance(heard(text, share), str)


def test_everyday_characters_of_a_sound() -> None:
    assert "你" in characters_of()["ni"]
    assert len({c for characters in characters_of().values() for c in characters}) == 3755


def distance(a, b) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
