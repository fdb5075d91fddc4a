"""What was heard is kept for a time only; what was decided stays."""

import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.events import ListName
from screener.store import engine, privacy
from screener.store.find import words_of
from screener.store.log import open_log
from screener.store.privacy import Erased, Purged, Purger, doubt, erase, purge
from screener.store.records import Access, ListedNumber, Review, parse
from screener.store.spool import REFUSED, Spool, erase_refused, purge_refused
from tests.store.test_log import FLAGGED, NOON
from tests.waiting import wait_for


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


def left(folder: Path, *words: str) -> list[str]:
    """Files in which any of the words still stands."""
    return [
        file.name
        for file in folder.rglob("*")
        if file.is_file() and any(w.encode() in file.read_bytes() for w in words)
    ]


WORDS = FLAGGED.segments[0].text, FLAGGED.evidence[0].span


def test_a_reader_delays_the_end_of_the_words_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    log = open_log("sqlite:///calls.db", tmp_path)
    log.write([FLAGGED])
    reader = sqlite3.connect(tmp_path / "calls.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM segments").fetchone()
    assert purge(log, NOON + timedelta(days=1)) == Purged(1, 1, gone=False)
    assert left(tmp_path, *WORDS)
    assert purge(log, NOON + timedelta(days=1)) == Purged(0, 0, gone=False), "said every time"
    reader.execute("COMMIT")
    assert purge(log, NOON + timedelta(days=1)) == Purged(0, 0, gone=True), "though nothing was left to delete"
    assert not left(tmp_path, *WORDS)
    reader.close()
    log.close()


def test_the_timer_comes_back_soon_where_a_reader_stands_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    log = open_log("sqlite:///calls.db", tmp_path)
    log.write([FLAGGED, LATER])
    purger = Purger(log, 90, lambda: LATER.started_at + timedelta(days=3))
    reader = sqlite3.connect(tmp_path / "calls.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM segments").fetchone()
    assert purger.once() == 60
    assert "keeps purged words" in caplog.text
    reader.close()
    assert purger.once() == 6 * 3600
    assert not left(tmp_path, FLAGGED.segments[0].text) or log.call(LATER.id).segments
    log.close()


LATER = replace(FLAGGED, id="later", started_at=NOON + timedelta(days=91), segments=(), evidence=())
"""A call of a site that goes on: it bears the clock out."""


def test_the_timer_purges_at_once_and_stops(url: str) -> None:
    log = open_log(url)
    log.write([FLAGGED, LATER])
    purger = Purger(log, 90, lambda: NOON + timedelta(days=94))
    purger.start()
    for _ in range(200):
        if not log.call(FLAGGED.id).segments:
            break
        purger._stopping.wait(0.05)
    purger.stop()
    assert log.call(FLAGGED.id).segments == ()
    log.close()


class Clocks:
    """The wall clock, and time that goes by."""

    def __init__(self, now: datetime) -> None:
        self.now, self.going = now, 0.0

    def wall(self) -> datetime:
        return self.now

    def went_by(self) -> float:
        return self.going

    def go(self, time: timedelta, jump: timedelta = timedelta(0)) -> None:
        self.now += time + jump
        self.going += time.total_seconds()


TEN_YEARS = timedelta(days=3652)


def test_a_clock_ten_years_ahead_deletes_nothing(url: str, caplog: pytest.LogCaptureFixture) -> None:
    log = open_log(url)
    log.write([FLAGGED])
    clocks = Clocks(NOON + timedelta(minutes=1))
    purger = Purger(log, 90, clocks.wall, going=clocks.went_by)
    purger.once()
    clocks.go(timedelta(hours=6), jump=TEN_YEARS)
    purger.once()
    assert "the clock jumped by 3652 days" in caplog.text
    for call in range(3):  # calls go on, by the wrong clock
        clocks.go(timedelta(hours=6))
        log.write([replace(FLAGGED, id=f"wrong{call}", started_at=clocks.now)])
        purger.once()
    assert log.call(FLAGGED.id).segments, "what was said a minute before is there"
    log.close()


def test_a_service_that_starts_with_a_wrong_clock_deletes_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    log = open_log(url)
    log.write([FLAGGED])
    clocks = Clocks(NOON + TEN_YEARS)
    purger = Purger(log, 90, clocks.wall, going=clocks.went_by)
    purger.once()
    assert log.call(FLAGGED.id).segments
    assert "the newest call is of 2026-03-04" in caplog.text
    assert "--clock-is-right" in caplog.text
    log.close()


def test_a_site_with_few_calls_is_purged_once_the_clock_has_run_evenly(url: str) -> None:
    log = open_log(url)
    log.write([FLAGGED])
    clocks = Clocks(NOON + timedelta(days=200))
    purger = Purger(log, 90, clocks.wall, going=clocks.went_by)
    purger.once()
    assert log.call(FLAGGED.id).segments
    for _ in range(9):
        clocks.go(timedelta(hours=6))
        purger.once()
    assert not log.call(FLAGGED.id).segments, "two days later"
    log.close()


def test_a_log_that_goes_on_bears_the_clock_out(url: str) -> None:
    log = open_log(url)
    assert doubt(log, NOON) == "", "nothing is there to delete"
    log.write([FLAGGED])
    assert doubt(log, NOON + timedelta(days=1)) == ""
    assert doubt(log, NOON + timedelta(days=9)) == ""
    assert "2026-03-04" in doubt(log, NOON + timedelta(days=9, minutes=1))
    log.write([LATER])
    assert doubt(log, LATER.started_at + timedelta(days=3)) == ""
    log.close()


def test_words_of_refused_records_go_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    old, new = FLAGGED, replace(FLAGGED, id="new", started_at=NOON + timedelta(days=2))
    for item in (old, new, b"damaged"):
        spool.refuse(item)
    spool.close()
    purge_refused(tmp_path, NOON + timedelta(days=1))
    kept = [line for line in (tmp_path / REFUSED).read_bytes().splitlines() if line != b"damaged"]
    assert [parse(line) for line in kept] == [
        replace(old, segments=(), evidence=tuple(replace(e, span="") for e in old.evidence)),
        new,
    ]
    erase_refused(tmp_path, FLAGGED.number)
    assert not left(tmp_path, FLAGGED.number, *WORDS)
    purge_refused(tmp_path, datetime.now(UTC) + timedelta(days=1))
    assert b"damaged" not in (tmp_path / REFUSED).read_bytes(), "a line without a time goes by the file's"
    purge_refused(tmp_path / "nowhere", NOON)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A folder of records that the database has refused: the words of one, and a line that is none."""
    kept = Spool(tmp_path / "spool")
    kept.refuse(FLAGGED)
    kept.refuse(b"damaged")
    kept.close()
    assert left(tmp_path / "spool", *WORDS)
    return tmp_path / "spool"


@pytest.mark.parametrize("by", ["purge", "the timer"])
def test_a_purge_of_the_log_is_one_of_the_refused_records_too(spool: Path, by: str) -> None:
    log = open_log("sqlite:///calls.db", spool.parent)
    if by == "purge":
        purge(log, NOON + timedelta(days=1), spool)
    else:
        Purger(log, 90, lambda: NOON + timedelta(days=91), spool).once()
    assert not left(spool, *WORDS)
    assert left(spool, FLAGGED.number), "who called is no word"
    log.close()


def test_whoever_is_forgotten_is_forgotten_in_the_refused_records_too(spool: Path) -> None:
    log = open_log("sqlite:///calls.db", spool.parent)
    erase(log, FLAGGED.number, "x", spool)
    assert not left(spool, FLAGGED.number, *WORDS)
    assert left(spool, "damaged")
    log.close()


def test_a_caller_is_forgotten_and_figures_stay(url: str, tmp_path: Path) -> None:
    log = open_log(url)
    other = replace(FLAGGED, id="other", number="+8613900000000")
    log.write([FLAGGED, replace(FLAGGED, id="second"), other])
    block = ListedNumber(ListName.BLOCK, FLAGGED.number, "x", NOON)
    log.enlist(block, replace(block, number=other.number))
    log.note_access(Access(NOON, "w", "screener list suggest", f"accept={FLAGGED.number}", "x"))
    log.review("other", Review.CONFIRMED, "w", NOON, "console", f"as {FLAGGED.number}")
    log.review("other", Review.NONE, "v", NOON, "console")
    other = log.call("other")
    found = erase(log, FLAGGED.number, "+861***", tmp_path)
    assert found == Erased(calls=2, segments=2, lists=1, notes=1)
    kept = log.call(FLAGGED.id)
    forgotten = replace(FLAGGED, number="", display_name="", segments=())
    assert kept == replace(forgotten, evidence=tuple(replace(e, span="") for e in FLAGGED.evidence))
    assert log.call("other") == other
    assert [entry.number for entry in log.listed(NOON)] == [other.number]
    assert log.accesses()[0].subject == "accept=+861***"
    assert [(word.by, word.reason) for word in words_of(log, ["other"])] == [("w", "as +861***"), ("v", "")]
    assert log.flags_of(FLAGGED.number) == []
    assert erase(log, FLAGGED.number, "+861***") == Erased(0, 0, 0, 0)
    log.close()


def test_a_block_may_stay_when_its_caller_is_forgotten(url: str) -> None:
    log = open_log(url)
    log.enlist(ListedNumber(ListName.BLOCK, FLAGGED.number, "x", NOON))
    assert erase(log, FLAGGED.number, "x", keep_listed=True).lists == 0
    assert log.listed(NOON)
    log.close()


def test_nothing_of_a_forgotten_caller_is_left_in_the_files(tmp_path: Path) -> None:
    log = open_log("sqlite:///calls.db", tmp_path)
    log.write([FLAGGED])
    log.enlist(ListedNumber(ListName.BLOCK, FLAGGED.number, "x", NOON))
    assert left(tmp_path, FLAGGED.number)
    erase(log, FLAGGED.number, "x")
    assert not left(tmp_path, FLAGGED.number, *WORDS)
    log.close()


def test_log_and_spool_are_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = os.umask(0o022)
    try:
        log = open_log("sqlite:///calls.db", tmp_path)
        log.write([FLAGGED])
        spool = Spool(tmp_path / "spool")
        spool.append(FLAGGED)
        spool.refuse(b"x")
        made = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    assert {"calls.db", "calls.db-wal", "spool", "lock", REFUSED} <= made.keys()
    assert made.pop("spool") == 0o700
    assert set(made.values()) == {0o600}, made
    spool.close()
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


def test_a_fault_of_one_purge_does_not_end_the_purger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(privacy, "EVERY_SECONDS", 0.01)
    log = open_log("sqlite:///calls.db", tmp_path)
    asked: list[int] = []

    def clock() -> datetime:
        asked.append(1)
        if len(asked) == 2:  # the first time is the purger's own beginning
            raise OverflowError("date value out of range")
        return NOON

    purger = Purger(log, 90, clock)
    purger.start()
    wait_for(lambda: len(asked) > 3)
    purger.stop()
    log.close()
    assert "transcripts that are too old could not be purged: a fault of ours; tried again" in caplog.messages
