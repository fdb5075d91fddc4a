"""Phone numbers: written, enough to recognise one that one knows, too little to dial it; spoken, nothing of it."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

_DIGIT_RUN = re.compile(r"\+?\d[\d\- ]{4,}\d")


def mask(number: str) -> str:
    """Hide the middle of a number: the first three and last two digits stay.

    A number of fewer than eight digits shows its last two only, so that at least half is always hidden.

    >>> mask("+8613800138000")
    '+861********00'
    """
    digits = [i for i, c in enumerate(number) if c.isdigit()]
    shown = {*digits[:3], *digits[-2:]} if len(digits) >= 8 else set(digits[len(digits) - len(digits) // 2 :][-2:])
    return "".join(c if i in shown or not c.isalnum() else "*" for i, c in enumerate(number))


class Masker:
    """Masks for a table of several numbers, in which no two people may look like one.

    Behind what `mask` leaves stands a short digest under a key: the same for the same number wherever the key is
    the same, and of no use to anybody who has not the key. Two numbers of one mask share it once in 33 million.

    Args:
        key: secret; at least 16 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, number: str) -> str:
        """`+861********00·k3f9q`; nothing of a withheld number."""
        if not number:
            return ""
        digest = hmac.digest(self._key, number.encode("utf-8", "replace"), hashlib.sha256)
        return f"{mask(number)}·{base64.b32encode(digest).decode('ascii')[:DIGEST_CHARACTERS].lower()}"


DIGEST_CHARACTERS = 5


def mask_text(text: str) -> str:
    """Hide every run of six or more digits in a free text, such as a SIP header that is being logged."""
    return _DIGIT_RUN.sub(lambda run: mask(run.group()), text)


SPOKEN_DIGITS = 5
"""A number of so many digits and more is hidden in what was said: telephones, accounts, identity cards."""
_DIGIT = r"[\d〇○零一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖洞拐勾]"
_BETWEEN = r"(?:[\s,，、。.．·\-－—–_()（）/:：;；?？!！个嗯呃额啊哦噢哎诶呀呢吧再杠转要腰妖]|然后|后面|就是|那个)"
"""What people say and recognisers print between the digits of a number; 要 is how some print 幺."""
_SPOKEN = re.compile(rf"{_DIGIT}(?:{_BETWEEN}{{0,6}}{_DIGIT})*")
_TIMES = re.compile(rf"([两二三四五六2-6])个(?={_DIGIT})")
_MORE = {"两": 0, "二": 0, "三": 1, "四": 2, "五": 3, "六": 4, "2": 0, "3": 1, "4": 2, "5": 3, "6": 4}
"""三个八 is three digits in two."""


class MaskedTranscript:
    """What was said in a call, without the numbers that were said.

    A number is hidden to its last digit, so that one that grows on a page is never read piece by piece, and across
    the utterances of a party, who says it in groups.

    Args:
        said: who spoke and the words, oldest first.
    """

    def __init__(self, said: Iterable[tuple[str, str]]) -> None:
        utterances = [(who, text.replace("\n", " ")) for who, text in said]
        self._texts = [text for _, text in utterances]
        self._hidden = list(self._texts)
        for party in {who for who, _ in utterances}:
            own = [n for n, (who, _) in enumerate(utterances) if who == party]
            for n, text in zip(own, hide("\n".join(self._texts[n] for n in own)).split("\n"), strict=True):
                self._hidden[n] = text

    @property
    def texts(self) -> list[str]:
        """Every utterance, in the order in which they came."""
        return list(self._hidden)

    def quoted(self, words: str) -> str:
        """A quotation: what is hidden where it was said is hidden here, however few of the digits it has."""
        shown = list(hide(words))
        for text, hidden in zip(self._texts, self._hidden, strict=True):
            at = text.find(words) if words else -1
            while at >= 0:
                shown = [a if b != "*" else b for a, b in zip(shown, hidden[at : at + len(words)], strict=True)]
                at = text.find(words, at + 1)
        return "".join(shown)


def hide(text: str) -> str:
    """A text of people in which every number of `SPOKEN_DIGITS` and more is stars, whether in digits or in words.

    >>> hide("我电话幺三九,三个八,1234")
    '我电话***,*个*,****'
    """
    return _SPOKEN.sub(_starred, text)


def has_digits(text: str) -> bool:
    """Whether a text has two digits in a row, so that asking for many such texts finds out a number."""
    return any(len(re.findall(_DIGIT, run)) > 1 for run in _SPOKEN.findall(text))


def _starred(run: re.Match[str]) -> str:
    text = run.group()
    more = sum(_MORE[times] for times in _TIMES.findall(text))
    return re.sub(_DIGIT, "*", text) if len(re.findall(_DIGIT, text)) + more >= SPOKEN_DIGITS else text
