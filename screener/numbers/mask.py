"""Phone numbers in log lines: enough to recognise a number one knows, too little to dial one."""

import base64
import hashlib
import hmac
import re

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
