"""The ladder: who stands where, when it ends, and what a call on it meets."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from screener.core.actions import Prompt
from screener.core.evidence import Reason, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.ladder import Confirmed, Ladder, LadderStep, standing
from screener.events import Entrance, History, ListName, Rung
from tests.core.helpers import Line, offer

DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SITE = Ladder(
    (
        LadderStep(Rung.WARNED, 1, 30, 30),
        LadderStep(Rung.SUSPENDED, 2, 30, 7),
        LadderStep(Rung.SUSPENDED, 4, 90, 30),
        LadderStep(Rung.REPORTED, 6, 180, 30),
    )
)


def call(flow: Flow | None = None, **changes) -> Line:
    return Line(flow or Flow(), offered=offer(**changes)).begin()


def confirmed(*days: float, said_after: float = 0) -> list[Confirmed]:
    return [Confirmed(BEGIN + day * DAY, BEGIN + (day + said_after) * DAY) for day in days]


def rung(calls: list[Confirmed], day: float, ladder: Ladder = SITE) -> Rung | None:
    where = standing(calls, ladder, BEGIN + day * DAY)
    return where.rung if where else None


def test_each_step_follows_from_how_often_and_within_which_time_and_ends_by_itself() -> None:
    assert rung(confirmed(0), 29) is Rung.WARNED and rung(confirmed(0), 30) is None
    assert rung(confirmed(0, 31), 31) is Rung.WARNED, "two, but not within thirty days"
    twice = confirmed(0, 10)
    assert rung(twice, 16.9) is Rung.SUSPENDED and rung(twice, 17) is Rung.WARNED and rung(twice, 40) is None
    four = confirmed(0, 1, 2, 3)
    where = standing(four, SITE, BEGIN + 12 * DAY)
    assert where is not None and where.until == BEGIN + 33 * DAY, "the longer of two suspensions holds"
    assert rung(confirmed(0, 1, 2, 3, 4, 5), 6) is Rung.REPORTED
    assert rung(four, 5, Ladder()) is None and rung([], 5) is None


def test_it_begins_when_a_person_has_confirmed_it_and_not_before() -> None:
    late = confirmed(0, 1, said_after=5)
    assert rung(late, 4) is None
    assert rung(late, 12.9) is Rung.SUSPENDED and rung(late, 13) is not Rung.SUSPENDED


@given(st.lists(st.floats(0, 400), max_size=12), st.floats(0, 500))
def test_as_plain_loops_have_it(days: list[float], at: float) -> None:
    calls, now = confirmed(*days), BEGIN + at * DAY
    past = sorted(c.called_at for c in calls if c.said_at <= now)
    expected = set()
    for step in SITE.steps:
        for first in past:
            last = [t for t in past if first <= t <= first + step.within_days * DAY]
            for end in last:
                n = sum(first <= t <= end for t in past)
                if n >= step.confirmed and end <= now < end + step.days * DAY:
                    expected.add(step.rung)
    found = standing(calls, SITE, now)
    assert (found.rung if found else None) == max(expected, key=list(Rung).index, default=None)


def test_a_call_on_the_ladder() -> None:
    for where in (Rung.SUSPENDED, Rung.REPORTED):
        line = call(history=History(rung=where))
        assert line.played[0] is Prompt.ANALYSIS_ENTER
        assert (line.decisions[0].verdict, line.decisions[0].reason) == (Verdict.HARASSMENT, Reason.SUSPENDED)
    warned = call(history=History(rung=Rung.WARNED))
    assert warned.played == [Prompt.WARNING, Prompt.GREETING] and not warned.decisions
    assert call(history=History(rung=Rung.SUSPENDED, lists=frozenset({ListName.ALLOW}))).decisions[0].verdict is (
        Verdict.GENUINE
    )
    beside = call(entrance=Entrance.BESIDE, history=History(rung=Rung.SUSPENDED))
    assert beside.decisions[0].treatment is Treatment.ANALYSIS_QUEUE
    dry = call(Flow(dry_run=True), history=History(rung=Rung.SUSPENDED))
    assert dry.decisions[0].treatment is Treatment.NONE
