"""Phrases found in sound."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.evidence import Kind
from screener.core.lexicon import Lexicon, Match, Phrase, PhraseRole
from screener.speech.pinyin import syllables
from tests.core.helpers import lexicon


def phrase(text: str, role: PhraseRole = PhraseRole.HARASSMENT, rule: str = "") -> Phrase:
    kind = Kind.LEWD if role is PhraseRole.HARASSMENT else None
    return Phrase(rule or text, role, kind, 1.0, text, tuple(syllables(part) for part in text.split("…")))


def find(book: Lexicon, text: str, *, final: bool = True) -> tuple[Match, ...]:
    return book.find(text, syllables(text), final=final)


def shipped_kinds(text: str) -> set[str]:
    return {m.phrase.kind.value for m in find(lexicon(), text) if m.phrase.kind}


def test_the_very_words_are_wholly_alike() -> None:
    (match,) = find(Lexicon([phrase("陪我睡觉")]), "小姐陪我睡觉吧")
    assert (match.begin, match.end, match.heard, match.likeness) == (2, 6, "陪我睡觉", 1.0)


def test_other_characters_of_the_same_sound_are_alike_the_more_the_longer() -> None:
    book = Lexicon([phrase("睡觉"), phrase("你穿什么内衣")])
    (short,) = find(book, "水饺")
    (long,) = find(book, "你船什么内依")
    assert short.likeness < 0.5 < 0.9 < long.likeness < 1


def test_confusions_of_the_telephone_are_found_in_long_phrases_and_weigh_less() -> None:
    book = Lexicon([phrase("你穿什么内裤"), phrase("上床")])
    (match,) = book.find("li cuan sen me nei ku", ("li", "chuan", "sen", "me", "nei", "ku"))
    assert match.heard == "li chuan sen me nei ku"
    assert match.likeness < 1
    assert book.find("", ("shang", "chuan")) == (), "上船 is not 上床"


def test_it_works_the_same_on_pinyin() -> None:
    (match,) = find(Lexicon([phrase("陪我睡觉")]), "péi wǒ shuì jiào")
    assert match.likeness == 1.0
    assert match.heard == "pei wo shui jiao"


def test_a_gap_takes_up_to_four_syllables() -> None:
    book = Lexicon([phrase("你穿…内衣")])
    assert [m.heard for m in find(book, "你穿的是什么内衣")] == ["你穿的是什么内衣"]
    assert find(book, "你穿上了这一件很好看的内衣") == ()
    assert find(book, "内衣你穿") == ()


def test_a_safe_phrase_hides_what_it_covers() -> None:
    book = Lexicon([phrase("三八"), phrase("三八妇女节", PhraseRole.SAFE)])
    assert find(book, "三八妇女节快乐") == ()
    assert len(find(book, "你个三八")) == 1
    assert len(find(book, "三八妇女节那天她说三八")) == 1


def test_a_find_that_a_safe_phrase_may_yet_cover_waits_for_the_next_syllable() -> None:
    book = Lexicon([phrase("三八"), phrase("三八妇女节", PhraseRole.SAFE)])
    assert find(book, "三八", final=False) == ()
    assert find(book, "三八妇", final=False) == ()
    assert find(book, "三八妇女节", final=False) == ()
    assert len(find(book, "三八啊", final=False)) == 1
    assert len(find(book, "三八", final=True)) == 1


def test_the_longest_of_a_role_is_kept() -> None:
    book = Lexicon([phrase("睡觉"), phrase("陪我睡觉"), phrase("陪我")])
    assert [m.phrase.text for m in find(book, "陪我睡觉")] == ["陪我睡觉"]


@pytest.mark.parametrize(
    "text",
    [
        "请问金针菇和绿茶多少钱",
        "我想订一张去四川的票",
        "三八妇女节有优惠吗",
        "我得了流行性感冒",
        "家里的滚筒洗衣机坏了",
        "我妈的手机号码",
        "宝宝喝的奶粉过期了",
        "这个酸奶子公司生产的吗",
        "我在靠窗的位置",
        "打飞机票的发票",
        "这辆车靠谱吗",
        "那个菜不爽口",
        "会员积分清爽一夏活动",
    ],
)
def test_harmless_words_stay_harmless(text: str) -> None:
    assert not shipped_kinds(text) & {"lewd", "abuse", "threat"}


@pytest.mark.parametrize("speech", ["陪我睡觉", "聊骚", "救命"])
def test_the_shipped_phrases_are_found(speech: str) -> None:
    assert find(lexicon(), f"喂{speech}啊")


def test_every_shipped_phrase_finds_itself() -> None:
    book = lexicon()
    whole = [p for p in book.phrases if p.role is not PhraseRole.SAFE and len(p.parts) == 1]
    missing = [
        p.text
        for p in whole
        if not any(m.phrase.role is p.role and m.end - m.begin >= len(p.parts[0]) for m in find(book, p.text))
    ]
    assert missing == []


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(["ni", "chuan", "shen", "me", "nei", "yi", "san", "ba", "fu", "nv", "jie", "a"]),
        max_size=30,
    )
)
def test_matches_lie_in_what_was_heard_and_partials_only_hold_back(sounds: list[str]) -> None:
    book = Lexicon([phrase("你穿什么内衣"), phrase("三八"), phrase("内衣"), phrase("三八妇女节", PhraseRole.SAFE)])
    whole = book.find("", sounds)
    for match in whole:
        assert 0 <= match.begin < match.end <= len(sounds)
        assert 0 < match.likeness <= 1
    assert set(book.find("", sounds, final=False)) <= set(whole)


def test_work_depends_on_what_was_said_not_on_how_many_phrases_there_are() -> None:
    chance = random.Random(1)
    sounds = sorted({s for p in lexicon().phrases for part in p.parts for s in part})
    many = [
        Phrase(f"r{n}", PhraseRole.HARASSMENT, Kind.LEWD, 1.0, "甲乙丙丁戊", (tuple(chance.choices(sounds, k=5)),))
        for n in range(20_000)
    ]
    talk = chance.choices(sounds, k=2_000)

    def steps(book: Lexicon) -> int:
        """Lines that are run while it is searched."""
        count = 0

        def trace(_frame: object, event: str, _argument: object) -> object:
            nonlocal count
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            book.find("", talk)
        finally:
            sys.settrace(before)
        return count

    # A hundred times the phrases; a search phrase by phrase would take a hundred times the steps.
    assert steps(Lexicon(many)) < 5 * steps(Lexicon(many[:200]))


@pytest.mark.parametrize(
    ("text", "helps"),
    [
        ("我被关在电梯里了", True),
        ("困电梯里了灯也灭了", True),
        ("沙发卡在电梯里横着出不来", True),
        ("喂房子塌了有人在里面", True),
        ("前头路塌了我车悬着", True),
        ("电梯里没摄像头吧我在里头等你", False),
        ("我在电梯里见过你你按的七", False),
        ("床又要塌了", False),
        ("床垫中间塌了个坑", False),
    ],
)
def test_who_is_caught_calls_for_help_and_who_waits_there_does_not(text: str, helps: bool) -> None:
    assert any(m.phrase.role is PhraseRole.EMERGENCY for m in find(lexicon(), text)) == helps
