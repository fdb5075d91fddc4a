"""Text to toneless pinyin, the form in which everything that was heard is compared.

`你好 VIP 2` becomes `("ni", "hao", "v", "i", "p", "er")`; `nǐhǎo` and `n ǐ h ǎo`, as a pinyin recogniser prints
it, become `("ni", "hao")`. ü is written `v`.

The dictionaries take a fifth of a second to load, and do when the first text is read: who only looks whether a
model is there needs none of them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from screener.resources import loading

CACHED_TEXTS = 8192
"""Texts whose reading is remembered; partial results repeat a lot."""
CACHED_SOUNDS = 4096
"""Sounds with their tones, some 1,500, that are remembered without."""

TONES = frozenset("\u0304\u0301\u030c\u0300")
"""Combining macron, acute, caron, grave: tones one to four."""
DIGITS = dict(zip("0123456789", ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"), strict=True))
MUMBLES = {"n": "en", "ng": "en", "m": "en", "hm": "heng", "hng": "heng", "ê": "ei"}
"""Syllables without a vowel (嗯, 呣, 哼), as everybody says them."""
INITIALS = frozenset(
    [
        "b",
        "p",
        "m",
        "f",
        "d",
        "t",
        "n",
        "l",
        "g",
        "k",
        "h",
        "j",
        "q",
        "x",
        "zh",
        "ch",
        "sh",
        "r",
        "z",
        "c",
        "s",
        "y",
        "w",
    ]
)

_RUNS = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z]|[0-9]")
_CHARACTER = re.compile(r"[\u3400-\u9fff]")
_LONGEST = 6


class _Dictionaries(NamedTuple):
    cut: Callable[[str], Iterator[str]]
    """A run of characters into its phrases."""
    phrases: Mapping[str, list[list[str]]]
    """For each phrase, and each of its characters, its readings."""
    characters: Mapping[int, str]
    """The readings of each character, with commas between them."""


@cache
def dictionaries() -> _Dictionaries:
    """What reads characters; whoever must not wait at the first of them asks for it before."""
    with loading():
        from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
        from pypinyin.seg.mmseg import seg

    return _Dictionaries(seg.cut, PHRASES_DICT, PINYIN_DICT)


@lru_cache(maxsize=CACHED_TEXTS)
def syllables(text: str) -> tuple[str, ...]:
    """Toneless pinyin of a text, lower case, one item a syllable.

    Characters are read in the context of their phrase; digits one by one; Latin letters stay single letters;
    punctuation is silent. A text without characters but with a tone mark anywhere is taken for pinyin.
    """
    text = unicodedata.normalize("NFKC", text)
    if not _CHARACTER.search(text) and not TONES.isdisjoint(unicodedata.normalize("NFD", text)):
        return _toneless(text)
    read: list[str] = []
    for run in _RUNS.findall(text.lower()):
        if run.isascii():
            read.append(DIGITS.get(run, run))
        else:
            read += [MUMBLES.get(plain, plain) for plain in map(_plain, _readings(run))]
    return tuple(read)


def _readings(characters: str) -> Iterator[str]:
    """With tone marks, each character as in its phrase: what `lazy_pinyin` says, in a third of its time.

    Which of many styles and of several readings it should be, and what else might stand there, costs the most.
    """
    known = dictionaries()
    for phrase in known.cut(characters):
        if together := known.phrases.get(phrase):
            yield from (readings[0] for readings in together)
        else:
            found = (known.characters.get(ord(character)) for character in phrase)
            yield from (readings.split(",")[0] for readings in found if readings)


def numbered(text: str) -> str:
    """Pinyin with tone numbers, as speech synthesis wants it: `你好,吗` becomes `ni2 hao3 , ma5`.

    Within a word tones change as they do in the mouth (不是 is bu2 shi4); punctuation stays.
    """
    from pypinyin import Style, lazy_pinyin

    text = unicodedata.normalize("NFKC", text).replace("。", ".").replace("、", ",")
    read = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)
    return " ".join(" ".join(read).split())


def initials_and_finals(text: str) -> tuple[str, ...]:
    """What recognisers of pinyin print, token by token: `外婆` becomes `("w", "ài", "p", "ó")`.

    What is no character of pinyin stays as it is.
    """
    from pypinyin import Style, lazy_pinyin
    from pypinyin.contrib.tone_convert import to_finals_tone, to_initials

    read = lazy_pinyin(text, style=Style.TONE)
    halves = ((to_initials(sound, strict=False), to_finals_tone(sound, strict=False)) for sound in read)
    parts = (filter(None, half) if any(half) else [sound] for sound, half in zip(read, halves, strict=True))
    return tuple(part for some in parts for part in some)


@cache
def inventory() -> frozenset[str]:
    """Every toneless syllable that a dictionary character can have, about 420."""
    plain = {_plain(reading) for readings in dictionaries().characters.values() for reading in readings.split(",")}
    return frozenset(plain) | frozenset(MUMBLES)


@cache
def characters_of() -> dict[str, tuple[str, ...]]:
    """The everyday characters of each toneless syllable, by their first reading."""
    found: dict[str, list[str]] = {}
    for code, toned in dictionaries().characters.items():
        if _is_everyday(character := chr(code)):
            found.setdefault(_plain(toned.split(",")[0]), []).append(character)
    return {sound: tuple(characters) for sound, characters in found.items()}


def _is_everyday(character: str) -> bool:
    """Whether it is one of the 3,755 of GB 2312's first level."""
    code = character.encode("gb2312", "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


@lru_cache(maxsize=CACHED_SOUNDS)
def _plain(toned: str) -> str:
    letters = unicodedata.normalize("NFD", toned)
    bare = "".join(letter for letter in letters if letter not in TONES)
    return unicodedata.normalize("NFC", bare).lower().replace("ü", "v")


def _toneless(text: str) -> tuple[str, ...]:
    """Pinyin with tone marks: words, syllables, or initials and finals with spaces between them."""
    pieces: list[str] = []
    initial = ""
    for piece in re.findall(r"[^\W\d_]+", text):
        if piece in INITIALS:
            pieces += list(initial)
            initial = piece
        else:
            pieces.append(initial + piece)
            initial = ""
    pieces += list(initial)
    return tuple(syllable for piece in pieces for syllable in _split(piece))


@lru_cache(maxsize=CACHED_SOUNDS)
def _split(word: str) -> tuple[str, ...]:
    """A word in pinyin to its syllables: no more than one tone mark in each, the longest fit first."""
    found: list[str] = []
    while word:
        for size in range(min(_LONGEST, len(word)), 0, -1):
            piece, rest = word[:size], word[size:]
            if _is_syllable(piece) and (not rest or size == 1 or _can_begin(rest)):
                break
        plain = _plain(piece)
        if plain.isascii() or plain in MUMBLES:  # other alphabets are not read
            found.append(MUMBLES.get(plain, plain))
        word = rest
    return tuple(found)


def _is_syllable(piece: str) -> bool:
    if sum(mark in TONES for mark in unicodedata.normalize("NFD", piece)) > 1:
        return False
    return _plain(piece) in inventory()


def _can_begin(rest: str) -> bool:
    return (
        not rest[0].islower()
        or any(_is_syllable(rest[:size]) for size in range(2, _LONGEST + 1))
        or (_is_syllable(rest[0]))
    )
