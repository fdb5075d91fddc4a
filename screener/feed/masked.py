"""A running call without the phone numbers that were said in it."""

from collections.abc import Sequence
from dataclasses import replace

from screener.feed.board import Board, LiveCall
from screener.feed.items import Heard, Item, Weighed
from screener.numbers.mask import MaskedTranscript, hide


def masked(call: LiveCall) -> tuple[Sequence[Heard], Sequence[Weighed]]:
    """Words and evidence of a running call, oldest first, without the numbers that were said."""
    words = sorted(call.words.values(), key=lambda heard: heard.at)
    transcript = MaskedTranscript((heard.speaker, heard.text) for heard in words)
    return (
        [replace(heard, text=text) for heard, text in zip(words, transcript.texts, strict=True)],
        [replace(e, span=transcript.quoted(e.span), detail=transcript.quoted(e.detail)) for e in call.evidence],
    )


def masked_item(board: Board, item: Item) -> Item:
    """An item without the numbers that were said; the board remembers what was said before it in its call."""
    call = board.take(item)
    if call is None or not isinstance(item, Heard | Weighed):
        return item
    words, evidence = masked(call)
    if isinstance(item, Weighed):
        return evidence[-1]
    own = (heard for heard in words if (heard.speaker, heard.utterance) == (item.speaker, item.utterance))
    return next(own, replace(item, text=hide(item.text)))
