"""Phone numbers in log lines: enough to recognise a number one knows, too little to dial one."""

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


def mask_text(text: str) -> str:
    """Hide every run of six or more digits in a free text, such as a SIP header that is being logged."""
    return _DIGIT_RUN.sub(lambda run: mask(run.group()), text)
