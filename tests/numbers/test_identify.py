import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SettingsError
from screener.events import Caller, LineClass
from screener.numbers.identify import Lines, load_lines

LINES = Lines()


@pytest.mark.parametrize(
    ("raw", "number", "line", "region", "carrier"),
    [
        ("13800138000", "+8613800138000", LineClass.MOBILE, "北京市", "中国移动"),
        ("+8613800138000", "+8613800138000", LineClass.MOBILE, "北京市", "中国移动"),
        ("008613800138000", "+8613800138000", LineClass.MOBILE, "北京市", "中国移动"),
        ("013800138000", "+8613800138000", LineClass.MOBILE, "北京市", "中国移动"),
        ("86-138-0013-8000", "+8613800138000", LineClass.MOBILE, "北京市", "中国移动"),
        ("0571-87654321", "+8657187654321", LineClass.FIXED, "浙江省杭州市", ""),
        ("(021) 5123 1234", "+862151231234", LineClass.FIXED, "上海市", ""),
        ("62345678", "62345678", LineClass.FIXED, "", ""),
        ("4008001234", "+864008001234", LineClass.TOLL_FREE, "", ""),
        ("8008101234", "+868008101234", LineClass.TOLL_FREE, "", ""),
        ("10086", "10086", LineClass.SHORT, "", ""),
        ("12345", "12345", LineClass.SHORT, "", ""),
        ("057112345", "057112345", LineClass.SHORT, "", ""),
        ("110", "110", LineClass.SHORT, "", ""),
        ("95588", "95588", LineClass.SHORT, "", ""),
        ("95213141", "95213141", LineClass.SHORT, "", ""),
        ("+14155552671", "+14155552671", LineClass.FOREIGN, "美国", ""),
        ("0085223456789", "+85223456789", LineClass.FOREIGN, "香港", ""),
        ("8001", "8001", LineClass.INTERNAL, "", ""),
        ("201", "201", LineClass.INTERNAL, "", ""),
        ("reception", "reception", LineClass.INTERNAL, "", ""),
        ("anonymous", "", LineClass.ANONYMOUS, "", ""),
        ("Restricted", "", LineClass.ANONYMOUS, "", ""),
        ("", "", LineClass.ANONYMOUS, "", ""),
        ("9013800138000", "9013800138000", LineClass.UNKNOWN, "", ""),
        ("1' OR 1=1", "1' OR 1=1", LineClass.UNKNOWN, "", ""),
    ],
)
def test_the_numbering_plan(raw: str, number: str, line: LineClass, region: str, carrier: str) -> None:
    assert LINES.identify(raw, "王") == Caller(number, "王", line, region, carrier)


@pytest.mark.parametrize(
    ("raw", "area", "number"),
    [
        ("86955881", "", "86955881"),
        ("86955881", "010", "+861086955881"),
        ("86955881", "0570", "955881"),  # lines of Quzhou have seven digits
        ("8695 5881", "0571", "+8657186955881"),
        ("86961234", "", "86961234"),
        ("86969999", "021", "+862186969999"),
        ("86110000", "", "86110000"),
        ("86110000", "0755", "+8675586110000"),
        ("8695588", "", "8695588"),
        ("8695588", "0570", "+865708695588"),
        ("8695588", "010", "95588"),
        ("8610086", "010", "10086"),
        ("8612345", "010", "12345"),
        ("8610101010", "", "10101010"),
        ("86-95588", "", "95588"),
        ("86 955881", "", "955881"),
        ("+86955881", "", "955881"),
        ("0086955881", "010", "955881"),
        ("+8695588", "0570", "95588"),
        ("86110", "", "86110"),
        ("+86110", "", "110"),
        ("8613800138000", "", "+8613800138000"),
        ("861086955881", "", "+861086955881"),
        ("861095588", "", "95588"),
        ("86057112345", "", "057112345"),
        ("8610110", "", "8610110"),
        ("83995451", "", "83995451"),
        ("455957851", "", "957851"),
    ],
)
def test_a_bare_86_is_a_country_only_where_the_whole_is_no_number(raw: str, area: str, number: str) -> None:
    lines = Lines(area_code=area)
    assert lines.normal(raw) == number
    assert lines.normal(number) == number


@given(st.text(max_size=80) | st.from_regex(r"(\+|00)?86[ -]?[19]\d{0,9}", fullmatch=True))
def test_any_text_gets_an_answer_and_a_number_means_the_same_again(raw: str) -> None:
    caller = LINES.identify(raw)
    assert len(caller.number) <= 64
    assert LINES.identify(caller.number).number == caller.number


@pytest.mark.parametrize(
    ("raw", "extensions", "wrong"),
    [
        ("abc", "", "no_user"),
        ("reception", "", "no_user"),
        ("138OO138000", "", "no_user"),
        ("sales-01", "", "no_user"),
        ("sales-01", r"8\d{3}|sales-\d\d", ""),
        ("sales-1x", r"8\d{3}|sales-\d\d", "no_user"),
        ("abc!", "", "not_digits"),
        ("abc!", r"[a-z]+", "not_digits"),
        ("\u0661\u0662\u0663\u0664\u0665", "", "no_user"),  # digits, and none that a telephone has
        ("1380013\u0968000", "", "no_user"),
        ("８００１", "", ""),
        ("8001", "", ""),
        ("8001", r"8\d{3}", ""),
        ("9001", r"8\d{3}", "no_number"),
        ("13800138000", r"8\d{3}", ""),
        ("9013800138000", "", "no_number"),
        ("000", "", "withheld"),
        ("+86", "", "no_number"),
        ("0086", "", "no_number"),
        ("010", "", "no_number"),
        ("0571", "", "no_number"),
        ("0571", r"0\d{3}", ""),
    ],
)
def test_a_list_takes_what_a_caller_can_have(raw: str, extensions: str, wrong: str) -> None:
    lines = Lines(extensions=extensions)
    assert lines.wrong(raw) == wrong
    assert wrong or lines.identify(raw).number == lines.normal(raw)


def write(folder: Path, text: str) -> Path:
    path = folder / "payphones.csv"
    path.write_text(text, "utf-8")
    return path


def test_an_imported_list_names_payphones_and_duty_phones(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "\ufeffnumber,line,note\n# a comment\n0571-87654321,public,学校门口\n05718800*,duty,\n"
        "057188001*,public,车站\n\n8001,duty,值班室\n",
    )
    lines = load_lines([path])
    assert lines.identify("+8657187654321") == Caller("+8657187654321", "", LineClass.PUBLIC, "浙江省杭州市")
    assert lines.note("057187654321") == "学校门口"
    assert lines.identify("057188009999").line is LineClass.DUTY
    assert lines.identify("057188001999").line is LineClass.PUBLIC, "the longest prefix wins"
    assert lines.identify("057188019999").line is LineClass.FIXED
    assert lines.identify("8001").line is LineClass.DUTY
    assert lines.identify("").line is LineClass.ANONYMOUS
    assert lines.note("13800138000") == ""


def test_every_wrong_row_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "057187654321,public\nabc,public\n0571,phonebox\n")
    with pytest.raises(SettingsError) as error:
        load_lines([path, tmp_path / "absent.csv"])
    assert "row 2: number: found 'abc'" in error.value.message
    assert "row 3: line: found 'phonebox', allowed mobile" in error.value.message
    assert "absent.csv: cannot be read" in error.value.message
    assert "row 1" not in error.value.message


def test_places_abroad_can_be_forgotten() -> None:
    """In a process of its own, because the library's tables are everybody's."""
    script = """
from screener.numbers.identify import load_lines
from screener.numbers.places import forget_abroad
forget_abroad("CN")
lines = load_lines([], "CN")
for number in ("+862155550178", "+8613800138000", "+12125550123"):
    caller = lines.identify(number)
    print(caller.line, caller.region, caller.carrier)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    home, mobile, abroad = done.stdout.splitlines()
    assert home == "fixed 上海市 "
    assert mobile == "mobile 北京市 中国移动"
    assert abroad.startswith("foreign 美国")
