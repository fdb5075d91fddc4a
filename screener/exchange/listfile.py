"""Lists in files: our own CSV, which is read and written, and what PBXes take.

A PBX knows callers by their national number, so that is what it gets: `13800138000`, `01012345678`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from unicodedata import normalize

from screener.errors import InputError
from screener.events import ListName
from screener.outside.text import IN_A_CELL, cell, is_number, visible
from screener.outside.times import ENDS, end
from screener.store.records import ListedNumber

FOUND_MOST = 100
"""Characters that are shown of what is no number."""
HEAD = ("list", "number", "reason", "expires")
NO_ROW = "no whole row of a CSV file: is a quote not closed?"
_NO_COMMA = "a comma must stand between number, reason and end, and no other sign"
_OTHERS = "[\t;|\uff0c\uff1b]"
"""What other programs, and Chinese keyboards, put where a comma belongs."""
_END_WITHIN = re.compile(_OTHERS + r"\s*(\d{4}-\d\d-\d\d\S*|\d+\s*d)$")
"""An end that would become a part of the reason, and the entry one for ever."""
_MOBILE = re.compile(r"1[3-9]\d{9}")
_WITHOUT_AREA_CODE = re.compile(r"[48]00\d{7}")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was skipped, and why; `number` counts from 1."""

    number: int
    reason: str


def to_csv(entries: Iterable[ListedNumber]) -> str:
    """Everything that a list holds; `from_csv` reads it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for entry in entries:
        expires = entry.expires_at.isoformat() if entry.expires_at else ""
        writer.writerow([entry.name.value, IN_A_CELL + entry.number, cell(entry.reason), expires])
    return "\ufeff" + out.getvalue()


def from_csv(
    text: str, name: ListName, added_at: datetime, zone: tzinfo
) -> Iterator[tuple[int, ListedNumber] | BadLine]:
    """Rows of `list,number,reason,expires`, or of a number and perhaps a reason; a row of another list is skipped.

    Args:
        text: the file.
        name: the list that is wanted.
        added_at: when; aware.
        zone: of days and times that say none: the site's.

    Yields:
        The line of each entry, from 1, with the entry; and what is none.
    """
    # No other sign than a line feed ends a row: a reason may hold what somebody else wrote.
    for line, row in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        try:
            cells = [one.strip() for one in next(csv.reader([row.rstrip("\r")], strict=True), [])]
        except csv.Error:
            yield BadLine(line, NO_ROW)
            continue
        if not any(cells) or cells[0].startswith("#") or cells[0] in HEAD[:2]:
            continue
        if line == 1 and not re.search(r"\d", row):  # a head of somebody else's
            continue
        own = cells[0] in set(ListName)
        if own and cells[0] != name:
            continue
        number, reason, expires, *more = (*cells[own:], "", "", "")
        try:
            until = end(expires, zone, added_at)
        except ValueError:
            yield BadLine(line, f"the end {expires[:FOUND_MOST]!r} is none, allowed {ENDS}")
            continue
        if re.search(_OTHERS, number) or (not expires and _END_WITHIN.search(reason)):
            yield BadLine(line, _NO_COMMA)
        elif any(more):
            yield BadLine(line, f"number of fields: {len(cells)}; a reason with a comma stands in quotes")
        elif not re.fullmatch(r"\+?[0-9\-\s()]{3,}", normalize("NFKC", number)):
            yield BadLine(line, f"the number {number[:FOUND_MOST]!r} is none")
        else:
            yield line, ListedNumber(name, number, reason, added_at, until)


def national(number: str) -> str:
    """A number as a Chinese PBX shows it; another country's with its prefix 00.

    Raises:
        InputError: it is no number, and could be more than a number where it is going.
    """
    if not is_number(number):
        raise InputError(f"{number!r} is no number that a PBX could take", "take it off: screener list … remove")
    if not number.startswith("+86"):
        return re.sub(r"^\+", "00", number)
    digits = number.removeprefix("+86")
    return digits if _MOBILE.fullmatch(digits) or _WITHOUT_AREA_CODE.fullmatch(digits) else "0" + digits


def to_asterisk(entries: Sequence[ListedNumber], _at: datetime) -> str:
    """Lines for the Asterisk console: the family `blacklist` of astdb, which `BLACKLIST()` and FreePBX ask."""
    return "".join(f"database put blacklist {national(e.number)} {_quoted(e.reason or '1')}\n" for e in entries)


def to_freepbx(entries: Sequence[ListedNumber], _at: datetime) -> str:
    """CSV for FreePBX, Admin > Bulk Handler > Blacklist."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "description"))
    writer.writerows((national(entry.number), cell(entry.reason)) for entry in entries)
    return out.getvalue()


def to_kamailio(entries: Sequence[ListedNumber], at: datetime) -> str:
    """Lines for kamcmd: the hash table named like the list, each key for as long as it holds."""
    lines = []
    for entry in entries:
        key = f"{entry.name} s:{national(entry.number)}"
        lines.append(f"htable.seti {key} 1\n")
        if entry.expires_at:
            lines.append(f"htable.setex {key} {max(1, int((entry.expires_at - at).total_seconds()))}\n")
    return "".join(lines)


EXPORTS: dict[str, Callable[[Sequence[ListedNumber], datetime], str]] = {
    "csv": lambda entries, _at: to_csv(entries),
    "asterisk": to_asterisk,
    "freepbx": to_freepbx,
    "kamailio": to_kamailio,
}


def _quoted(text: str) -> str:
    """One argument of the Asterisk console."""
    return '"' + re.sub(r"[\"\\]", " ", visible(re.sub(r"[\r\n]", " ", text))) + '"'
