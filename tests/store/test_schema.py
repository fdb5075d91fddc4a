"""The schema is made by migrations only, on SQLite and PostgreSQL alike."""

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from screener.core.evidence import Kind, Treatment
from screener.errors import StoreError
from screener.reports.frequency import Bucket, frequency
from screener.reports.sources import sources
from screener.reports.span import SourceBy, Span
from screener.store.check import check_database
from screener.store.engine import make_engine
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord, TreatmentRow
from screener.store.schema import downgrade, known_revisions, migrate, newest_revision, scripts
from screener.store.tables import Base
from tests.reports.random_log import random_calls


@pytest.fixture
def url(empty_url: str) -> str:
    """Here logs are made."""
    return empty_url


def test_the_migrations_make_what_the_models_describe(url: str) -> None:
    log = open_log(url)
    with log.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [d for d in compare_metadata(context, Base.metadata) if not _is_search(d)]
        assert differences == []
    log.close()


def _is_search(difference: tuple) -> bool:
    """What the database itself keeps to search transcripts with is no table of the models."""
    what, thing = difference[0], difference[1]
    return what in ("remove_table", "remove_index") and thing.name.startswith(("segment_te", "ix_segments_text"))


def test_up_and_down_and_up_again(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    assert "calls" in inspect(engine).get_table_names()
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    assert "calls" in inspect(engine).get_table_names()
    engine.dispose()


OLD_ROWS = [
    # id, second, number, dialled, entrance, verdict, treatment, referred_by
    ("a", "2026-03-04 04:00:01", "+861", "100", "in_path", "genuine", "none", ""),
    ("b", "2026-03-04 04:14:59", "+861", "100", "in_path", "harassment", "analysis_queue", ""),
    ("c", "2026-03-04 04:15:00", "+862", "101", "in_path", None, "none", ""),
    ("d", "2026-03-05 00:00:00", "+862", "900", "by_hand", "harassment", "analysis_queue", "8001"),
]


def test_a_filled_log_of_the_first_schema_comes_up_whole_and_goes_back(url: str) -> None:
    engine = make_engine(url)
    migrate(engine, "0001")
    columns = (
        "id, started_at, ended_at, number, dialled, entrance, verdict, treatment, referred_by, display_name, "
        "line, region, carrier, node, uniqueid, linkedid, dry_run, review, reviewed_by"
    )
    fixed = "'', 'mobile', '北京市', '', '', '', '', false, 'none', ''"
    with engine.begin() as connection:
        for id_, at, *rest in OLD_ROWS:
            values = (id_, at + ".000000", at + ".500000", *rest)
            texts = ", ".join("NULL" if value is None else f"'{value}'" for value in values)
            connection.execute(text(f"INSERT INTO calls ({columns}) VALUES ({texts}, {fixed})"))
        connection.execute(
            text(
                "INSERT INTO evidence (call_id, at, rule, source, weight, span, note) "
                "VALUES ('b', 1, 'lewd.1', 'words', 2, '', '')"
            )
        )
    engine.dispose()

    log = open_log(url)
    assert [call.id for call in log.calls()] == ["d", "c", "b", "a"]
    assert [call.agent for call in log.calls()] == ["8001", "", "", ""]
    assert log.call("b").evidence[0].rule == "lewd.1"
    rows = frequency(log, Span(), Bucket.DAY, UTC).rows
    assert [(row.bucket, row.offered, row.flagged, row.by_hand) for row in rows] == [
        ("2026-03-04", 3, 1, 0),
        ("2026-03-05", 1, 1, 1),
    ]
    with log.engine.connect() as connection:
        slots = connection.execute(text("SELECT quarter, dialled, offered FROM offered_times ORDER BY 1, 2")).all()
    quarter = int(datetime(2026, 3, 4, 4, tzinfo=UTC).timestamp()) // 900
    assert [tuple(slot) for slot in slots] == [(quarter, "100", 2), (quarter + 1, "101", 1), (quarter + 80, "", 1)]
    regions = sources(log, Span(), SourceBy.REGION)
    assert [(row.source, row.calls, row.flagged) for row in regions] == [("北京市", 4, 2)]
    before = [replace(call, agent="") for call in log.calls()]

    downgrade(log.engine, "0001")
    assert {"offered_times", "accesses"}.isdisjoint(inspect(log.engine).get_table_names())
    with log.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM calls")).scalar() == len(OLD_ROWS)
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar() == 1
    log.close()
    log = open_log(url)
    assert [replace(call, agent="") for call in log.calls()] == before
    assert frequency(log, Span(), Bucket.DAY, UTC).rows == rows
    log.close()


def told_as_before(call: CallRecord) -> CallRecord:
    """The older schema told no mimicry and no breathing apart."""
    return replace(call, kind=Kind.PRANK) if call.kind in (Kind.MIMIC, Kind.BREATHING) else call


def test_the_last_steps_go_back_and_come_again_on_a_filled_log(url: str) -> None:
    """Back then a log had no queue of a call in path: it is lost, and with it the answer to which queue is hit."""
    log = open_log(url)
    log.write([told_as_before(call) for call in random_calls(0)])
    downgrade(log.engine, "0002")
    columns = {column["name"] for column in inspect(log.engine).get_columns("calls")}
    indexes = {index["name"] for index in inspect(log.engine).get_indexes("calls")}
    assert {"own", "root", "queue"}.isdisjoint(columns)
    assert {"ix_calls_uniqueid", "ix_calls_number_started_at_entrance", "ix_calls_marked"} <= indexes
    log.close()
    log = open_log(url)
    answers = [frequency(log, Span(), Bucket.HOUR, UTC), *(sources(log, Span(), by) for by in SourceBy)]
    calls = log.calls(limit=None)
    own = own_ids(log)
    assert len(own) < len(calls)
    downgrade(log.engine, "0002")
    log.close()
    log = open_log(url)
    assert log.calls(limit=None) == calls
    assert own_ids(log) == own, "the linkedid tells it again"
    assert [frequency(log, Span(), Bucket.HOUR, UTC), *(sources(log, Span(), by) for by in SourceBy)] == answers
    log.close()


def test_older_rows_learn_which_call_they_belong_to(url: str) -> None:
    """Withheld callers of old logs are nobody, agents lose what the PBX puts before their name."""
    engine = make_engine(url)
    migrate(engine, "0004")
    rows = [
        ("a", "2026-03-04 04:00:00", "+861", "100", "in_path", "genuine", "17.1", "", "", True),
        ("b", "2026-03-04 04:20:00", "+861", "sales", "beside", "harassment", "17.1", "", "Agent/8001", False),
        ("c", "2026-03-04 04:21:00", "0000000000", "sales", "replay", "harassment", "17.2", "queue_log", "", True),
        ("d", "2026-03-04 04:22:00", "138****8000", "900", "by_hand", "harassment", "17.3", "", "", False),
    ]
    columns = (
        "id, started_at, number, dialled, entrance, verdict, linkedid, node, agent, own, ended_at, display_name, "
        "line, region, carrier, uniqueid, dry_run, review, reviewed_by, treatment, referred_by"
    )
    fixed = "'2026-03-04 05:00:00.000000', '', 'mobile', '', '', '', false, 'none', '', 'none', ''"
    with engine.begin() as connection:
        for id_, at, *rest in rows:
            texts = ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in (id_, at + ".000000", *rest))
            connection.execute(text(f"INSERT INTO calls ({columns}) VALUES ({texts}, {fixed})"))
    engine.dispose()
    log = open_log(url)
    with log.reading() as connection:
        found = connection.execute(text("SELECT id, root, number, queue, agent, own FROM calls ORDER BY id")).all()
    assert [tuple(row[:5]) for row in found] == [
        ("a", "a", "+861", "", ""),
        ("b", "a", "+861", "", "8001"),
        ("c", "c", "", "sales", ""),
        ("d", "d", "", "", ""),
    ]
    assert [bool(row.own) for row in found] == [True, False, True, True]
    (hour,) = (row for row in frequency(log, Span(), Bucket.HOUR, UTC).rows if row.offered)
    assert (hour.offered, hour.flagged, hour.by_hand) == (3, 3, 1)
    log.close()


def test_seconds_of_imported_calls_come_to_count_from_the_answer(url: str) -> None:
    log = open_log(url)
    given = TreatmentRow(Treatment.ANALYSIS_QUEUE, 55.0, 75.0, False, True, "8001")
    came = datetime(2026, 3, 4, 4, tzinfo=UTC)
    heard = CallRecord("a", came, came + timedelta(seconds=5), came, flagged_at=55.0, treatments=(given,))
    log.write([heard, replace(heard, id="pbx-1", node="queue_log")])
    downgrade(log.engine, "0013")
    with log.engine.connect() as connection:
        query = (
            "SELECT flagged_at, began, ended FROM calls JOIN treatments ON call_id = calls.id ORDER BY calls.id"
        )
        assert [tuple(row) for row in connection.execute(text(query))] == [(55.0, 55.0, 75.0), (60.0, 60.0, 80.0)]
    log.close()
    log = open_log(url)
    assert [(call.flagged_at, call.treatments) for call in map(log.call, ("a", "pbx-1"))] == [(55.0, (given,))] * 2
    log.close()


def test_files_of_migrations_are_named_by_their_revisions_and_follow_each_other() -> None:
    steps = [step.revision for step in scripts().walk_revisions()]
    assert steps == sorted(known_revisions(), reverse=True)
    assert steps[0] == newest_revision()


def own_ids(log: CallLog) -> set[str]:
    with log.reading() as connection:
        return set(connection.scalars(text("SELECT id FROM calls WHERE own")))


@pytest.mark.parametrize(
    "made_by", ["CREATE TABLE invoices (a)", "CREATE TABLE alembic_version (version_num)", ""]
)
def test_a_database_of_something_else_is_left_as_it_is(made_by: str, tmp_path: Path) -> None:
    """Not a byte is written into it, nor its mode changed, by whoever opens it for a log."""
    file = tmp_path / "f.db"
    file.touch()
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.executescript(made_by and f"{made_by}; CREATE TABLE x (a); INSERT INTO x VALUES (1)")
    file.chmod(0o644)
    before = file.read_bytes()
    url = f"sqlite:///{file}"
    for choice in ({"must_exist": True, "read_only": True}, {"must_exist": True}, *([{}] if made_by else [])):
        with pytest.raises(StoreError, match="no call log"):
            open_log(url, **choice)
        assert (file.read_bytes(), file.stat().st_mode & 0o777) == (before, 0o644)
        assert [one.name for one in tmp_path.iterdir()] == ["f.db"]
    if made_by:
        with pytest.raises(StoreError, match="something else"):
            check_database(url, tmp_path)
    else:
        assert "filled by serve" in check_database(url, tmp_path)
        open_log(url).close()
        check_database(url, tmp_path)


def test_a_database_without_a_log_is_not_filled_by_who_only_looks(url: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_an_extension (a INTEGER)"))
    with pytest.raises(StoreError, match="no call log"):
        open_log(url, must_exist=True)
    assert inspect(engine).get_table_names() == ["of_an_extension"]
    engine.dispose()


def test_a_log_of_a_newer_version_is_left_alone(url: str) -> None:
    log = open_log(url)
    with log.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    log.close()
    with pytest.raises(StoreError, match=r"9999.*newer"):
        open_log(url)


def test_an_unknown_word_is_refused_by_the_database_itself(url: str) -> None:
    log = open_log(url)
    with log.engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(
            text("INSERT INTO lists VALUES ('nonsense', '+861', '', '2026-01-01 00:00:00+00:00', NULL)")
        )
    log.close()


def test_parts_go_with_their_call_and_never_stand_alone(url: str) -> None:
    log = open_log(url)
    with pytest.raises(IntegrityError), log.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO transfers (call_id, at, target, ok, status) VALUES ('no', 0, 'agents', true, 200)")
        )
    log.close()


OPENS = """\
import os, sys, traceback
import alembic.command, psycopg
from screener.store.log import open_log

all_there, here = os.pipe()
processes = []
for _ in range(4):
    if process := os.fork():
        processes.append(process)
        continue
    os.close(here)
    os.read(all_there, 1)  # ends when the last one of us has closed its end
    try:
        open_log(sys.argv[1]).close()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
os.close(here)
print(*(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes))
"""
"""Four that have loaded what they need."""


def test_processes_that_start_together_make_one_log(url: str) -> None:
    done = subprocess.run([sys.executable, "-c", OPENS, url], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["0"] * 4, done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "not one"),
        ("mysql://h/d", "mysql|driver"),
        ("sqlite://", "memory"),
        ("postgresql://postgres@127.0.0.1:1/none", "cannot be opened"),
    ],
)
def test_a_wrong_url_is_one_line_that_says_so(wrong: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as error:
        open_log(wrong)
    assert "\n" not in str(error.value)


def test_a_password_is_never_told() -> None:
    with pytest.raises(StoreError) as error:
        open_log("postgresql://postgres:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(error.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello world, this is no database at all" * 100)
    with pytest.raises(StoreError, match=r"x\.db.*not a database"):
        open_log("sqlite:///x.db", tmp_path)


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no call log"):
        open_log("sqlite:///none.db", tmp_path, must_exist=True)
    assert list(tmp_path.iterdir()) == []
