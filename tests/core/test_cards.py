"""The cue card of a call: it comes when enough speaks for it, changes calmly, and counts who speaks."""

from screener.core.cards import Card, CardChooser, Cards
from screener.events import Speaker


def ways(*words: str) -> tuple[tuple[str, ...], ...]:
    """A part of a phrase that can be said in several ways."""
    return tuple(tuple(word.split()) for word in words)


CARDS = Cards(
    [
        Card("boss", "找领导", "s", ("d",), ("a",), "y", sounds=((ways("zhao ling dao"),),)),
        Card("late", "晚了", "s", ("d",), ("a",), "y", sounds=((ways("shuo hao", "da ying"), ways("mei dao")),)),
        Card("never", "从不", "s", ("d",), ("a",), "y", hints=((ways("cong lai"),), (ways("yong yuan"),))),
        Card("quiet", "话少", "s", ("d",), ("a",), "y", length=(4, 5, 0.5)),
        Card("talk", "闲谈", "s", ("d",), ("a",), "y", acts={"caller.smalltalk": 0.7}),
    ]
)


def said(chooser: CardChooser, words: str, act: str = "", share: float = 1.0) -> str:
    card = chooser.caller_said(words.split())
    if act:
        card = chooser.caller_did(act, share)
    return card.id if card else ""


def test_a_phrase_brings_its_card_at_once_and_one_faint_act_does_not() -> None:
    chooser = CardChooser(CARDS)
    assert said(chooser, "ni hao", "caller.smalltalk") == ""
    assert said(chooser, "wo yao zhao ling dao") == "boss"


def test_acts_add_up_over_a_call_by_how_sure_they_are() -> None:
    sure, unsure = CardChooser(CARDS), CardChooser(CARDS)
    assert [said(sure, "a b", "caller.smalltalk") for _ in range(2)] == ["", "talk"]
    assert [said(unsure, "a b", "caller.smalltalk", 0.3) for _ in range(4)] == [""] * 4


def test_the_parts_of_a_phrase_stand_in_their_order() -> None:
    assert said(CardChooser(CARDS), "shuo hao san tian hai mei dao") == "late"
    assert said(CardChooser(CARDS), "da ying san tian hai mei dao") == "late", "another way"
    assert said(CardChooser(CARDS), "hai mei dao shuo hao") == ""
    assert said(CardChooser(CARDS), "shuo hao " + "a " * 4 + "mei dao") == "", "too far apart"


def test_two_hints_add_up_also_over_two_utterances_and_one_twice_does_not() -> None:
    assert said(CardChooser(CARDS), "a yong yuan b cong lai c") == "never"
    apart, again = CardChooser(CARDS), CardChooser(CARDS)
    assert [said(apart, f"a {word}") for word in ("cong lai", "yong yuan")] == ["", "never"]
    assert [said(again, "a cong lai") for _ in range(3)] == [""] * 3


def test_of_phrases_of_a_card_at_one_place_the_best_counts_once() -> None:
    card = Card(
        "x", "x", "s", ("d",), ("a",), "y", hints=((ways("cong lai"),), (ways("cong lai bu"),), (ways("cong"),))
    )
    assert said(CardChooser(Cards([card])), "cong lai bu") == ""


def test_a_card_for_few_words_waits_for_the_second_utterance_and_spares_who_talks() -> None:
    few, talks = CardChooser(CARDS), CardChooser(CARDS)
    assert [said(few, words) for words in ("a b c d", "a b c d e")] == ["", "quiet"]
    assert [said(talks, words) for words in ("a b c d e f g h", "a b c d", "a b c d")] == [""] * 3


def test_a_card_does_not_flicker_and_leaves_when_nothing_speaks_for_it_any_more() -> None:
    chooser = CardChooser(CARDS)
    said(chooser, "zhao ling dao")
    assert said(chooser, "x", "caller.smalltalk") == "boss"
    assert said(chooser, "zhao ling dao", "caller.smalltalk") == "boss", "not with every word"
    for _ in range(4):
        last = said(chooser, "x", "caller.smalltalk")
    assert last == "talk"
    for _ in range(12):
        last = said(chooser, "x")
    assert last == ""


def test_who_speaks_how_much() -> None:
    chooser = CardChooser(CARDS)
    chooser.agent_said(["a"] * 2)
    chooser.caller_said(["a"] * 8)
    assert chooser.spoken == {"caller": 8, "agent": 2}


class Learned:
    """Types that an utterance names itself: `boss 0.9`."""

    def begin(self) -> object:
        return 0

    def hear(self, memory, speaker, syllables):
        assert isinstance(memory, int)
        if speaker is Speaker.AGENT:
            return memory + 1, {}
        pairs = zip(syllables[::2], syllables[1::2], strict=True)
        return memory + 1, {id_: float(share) for id_, share in pairs}


def test_what_is_learned_brings_a_card_and_changes_it_calmly() -> None:
    cards = [Card(id_, id_, "s", ("d",), ("a",), "y") for id_ in ("boss", "late", "never", "quiet")]
    chooser = CardChooser(Cards(cards, Learned()))
    assert said(chooser, "boss 0.5 late 0.1") == "", "it may well be an ordinary caller"
    assert said(chooser, "boss 0.2 late 0.18 never 0.19 quiet 0.18") == "", "nobody knows which"
    assert said(chooser, "boss 0.8 late 0.1") == "boss"
    assert said(chooser, "boss 0.44 late 0.45") == "boss", "not for a hair"
    assert said(chooser, "boss 0.3 late 0.6") == "late"
    assert said(chooser, "late 0.3") == ""
    chooser.agent_said(["hao"])
    assert said(chooser, "other 0.99") == "", "a type without a card"


def test_a_phrase_tells_apart_what_is_learned() -> None:
    cards = [
        Card("a", "a", "s", ("d",), ("a",), "y"),
        Card("b", "b", "s", ("d",), ("a",), "y", sounds=((ways("b"),),)),
    ]
    assert said(CardChooser(Cards(cards, Learned())), "a 0.45 b 0.4") == "b"
    assert said(CardChooser(Cards(cards, Learned())), "a 0.8 b 0.1") == "a"
