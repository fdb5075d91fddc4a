"""The sentences that the model learns to hear, and the words they are cut into.

They come from lists of phrases, the demo's calls, the scripted calls of the tests (a model is built in a
checkout) and from the text files beside this module: one sentence a line, `#` begins a comment. Words are not
taken from a dictionary: the pairs of neighbours that occur most often are joined, again and again, as in byte-pair
encoding. Whatever is frequent in these sentences becomes one word.
"""

import json
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from screener.errors import ModelError
from screener.resources import PACKAGE, config_folder
from screener.speech.pinyin import DIGITS, MUMBLES, inventory, syllables
from screener.training.speech.tokens import split

FOLDER = Path(__file__).parent / "corpus"
CALLS = PACKAGE.parent / "tests" / "data" / "calls"
LONGEST_WORD = 4
RAREST_WORD = 2
"""A pair of neighbours that occurs less often is not joined."""

_PARTS = re.compile(r"[,.!?;:、,。!?;:…\s]+")
_SPEAKABLE = re.compile(r"[㐀-鿿]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters, and how each is read.

    Attributes:
        text: Chinese characters only.
        toned: numbered pinyin, one for each character: `("ni3", "hao3")`.
    """

    text: str
    toned: tuple[str, ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """Toneless pinyin."""
        return tuple(syllable.rstrip("012345") for syllable in self.toned)


def read_sentence(text: str) -> Sentence | None:
    """A text without punctuation to how it is read; None when a part of it cannot be read."""
    if not _SPEAKABLE.fullmatch(text):
        return None
    toned = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)
    toned = [MUMBLES[t.rstrip("12345")] + t[-1] if t.rstrip("12345") in MUMBLES else t for t in toned]
    sentence = Sentence(text, tuple(toned))
    if len(toned) != len(text) or sentence.plain != syllables(text):
        return None
    try:
        for syllable in sentence.plain:
            split(syllable)
    except ValueError:
        return None
    return sentence


GRADED = ("warning_", "idle_notice")
"""How the names of prompts begin that came after the shipped model: nobody listens to them."""


def sentences() -> list[Sentence]:
    """Every sentence of the corpus, sorted, each once."""
    found = {part for text in _texts() for part in [text, *_PARTS.split(text)]}
    read = (read_sentence(_PARTS.sub("", _spell(text))) for text in sorted(found))
    return sorted({s.text: s for s in read if s is not None}.values(), key=lambda s: s.text)


def listed_phrases() -> list[str]:
    """Harassment and business that the model is made to hear, whatever the site's lexicon lists."""
    lines = (FOLDER / "phrases.txt").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _texts() -> Iterator[str]:
    demo = PACKAGE / "demo" / "calls.toml"
    if demo.exists():
        yield from spoken_in_the_demo(_toml(demo))
    for calls in sorted(CALLS.glob("*.jsonl")):
        for line in calls.read_text("utf-8").splitlines():
            yield from (str(turn["text"]) for turn in json.loads(line)["turns"])
    prompts = _toml(config_folder() / "prompts.toml").get("zh", {})
    lines = (str(line) for name, line in prompts.items() if not name.startswith(GRADED))
    yield from (unicodedata.normalize("NFKC", line) for line in lines)  # `_PARTS` are marks of half a width
    for path in sorted(FOLDER.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if text := line.partition("#")[0].strip():
                yield from text.split("|")


def spoken_in_the_demo(script: dict[str, Any]) -> Iterator[str]:
    """Everything that is said aloud in the demo's calls."""
    for call in script.get("call", []):
        yield from (str(said["text"]) for said in call.get("says", []))
        yield str(call.get("to_agent", ""))
        yield str(call.get("group", {}).get("text", ""))
    yield str(script.get("agent", {}).get("text", ""))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}", "the corpus needs it; correct it or take the shipped one") from error


def _spell(text: str) -> str:
    """Digits as characters, so that they can be words."""
    spelled = {"ling": "零", "yi": "一", "er": "二", "san": "三", "si": "四"}
    spelled |= {"wu": "五", "liu": "六", "qi": "七", "ba": "八", "jiu": "九"}
    return "".join(spelled[DIGITS[c]] if c in DIGITS else c for c in text)


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """A word as the recogniser prints it, with one way to read it."""

    text: str
    plain: tuple[str, ...]


class Segmenter:
    """Cuts sentences into words that it learned from them.

    Args:
        corpus: what to learn from.
    """

    def __init__(self, corpus: Sequence[Sentence]) -> None:
        self._joins: dict[tuple[str, str], int] = {}
        pairs = _Pairs([list(s.text) for s in corpus])
        while pair := pairs.commonest():
            self._joins[pair] = len(self._joins)
            pairs.join(pair)

    def cut(self, sentence: Sentence) -> list[Pronunciation]:
        """A sentence as words."""
        words = list(sentence.text)
        while len(words) > 1:
            pairs = [p for p in pairwise(words) if p in self._joins]
            if not pairs:
                break
            _join(words, min(pairs, key=self._joins.__getitem__))
        found, at = [], 0
        for text in words:
            found.append(Pronunciation(text, sentence.plain[at : at + len(text)]))
            at += len(text)
        return found


class _Pairs:
    """Neighbours in sentences that are being joined into words: counted once, then where they were joined.

    Args:
        cut: sentences as lists of words; they are changed.
    """

    def __init__(self, cut: list[list[str]]) -> None:
        self._cut = cut
        self._counts: Counter[tuple[str, str]] = Counter()
        self._places: dict[tuple[str, str], set[int]] = defaultdict(set)
        """In which sentences a pair is, or was."""
        self._ranks: dict[int, set[tuple[str, str]]] = defaultdict(set)
        """Pairs by their count."""
        self._top = 0
        for place in range(len(cut)):
            self._count(place, 1)

    def commonest(self) -> tuple[str, str] | None:
        """The pair that is to be joined next; the last in order among equals. None when all are rare."""
        while self._top >= RAREST_WORD:
            if self._ranks[self._top]:
                return max(self._ranks[self._top])
            self._top -= 1
        return None

    def join(self, pair: tuple[str, str]) -> None:
        """Make one word of it, everywhere."""
        for place in self._places.pop(pair):
            self._count(place, -1)
            _join(self._cut[place], pair)
            self._count(place, 1)

    def _count(self, place: int, sign: int) -> None:
        for pair in pairwise(self._cut[place]):
            if len(pair[0]) + len(pair[1]) <= LONGEST_WORD:
                before = self._counts[pair]
                self._ranks[before].discard(pair)
                self._counts[pair] = now = before + sign
                self._ranks[now].add(pair)
                self._places[pair].add(place)
                self._top = max(self._top, now)


def _join(words: list[str], pair: tuple[str, str]) -> None:
    at = 0
    while at < len(words) - 1:
        if (words[at], words[at + 1]) == pair:
            words[at : at + 2] = ["".join(pair)]
        at += 1


def _gb2312(character: str) -> bytes:
    return character.encode("gb2312", "ignore")


def garbage(corpus: Iterable[Sentence]) -> list[Pronunciation]:
    """One word for every syllable there is, for what the corpus does not know.

    The character that stands for a syllable is the commonest of the corpus that is read so on its own, else the
    first of GB 2312, which lists the common ones first; a syllable that has none there is left out.
    """
    known = Counter(character for sentence in corpus for character in sentence.text)
    characters = [c for c, _ in known.most_common()] + sorted(filter(_gb2312, map(chr, PINYIN_DICT)), key=_gb2312)
    chosen: dict[str, str] = {}
    for character in characters:
        read = syllables(character)
        if len(read) == 1:
            chosen.setdefault(read[0], character)
    found = []
    for syllable in sorted(inventory()):
        try:
            split(syllable)
        except ValueError:
            continue
        if syllable in chosen:
            found.append(Pronunciation(chosen[syllable], (syllable,)))
    return found
