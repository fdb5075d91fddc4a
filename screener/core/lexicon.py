"""Phrases, compiled to pinyin and found in what was heard: in sound, not in script.

One Aho-Corasick automaton over folded syllables (see `phonetics`) finds every candidate in one pass, so the time
depends on what was said and not on how many phrases there are; the cost of confusions then keeps or drops each.
A *safe* phrase hides what it overlaps (三八妇女节 hides 三八), also while it is still being said: a find that a
safe phrase may yet cover is held back until the next syllable decides.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from screener.core.evidence import Kind
from screener.core.phonetics import cost, fold


class PhraseRole(StrEnum):
    """What a phrase speaks for."""

    HARASSMENT = "harassment"
    EMERGENCY = "emergency"
    PRETEXT = "pretext"
    """Opens a call without saying what it is about."""
    SAFE = "safe"
    """Hides harassing words that it covers."""


GAP = "…"
GAP_SYLLABLES = 4
"""How many syllables may lie where a phrase has a gap."""
COST_A_SYLLABLE = 0.2
"""Confusions allowed in a phrase of three syllables or more, in cost; shorter ones must be heard exactly."""
HOMOPHONE = {1: 0.1, 2: 0.25, 3: 0.45, 4: 0.85}
"""Likeness of the right sounds in other characters, by syllables; longer phrases keep `LONG_HOMOPHONE`."""
LONG_HOMOPHONE = 0.95
UNWRITTEN = {1: 0.3, 2: 0.6, 3: 0.9}
"""Likeness of the right sounds where no characters were printed; longer phrases keep 1."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One entry of the lexicon.

    Attributes:
        rule: stable id, such as `lewd.body.3`.
        kind: the kind of harassment; None unless the role is harassment.
        weight: log-odds (nats), positive; the role says for or against.
        text: in characters, a gap as `…`.
        parts: toneless pinyin of what stands between the gaps.
    """

    rule: str
    role: PhraseRole
    kind: Kind | None
    weight: float
    text: str
    parts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was heard.

    Attributes:
        begin, end: indexes of its syllables in what was heard; end is one past the last.
        heard: what was printed there; pinyin where there are no characters.
        likeness: 0..1; 1 when the very characters were printed.
    """

    phrase: Phrase
    begin: int
    end: int
    heard: str
    likeness: float

    def overlaps(self, other: "Match") -> bool:
        """Whether both share a syllable."""
        return self.begin < other.end and other.begin < self.end


@dataclass(frozen=True, slots=True)
class _Part:
    phrase: Phrase
    number: int
    syllables: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part that was heard, and how alike."""

    part: _Part
    begin: int
    end: int
    likeness: float


class Lexicon:
    """Finds phrases. Immutable after construction; safe to share between threads."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.phrases = tuple(phrases)
        self._next: list[dict[str, int]] = [{}]
        self._fail: list[int] = [0]
        self._depth: list[int] = [0]
        self._parts: list[tuple[_Part, ...]] = [()]
        self._safe_ahead: list[bool] = [False]
        for phrase in self.phrases:
            for number, (syllables, text) in enumerate(zip(phrase.parts, phrase.text.split(GAP), strict=True)):
                self._insert(_Part(phrase, number, syllables, text))
        self._link()

    def find(self, text: str, syllables: Sequence[str], *, final: bool = True) -> tuple[Match, ...]:
        """Every phrase in what was heard, in order; of one place the longest of each role.

        Args:
            text: as printed: characters, or anything else where only sounds are known.
            syllables: the same in toneless pinyin.
            final: whether the utterance is over; until then a find that a safe phrase may yet cover is held back.
        """
        candidates: list[tuple[_Part, int]] = []
        state = 0
        for end, syllable in enumerate(syllables, start=1):
            sound = fold(syllable)
            while state and sound not in self._next[state]:
                state = self._fail[state]
            state = self._next[state].get(sound, 0)
            if parts := self._parts[state]:
                candidates += ((part, end) for part in parts)
        if not candidates:
            return ()  # as most of what is said
        shown = written(text, len(syllables))
        heard = (_verify(part, end, syllables, shown) for part, end in candidates)
        pieces = [piece for piece in heard if piece]
        matches = _join(pieces, syllables, shown)
        safe = [m for m in matches if m.phrase.role is PhraseRole.SAFE]
        held_from = len(syllables) if final else self._held_from(state, len(syllables))
        harmful = [m for m in matches if m.phrase.role is PhraseRole.HARASSMENT]
        harmful = [m for m in harmful if m.begin < held_from and not _is_hidden(m, safe)]
        others = [m for m in matches if m.phrase.role not in (PhraseRole.HARASSMENT, PhraseRole.SAFE)]
        return _longest(harmful + others)

    def _held_from(self, state: int, heard: int) -> int:
        """Index from which what was heard may yet become part of a safe phrase."""
        begin = heard
        while state:
            if self._safe_ahead[state]:
                begin = min(begin, heard - self._depth[state])
            state = self._fail[state]
        return begin

    def _insert(self, part: _Part) -> None:
        state = 0
        for syllable in part.syllables:
            if part.phrase.role is PhraseRole.SAFE and state:
                self._safe_ahead[state] = True
            sound = fold(syllable)
            if sound not in self._next[state]:
                self._next[state][sound] = len(self._next)
                self._next.append({})
                self._fail.append(0)
                self._depth.append(self._depth[state] + 1)
                self._parts.append(())
                self._safe_ahead.append(False)
            state = self._next[state][sound]
        self._parts[state] += (part,)

    def _link(self) -> None:
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for sound, target in self._next[state].items():
                waiting.append(target)
                fall = self._fail[state]
                while fall and sound not in self._next[fall]:
                    fall = self._fail[fall]
                self._fail[target] = self._next[fall].get(sound, 0)
                self._parts[target] += self._parts[self._fail[target]]


def _verify(part: _Part, end: int, syllables: Sequence[str], written: str | None) -> _Piece | None:
    """Keep a candidate whose confusions are cheap enough, and say how alike it is."""
    size = len(part.syllables)
    begin = end - size
    spent = sum(map(cost, part.syllables, syllables[begin:end]))
    if spent > (COST_A_SYLLABLE * size if size > 2 else 0):
        return None
    alike = 1.0 - spent / size if size < 4 else 1.0 - spent / (2 * size)
    if written is None:
        alike *= UNWRITTEN.get(size, 1.0)
    elif (shown := written[begin:end]) != part.text:
        same = sum(a == b for a, b in zip(shown, part.text, strict=False)) / size
        base = HOMOPHONE.get(size, LONG_HOMOPHONE)
        alike *= base + (1 - base) * same * 0.5
    return _Piece(part, begin, end, alike)


def _join(pieces: list[_Piece], syllables: Sequence[str], written: str | None) -> list[Match]:
    """Whole phrases from their parts."""

    def match(phrase: Phrase, begin: int, end: int, likeness: float) -> Match:
        heard = " ".join(syllables[begin:end]) if written is None else written[begin:end]
        return Match(phrase, begin, end, heard, likeness)

    found: list[Match] = []
    begun: list[tuple[_Piece, int, float]] = []  # last part heard, where the phrase began, likeness so far
    for piece in pieces:
        phrase, number = piece.part.phrase, piece.part.number
        so_far = [(piece.begin, piece.likeness)] if number == 0 else []
        for last, begin, likeness in begun:
            gap = piece.begin - last.end
            if last.part.phrase is phrase and last.part.number == number - 1 and 0 <= gap <= GAP_SYLLABLES:
                so_far.append((begin, min(likeness, piece.likeness)))
        for begin, likeness in so_far[-1:]:
            if number == len(phrase.parts) - 1:
                found.append(match(phrase, begin, piece.end, likeness))
            else:
                begun.append((piece, begin, likeness))
    return found


def _is_hidden(match: Match, safe: list[Match]) -> bool:
    """Whether a safe phrase covers any of it: a longer one, or one as long and no less alike."""
    own = (match.end - match.begin, match.likeness)
    return any(s.overlaps(match) and (s.end - s.begin, s.likeness) >= own for s in safe)


def _longest(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Without matches inside a longer one of the same role, or of one place those less alike."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (m.begin - m.end, -m.likeness, m.begin)):
        if not any(
            k.phrase.role is match.phrase.role and k.begin <= match.begin and match.end <= k.end for k in kept
        ):
            kept.append(match)
    return tuple(sorted(kept, key=lambda m: (m.begin, m.end)))


def written(text: str, count: int) -> str | None:
    """What was printed for each of `count` syllables (characters, digits, letters); None when that is unknown."""
    shown = "".join(c for c in text if "\u3400" <= c <= "\u9fff" or (c.isascii() and c.isalnum()))
    chinese = any(c > "\u3400" for c in shown)
    return shown if chinese and len(shown) == count else None
