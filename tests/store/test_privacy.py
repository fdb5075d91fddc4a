"""What was heard is kept for a time only; what was decided stays."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from screener.store.log import Access, open_log
from screener.store.privacy import Purged, Purger, purge
from tests.store.test_log import FLAGGED, NOON


def test_old_words_go_and_figures_stay(url: str) -> None:
    log = open_log(url)
    new = replace(FLAGGED, id="new", started_at=NOON + timedelta(days=2))
    log.write([FLAGGED, new])
    assert purge(log, NOON + timedelta(days=1)) == Purged(segments=1, spans=1)
    kept = log.call(FLAGGED.id)
    assert kept.segments == ()
    assert kept == replace(FLAGGED, segments=(), evidence=(replace(FLAGGED.evidence[0], span=""),))
    assert log.call("new") == new
    assert purge(log, NOON + timedelta(days=1)) == Purged(0, 0)
    log.close()


def test_nothing_of_the_words_is_left_in_the_file(tmp_path: Path) -> None:
    log = open_log("sqlite:///calls.db", tmp_path)
    log.write([FLAGGED])
    assert any(FLAGGED.segments[0].text.encode() in file.read_bytes() for file in tmp_path.iterdir())
    purge(log, NOON + timedelta(days=1))
    for words in (FLAGGED.segments[0].text, FLAGGED.evidence[0].span):
        assert not any(words.encode() in file.read_bytes() for file in tmp_path.iterdir())
    log.close()


def test_the_timer_purges_at_once_and_stops(url: str) -> None:
    log = open_log(url)
    log.write([FLAGGED])
    purger = Purger(log, 90, lambda: NOON + timedelta(days=91))
    purger.start()
    for _ in range(200):
        if not log.call(FLAGGED.id).segments:
            break
        purger._stopping.wait(0.05)
    purger.stop()
    assert log.call(FLAGGED.id).segments == ()
    log.close()


def test_a_timer_outlives_a_database_that_is_away(tmp_path: Path, caplog: object) -> None:
    log = open_log("sqlite:///calls.db", tmp_path)
    with sqlite3.connect(tmp_path / "calls.db") as connection:
        connection.execute("DROP TABLE segments")
    purger = Purger(log, 90, lambda: NOON)
    purger.start()
    purger.stop()
    assert "could not be purged" in caplog.text  # type: ignore[attr-defined]
    log.close()


def test_who_took_what_is_kept_newest_first(url: str) -> None:
    log = open_log(url)
    first = Access(datetime(2026, 3, 1, tzinfo=UTC), "王", "screener report sources", "by=number", "a.csv", True)
    second = replace(first, at=first.at + timedelta(days=1), masked=False)
    log.note_access(first)
    log.note_access(second)
    assert log.accesses() == [second, first]
    assert log.accesses(since=second.at) == [second]
    log.close()
