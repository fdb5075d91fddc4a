"""Written calls: beginnings by callers of each type, and whole calls by callers who need no card.

Beginnings stand in files: `=== 001 | boss`, with a third part where a listener knows later than at once; then
lines `A words` (agent) and `C words` (caller). Whole calls come from the corpus of acts.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from screener.acts.caller_types import EASY
from screener.core.dialogue_acts import Act
from screener.core.evidence import Standing
from screener.events import Speaker
from screener.training.acts.corpus import CorpusCall

EASY_ACTS = frozenset({Act.BUSINESS, Act.ANSWER, Act.CLOSING, Act.BACKCHANNEL})
"""What callers do who are not difficult at all."""
FEWEST = 3
"""Turns of the caller in a whole call."""
CORPUS = Path(__file__).parent / "corpus"


class WrittenCall(NamedTuple):
    """A call by a caller of one type.

    Attributes:
        turns: `A` or `C`, and the words.
        known: the caller's turn, from 1, at which a listener knows the type.
    """

    number: str
    kind: str
    turns: list[tuple[str, str]]
    known: int = 1


def calls(text: str) -> list[WrittenCall]:
    """Read the calls of a file."""
    found: list[WrittenCall] = []
    for line in text.splitlines():
        if line.startswith("==="):
            number, kind, *known = (part.strip() for part in line[3:].split("|"))
            found.append(WrittenCall(number, kind, [], *map(int, known)))
        elif line[:2] in ("A ", "C "):
            found[-1].turns.append((line[0], line[2:]))
    return found


def corpus(without: Collection[str] = ()) -> Iterator[WrittenCall]:
    """Every call that is learned from, but those of some hands, such as `hand2`."""
    for path in sorted(CORPUS.glob("*.txt")):
        if path.stem not in without:
            yield from calls(path.read_text("utf-8"))


def ordinary(calls: Iterable[CorpusCall]) -> Iterator[WrittenCall]:
    """Of calls of the corpus of acts, those of genuine callers who do nothing but ask and answer."""
    for call in calls:
        does = [turn.act for turn in call.turns if turn.speaker is Speaker.CALLER]
        if call.label == Standing.GENUINE and len(does) >= FEWEST and EASY_ACTS.issuperset(does):
            turns = [("A" if t.speaker is Speaker.AGENT else "C", t.text) for t in call.turns]
            yield WrittenCall(call.id, EASY, turns)
