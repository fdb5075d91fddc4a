"""What is written of a call: once when it is offered, once when it has ended, whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from screener.calls.logbook import CallNotes
from screener.core.actions import Decided, EvidenceFound, OrderAnswered, OrderOutcome, Treated
from screener.core.evidence import Assessment, Decision, Evidence, Kind, Source, Treatment, Verdict
from screener.events import (
    CallAnswered,
    CallControl,
    CallEnded,
    Caller,
    CallOffered,
    EndedBy,
    Entrance,
    PartiesTold,
    Speaker,
    Target,
    Tick,
    Transcript,
    TransferEnded,
)
from screener.store.records import CallRecord, OrderRow

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
CALLER = Caller("+8613800138000")
OFFER = CallOffered(
    "a",
    NOON,
    NOON,
    Caller("+8613800138000"),
    dialled="100",
    entrance=Entrance.BESIDE,
    agent="8001",
    linkedid="17.1",
)


def decided(verdict: Verdict, at: float, kind: Kind | None = None) -> Decided:
    assessment = Assessment(at, 4.0, kind, ())
    return Decided(Decision(verdict, kind, Treatment.NONE, at, 2.0, assessment, reason="judged"))


def written(*items: object) -> list[CallRecord]:
    ticks = iter(range(100))
    records: list[CallRecord] = []
    notes = CallNotes(records.append, lambda: NOON + timedelta(seconds=next(ticks)))
    for item in items:
        notes.observe("a", OFFER, item, 0.0)
    notes.close("a")
    return records


def test_what_is_known_at_the_flag_is_written_then() -> None:
    evidence = Evidence("lewd.bed.1", Source.WORDS, Kind.LEWD, 6.5, 3.0, "陪", "agent")
    heard = Transcript(Speaker.CALLER, 0, "你好", ("ni", "hao"), 1.0, 1.4, final=True)
    flag = decided(Verdict.HARASSMENT, 3.0, Kind.LEWD)
    _, kept, last = written(OFFER, heard, EvidenceFound(evidence, 5.0, 2.6), flag, Tick(4.0))
    assert (kept.verdict, kept.flagged_at, kept.ended_at) == (Verdict.HARASSMENT, 3.0, None)
    assert [s.text for s in kept.segments] == ["你好"] and [e.rule for e in kept.evidence] == ["lewd.bed.1"]
    assert last == kept, "nothing came after it"
    assert len(written(OFFER, heard, decided(Verdict.GENUINE, 3.0))) == 2, "unflagged calls cost one write more"


def test_who_talks_is_written_as_it_is_told_anew() -> None:
    records: list[CallRecord] = []
    notes = CallNotes(records.append, lambda: NOON)
    notes.observe("a", OFFER, OFFER, 0.0)
    named = replace(
        OFFER, caller=Caller("+8613700002222", region="上海"), agent="8002", linkedid="17.2", uniqueid="u"
    )
    notes.observe("a", named, PartiesTold(named.caller, "8002", "u", "17.2", 4.0), 4.0)
    notes.close("a")
    first, *others = records
    assert (first.number, first.agent) == ("+8613800138000", "8001")
    assert len(others) == 2, "at once, and at the end"
    for one in others:
        assert (one.number, one.region, one.agent) == ("+8613700002222", "上海", "8002")
        assert (one.uniqueid, one.linkedid, one.dialled) == ("u", "17.2", "100")


def test_a_call_is_written_when_it_is_offered_and_whole_when_it_has_ended() -> None:
    evidence = Evidence("lewd.bed.1", Source.WORDS, Kind.LEWD, 6.5, 3.0, "陪", "agent")
    first, *_, last = written(
        OFFER,
        CallAnswered(0.0),
        Transcript(Speaker.CALLER, 0, "你", ("ni",), 1.0, 1.2, final=False),
        Transcript(Speaker.CALLER, 0, "你好", ("ni", "hao"), 1.0, 1.4, final=True),
        EvidenceFound(evidence, 5.0, 2.6),
        decided(Verdict.HARASSMENT, 3.0, Kind.LEWD),
        Treated(Treatment.ANALYSIS_QUEUE, 3.0, done=False),
        TransferEnded(Target.ANALYSIS, ok=True, status=200, at=3.1),
        Treated(Treatment.ANALYSIS_QUEUE, 3.1, done=True, completed=True),
        CallEnded(EndedBy.TRANSFER, 3.2),
    )
    assert (first.id, first.number, first.ended_at) == ("a", "+8613800138000", None)
    assert (last.agent, last.linkedid, last.entrance) == ("8001", "17.1", Entrance.BESIDE)
    assert (last.verdict, last.kind, last.flagged_at) == (Verdict.HARASSMENT, Kind.LEWD, 3.0)
    assert [s.text for s in last.segments] == ["你好"], "finals only"
    assert [(e.rule, e.detail) for e in last.evidence] == [("lewd.bed.1", "agent")]
    assert (last.treatment, last.treatments[0].completed) == (Treatment.ANALYSIS_QUEUE, True)
    assert (last.transfers[0].target, last.ended_by) == ("analysis", EndedBy.TRANSFER)
    assert last.answered_at is not None and last.ended_at is not None


def test_the_last_decision_is_the_verdict_and_the_first_flag_is_when_it_was_flagged() -> None:
    *_, last = written(OFFER, decided(Verdict.HARASSMENT, 3.0, Kind.LEWD), decided(Verdict.GENUINE, 9.0))
    assert (last.verdict, last.kind, last.flagged_at) == (Verdict.GENUINE, None, 3.0)


def test_a_call_in_which_nothing_happened_is_written_all_the_same() -> None:
    first, last = written(OFFER, Tick(1.0))
    assert (first.verdict, last.verdict, last.treatment) == (None, None, Treatment.NONE)


def test_what_is_closed_twice_or_never_seen_is_written_once_or_not() -> None:
    records: list[CallRecord] = []
    notes = CallNotes(records.append, lambda: NOON)
    notes.close("unknown")
    notes.observe("a", OFFER, OFFER, 0.0)
    notes.close("a")
    notes.close("a")
    assert len(records) == 2


def test_every_order_is_written_with_what_came_of_it() -> None:
    answer = OrderAnswered(CallControl.LINE_FAULT, "wang", 4.0, OrderOutcome.TOO_LATE)
    assert written(OFFER, answer, CallEnded(EndedBy.CALLER, 5.0))[-1].orders == (
        OrderRow(4.0, "line_fault", "wang", "too_late"),
    )
