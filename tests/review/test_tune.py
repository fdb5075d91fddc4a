"""Proposals from the log."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Kind, Source, Verdict
from screener.core.judgement import Weights
from screener.errors import SettingsError
from screener.events import Entrance
from screener.resources import config_folder
from screener.review.tune import HARMLESS, Unproposed, WhenFlagged, flagged, load_protected, propose, unproposed
from screener.settings.judgement import load_weights
from screener.store.records import CallRecord, EvidenceRow, Review

W = Weights()


def call(name: str, rules: dict[str, float], verdict=Verdict.HARASSMENT, review=Review.NONE) -> CallRecord:
    rows = tuple(
        EvidenceRow(1.0, rule, Source.WORDS, Kind.PRANK, weight, rule, "") for rule, weight in rules.items()
    )
    return CallRecord(name, datetime(2026, 3, 4, tzinfo=UTC), verdict=verdict, review=review, evidence=rows)


def test_a_rule_that_flags_the_wrong_people_is_named() -> None:
    calls = [
        call("wrong 1", {"act.caller.absurd": 6.5}, review=Review.OVERTURNED),
        call("wrong 2", {"act.caller.absurd": 6.5}, review=Review.OVERTURNED),
        call("right", {"prank.good": 6.5}, review=Review.CONFIRMED),
    ]
    best = propose(calls, W, least=1)[0]
    assert (best.key, best.spared, best.lost) == ("factor.act.caller.absurd", 2, 0)
    assert best.then == 0.75, "as little as spares both"


def test_nothing_is_proposed_on_the_word_about_one_call_or_two() -> None:
    wrong = [call(f"wrong {n}", {"a": 6.5}, review=Review.OVERTURNED) for n in range(3)]
    assert propose(wrong[:2], W) == []
    unsaid = call("nobody's word", {"a": 6.5})
    assert propose([*wrong[:2], unsaid], W) == []
    assert propose(wrong, W)[0].spared == 3


def test_what_was_missed_is_found_only_where_it_flags_nobody_wrongly() -> None:
    missed = call("missed", {"a": 5.7}, Verdict.UNDECIDED, Review.CONFIRMED)
    best = propose([missed], W, least=1)[0]
    assert (best.gained, best.found) == (1, 0)
    genuine = call("genuine", {"a": 5.7}, Verdict.GENUINE)
    assert propose([missed, genuine], W, least=1) == []
    assert propose([missed], W, [genuine.evidence], least=1) == [], (
        "nor one of the protected calls that ship with the product"
    )


def test_another_threshold_is_proposed_where_it_sets_right_more_than_any_factor() -> None:
    missed = [call(f"missed {n}", {f"a{n}": 5.7}, Verdict.UNDECIDED, Review.CONFIRMED) for n in range(2)]
    best = propose(missed, W, least=1)[0]
    assert (best.key, best.now, best.then, best.gained) == (
        "threshold_of.prank",
        W.threshold,
        W.threshold - 0.5,
        2,
    )
    genuine = call("genuine", {"b": 5.7}, Verdict.GENUINE)
    assert {p.key for p in propose([*missed, genuine], W, least=1)} == {"factor.a0", "factor.a1"}, (
        "it would flag the third"
    )
    wrong = [call(f"wrong {n}", {f"a{n}": 6.2}, review=Review.OVERTURNED) for n in range(2)]
    best = propose(wrong, W, least=1)[0]
    assert (best.key, best.then, best.spared) == ("threshold_of.prank", W.threshold + 0.5, 2)


def test_a_call_is_weighed_by_the_thresholds_of_the_way_it_came() -> None:
    weights = replace(W, in_path=-1.0)
    wrong = call("wrong", {"a": W.threshold - W.prior - 0.5}, review=Review.OVERTURNED)
    assert propose([wrong], weights, least=1)
    assert not propose([replace(wrong, entrance=Entrance.BESIDE)], weights, least=1), "it would not be flagged"


AFTERWARDS = replace(W, afterwards=-0.8)
"""Less is asked for once a call is over."""


def test_a_flag_told_once_the_call_was_over_can_be_spared_and_is_guarded() -> None:
    told = {"a": W.threshold - W.prior - 0.5}
    wrong = call("wrong", told, review=Review.OVERTURNED)
    assert propose([wrong], AFTERWARDS, least=1)[0].spared == 1
    assert propose([wrong], W, least=1) == [], "where nothing is told afterwards it was no flag of what was heard"
    right = [call(f"right {n}", told, review=Review.CONFIRMED) for n in range(3)]
    assert [p.spared for p in propose([wrong, *right], AFTERWARDS, least=1)] == [], (
        "three right ones would be lost for it"
    )


def test_a_change_that_flags_a_protected_call_only_once_it_is_over_is_harmful() -> None:
    missed = [
        call(f"missed {n}", {f"a{n}": W.threshold - W.prior - 1.0}, Verdict.UNDECIDED, Review.CONFIRMED)
        for n in range(2)
    ]
    best = propose(missed, AFTERWARDS, least=1)[0]
    assert (best.key, best.gained) == ("threshold_of.prank", 2)
    genuine = call("genuine", {"b": W.threshold - W.prior - 1.2}, Verdict.GENUINE)
    for proposed in (
        propose([*missed, genuine], AFTERWARDS, least=1),
        propose(missed, AFTERWARDS, [genuine.evidence], least=1),
    ):
        assert {p.key for p in proposed} == {"factor.a0", "factor.a1"}, "it would be flagged afterwards"


NEAR = W.threshold - W.prior
"""What carries a call to its threshold."""


def test_no_change_flags_a_caller_while_the_call_lasts_who_was_told_afterwards() -> None:
    """Moved from being told about to being treated: of the log as of the calls that ship."""
    missed = [call(f"missed {n}", {"a": NEAR - 1.0}, Verdict.UNDECIDED, Review.CONFIRMED) for n in range(3)]
    assert propose(missed, AFTERWARDS)
    genuine = call("genuine", {"a": NEAR - 0.5}, Verdict.GENUINE)
    assert flagged(genuine.evidence, AFTERWARDS) is WhenFlagged.AFTERWARDS
    assert propose([*missed, genuine], AFTERWARDS) == []
    assert propose(missed, AFTERWARDS, [genuine.evidence]) == []


def test_a_flag_while_the_call_lasts_is_more_than_one_once_it_is_over() -> None:
    late = [call(f"late {n}", {"a": NEAR - 0.5}, review=Review.CONFIRMED) for n in range(3)]
    best = propose(late, AFTERWARDS)[0]
    assert (best.gained, best.lost) == (3, 0)
    wrong = [call(f"wrong {n}", {"b": NEAR + 0.1}, review=Review.OVERTURNED) for n in range(3)]
    assert propose(wrong, AFTERWARDS)[0].spared == 3
    right = [call(f"right {n}", {"b": NEAR + 0.1}, review=Review.CONFIRMED) for n in range(9)]
    assert propose([*wrong, *right], AFTERWARDS) == [], "nine would be told only afterwards"


@pytest.mark.parametrize("harmless", sorted(HARMLESS))
def test_what_is_no_harassment_and_nobody_has_looked_at_is_guarded(harmless: Verdict) -> None:
    """An abusive complaint as well: it is a supervisor's case."""
    missed = [call(f"missed {n}", {"a": NEAR - 0.3}, Verdict.UNDECIDED, Review.CONFIRMED) for n in range(3)]
    unseen = [call(f"unseen {n}", {"a": NEAR - 0.3}, harmless) for n in range(5)]
    assert propose(missed, W)[0].gained == 3
    assert propose([*missed, *unseen], W) == []


def test_every_verdict_but_harassment_and_no_verdict_is_harmless() -> None:
    assert {*Verdict} - {Verdict.HARASSMENT, Verdict.UNDECIDED} == HARMLESS


@pytest.mark.parametrize("in_path", [-0.5, 0.5])
def test_calls_that_ship_are_guarded_whichever_way_they_come(in_path: float) -> None:
    """Where less is asked in path there, where more is asked there beside an agent."""
    weights = replace(W, in_path=in_path)
    entrance = Entrance.IN_PATH if in_path > 0 else Entrance.BESIDE
    limit, missed = weights.at(entrance).threshold - W.prior, Verdict.UNDECIDED
    calls = [
        replace(call(f"missed {n}", {f"a{n}": limit - 0.3}, missed, Review.CONFIRMED), entrance=entrance)
        for n in range(3)
    ]
    assert propose(calls, weights, least=1)[0].key == "threshold_of.prank"
    strict = min(weights.threshold, weights.at(Entrance.IN_PATH).threshold) - W.prior
    shipped = call("shipped", {"b": strict - 0.3}).evidence
    assert {p.key for p in propose(calls, weights, [shipped], least=1)} == {f"factor.a{n}" for n in range(3)}


def test_the_end_of_a_call_is_what_it_stands_at_and_not_its_worst_moment() -> None:
    near = W.threshold - W.prior - 0.5
    heard = call("heard", {"a": near, "b": -2.0}).evidence
    assert (flagged(heard[:1], AFTERWARDS), flagged(heard, AFTERWARDS)) == (
        WhenFlagged.AFTERWARDS,
        WhenFlagged.NEVER,
    )


def test_changes_build_on_each_other() -> None:
    calls = [
        call("wrong 1", {"a": 6.5}, review=Review.OVERTURNED),
        call("wrong 2", {"b": 6.5}, review=Review.OVERTURNED),
        call("right", {"c": 9.0}, review=Review.CONFIRMED),
    ]
    found = propose(calls, W, least=1)
    assert sum(p.spared for p in found) == 2
    assert sum(p.lost for p in found) == 0


def test_the_protected_calls_that_ship_flag_nobody_while_they_last_and_few_once_they_are_over() -> None:
    weights = load_weights(config_folder() / "weights.toml")
    protected = load_protected()
    assert len(protected) >= 100
    told = [flagged(rows, weights) for rows in protected]
    assert WhenFlagged.LIVE not in told
    assert told.count(WhenFlagged.AFTERWARDS) < len(protected) / 4


def test_nothing_to_learn_from() -> None:
    assert propose([], W, least=1) == []
    assert propose([call("right", {"a": 6.5}, review=Review.CONFIRMED)], W, least=1) == []


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcd"), st.floats(0.1, 8.0), max_size=3),
            st.sampled_from(Verdict),
            st.sampled_from(Review),
        ),
        max_size=8,
    ),
    st.sampled_from([W, AFTERWARDS]),
)
def test_no_proposal_flags_anybody_it_should_not(described, weights) -> None:
    calls = [call(str(n), *d) for n, d in enumerate(described)]
    for proposal in propose(calls, weights, least=1):  # each on top of those before it
        where, _, what = proposal.key.partition(".")
        if where == "threshold_of":
            other = replace(weights, threshold_of={**weights.threshold_of, Kind(what): proposal.then})
        else:
            other = replace(weights, factor={**weights.factor, what: proposal.then})
        more = [c for c in calls if flagged(c.evidence, other) > flagged(c.evidence, weights)]
        assert not any(c.review is Review.OVERTURNED for c in more)
        assert not any(c.review is Review.NONE and c.verdict in HARMLESS for c in more)
        weights = other
        assert 3 * proposal.spared + proposal.gained > proposal.lost


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"[]\n" * 99, mtime=0)[:-9], r"\(cut short\)"),
        (b"[]\n", r"\(not packed by gzip\)"),
        (gzip.compress(b"nothing", mtime=0), r"\(damaged\)"),
        (gzip.compress(b"", mtime=0)[:10] + b"\xff" * 9, r"\(damaged\)"),
    ],
)
def test_a_damaged_file_of_protected_calls_is_told_in_few_words(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "p.gz").write_bytes(data)
    with pytest.raises(SettingsError, match=f"cannot be read {said} — install the product anew"):
        load_protected(tmp_path / "p.gz")


def test_why_nothing_is_proposed_is_told() -> None:
    assert unproposed([], W) == Unproposed(0, 0, 0, guarded=False)
    right = [call(f"right {n}", {"a": 6.5}, review=Review.CONFIRMED) for n in range(3)]
    assert propose(right, W) == [] and unproposed(right, W) == Unproposed(3, 3, 0, guarded=False)
    missed = [call(f"missed {n}", {"a": 5.7}, Verdict.UNDECIDED, Review.CONFIRMED) for n in range(3)]
    assert unproposed(missed[:2], W) == Unproposed(2, 2, 2, guarded=False)
    genuine = call("genuine", {"a": 5.7}, Verdict.GENUINE)
    assert propose([*missed, genuine], W) == []
    assert unproposed([*missed, genuine], W) == Unproposed(3, 3, 3, guarded=True)
    far = [call(f"far {n}", {"a": 0.1}, Verdict.UNDECIDED, Review.CONFIRMED) for n in range(3)]
    assert propose(far, W) == [] and unproposed(far, W) == Unproposed(3, 3, 3, guarded=False)


def test_an_utterance_flags_with_all_that_it_says_or_not_at_all() -> None:
    """The session weighs its listed words and its act together."""
    word = EvidenceRow(1.0, "lewd.bed.1", Source.WORDS, Kind.LEWD, 6.5, "…", "")
    harmless = EvidenceRow(1.0, "act.caller.answer", Source.ACTS, Kind.LEWD, -1.0, "…", "1")
    assert flagged([word], W) is WhenFlagged.LIVE
    assert flagged([word, harmless], W) is not WhenFlagged.LIVE
    assert flagged([word, replace(harmless, at=2.0)], W) is WhenFlagged.LIVE, "one that came later"
