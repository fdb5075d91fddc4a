"""A log that several processes write at once loses nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from screener.outside.files import make_private
from screener.store.engine import WRITES, make_engine

INSERT = "INSERT INTO rows VALUES ({})"
OTHER = """
import sys
from screener.store.engine import WRITES, make_engine
engine = make_engine(sys.argv[1])
with engine.connect().execution_options(**WRITES) as connection, connection.begin():
    connection.exec_driver_sql(sys.argv[2])
engine.dispose()
"""


def write(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        connection.exec_driver_sql(statement)


def test_the_log_keeps_what_another_process_writes_and_leaves(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'screener.db'}"
    mine = make_engine(url)
    write(mine, "CREATE TABLE rows (n INTEGER)")
    with mine.connect(), mine.connect():  # the service has more than one, and they stay
        for _ in range(3):
            write(mine, INSERT.format(1))
            subprocess.run([sys.executable, "-c", OTHER, url, INSERT.format(2)], check=True)
        gone = [name for fd in Path("/proc/self/fd").iterdir() if (name := _target(fd)).endswith(" (deleted)")]
        assert not [name for name in gone if "screener.db" in name], "its WAL was deleted under us"
    mine.dispose()
    with make_engine(url).connect() as connection:
        found = connection.exec_driver_sql("SELECT n, count(*) FROM rows GROUP BY n").all()
    assert [tuple(row) for row in found] == [(1, 3), (2, 3)]


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # closed meanwhile
        return ""


def test_a_file_that_is_there_is_not_opened(tmp_path: Path) -> None:
    make_private(tmp_path / "new")
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "new")
