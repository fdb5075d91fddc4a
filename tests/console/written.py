"""Calls in the log, as the tests of the pages write them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from screener.console.context import ConsoleContext
from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import EndedBy, LineClass, Speaker
from screener.store.records import CallRecord, DecisionRow, EvidenceRow, Segment, TreatmentRow

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NUMBER = "+8613800138000"
SCRIPT = "<script>alert(1)</script>"


def flagged(name: str, minutes: int, words: str = "你一个人吗", **changes) -> CallRecord:
    """A call that was flagged, so many minutes before noon."""
    at = NOON - timedelta(minutes=minutes)
    call = CallRecord(
        id=name, started_at=at, answered_at=at, ended_at=at + timedelta(seconds=30), number=NUMBER,
        line=LineClass.MOBILE, region="北京市", carrier="中国移动", dialled="95500", queue="sales", agent="8001",
        uniqueid=f"u{name}", linkedid=f"l{name}", verdict=Verdict.HARASSMENT, kind=Kind.LEWD,
        flagged_at=3.0, score=4.0,
        treatment=Treatment.ANALYSIS_QUEUE, ended_by=EndedBy.CALLER,
        segments=(Segment(Speaker.AGENT, 0.5, 1.5, "您好"), Segment(Speaker.CALLER, 2.0, 3.0, words, 0.9)),
        evidence=(
            EvidenceRow(0.0, "time.night", Source.TIME, None, 0.4, "23:00", ""),
            EvidenceRow(3.0, "lewd.a", Source.WORDS, Kind.LEWD, 4.5, words, ""),
            EvidenceRow(3.0, "lewd.b", Source.WORDS, Kind.LEWD, 4.5, words, ""),
        ),
        decisions=(
            DecisionRow(
                3.0, Verdict.HARASSMENT, Kind.LEWD, Treatment.ANALYSIS_QUEUE, 4.0, 2.0,
                dry_run=False, emergency=False, reason="judged:lewd",
            ),
        ),
        treatments=(TreatmentRow(Treatment.ANALYSIS_QUEUE, 3.1, 20.0, completed=False, by_hand=False, agent=""),),
    )  # fmt: skip
    return replace(call, **changes)


def write(context: ConsoleContext, *calls: CallRecord) -> None:
    """Put calls into the log."""
    context.log.write(list(calls))
