import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.numbers.mask import MaskedTranscript, Masker, has_digits, hide, mask, mask_text


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


SPOKEN = (
    "幺三九零零一三九零零零",
    "一三九 零零一三 九零零零",
    "13900139000",
    "１３９００１３９０００",
    "一三九,三个零,一二三四五",
)


@pytest.mark.parametrize("number", SPOKEN)
def test_a_number_that_is_said_is_hidden_to_its_last_digit(number: str) -> None:
    hidden = hide(f"我的电话是{number},谢谢")
    assert hidden.startswith("我的电话是*") and hidden.endswith("*,谢谢")
    assert not any(c.isdigit() or c in "零一二三四五六七八九幺" for c in hidden)


@pytest.mark.parametrize(
    "text",
    ["我要报警110", "一百三十九块五", "上午九点三十五分", "二零二六年三月", "八零零一", "三三两两", "三个八"],
)
def test_what_is_no_number_of_five_digits_stays(text: str) -> None:
    assert hide(text) == text


def test_what_stands_between_the_digits_hides_none() -> None:
    assert hide("一三八,嗯,零零 然后 一三八杠零零零") == "***,嗯,** 然后 ***杠***"
    assert hide("幺三九三个八幺") == "****个**", "seven digits in six"


@given(st.lists(st.sampled_from(["一", "9", "幺", "个", ",", "嗯", "三个", "谢谢", "\n", "*"]), max_size=40))
def test_a_hidden_text_is_as_long_and_keeps_no_five_digits(parts: list[str]) -> None:
    text = "".join(parts)
    hidden = hide(text)
    assert len(hidden) == len(text)
    assert all(b in (a, "*") for a, b in zip(text, hidden, strict=True))
    assert hide(hidden) == hidden


def test_a_number_that_is_said_in_groups_is_hidden_in_all_of_them_and_where_it_is_quoted() -> None:
    said = MaskedTranscript(
        [("caller", "我是一三八"), ("agent", "嗯二"), ("caller", "零零一三"), ("caller", "八零零零。好")]
    )
    assert said.texts == ["我是***", "嗯二", "****", "****。好"]
    assert said.quoted("零零一三") == "****", "four digits, and part of a longer number"
    assert said.quoted("嗯二") == "嗯二"
    assert said.quoted("") == ""
    assert said.quoted("13900139000") == "***********", "said nowhere"


def test_a_number_that_grows_is_never_read_piece_by_piece() -> None:
    number = "幺三九八七六五四三二幺"
    shown = [hide(number[:n]) for n in range(1, 12)]
    read = {n for text in shown for n, c in enumerate(text) if c != "*"}
    assert read == {0, 1, 2, 3}


def test_which_searches_would_find_out_a_number() -> None:
    assert all(has_digits(text) for text in ("13", "我的一三九", "1 3", "三、八"))
    assert not any(has_digits(text) for text in ("", "你一个人吗", "一", "三百块"))
