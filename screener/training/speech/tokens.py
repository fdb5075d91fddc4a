"""Syllables as pairs of tokens.

A toneless Mandarin syllable is an initial and a final. Syllables that begin with a vowel get the initial `0`, so
that initials and finals always alternate: the same token never follows itself, and CTC's special case for repeated
labels cannot occur.
"""

INITIALS = (
    *("b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x"),
    *("zh", "ch", "sh", "r", "z", "c", "s", "y", "w", "0"),
)
FINALS = (
    *("a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "er", "ong"),
    *("i", "ii", "iii", "ia", "ie", "iao", "iu", "ian", "in", "iang", "ing", "iong"),
    *("u", "ua", "uo", "uai", "ui", "uan", "un", "uang", "v", "ve", "van", "vn"),
)
"""`ii` is the vowel of zi, ci, si; `iii` that of zhi, chi, shi, ri; `v` is ü."""

BLANK = 0
TOKENS = ("<blank>", *INITIALS, *FINALS)
"""What the net tells apart, by index."""
INDEX = {token: index for index, token in enumerate(TOKENS)}

_FRONTED = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}
_AFTER_Y = _FRONTED | {"a": "ia", "e": "ie", "ao": "iao", "ou": "iu", "an": "ian", "ang": "iang", "ong": "iong"}
_AFTER_W = {"a": "ua", "o": "uo", "ai": "uai", "ei": "ui", "an": "uan", "en": "un", "ang": "uang"}


def split(syllable: str) -> tuple[int, int]:
    """A toneless syllable as `screener.speech.pinyin` writes it, to the indices of its two tokens.

    Raises:
        ValueError: it is no syllable of Mandarin.
    """
    initial = next((i for i in (syllable[:2], syllable[:1]) if i in INITIALS and i != syllable), "0")
    final = syllable.removeprefix(initial) if initial != "0" else syllable
    if initial == "y":
        final = _AFTER_Y.get(final, final)
    elif initial == "w":
        final = _AFTER_W.get(final, final)
    elif initial in ("j", "q", "x"):
        final = _FRONTED.get(final, final)
    elif initial in ("z", "c", "s") and final == "i":
        final = "ii"
    elif initial in ("zh", "ch", "sh", "r") and final == "i":
        final = "iii"
    if final == "ue":  # lue, nue: another spelling of lve, nve
        final = "ve"
    if final not in FINALS:
        raise ValueError(f"{syllable!r} is no syllable of Mandarin")
    return INDEX[initial], INDEX[final]


def encode(syllables: tuple[str, ...]) -> list[int]:
    """Syllables to token indices, two each."""
    return [token for syllable in syllables for token in split(syllable)]
