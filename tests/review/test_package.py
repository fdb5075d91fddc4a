"""A package of evidence out of the log: which calls, on record, and checked afterwards."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Verdict
from screener.errors import InputError, MissingError, StoreError
from screener.review import package
from screener.review.by import By
from screener.review.dossier import COVER, LIST, MANIFEST
from screener.review.files import read_package, write_package
from screener.review.package import Package
from screener.review.verify import verify
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.store.log import CallLog, open_log
from screener.store.records import Access, CallRecord, Review
from screener.words.judgement import Teller

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NUMBER = "+8613800138000"
BY = By("王", NOON, "console evidence")


def call(name: str, minutes: int = 0, **changes) -> CallRecord:
    at = NOON + timedelta(minutes=minutes)
    flag = CallRecord(name, at, ended_at=at, number=NUMBER, verdict=Verdict.HARASSMENT, kind=Kind.LEWD)
    return replace(flag, **changes)


@pytest.fixture
def log(tmp_path: Path, log_file: Path) -> Iterator[CallLog]:
    log = open_log(f"sqlite:///{shutil.copy(log_file, tmp_path / 'log.db')}")
    log.write(
        [
            call("b", 5, linkedid="1"),
            call("b2", 6, linkedid="1"),
            call("a"),
            call("c", 9, verdict=Verdict.GENUINE, kind=None),
            call("d", 12, review=Review.OVERTURNED),
            call("e", 2, number="+8613912345678"),
        ]
    )
    yield log
    log.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load(None), folder=tmp_path)


def make(log: CallLog, settings: Settings, *ids: str, by: By = BY, author: str = "") -> Package:
    return package.make(log, settings, Teller("zh"), package.of_calls(log, ids), by, "case.zip", author=author)


def ids(calls) -> list[list[str]]:
    return [[row.id for row in rows] for rows in calls]


def test_calls_are_chosen_once_each_whole_and_oldest_first(log: CallLog) -> None:
    assert ids(package.of_calls(log, ["b2", "a", "b"]).calls) == [["a"], ["b", "b2"]]
    with pytest.raises(MissingError):
        package.of_calls(log, ["zzz"])


def test_a_number_s_other_calls_are_dated_only(log: CallLog) -> None:
    chosen = package.of_number(log, NUMBER, None, None)
    assert (ids(chosen.calls), ids(chosen.others)) == ([["a"], ["b", "b2"]], [["c"], ["d"]])
    late = package.of_number(log, NUMBER, NOON + timedelta(minutes=1), NOON + timedelta(minutes=10))
    assert (ids(late.calls), ids(late.others)) == ([["b", "b2"]], [["c"]])
    with pytest.raises(InputError, match="no harassment call"):
        package.of_number(log, NUMBER, NOON + timedelta(minutes=7), None)


def test_a_package_is_on_record_before_anybody_has_it(log: CallLog, settings: Settings) -> None:
    made = make(log, settings, "a", "b", author="李主管")
    assert made.sum == hashlib.sha256(made.files[MANIFEST]).hexdigest()
    assert log.accesses() == [Access(NOON, "王", "console evidence", f"a b manifest={made.sum}", "case.zip")]
    assert "李主管" in made.files[COVER].decode(), "the record has who it was, the cover who answers for it"

    class Unwilling(CallLog):
        def note_access(self, *accesses: Access) -> None:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        make(Unwilling(log.engine), settings, "a")


def test_whoever_makes_it_by_whatever_way_it_is_the_same(log: CallLog, settings: Settings) -> None:
    assert make(log, settings, "a").files == make(log, settings, "a", by=replace(BY, way="other")).files


def test_what_is_no_harassment_is_a_mere_record_or_nothing(log: CallLog, settings: Settings) -> None:
    with pytest.raises(InputError, match="no harassment"):
        make(log, settings, "c")
    assert log.accesses() == []
    chosen = package.of_calls(log, ["c"])
    assert COVER in package.make(log, settings, Teller("zh"), chosen, BY, "x", record=True).files


def test_others_stand_in_the_list_of_calls_and_nothing_of_them_is_handed_out(
    log: CallLog, settings: Settings
) -> None:
    chosen = package.of_number(log, NUMBER, None, None)
    files = package.make(log, settings, Teller("zh"), chosen, BY, "x").files
    assert len(files[LIST].decode("utf-8-sig").splitlines()) == 5
    assert not any(name.startswith(("calls/c", "calls/d")) for name in files)


@pytest.mark.parametrize("place", ["case", "case.zip"])
def test_a_package_is_checked_by_its_sum_its_key_and_the_record(
    log: CallLog, settings: Settings, tmp_path: Path, place: str
) -> None:
    made = make(log, settings, "a")
    write_package(tmp_path / place, made.files)
    read = read_package(tmp_path / place)
    found = verify(read, made.sum, made.fingerprint.upper(), log=log)
    assert (found.problems, found.sum, found.stamp) == ((), made.sum, None)
    assert found.seal is not None and found.seal.fingerprint == made.fingerprint
    assert found.files == len(made.files) - 2, "all but the manifest and its signature"
    assert verify(read, "0" * 64).problems == (f"{MANIFEST}: not the one whose sum was told",)
    assert verify(read, key="0" * 32).problems == (f"MANIFEST.sig: by another key, {made.fingerprint}",)
    other = open_log("sqlite:///other.db", tmp_path)
    assert verify(read, log=other).problems == (f"{MANIFEST}: its sum is not in the access record",)
    other.close()
