"""Evidence in words."""

from screener.words.judgement import Teller


def test_evidence_quotes_what_it_stands_on_unless_it_says_it_itself() -> None:
    teller = Teller("zh")
    assert teller.piece("time.night", "", "23:10").endswith("深夜来电 “23:10”")
    assert teller.piece("dialogue.silent", "2", "2") == "询问 2 次均无人应答"
    assert teller.piece("caller.line.public", "", "public") == "公用电话", "no code among the words"
    assert teller.piece("dialogue.silent", "2", "") == "询问 2 次均无人应答"


def test_what_was_told_once_the_call_was_over_is_said_so() -> None:
    assert Teller("zh").reason("afterwards:lewd") == "通话结束后认定：言语猥亵"
    assert Teller("en").reason("afterwards:lewd") == "told once the call was over: lewd talk"
    assert Teller("zh").reason("afterwards") == "通话结束后认定：骚扰"
