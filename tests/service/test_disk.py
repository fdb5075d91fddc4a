"""A disk that is full, or read only: nothing is called damaged for it, and everybody says what helps."""

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.cli import main
from screener.cli.setup import line_of
from screener.errors import StoreError
from screener.outside.disk import FULL, MAKE_ROOM, READ_ONLY, REMOUNT
from screener.service import kept
from screener.settings.sections import EvidenceSection, Settings, Store
from screener.store import engine
from screener.store.check import RESTORE, check_database
from screener.store.log import open_log
from screener.store.spool import Spool
from screener.words.told import told
from tests.reports.random_log import random_calls
from tests.store.test_hardship import small_disk

URL = "sqlite:///screener.db"


@pytest.fixture(params=["full", "full, killed", "read only"])
def stopped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A disk with a sound log on which nothing can be written, and what is said of it."""
    disk = tmp_path / "disk"
    with small_disk(disk, "3m"):
        disk.chmod(0o700)
        (disk / "screener.toml").write_text('[speech]\nengine = "none"\n')
        log = open_log(URL, disk)
        log.write(random_calls(0)[:20])
        left = (disk / "screener.db-wal").read_bytes()
        assert left
        log.close()
        if request.param == "full, killed":
            (disk / "screener.db-wal").write_bytes(left)
        if request.param == "read only":
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            yield disk, READ_ONLY, REMOUNT
            return
        with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        yield disk, FULL, MAKE_ROOM


def test_the_doctor_says_what_is_wrong_with_the_disk_and_calls_nothing_damaged(
    stopped: tuple[Path, str, str],
) -> None:
    disk, why, remedy = stopped
    settings = Settings(folder=disk)
    checks = [kept.check_database(settings), kept.check_spool(settings), *kept.check_disks(settings)]
    assert not any(check.ok for check in checks)
    assert all(why in check.message and check.remedy == remedy for check in checks[:2])
    for check in checks:
        chinese = told(line_of(check), "zh")
        assert "damaged" not in check.message
        assert "损坏" not in chinese and "权限给" not in chinese
        assert check.remedy != RESTORE


def test_a_look_at_the_log_itself_finds_it_sound_or_says_what_is_in_the_way(
    stopped: tuple[Path, str, str],
) -> None:
    disk, why, remedy = stopped
    try:
        assert check_database(URL, disk) == str(disk / "screener.db")
    except StoreError as problem:
        assert why in problem.message and "damaged" not in problem.message
        assert problem.remedy == remedy


def test_the_service_says_why_it_cannot_open_the_log_or_the_spool(stopped: tuple[Path, str, str]) -> None:
    disk, why, remedy = stopped
    openings = [lambda: open_log(URL, disk)]
    if why == READ_ONLY:  # names are free on a full one, and its records wait in memory
        openings.append(lambda: Spool(disk / "spool"))
    for opening in openings:
        with pytest.raises(StoreError) as problem:
            opening()
        assert why in problem.value.message
        assert problem.value.remedy == remedy
        assert "磁盘已满" in told(str(problem.value), "zh") or "文件系统只读" in told(str(problem.value), "zh")


def test_who_asks_gets_an_answer_and_who_writes_is_told(
    stopped: tuple[Path, str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, why, _ = stopped
    killed = (disk / "screener.db-wal").exists() and (disk / "screener.db-wal").stat().st_size
    monkeypatch.chdir(disk)
    monkeypatch.setenv("SCREENER_LANG", "en")

    def asked(*command: str) -> tuple[object, str]:
        code: object = 0
        try:
            main([*command, "--config", str(disk / "screener.toml")])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code or 0, said.out + said.err

    for command in (["report", "frequency"], ["calls", "list", "--mask"], ["status"]):
        code, said = asked(*command)
        assert why in said
        if killed:
            assert code == 8 and "its newest calls wait" in said
        else:
            assert code == (9 if command == ["status"] else 0), said
            assert "not put on record" in said
    code, said = asked("list", "block", "add", "13800138000", "--reason", "x")
    assert code == 8 and why in said and "the service's user" not in said


@pytest.mark.parametrize(("little", "scarce", "sign"), [(0, 0, "✔"), (1 << 60, 0, "!"), (1 << 60, 1 << 60, "✘")])
def test_what_is_left_of_each_disk_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little: int, scarce: int, sign: str
) -> None:
    monkeypatch.setattr(kept, "LITTLE", little)
    monkeypatch.setattr(kept, "SCARCE", scarce)
    folders = tmp_path / "log", tmp_path / "spool", tmp_path / "monitor"
    settings = Settings(
        folder=tmp_path,
        store=Store(url="sqlite:///log/screener.db", spool="spool"),
        evidence=EvidenceSection(recordings="monitor"),
    )
    (line,) = kept.check_disks(settings)
    assert all(str(folder) in line.message for folder in folders), "they lie on one disk"
    assert line_of(line).startswith(f"{sign} ")
    assert "还剩" in told(line.message, "zh")
    assert not list(tmp_path.iterdir())


def test_a_log_that_another_program_holds_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    open_log(URL, tmp_path).close()
    holder = sqlite3.connect(tmp_path / "screener.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("DELETE FROM accesses")
    with pytest.raises(StoreError) as problem:
        check_database(URL, tmp_path)
    holder.close()
    assert "damaged" not in problem.value.message
    assert "end it" in problem.value.remedy
