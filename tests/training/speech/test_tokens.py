import pytest

from screener.training.speech.tokens import BLANK, FINALS, INITIALS, TOKENS, encode, split


def named(syllable: str) -> tuple[str, str]:
    initial, final = split(syllable)
    return TOKENS[initial], TOKENS[final]


@pytest.mark.parametrize(
    ("syllable", "tokens"),
    [
        ("zhuang", ("zh", "uang")),
        ("shi", ("sh", "iii")),
        ("si", ("s", "ii")),
        ("ji", ("j", "i")),
        ("xue", ("x", "ve")),
        ("lve", ("l", "ve")),
        ("er", ("0", "er")),
        ("a", ("0", "a")),
        ("yuan", ("y", "van")),
        ("you", ("y", "iu")),
        ("wen", ("w", "un")),
    ],
)
def test_a_syllable_is_two_tokens(syllable: str, tokens: tuple[str, str]) -> None:
    assert named(syllable) == tokens


def test_there_are_61_tokens_and_the_blank() -> None:
    assert len(TOKENS) == len(set(TOKENS)) == 62
    assert TOKENS[BLANK] == "<blank>"


def test_initials_and_finals_alternate() -> None:
    kinds = [TOKENS[t] in INITIALS for t in encode(("a", "er", "shi", "ang"))]
    assert kinds == [True, False] * 4
    assert not set(INITIALS) & set(FINALS)


@pytest.mark.parametrize("text", ["", "b", "xyz", "ng", "hm", "bva"])
def test_what_is_no_syllable_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no syllable"):
        split(text)
