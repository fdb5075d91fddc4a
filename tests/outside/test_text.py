"""What callers may put into numbers and names, on its way to screens, logs, spreadsheets and file systems."""

import csv
import io
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screener.outside.text import cell, file_name, is_number, is_pbx_id, visible, visible_lines

ANY = st.text(st.characters(codec=None))


@given(ANY)
@example("\x1b]0;title\x07\x1b[2J\r\n\x9b31m")
@example("\u202e00831\u2066")
@example("\ud800")
def test_nothing_that_controls_a_terminal_passes(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff")
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@pytest.mark.parametrize("text", ["+8613800138000", "张三 <客户>", "[/nope]", "“你好”,再见。", "a\u00a0b"])
def test_what_people_read_stays(text: str) -> None:
    assert visible(text) == text


def test_controls_are_shown_as_what_they_are() -> None:
    assert visible("1\r\n\x1b[2J\u202e\U000e0041") == r"1\x0d\x0a\x1b[2J\u202e\U000e0041"
    assert visible_lines("one\ntwo\x1b") == "one\ntwo\\x1b"


@given(ANY)
@example("=cmd|' /C calc'!A0")
@example(" \t=1+1")
@example("＝1")
@example("\r=1")
def test_no_cell_is_a_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([cell(text)])
    read = next(csv.reader(io.StringIO(out.getvalue(), newline="")))[0]
    assert read[:1] not in tuple("=+-@＝＋－＠\r\n")
    assert read.removeprefix("\t") == visible(text)


@given(ANY)
@example("../../etc/passwd")
@example("..")
@example(".")
@example("")
@example("C:\\x")
@example("-rf")
@example("a" * 5000)
def test_a_file_s_name_is_one_step_down(text: str) -> None:
    made = file_name(text)
    path = PurePosixPath(made)
    assert len(path.parts) == 1
    assert path.parts[0] not in ("..", ".", "/")
    assert made.isascii()
    assert not set(made) & set('/\\:*?"<>|\0')
    assert len(made) <= 100
    assert not made.startswith(("-", "."))


def test_names_that_differ_stay_different() -> None:
    assert file_name("20260304T040000-1a2b3c4d") == "20260304T040000-1a2b3c4d"
    assert file_name("../a") != file_name("/../a")
    assert file_name("a/b") != file_name("a_b")


def test_numbers_and_ids() -> None:
    assert all(map(is_number, ["+8613800138000", "2001", "*77", "agent1", "li.si", "12#"]))
    assert not any(map(is_number, ["", "+", "1\n2", "=1", "-1", "1 2", "1;2", "../1", "1" * 33 + "x" * 40]))
    assert all(map(is_pbx_id, ["1772596800.7", "pbx1-1772596800.7", "a:1"]))
    assert not any(map(is_pbx_id, ["", "../x", "..", "1|2", "1 2", "1\n", "x" * 101, "一"]))
