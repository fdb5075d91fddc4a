"""Scoring: what adds up, what only supports, and what the agent's words may carry."""

from dataclasses import replace

import pytest

from screener.core.dialogue_acts import Act
from screener.core.evidence import GUESSED, Evidence, Kind, Source, Verdict
from screener.core.scoring import CURSES, assess, counted
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


def curse(kind: Kind = Kind.ABUSE, weight: float = 1.5) -> Evidence:
    return found(weight, kind=kind, rule=f"{kind}.curse.1")


def scored(*evidence: Evidence) -> float:
    return assess(evidence, 0.0, W).score - W.prior


INSULT, STEER = act(Act.INSULT_AGENT, 0.0), act(Act.STEER, 0.0)


def test_who_curses_again_instead_of_telling_a_matter_weighs_more_each_time() -> None:
    assert scored(curse(), INSULT) == 1.5
    assert scored(curse()) == 0, "what it is meant for is known when it is said"
    assert scored(curse(), INSULT, STEER, curse(), INSULT) == pytest.approx(1.5 * (1 + W.again))
    threatened = (curse(), INSULT, STEER, curse(Kind.THREAT, 1.0), INSULT)
    assert scored(*threatened) == pytest.approx(1.5 + W.again), "it is the same anger, whatever it says"


def test_what_each_piece_counts_adds_up_to_the_score() -> None:
    night, again = found(9.0, Source.TIME, None), found(2.0, rule="r")
    lewd = act(Act.LEWD, 1.0)
    known = (night, again, lewd, again, curse(weight=1.0), curse(), INSULT, STEER, curse(), INSULT)
    weights = replace(W, factor={"act.caller.lewd": 0.5})
    counts = counted(known, weights)
    expected = [W.support, 2.0, 0.5, 2.0 * W.repeat, 0.0, 1.5, 0.0, 0.0, 1.5 * W.again, 0.0]
    assert counts == pytest.approx(expected)
    assert assess(known, 0.0, weights).score == pytest.approx(W.prior + sum(counts))
    complained = (curse(), INSULT, STEER, curse(), INSULT, act(Act.GRIEVANCE, -1.0))
    assert counted(complained, W) == [0.0, 0.0, 0.0, 0.0, 0.0, -1.0], "beside a matter"


def test_several_curses_in_one_breath_are_one_the_worst() -> None:
    assert scored(curse(weight=1.0), curse(), curse(Kind.THREAT, 1.2), INSULT) == 1.5
    assert scored(curse(), INSULT, curse(), INSULT) == 1.5, "until an agent has said a word"
    assert scored(curse(weight=0.0), INSULT, STEER, curse(), INSULT) == 1.5, (
        "one that the site does not heed is none"
    )


def test_whoever_goes_on_cursing_is_known_by_then() -> None:
    breath = (curse(), INSULT, STEER)
    assert scored(*breath * 9) == pytest.approx(1.5 * (1 + W.again * (CURSES - 1))) == scored(*breath * CURSES)


@pytest.mark.parametrize("meant", [Act.INSULT_OTHER, Act.ASIDE])
def test_a_curse_that_is_not_meant_for_the_agent_is_no_evidence(meant: Act) -> None:
    assert scored(curse(), act(meant, 0.0), STEER, curse(), act(meant, 0.0)) == 0


def test_a_curse_beside_a_call_for_help_is_no_evidence() -> None:
    danger = found(0.0, Source.EMERGENCY, None)
    assert scored(curse(), INSULT, STEER, curse(), danger, INSULT) == 0


@pytest.mark.parametrize("matter", [Act.BUSINESS, Act.GRIEVANCE, Act.DISTRESS, Act.ANSWER])
def test_a_curse_beside_a_matter_is_no_evidence(matter: Act) -> None:
    twice = (curse(), INSULT, STEER, curse(), INSULT)
    assert scored(act(matter, 0.0), *twice) == 0
    assert scored(*twice, act(matter, 0.0)) == 0, "the matter may come after it"
    assert scored(curse(), act(matter, 0.0)) == 0, "and in the same breath"


def test_a_curse_that_is_guessed_to_be_a_matter_is_a_curse() -> None:
    guess = replace(act(Act.BUSINESS, 0.0), detail=f"1{GUESSED}")
    assert scored(curse(), guess) == 1.5
    assert scored(guess, curse(), INSULT) == 0, "what is said apart from it may be one"


def test_a_site_says_what_an_act_weighs() -> None:
    evidence = [act(Act.LEWD, OVER)]
    assert verdict(*evidence) is Verdict.HARASSMENT
    assert verdict(*evidence, weights=replace(W, factor={"act.caller.lewd": 0.5})) is not Verdict.HARASSMENT
