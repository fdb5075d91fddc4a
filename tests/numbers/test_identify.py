import gzip
from itertools import product
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from screener.errors import SettingsError
from screener.events import Caller, LineClass
from screener.numbers import places
from screener.numbers.identify import Lines, load_lines
from screener.resources import config_folder

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
    assert lines.normal_or_wrong(raw)[1] == wrong
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


@pytest.mark.parametrize("head", ["number,line,note", "号码,线路类别,备注", "号码或前缀*,线路"])
def test_a_head_of_a_list_may_be_in_any_language(tmp_path: Path, head: str) -> None:
    assert load_lines([write(tmp_path, f"{head}\n8001,duty\n")]).identify("8001").line is LineClass.DUTY
    for first in ("abc,public", "0571,线路类别"):
        with pytest.raises(SettingsError, match=r"row 1: .* — columns: number,line,note;"):
            load_lines([write(tmp_path, f"{first}\n8001,duty\n")])


def test_every_wrong_row_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "057187654321,public\nabc,public\n0571,phonebox\n")
    with pytest.raises(SettingsError) as error:
        load_lines([path, tmp_path / "absent.csv"])
    assert "row 2: number: found 'abc'" in error.value.message
    assert "row 3: line: found 'phonebox', allowed mobile" in error.value.message
    assert "absent.csv: cannot be read" in error.value.message
    assert "row 1" not in error.value.message


def test_the_shipped_places_are_the_library_s() -> None:
    """A newer library may know better: then `make places`."""
    from tests.numbers.tables import build  # the library's own tables are slow to load

    shipped = config_folder() / places.FILE
    assert gzip.decompress(shipped.read_bytes()) == gzip.decompress(build())


def test_a_number_is_placed_as_the_library_places_it() -> None:
    """Numbers of every length of prefix, of three countries that have places in Chinese; then of every country."""
    from phonenumbers import carrier, geocoder
    from phonenumbers.geodata import GEOCODE_DATA

    known = sorted(prefix for prefix in GEOCODE_DATA if prefix.startswith(("86", "88", "82")))
    written = [
        phonenumbers.parse(f"+{prefix}56781234"[: 14 if prefix[2] == "1" else 13]) for prefix in known[::97]
    ]
    for region, kind in product(phonenumbers.SUPPORTED_REGIONS, PhoneNumberType.values()):
        if example := phonenumbers.example_number_for_type(region, kind):
            written.append(example)
    numbers = [number for number in written if phonenumbers.is_valid_number(number)]
    assert len(numbers) > 2000
    for number in numbers:
        country = geocoder.country_name_for_number(number, "zh")
        assert places.country(number) == country
        region = geocoder.description_for_number(number, "zh")
        assert places.home_region(number) == ("" if region == country else region)
        assert places.carrier(number) == carrier.name_for_valid_number(number, "zh")


def test_a_number_abroad_has_its_country_for_a_region() -> None:
    assert LINES.identify("+82221234567").region == "韩国"
    assert Lines("KR").identify("+82221234567").region == "首尔市"
