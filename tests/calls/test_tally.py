"""Calls are counted when they end, by what they came to; treatments and warnings when they begin."""

from screener.calls.tally import Tally
from screener.core.actions import Misconduct, PauseOffered, Treated, Warned, WarningStep
from screener.core.evidence import Treatment, Verdict
from screener.events import CallEnded, EndedBy, Entrance, Tick
from tests.calls.fakes import decided, offered

END = CallEnded(EndedBy.CALLER, 9.0)


def counted(tally: Tally, name: str) -> list[tuple[dict[str, str], float]]:
    return [(dict(sample.labels), sample.value) for sample in tally.samples() if sample.name == name]


def test_the_last_decision_of_a_call_counts_and_only_when_the_call_is_over() -> None:
    tally, offer = Tally(), offered(entrance=Entrance.IN_PATH)
    for item in (decided(Verdict.UNDECIDED, kind=None), decided(Verdict.HARASSMENT), Tick(1.0)):
        tally.observe("a", offer, item, 1.0)
    assert counted(tally, "calls_judged_total") == []
    tally.observe("a", offer, END, 9.0)
    judged = {"verdict": "harassment", "kind": "lewd", "entrance": "in_path"}
    assert counted(tally, "calls_judged_total") == [(judged, 1)]


def test_a_call_without_a_decision_and_one_without_a_kind_are_counted_as_such() -> None:
    tally = Tally()
    tally.observe("a", offered(), END, 9.0)
    tally.observe("b", offered("b"), decided(Verdict.GENUINE, kind=None), 3.0)
    tally.observe("b", offered("b"), END, 9.0)
    found = {labels["verdict"]: (labels["kind"], n) for labels, n in counted(tally, "calls_judged_total")}
    assert found == {"none": ("none", 1), "genuine": ("none", 1)}


def test_what_a_call_came_to_is_no_other_call_s_of_the_same_name() -> None:
    tally = Tally()
    for _ in range(2):
        tally.observe("a", offered(), END, 9.0)
        tally.observe("a", offered(), decided(), 3.0)
    tally.observe("a", offered(), END, 9.0)
    assert [n for _, n in counted(tally, "calls_judged_total")] == [2, 1], (
        "two harassing, one of which nothing is known"
    )


def test_a_treatment_counts_once_by_who_wanted_it() -> None:
    tally = Tally()
    for by_hand in (False, True):
        for done in (False, True):
            treated = Treated(Treatment.TERMINATE, 3.0, done=done, by_hand=by_hand)
            tally.observe("a", offered(), treated, 3.0)
    assert counted(tally, "treatments_total") == [
        ({"treatment": "terminate", "by_hand": "no"}, 1),
        ({"treatment": "terminate", "by_hand": "yes"}, 1),
    ]


def test_each_step_of_a_warning_and_each_pause_that_was_offered_counts() -> None:
    tally = Tally()
    for step in (WarningStep.ASKED, WarningStep.BEGUN, WarningStep.ASKED):
        tally.observe("a", offered(), Warned(Misconduct.ABUSE, 1, step, "rule", 3.0), 3.0)
    tally.observe("a", offered(), PauseOffered(120.0, 9.0), 9.0)
    steps = {labels["step"]: n for labels, n in counted(tally, "warnings_total")}
    assert steps == {WarningStep.ASKED.value: 2, WarningStep.BEGUN.value: 1}
    assert counted(tally, "pauses_offered_total") == [({}, 1)]
