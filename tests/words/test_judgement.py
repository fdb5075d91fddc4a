"""Evidence in words."""

from screener.words.judgement import Teller


def test_evidence_quotes_what_it_stands_on_unless_it_says_it_itself() -> None:
    teller = Teller("zh")
    assert teller.piece("time.night", "", "23:10").endswith("深夜来电 “23:10”")
    assert teller.piece("dialogue.silent", "2", "2") == "询问 2 次均无人应答"
    assert teller.piece("caller.line.public", "", "public") == "公用电话", "no code among the words"
    assert teller.piece("dialogue.silent", "2", "") == "询问 2 次均无人应答"
