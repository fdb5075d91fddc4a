"""Scoring: what adds up, what only supports, and what the agent's words may carry."""

from dataclasses import replace

import pytest

from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Source, Verdict
from screener.core.scoring import assess
from tests.core.weighed import OVER, W, act, found, verdict


def test_nothing_known_is_undecided_at_the_prior() -> None:
    assert assess((), 0.0, W).score == W.prior
    assert verdict(standing=None) is Verdict.UNDECIDED


def test_acts_add_up_to_a_flag_of_the_newest_ones_kind() -> None:
    evidence = [act(Act.PERSONAL, 3.0, Kind.CHITCHAT), act(Act.STEER, 1.0), act(Act.LEWD, OVER - 4.0)]
    assert verdict(*evidence) is Verdict.HARASSMENT
    assert assess(evidence, 0.0, W).kind is Kind.LEWD
    assert verdict(*evidence[:2]) is Verdict.UNDECIDED


def test_an_agents_words_alone_never_flag() -> None:
    agent = [act(a, OVER) for a in (Act.REBUKE, Act.WARN, Act.STEER, Act.STEER)]
    assert verdict(*agent) is not Verdict.HARASSMENT
    assert verdict(*agent, act(Act.LEWD, W.carry)) is Verdict.HARASSMENT


@pytest.mark.parametrize("source", [Source.CALLER, Source.TIME, Source.HISTORY, Source.SOUND])
def test_what_only_supports_never_flags(source: Source) -> None:
    evidence = [found(9.0, source, Kind.PRANK, rule=f"r{n}") for n in range(20)]
    assert verdict(*evidence) is Verdict.UNDECIDED
    assert assess(evidence, 0.0, W).score == W.prior + W.support


def test_the_same_listed_word_again_weighs_less() -> None:
    once, twice, thrice = (assess([found(2.0, rule="r")] * n, 0.0, W).score for n in (1, 2, 3))
    assert thrice - twice < twice - once < once - W.prior


def test_a_site_says_what_an_act_weighs() -> None:
    evidence = [act(Act.LEWD, OVER)]
    assert verdict(*evidence) is Verdict.HARASSMENT
    assert verdict(*evidence, weights=replace(W, factor={"act.caller.lewd": 0.5})) is not Verdict.HARASSMENT
