"""How well the shipped model judges: every fifth call of the hands kept apart, from which nothing was learned.

A bar and no measurement: `screener evaluate --hands --kept` counts them all. It is so low that a model made anew,
as good as this one, passes it, and one that finds half of it does not.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import KEPT, read_corpus
from screener.training.acts.measure import MeasuredCall, share, told

EVERY = 5
FOUND = 0.78
"""Share of the harassing calls that is flagged while they last at least; it is 111 of 127 (87 %)."""
WRONGLY = 0.02
"""Share of all others, abusive complaints among them, that is ever flagged at most; it is 1 of 209."""


@pytest.fixture(scope="module")
def judged() -> Sequence[MeasuredCall]:
    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    return list(told(read_corpus(KEPT)[::EVERY], judgement))


def test_there_are_enough_of_every_hand(judged: Sequence[MeasuredCall]) -> None:
    assert sum(t.call.is_harassment for t in judged) >= 100 <= sum(not t.call.is_harassment for t in judged)
    assert {t.call.hand for t in judged} == {call.hand for call in read_corpus(KEPT)}


def test_most_harassing_calls_are_flagged_while_they_last(judged: Sequence[MeasuredCall]) -> None:
    found = share(t.flagged_live for t in judged if t.call.is_harassment)
    assert found.hits >= FOUND * found.total, found


def test_hardly_any_other_call_is_flagged(judged: Sequence[MeasuredCall]) -> None:
    wrongly = share(t.flagged for t in judged if not t.call.is_harassment)
    assert wrongly.hits <= WRONGLY * wrongly.total, wrongly
