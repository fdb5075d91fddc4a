"""The running calls, without the numbers that are said in them."""

from screener.feed.board import UTTERANCES, Board
from screener.feed.items import Heard, Judged, Over, Weighed
from screener.feed.masked import masked, masked_item


def test_a_number_that_comes_in_groups_is_hidden_as_soon_as_it_is_one() -> None:
    board = Board()
    said = [
        Heard("a", 1.0, "caller", 0, "幺三九", final=True),
        Heard("b", 1.5, "caller", 0, "八七", final=True),
        Heard("a", 2.0, "caller", 1, "八七", final=False),
        Heard("a", 2.0, "caller", 1, "八七六五", final=True),
        Weighed("a", 2.0, "act.caller.personal", "八七六五", "", 0.5, "八七六五", 0.5, 2.1),
    ]
    shown = [masked_item(board, item) for item in said]
    assert [item.text for item in shown[:4]] == ["幺三九", "八七", "**", "****"]
    assert (shown[4].span, shown[4].detail) == ("****", "****")
    words, evidence = masked(board.calls["a"])
    assert [heard.text for heard in words] == ["***", "****"] and evidence == [shown[4]]


def test_what_has_no_words_goes_by_and_an_old_utterance_is_hidden_alone() -> None:
    board = Board()
    over = Over("a", 1.0, "caller")
    assert masked_item(board, over) is over
    judged = Judged("a", 1.0, "genuine", "", 0.0, 2.0, "none", "matter", emergency=False, dry_run=False)
    assert masked_item(board, judged) is judged
    for n in range(UTTERANCES + 1):
        masked_item(board, Heard("a", float(n), "caller", n, "好", final=True))
    late = Heard("a", 99.0, "caller", 0, "13987654321", final=True)
    assert masked_item(board, late).text == "***********"
