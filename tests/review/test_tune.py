"""Proposals from the log."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.evidence import Kind, Source, Verdict
from screener.core.judgement import Weights
from screener.review.tune import is_flagged, propose
from screener.store.records import CallRecord, EvidenceRow, Review

W = Weights()


def call(name: str, rules: dict[str, float], verdict=Verdict.HARASSMENT, review=Review.NONE) -> CallRecord:
    rows = tuple(
        EvidenceRow(1.0, rule, Source.WORDS, Kind.PRANK, weight, rule, "") for rule, weight in rules.items()
    )
    return CallRecord(name, datetime(2026, 3, 4, tzinfo=UTC), verdict=verdict, review=review, evidence=rows)


def test_a_rule_that_flags_the_wrong_people_is_named() -> None:
    calls = [
        call("wrong 1", {"prank.bad": 6.5}, review=Review.OVERTURNED),
        call("wrong 2", {"prank.bad": 6.5}, review=Review.OVERTURNED),
        call("right", {"prank.good": 6.5}, review=Review.CONFIRMED),
    ]
    best = propose(calls, W)[0]
    assert (best.key, best.spared, best.lost) == ("prank.bad", 2, 0)
    assert best.then == 0.5


def test_a_lower_threshold_is_proposed_only_where_it_flags_nobody_wrongly() -> None:
    missed = call("missed", {"a": 5.6}, Verdict.UNDECIDED)
    best = propose([missed], W)[0]
    assert (best.key, best.found) == ("threshold_of.prank", 1)
    genuine = call("genuine", {"a": 5.6}, Verdict.GENUINE)
    assert propose([missed, genuine], W) == []


def test_nothing_to_learn_from() -> None:
    assert propose([], W) == []
    assert propose([call("right", {"a": 6.5}, review=Review.CONFIRMED)], W) == []


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcd"), st.floats(0.1, 8.0), max_size=3),
            st.sampled_from(Verdict),
            st.sampled_from(Review),
        ),
        max_size=8,
    )
)
def test_no_proposal_flags_anybody_it_should_not(described) -> None:
    calls = [call(str(n), *d) for n, d in enumerate(described)]
    for proposal in propose(calls, W):
        if proposal.key.startswith("threshold_of."):
            other = replace(W, threshold_of={Kind(proposal.key.split(".")[1]): proposal.then})
            more = [c for c in calls if is_flagged(c.evidence, other) and not is_flagged(c.evidence, W)]
            assert all(c.review is not Review.OVERTURNED and c.verdict is not Verdict.GENUINE for c in more)
        assert proposal.spared > proposal.lost or proposal.found
