"""Whom an insult is meant for, and what a word weighs for it."""

import pytest

from screener.core import policy
from screener.core.evidence import Evidence, Verdict
from screener.core.hearing import Hearing
from screener.core.scoring import assess
from tests.core.helpers import said, shipped

W = shipped().weights
HEAVY = W.strength["heavy"]


def heard(text: str, rule: str) -> Evidence:
    """The piece of evidence whose rule begins so."""
    (found,) = [e for e in Hearing(shipped(), 2).heard(said(text, 1)) if e.rule.startswith(rule)]
    return found


def verdict(text: str) -> Verdict:
    return policy.verdict(assess(tuple(Hearing(shipped(), 2).heard(said(text, 1))), 1.0, W), W)


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("你这个泼妇", W.directed),
        ("泼妇", W.directed),
        ("那边那个泼妇又来了呀", W.unaddressed),
        ("泼妇银行", W.undirected),
        ("你这个泼妇银行", W.mixed),
        ("那个男人骂人你个泼妇", W.unaddressed),
    ],
)
def test_an_insult_weighs_by_whom_it_is_meant_for(text: str, factor: float) -> None:
    assert heard(text, "abuse.word").weight == pytest.approx(HEAVY * factor)


def test_a_homophone_of_you_inside_an_insult_names_nobody() -> None:
    """草泥马 is written with 泥: it says nothing of the agent, and beside the firm's name it is about the firm."""
    found = heard("草泥马的电信", "abuse.gross")
    assert found.weight == pytest.approx(W.strength["decisive"] * W.undirected)


def test_a_short_word_at_nobody_flags_only_with_more_beside_it() -> None:
    assert verdict("那边那个泼妇又来了呀") is Verdict.UNDECIDED
    assert verdict("那边那个泼妇又来了呀真是个王八羔子") is Verdict.HARASSMENT
    assert verdict("你这个泼妇") is Verdict.HARASSMENT
