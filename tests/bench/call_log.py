"""How big a call log gets, how fast it fills, how long each report and each search takes; beside DuckDB on a CSV.

    nice python tests/bench/call_log.py --calls 1000000 --folder /var/tmp
    nice python tests/bench/call_log.py --calls 10000000 --folder /var/tmp --only sqlite
    nice python tests/bench/call_log.py --log sqlite:////var/tmp/calls.db      # a log that is there already

Aims: 1 s for one month, 2 s for one year, 5 s for everything. Seconds are wall-clock time in this process, its
processor time in brackets: on a machine with other work the two differ. DuckDB (`pip install duckdb`) is asked the
same of a CSV file of the same calls.
"""

import argparse
import contextlib
import csv
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.core.evidence import Kind, Treatment, Verdict
from screener.demo.made_up import YEARS, made_up
from screener.events import LineClass
from screener.reports.accuracy import accuracy
from screener.reports.agents import agents
from screener.reports.frequency import Bucket, frequency
from screener.reports.queue import queue
from screener.reports.sources import sources
from screener.reports.span import SourceBy, Span
from screener.reports.summary import summary
from screener.reports.treatment import treatment
from screener.store.bulk import filling, load
from screener.store.find import find
from screener.store.log import CallLog, open_log
from screener.store.records import Review
from screener.store.wanted import Counted, Wanted
from tests.store.databases import running_postgres

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
REPORTS: dict[str, Callable[[CallLog, Span], object]] = {
    "frequency --by day": lambda log, span: frequency(log, span, Bucket.DAY, ZONE),
    "sources --by number": lambda log, span: sources(log, span, SourceBy.NUMBER),
    "sources --by prefix": lambda log, span: sources(log, span, SourceBy.PREFIX),
    "sources --by region": lambda log, span: sources(log, span, SourceBy.REGION),
    "queue": lambda log, span: queue(log, span, Bucket.MONTH, ZONE),
    "treatment": treatment,
    "agents": agents,
    "accuracy": accuracy,
    "summary": lambda log, span: summary(
        log, span if span.since else Span(UNTIL - timedelta(days=365 * YEARS), UNTIL), ZONE
    ),
}
SEARCHES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an agent": {"agent": "8001"},
    "an agent of few calls": {"agent": "8039"},
    "an agent of none": {"agent": "9999"},
    "flags of an agent of none": {"agent": "9999", "counted": Counted.FLAGGED},
    "a kind": {"kind": Kind.LEWD},
    "flags of a kind": {"kind": Kind.LEWD, "counted": Counted.FLAGGED},
    "a kind that never was": {"kind": Kind.MIMIC},
    "flags of a kind that never were": {"kind": Kind.MIMIC, "counted": Counted.FLAGGED},
    "a verdict that never was": {"verdict": Verdict.ABUSIVE_COMPLAINT},
    "a queue": {"queue": "sales"},
    "a queue that never was": {"queue": "none"},
    "a dialled number that never was": {"dialled": "10086"},
    "a region": {"region": "广西南宁市"},
    "a region that never was": {"region": "西藏拉萨市"},
    "a class of line that never was": {"line": LineClass.PUBLIC},
    "overturned": {"review": Review.OVERTURNED},
    "a treatment": {"treatment": Treatment.LINE_FAULT},
    "withheld": {"withheld": True},
    "a number": {"number": "+8613800138000"},
    "the beginning of a number": {"number": "+86138"},
    "an hour": {"hour": 3},
    "an hour, of an agent of none": {"hour": 3, "agent": "9999"},
    "a frequent word": {"text": "你"},
    "a sentence": {"text": "我的订单到哪里了"},
    "a word that nobody said": {"text": "绑架"},
}
"""What `calls list` and the console are asked for: what is there often, and what is there rarely or never."""
SHOWN = 50
BAD = "verdict = 'harassment' AND review <> 'overturned'"
DUCKDB = {
    "frequency --by day": "SELECT date_trunc('day', started_at + INTERVAL 8 HOUR), "
    f"count(*) FILTER (entrance <> 'by_hand'), count(*) FILTER ({BAD}) FROM calls GROUP BY 1 ORDER BY 1",
    "sources --by number": f"SELECT number, count(*), count(*) FILTER ({BAD}) AS bad FROM calls GROUP BY 1 "
    "ORDER BY bad DESC LIMIT 20",
    "sources --by prefix": f"SELECT number[:10], count(*), count(*) FILTER ({BAD}) AS bad FROM calls GROUP BY 1 "
    "ORDER BY bad DESC LIMIT 20",
    "sources --by region": f"SELECT region, count(*), count(*) FILTER ({BAD}) AS bad FROM calls GROUP BY 1 "
    "ORDER BY bad DESC LIMIT 20",
    "treatment": ", first AS (SELECT number, treatment, dry_run, min(started_at) AS at FROM calls "
    f"WHERE {BAD} AND number <> '' GROUP BY ALL) SELECT treatment, dry_run, count(*), count(next) FROM "
    "(SELECT f.*, (SELECT min(started_at) FROM calls c WHERE c.number = f.number AND c.started_at > f.at) AS next "
    "FROM first f) GROUP BY ALL",
    "agents": f"SELECT agent, count(*) FROM calls WHERE {BAD} GROUP BY 1 ORDER BY 2 DESC",
    "accuracy": "SELECT kind, review, count(*) FROM calls WHERE verdict = 'harassment' GROUP BY ALL",
}
COLUMNS = (
    "id", "started_at", "number", "line", "region", "carrier", "dialled", "entrance", "verdict", "kind",
    "treatment", "dry_run", "review", "reviewed_by", "agent",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--log", help="measure this log and fill none")
    arguments = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load average {' '.join(f'{load:.1f}' for load in os.getloadavg())}", flush=True
    )
    if arguments.log:
        with contextlib.closing(open_log(arguments.log)) as log:
            measure(log, arguments.folder)
        return
    for kind in ("sqlite", "postgres"):
        if arguments.only in (None, kind):
            with database(kind, arguments.folder) as url, contextlib.closing(open_log(url)) as log:
                fill(log, arguments.calls)
                measure(log, arguments.folder if kind == "sqlite" else None)


@contextlib.contextmanager
def database(kind: str, parent: Path) -> Iterator[str]:
    if kind == "postgres":
        with running_postgres(
            "shared_buffers=1GB", "max_wal_size=8GB", "work_mem=64MB", parent=str(parent)
        ) as server:
            yield server.new_database()
        return
    folder = Path(tempfile.mkdtemp(prefix="log", dir=parent))
    try:
        yield f"sqlite:///{folder}/calls.db"
    finally:
        shutil.rmtree(folder)


def fill(log: CallLog, calls: int) -> None:
    begun, used = time.monotonic(), time.process_time()
    with filling(log):
        load(log, made_up(calls, UNTIL))
    seconds, processor = time.monotonic() - begun, time.process_time() - used
    print(f"{log.engine.dialect.name}: filled at {calls / seconds:,.0f} calls a second, ", end="")
    print(f"{1e6 * processor / calls:.0f} us of this process a call", flush=True)


def measure(log: CallLog, csv_folder: Path | None) -> None:
    name = log.engine.dialect.name
    with log.engine.connect() as connection:
        calls = connection.execute(text("SELECT count(*) FROM calls")).scalar_one()
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        if name == "postgresql":
            size = "SELECT pg_database_size(current_database())"
        held = int(connection.execute(text(size)).scalar_one())
    print(f"{name}: {calls:,} calls in {held / 1e9:.2f} GB, {held / calls:.0f} bytes a call", flush=True)
    spans = spans_of(log)
    row(f"{name}, seconds", list(spans))
    for report, ask in REPORTS.items():
        row(report, [timed(ask, log, span) for span in spans.values()])
    row(f"{name}, the newest {SHOWN} calls of", list(SPANS))
    for words, wanted in SEARCHES.items():
        row(words, [searched(log, wanted, *SPANS[span](spans)) for span in SPANS])
    if csv_folder:
        beside(log, csv_folder, spans)


def spans_of(log: CallLog) -> dict[str, Span]:
    """The last month and year that the log holds, and everything."""
    (newest,) = log.calls(limit=1)
    end = newest.started_at
    return {
        "month": Span(end - timedelta(days=30), end),
        "year": Span(end - timedelta(days=365), end),
        "everything": Span(),
    }


SPANS: dict[str, Callable[[dict[str, Span]], tuple[datetime | None, datetime | None]]] = {
    "everything": lambda _: (None, None),
    "month": lambda spans: (spans["month"].since, None),
    "old month": lambda spans: (spans["year"].since, (spans["year"].since or UNTIL) + timedelta(days=30)),
}


def searched(log: CallLog, wanted: dict[str, Any], since: datetime | None, until: datetime | None) -> str:
    """The best of three."""
    return min(timed(find, log, Wanted(since, until, **wanted), SHOWN) for _ in range(3))


def timed(ask: Callable[..., object], *arguments: object) -> str:
    begun, used = time.perf_counter(), time.process_time()
    ask(*arguments)
    return f"{time.perf_counter() - begun:.2f} ({time.process_time() - used:.2f})"


def beside(log: CallLog, folder: Path, spans: dict[str, Span]) -> None:
    try:
        import duckdb
    except ImportError:
        print("duckdb is not installed: nothing to compare with")
        return
    file = folder / f"calls-{os.getpid()}.csv"
    try:
        with file.open("w", newline="", encoding="utf-8") as out, log.engine.connect() as connection:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            raw = connection.connection.cursor()
            raw.execute(f"SELECT {', '.join(COLUMNS)} FROM calls ORDER BY id")
            while rows := raw.fetchmany(10_000):
                writer.writerows(rows)
        print(f"the same calls as CSV: {file.stat().st_size / 1e9:.2f} GB")
        row("duckdb on CSV, seconds", list(spans))
        for report, question in DUCKDB.items():
            row(report, [timed(over_csv, duckdb, file, question, span) for span in spans.values()])
    finally:
        file.unlink(missing_ok=True)


def over_csv(duckdb: object, file: Path, question: str, span: Span) -> None:
    where = f"WHERE started_at >= '{span.since:%F %T}' AND started_at < '{span.until:%F %T}'" if span.since else ""
    source = f"read_csv('{file}', types={{'number': 'VARCHAR', 'agent': 'VARCHAR', 'dialled': 'VARCHAR'}})"
    duckdb.sql(f"WITH calls AS (SELECT * FROM {source} {where}) {question}").fetchall()  # type: ignore[attr-defined]


def row(name: str, cells: list[str]) -> None:
    print(f"{name:36}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
