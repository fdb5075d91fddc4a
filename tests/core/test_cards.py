"""The cue card of a call: it comes when enough speaks for it, changes calmly, and counts who speaks."""

from screener.core.cards import Card, Cards, Prompter

CARDS = Cards(
    [
        Card("boss", "找领导", "s", ("d",), ("a",), "y", sounds=((("zhao", "ling", "dao"),),)),
        Card("late", "晚了", "s", ("d",), ("a",), "y", sounds=((("shuo", "hao"), ("mei", "dao")),)),
        Card("talk", "闲谈", "s", ("d",), ("a",), "y", acts={"caller.smalltalk": 0.7}),
    ]
)


def said(prompter: Prompter, words: str, act: str = "", share: float = 1.0) -> str:
    card = prompter.caller_said(words.split())
    if act:
        card = prompter.caller_did(act, share)
    return card.id if card else ""


def test_a_phrase_brings_its_card_at_once_and_one_faint_act_does_not() -> None:
    prompter = Prompter(CARDS)
    assert said(prompter, "ni hao", "caller.smalltalk") == ""
    assert said(prompter, "wo yao zhao ling dao") == "boss"


def test_acts_add_up_over_a_call_by_how_sure_they_are() -> None:
    sure, unsure = Prompter(CARDS), Prompter(CARDS)
    assert [said(sure, "a b", "caller.smalltalk") for _ in range(2)] == ["", "talk"]
    assert [said(unsure, "a b", "caller.smalltalk", 0.3) for _ in range(4)] == [""] * 4


def test_the_parts_of_a_phrase_stand_in_their_order() -> None:
    assert said(Prompter(CARDS), "shuo hao san tian hai mei dao") == "late"
    assert said(Prompter(CARDS), "hai mei dao shuo hao") == ""


def test_a_card_does_not_flicker_and_leaves_when_nothing_speaks_for_it_any_more() -> None:
    prompter = Prompter(CARDS)
    said(prompter, "zhao ling dao")
    assert said(prompter, "x", "caller.smalltalk") == "boss"
    assert said(prompter, "zhao ling dao", "caller.smalltalk") == "boss", "not with every word"
    for _ in range(4):
        last = said(prompter, "x", "caller.smalltalk")
    assert last == "talk"
    for _ in range(8):
        last = said(prompter, "x")
    assert last == ""


def test_who_speaks_how_much() -> None:
    prompter = Prompter(CARDS)
    prompter.agent_said(["a"] * 2)
    prompter.caller_said(["a"] * 8)
    assert prompter.spoken == {"caller": 8, "agent": 2}
