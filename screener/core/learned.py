"""A small learned model beside the lexicon: how much an utterance sounds like harassment, phrase by phrase.

Logistic regression over hashed n-grams of folded syllables (see `phonetics`), for one kind. It is additive, so
what speaks for the kind is a stretch of the utterance that can be shown: its evidence has a span like any other.
An n-gram counts once in a sentence. The model finds what no phrase of the lexicon says in so many words, and what
a recogniser left of one.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from screener.core.evidence import Kind
from screener.core.phonetics import fold

LONGEST = 3
"""Syllables of the longest n-gram."""
WINDOW = 20
"""Syllables that are looked at together: a sentence. `STRIDE` is how far the next such window begins."""
STRIDE = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """A stretch that sounds like a kind of harassment.

    Attributes:
        weight: log-odds (nats) above what the worst of harmless talk reaches; positive.
        begin, end: indexes of its syllables; end is one past the last.
    """

    kind: Kind
    weight: float
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights, ready to be asked. Safe to share between threads.

    Attributes:
        version: names the weights in the log and in their data card.
        kind: what it speaks for.
        bits: n-grams are hashed to this many bits.
        table: a weight for each n-gram.
        scale: nats of one unit of a weight.
        offset: nats added to every window; the bar that harmless talk stays under.
    """

    version: str
    kind: Kind
    bits: int
    table: "array[int]"
    scale: float
    offset: float

    def hear(self, syllables: Sequence[str]) -> Likeness | None:
        """The window that speaks for the kind most, if any does.

        Args:
            syllables: toneless pinyin of one utterance.
        """
        size = len(syllables)
        grams = [ngrams(tuple(map(fold, syllables[i : i + LONGEST])), self.bits) for i in range(size)]
        starts = range(0, max(1, size - WINDOW + STRIDE), STRIDE)
        windows = [(start, min(size, start + WINDOW)) for start in starts]
        held = [{g for i in range(*window) for g in grams[i][: window[1] - i]} for window in windows]
        sums = [sum(self.table[g] for g in window) for window in held]
        best = max(range(len(sums)), key=sums.__getitem__)
        weight = self.scale * sums[best] + self.offset
        if weight <= 0:
            return None
        units = [[self.table[g] for g in at] for at in grams]
        return Likeness(self.kind, weight, *_stretch(units, *windows[best]))


@lru_cache(maxsize=65536)
def ngrams(sounds: tuple[str, ...], bits: int) -> tuple[int, ...]:
    """Numbers of the n-grams that begin with the first of these sounds, the shortest first."""
    mask = (1 << bits) - 1
    return tuple(crc32(" ".join(sounds[:n]).encode()) & mask for n in range(1, len(sounds) + 1))


def _stretch(units: list[list[int]], begin: int, end: int) -> tuple[int, int]:
    """The part of a window that weighs most: nothing before or after it adds anything."""
    best, first, last = 0, begin, end
    run, run_began = 0, begin
    for i in range(begin, end):
        if run <= 0:
            run, run_began = 0, i
        run += sum(units[i][: end - i])
        if run > best:
            best, first, last = run, run_began, min(end, i + LONGEST)
    return first, last
