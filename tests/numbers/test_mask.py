import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.numbers.mask import Masker, mask, mask_text


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800138000", "138******00"),
        ("+8613800138000", "+861********00"),
        ("0571-87654321", "057*-******21"),
        ("62345678", "623***78"),
        ("10086", "***86"),
        ("8001", "**01"),
        ("110", "**0"),
        ("", ""),
        ("reception", "*********"),
    ],
)
def test_the_middle_is_hidden(number: str, shown: str) -> None:
    assert mask(number) == shown


@given(st.text(alphabet="0123456789+- ", max_size=20))
def test_never_more_than_five_digits_and_never_a_longer_text(number: str) -> None:
    digits = sum(c.isdigit() for c in number)
    shown = sum(c.isdigit() for c in mask(number))
    assert len(mask(number)) == len(number)
    assert shown <= 5
    assert digits < 2 or shown <= max(5 * digits / 8, digits / 2)


def test_numbers_inside_a_text() -> None:
    text = 'From: "王" <sip:13800138000@192.0.2.1>;tag=9'
    assert mask_text(text) == 'From: "王" <sip:138******00@192.0.2.1>;tag=9'


def test_no_two_numbers_look_like_one_and_only_the_key_tells_which() -> None:
    masked = Masker(b"k" * 32)
    alike = [f"+86138{middle:06}00" for middle in range(2000)]
    assert len({mask(number) for number in alike}) == 1
    assert len({masked(number) for number in alike}) == len(alike)
    assert masked(alike[0]) == Masker(b"k" * 32)(alike[0]) != Masker(b"other" * 8)(alike[0])
    assert masked(alike[0]).startswith(mask(alike[0])) and masked("") == ""
