import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from screener.speech.pinyin import MUMBLES, inventory, syllables


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("你好", "ni hao"),
        ("女的,绿的。", "nv de lv de"),
        ("银行行长", "yin hang hang zhang"),
        ("重庆 重要", "chong qing zhong yao"),
        ("嗯,哼", "en heng"),
        ("我要 VIP 2号", "wo yao v i p er hao"),
        ("ＶＩＰ２", "v i p er"),
        ("10086", "yi ling ling ba liu"),
        ("", ""),
        ("?!…", ""),
        ("nǐhǎo", "ni hao"),
        ("nǐ hǎo", "ni hao"),
        ("n ǐ h ǎo", "ni hao"),
        ("l üè n ǚ", "lve nv"),
        ("f āng àn", "fang an"),
        ("x ī ān", "xi an"),
        ("xiān", "xian"),
        ("wǒmen", "wo men"),
        ("n ǎ er", "na er"),
        ("K T V h ǎo", "k t v hao"),
        ("dàxuéshēnglìyònglòudòng", "da xue sheng li yong lou dong"),
    ],
)
def test_reads_as_a_person_does(text: str, heard: str) -> None:
    assert syllables(text) == tuple(heard.split())


def test_the_inventory_is_that_of_mandarin() -> None:
    assert 400 <= len(inventory()) <= 440
    assert {"zhuang", "lv", "nve", "er", "a"} <= inventory()
    assert "v" not in inventory()


@given(st.text(max_size=40))
def test_any_text_has_a_reading_of_plain_letters(text: str) -> None:
    for syllable in syllables(text):
        assert syllable.isascii()
        assert syllable.isalpha()
        assert syllable.islower()


PIECES = st.one_of(st.sampled_from(sorted(PHRASES_DICT)[::7]), st.sampled_from(sorted(PINYIN_DICT)).map(chr))


@given(st.lists(PIECES, min_size=1, max_size=12).map("".join))
def test_characters_are_read_as_the_library_reads_them(text: str) -> None:
    whole = lazy_pinyin(text, style=Style.NORMAL, errors="ignore")
    assert syllables(text) == tuple(MUMBLES.get(s, s) for s in whole)


MARKS = {"a": "āáǎà", "e": "ēéěè", "i": "īíǐì", "o": "ōóǒò", "u": "ūúǔù", "v": "ǖǘǚǜ"}


@given(
    st.lists(st.sampled_from(["ni", "hao", "zhuang", "lv", "dian", "er", "wo", "men", "xue"]), min_size=1),
    st.data(),
)
def test_spaced_toned_syllables_come_back_toneless(plain: list[str], data: st.DataObject) -> None:
    def tone(syllable: str) -> str:
        vowel = next(v for v in "aoeivu" if v in syllable)
        return syllable.replace(vowel, data.draw(st.sampled_from(MARKS[vowel])), 1)

    assert syllables(" ".join(map(tone, plain))) == tuple(plain)
