"""A package of evidence out of the log: which calls, on record, and checked afterwards."""

import hashlib
import random
import shutil
import zipfile
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


def said_of(path: Path) -> tuple[str, ...]:
    return verify(read_package(path)).problems


@pytest.fixture
def zipped(log: CallLog, settings: Settings, tmp_path: Path) -> Path:
    write_package(tmp_path / "case.zip", make(log, settings, "a").files)
    return tmp_path / "case.zip"


@pytest.mark.parametrize("name", [COVER, MANIFEST, "MANIFEST.sig", "calls/a/record.json"])
def test_a_file_of_a_zip_that_was_altered_is_named(zipped: Path, name: str) -> None:
    """As in a folder: it is what `verify` looks for, and no reason to look at nothing."""
    with zipfile.ZipFile(zipped) as package:
        member = package.getinfo(name)
    data = bytearray(zipped.read_bytes())
    data[member.header_offset + 30 + len(name) + member.compress_size // 2] ^= 1
    zipped.write_bytes(data)
    assert f"{name}: changed" in said_of(zipped)


def test_a_time_stamp_that_was_altered_is_not_passed_over(
    log: CallLog, settings: Settings, tmp_path: Path
) -> None:
    files = dict(make(log, settings, "a").files) | {"MANIFEST.tsr": bytes(range(256)) * 4}
    write_package(tmp_path / "case.zip", files)
    with zipfile.ZipFile(tmp_path / "case.zip") as package:
        member = package.getinfo("MANIFEST.tsr")
    data = bytearray((tmp_path / "case.zip").read_bytes())
    data[member.header_offset + 30 + len(member.filename) + 5] ^= 1
    (tmp_path / "case.zip").write_bytes(data)
    assert said_of(tmp_path / "case.zip") == ("MANIFEST.tsr: changed",)


def test_no_bit_of_a_zip_is_altered_unseen_or_ends_in_a_fault(zipped: Path, tmp_path: Path) -> None:
    """Either the package is the same as before (a date of the ZIP's own), or it is said what is wrong with it."""
    whole, chance, told = zipped.read_bytes(), random.Random(1), 0
    with zipfile.ZipFile(zipped) as package:
        before = {name: package.read(name) for name in package.namelist()}
    other = tmp_path / "other.zip"
    for _ in range(400):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        other.write_bytes(data)
        try:
            told += bool(problems := said_of(other))
        except InputError:
            told += 1
            continue
        if not problems:
            assert {n: hashlib.sha256(d).hexdigest() for n, d in before.items()} == dict(read_package(other).sums)
    assert told > 200


@pytest.mark.parametrize("left", [0, 10, 100, 0.5, 0.99])
def test_a_zip_that_was_cut_is_said_to_be(zipped: Path, left: float) -> None:
    data = zipped.read_bytes()
    zipped.write_bytes(data[: int(left * len(data)) if 0 < left < 1 else int(left)])
    with pytest.raises(InputError, match="not a whole ZIP file: cut short, damaged, or none at all"):
        read_package(zipped)


def test_a_zip_with_an_encrypted_file_is_not_ours(zipped: Path) -> None:
    data = bytearray(zipped.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    zipped.write_bytes(data)
    with pytest.raises(InputError, match="is encrypted — no package of ours is"):
        read_package(zipped)
