"""What the PBX is told: verdicts that somebody should see, and a line in queue_log when a caller is moved."""

from dataclasses import replace
from datetime import UTC, datetime

from screener.calls.wallboard import Wallboard
from screener.core.actions import Decided, Treated
from screener.core.evidence import Assessment, Decision, Kind, Treatment, Verdict
from screener.events import CallEnded, Caller, CallOffered, EndedBy, Entrance, Tick

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
CALLER = Caller("+861")
OFFER = CallOffered(
    "a",
    NOON,
    NOON,
    Caller("+861"),
    "95500",
    entrance=Entrance.BESIDE,
    agent="8001",
    uniqueid="17.1",
    linkedid="17.0",
    queue="agents",
)


class Switchboard:
    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.noted: list[tuple[str, ...]] = []
        self.recorded: list[str] = []

    def tell(self, fields: dict[str, str]) -> None:
        self.told.append(fields)

    def record(self, uniqueid: str) -> None:
        self.recorded.append(uniqueid)

    def note(self, *what: str) -> None:
        self.noted.append(what)


def board(*items: object, offer: CallOffered = OFFER) -> Switchboard:
    switchboard = Switchboard()
    wallboard = Wallboard(switchboard)  # type: ignore[arg-type]
    for item in items:
        wallboard.observe("a", offer, item, 0.0)
    return switchboard


def decided(verdict: Verdict, kind: Kind | None = None) -> Decided:
    return Decided(Decision(verdict, kind, Treatment.NONE, 3.0, 2.0, Assessment(3.0, 4.0, kind, ()), dry_run=True))


def test_harassment_and_an_abusive_complaint_are_told_and_nothing_else() -> None:
    quiet = board(decided(Verdict.GENUINE), decided(Verdict.COMPLAINT), decided(Verdict.UNDECIDED), Tick(1.0))
    assert not quiet.told
    loud = board(decided(Verdict.HARASSMENT, Kind.LEWD), decided(Verdict.ABUSIVE_COMPLAINT))
    assert [(t["Verdict"], t["Kind"], t["Agent"], t["DryRun"]) for t in loud.told] == [
        ("harassment", "lewd", "8001", "yes"),
        ("abusive_complaint", "", "8001", "yes"),
    ]
    assert {(t["CallId"], t["CallerUniqueid"], t["CallerLinkedid"]) for t in loud.told} == {("a", "17.1", "17.0")}


def test_a_move_beside_an_agent_is_one_line_of_queue_log_and_one_in_path_is_none() -> None:
    begins, ends = (Treated(Treatment.ANALYSIS_QUEUE, 3.0, done=done) for done in (False, True))
    assert board(begins, ends).noted == [("agents", "17.1", "8001", "analysis_queue|a")]
    in_path = CallOffered("a", NOON, NOON, Caller("+861"), "95500")
    assert board(begins, ends, offer=in_path).noted == []


def test_a_flagged_caller_is_recorded_once_a_call_where_the_site_wants_it_and_never_in_a_dry_run() -> None:
    flag = Decided(replace(decided(Verdict.HARASSMENT, Kind.LEWD).decision, dry_run=False))
    again = CallEnded(EndedBy.CALLER, 9.0)
    for record, items, expected in (
        (True, (flag, flag), ["17.1"]),
        (True, (flag, again, flag), ["17.1", "17.1"]),
        (False, (flag,), []),
        (True, (decided(Verdict.HARASSMENT, Kind.LEWD),), []),
        (True, (replace_verdict(flag, Verdict.ABUSIVE_COMPLAINT),), []),
    ):
        switchboard = Switchboard()
        wallboard = Wallboard(switchboard, record=record)  # type: ignore[arg-type]
        for item in items:
            wallboard.observe("a", OFFER, item, 0.0)
        assert switchboard.recorded == expected


def replace_verdict(flag: Decided, verdict: Verdict) -> Decided:
    return Decided(replace(flag.decision, verdict=verdict))
