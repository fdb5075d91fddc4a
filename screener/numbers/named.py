"""What a person writes for a list, a number and why: brought to its one form, or refused with what to write."""

from typing import TYPE_CHECKING

from screener.errors import InputError
from screener.outside.text import in_one_line

if TYPE_CHECKING:
    from screener.numbers.identify import Lines

WRONG = {
    "withheld": "stands for no number at all: zeros, masked digits, or empty",
    "no_user": "is no number, and no user of the site that [site] extensions names",
    "not_digits": "has signs in it that no number has",
    "no_number": "is no whole number: nobody can call from it",
}
"""What `Lines.normal_or_wrong` says, in words."""


def proper(lines: "Lines", number: str) -> str:
    """The one form of a number that a person names for a list.

    Raises:
        InputError: nobody can call from it.
    """
    normal, wrong = lines.normal_or_wrong(number)
    if wrong:
        remedy = "write it as 13800138000, 010-88886666, 95588 or +85223456789"
        raise InputError(f"{number!r} {WRONG[wrong]}", remedy, "number")
    return normal


def proper_reason(reason: str) -> str:
    """Why a number is put on a list, as the log keeps it.

    Raises:
        InputError: nothing is said.
    """
    said = in_one_line(reason)
    if not said:
        raise InputError("an entry of a list needs a reason", "say why, for those who look later", "reason")
    return said
