from datetime import UTC, datetime

from screener.feed.board import UTTERANCES, Board
from screener.feed.items import (
    Began,
    Cautioned,
    Handled,
    Heard,
    Judged,
    Missed,
    Obeyed,
    Over,
    Paused,
    Unheard,
    Weighed,
)

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
BEGAN = Began("a", "n", NOON, "+861", "mobile", "", "100", "in_path", "")


def test_a_call_grows_and_leaves() -> None:
    board = Board()
    for item in (
        BEGAN,
        Heard("a", 1.0, "caller", 0, "我", final=False),
        Heard("a", 1.4, "caller", 0, "我想", final=True),
        Heard("a", 2.0, "agent", 0, "您好", final=True),
        Weighed("a", 1.4, "business.request.1", "", "", -3.0, "我想", -7.0, 2.1),
        Judged("a", 1.4, "genuine", "", -7.0, 2.0, "none", "matter", emergency=False, dry_run=False),
        Handled("a", 3.0, "line_fault", done=False, completed=False),
        Unheard("a", 3.0, "gone"),
        Obeyed("a", 3.0, "agents", "wang", "too_late"),
    ):
        call = board.take(item)
    assert call is not None and [h.text for h in call.words.values()] == ["我想", "您好"]
    assert (call.treatment, call.unheard, call.at) == ("line_fault", "gone", 3.0)
    again = Board()
    for item in call.items():
        again.take(item)
    assert again.calls["a"] == call, "a newcomer knows what everybody knows"
    assert (call.stands.score, call.stands.threshold) == (-7.0, 2.0)
    call = board.take(Weighed("a", 5.0, "act.caller.lewd", "", "lewd", 6.0, "你", -1.0, 2.6))
    again = Board()
    for item in call.items():
        again.take(item)
    assert again.calls["a"] == call, "also of how it stands since the decision"
    assert (call.stands.score, call.stands.threshold) == (-1.0, 2.6)
    board.take(Cautioned("a", 6.0, "lewd", 1, "asked", "rule"))
    assert call.waits
    board.take(Over("a", 6.0, "fault"))
    assert not board.calls and not call.waits, "nobody can answer any more"


def test_what_is_kept_is_bounded_and_what_was_missed_is_counted() -> None:
    board = Board()
    for number in range(UTTERANCES * 3):
        board.take(Heard("a", number, "caller", number, "喂", final=True))
        board.take(Weighed("a", number, f"r.{number}", "", "", 1.0, "喂", number, 2.1))
    call = board.calls["a"]
    assert len(call.words) == len(call.evidence) == UTTERANCES
    assert call.evidence[-1].rule == f"r.{UTTERANCES * 3 - 1}"
    assert board.take(Missed(7)) is None and board.missed == 7
    assert board.take(Over("unknown", 1.0, "caller")) is None and list(board.calls) == ["a"]
    assert board.take(Paused("unknown", ok=True)) is None and list(board.calls) == ["a"]
