"""Calls that were heard and not flagged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from screener.core.evidence import Source, Verdict
from screener.store.log import open_log
from screener.store.records import CallRecord, EvidenceRow, Review
from screener.store.unflagged import judged_ids, looked_at, unflagged

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def test_unflagged_is_each_call_once_of_which_no_row_was_flagged(tmp_path: Path) -> None:
    heard = (EvidenceRow(1.0, "act.a", Source.ACTS, None, 1.0, "", ""),)

    def row(name: str, hour: int, linkedid: str, verdict: Verdict, **changes: Any) -> CallRecord:
        at = BEGIN + timedelta(hours=hour)
        given = {"started_at": at, "ended_at": at, "linkedid": linkedid, "verdict": verdict, "evidence": heard}
        return CallRecord(id=name, **given | changes)

    log = open_log(f"sqlite:///{tmp_path}/log.db")
    log.write([row("twice", 1, "1", Verdict.GENUINE), row("again", 2, "1", Verdict.UNDECIDED)])
    log.write([row("before", 3, "2", Verdict.UNDECIDED), row("flag", 4, "2", Verdict.HARASSMENT)])
    log.write([row("unheard", 5, "3", Verdict.GENUINE, evidence=()), row("late", 6, "4", Verdict.GENUINE)])
    log.review("late", Review.CONFIRMED, "王主管", BEGIN)
    found = sorted(unflagged(log, judged_ids(log, BEGIN), BEGIN), key=lambda one: one.started_at)
    assert [(one.id, one.review, one.reviewed_at) for one in found] == [
        ("twice", Review.NONE, None), ("late", Review.CONFIRMED, BEGIN),
    ]  # fmt: skip
    assert found[0].ended_at == BEGIN + timedelta(hours=1)
    assert looked_at(log, BEGIN) == found[1:]
    later = BEGIN + timedelta(hours=1, minutes=30)
    assert [one.id for one in unflagged(log, ["again", "late"], later)] == ["again", "late"]
    assert sorted(judged_ids(log, later)) == ["again", "before", "late", "unheard"]
    log.close()
