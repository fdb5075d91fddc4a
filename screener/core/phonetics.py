"""Syllables as a telephone recogniser hears them, and what taking one for another costs.

Toneless pinyin. Syllables that are taken for one another at 8 kHz, and by southern speakers everywhere, share a
*fold*; the fold finds candidates fast, the cost then says how far what was heard is from what was meant.
"""

from functools import lru_cache

EXACT = 0.0
NEVER = 99.0
"""Cost of two syllables that nobody confuses."""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_INITIAL_FOLD = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "r": "l", "f": "h"}
_INITIAL_COST = {
    frozenset({"zh", "z"}): 0.3,
    frozenset({"ch", "c"}): 0.3,
    frozenset({"sh", "s"}): 0.3,
    frozenset({"n", "l"}): 0.5,
    frozenset({"h", "f"}): 0.7,
    frozenset({"r", "l"}): 0.8,
}
_FINAL_COST = {
    frozenset({"in", "ing"}): 0.3,
    frozenset({"en", "eng"}): 0.3,
    frozenset({"an", "ang"}): 0.6,
    frozenset({"ian", "iang"}): 0.6,
    frozenset({"uan", "uang"}): 0.6,
}


@lru_cache(maxsize=4096)
def split(syllable: str) -> tuple[str, str]:
    """Initial and final: `zhang` is `("zh", "ang")`, `an` is `("", "an")`."""
    for initial in _INITIALS:
        if syllable.startswith(initial) and len(syllable) > len(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


@lru_cache(maxsize=4096)
def fold(syllable: str) -> str:
    """The form that all syllables share which are taken for one another: `zhang` and `zan` are both `zan`."""
    initial, final = split(syllable)
    if initial == "f" and final == "u":
        initial, final = "h", "u"
    if final.endswith("ng") and final != "ong" and final != "iong":
        final = final[:-1]
    return _INITIAL_FOLD.get(initial, initial) + final


@lru_cache(maxsize=16384)
def cost(meant: str, heard: str) -> float:
    """What it costs to take `heard` for `meant`: 0 the same, under 2 a known confusion, `NEVER` anything else."""
    if meant == heard:
        return EXACT
    (a, x), (b, y) = split(meant), split(heard)
    initial = EXACT if a == b else _INITIAL_COST.get(frozenset({a, b}), NEVER)
    final = EXACT if x == y else _FINAL_COST.get(frozenset({x, y}), NEVER)
    return min(NEVER, initial + final)
