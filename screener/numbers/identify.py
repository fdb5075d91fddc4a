"""From the number that the network shows to a caller: normal form, class of line, region, carrier.

What the numbering plan knows comes from the library phonenumbers; payphones and duty phones it cannot know, so
operators import lists of them.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, shortnumberinfo

from screener.errors import SettingsError
from screener.events import Caller, LineClass
from screener.numbers import places
from screener.numbers.written import LOCAL_LINE, MAX_LENGTH, chinese, is_service, plain
from screener.outside.files import reason_of, to_read
from screener.outside.text import visible

_CHINESE_SERVICE = re.compile(r"9[56]\d{3,6}|1010\d{4}|1(00|1[02]|2[03])\d{2,3}")
"""Service numbers of mainland China: 95xxx and 96xxx, 1010xxxx, and the operators' and authorities' 1xxxx."""
_CHINESE_AREA_CODE = re.compile(r"0(10|2\d|[3-9]\d{2})")
_CHINA_APART = re.compile(r"\s*86[\s-]")
"""China's code as people set it apart: `86-95588`."""
_USER = re.compile(r"[\w.\-]+")
"""A name that a SIP user may have."""
INTERNAL_DIGITS_MOST = 6
"""A number of so few digits, and no service number, is an extension."""
_TYPES = {
    PhoneNumberType.MOBILE: LineClass.MOBILE,
    PhoneNumberType.PAGER: LineClass.MOBILE,
    PhoneNumberType.FIXED_LINE: LineClass.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineClass.FIXED,
    PhoneNumberType.TOLL_FREE: LineClass.TOLL_FREE,
    PhoneNumberType.SHARED_COST: LineClass.TOLL_FREE,
}


@dataclass(frozen=True, slots=True)
class LineEntry:
    """One row of an imported list.

    Attributes:
        number: digits, with `+` where international.
        prefix: whether it stands for every number that begins so.
        line: the class that the operator gives it.
        note: free text, such as the place of a payphone.
    """

    number: str
    prefix: bool
    line: LineClass
    note: str = ""


class _Planned(NamedTuple):
    """What the numbering plan says of a number; `parsed` where it is a whole one."""

    number: str
    line: LineClass
    parsed: phonenumbers.PhoneNumber | None = None


class Lines:
    """Identifies callers. Immutable; safe to share between threads.

    Args:
        region: country of bare numbers, ISO 3166.
        entries: of imported lists.
        area_code: of the site, `010` or `571`; a fixed line without one is in this city.
        extensions: a regular expression of the site's own extensions; empty takes up to six digits for one.
    """

    def __init__(
        self, region: str = "CN", entries: Iterable[LineEntry] = (), area_code: str = "", extensions: str = ""
    ) -> None:
        self._region = region
        self._area = area_code.removeprefix("0")
        self._extensions = re.compile(extensions) if extensions else None
        self._country = phonenumbers.country_code_for_region(region)
        self._exact: dict[str, LineEntry] = {}
        self._prefixes: dict[str, LineEntry] = {}
        for entry in entries:
            if entry.prefix:
                self._prefixes[self._prefix(entry.number)] = entry
            else:
                self._exact[self._plan(entry.number).number] = entry

    def identify(self, number: str, display_name: str = "") -> Caller:
        """What is known about a number.

        Args:
            number: the user part that the network showed, in any usual writing; empty or `anonymous` if withheld.
            display_name: passed on as it is.
        """
        plain_number, line, parsed = self._plan(number)
        entry = self._listed(plain_number)
        region, operator = self._place(parsed, line) if parsed else ("", "")
        return Caller(plain_number, display_name, entry.line if entry else line, region, operator)

    def normal(self, number: str) -> str:
        """The one form of a number, however it is written; empty where it is withheld."""
        return self._plan(number).number

    def note(self, number: str) -> str:
        """The note of the imported list on a number, empty when it is on none."""
        entry = self._listed(self._plan(number).number)
        return entry.note if entry else ""

    def _listed(self, number: str) -> LineEntry | None:
        if not number:
            return None
        if exact := self._exact.get(number):
            return exact
        ends = range(len(number), 0, -1) if self._prefixes else ()
        return next((self._prefixes[number[:end]] for end in ends if number[:end] in self._prefixes), None)

    def _prefix(self, number: str) -> str:
        """A prefix in the normal form of the numbers that it stands for."""
        if number.startswith("00"):
            return "+" + number[2:]
        if number.startswith("0") and self._country:
            return f"+{self._country}{number[1:]}"
        if self._region == "CN" and re.match(r"1[3-9]|[48]00", number):
            return f"+86{number}"
        return number

    def is_extension(self, name: str) -> bool:
        """Whether a number or the name of a device is one of the site's own."""
        if self._extensions is not None:
            return self._extensions.fullmatch(name) is not None
        return name.isascii() and name.isdigit() and self._plan(name).line is LineClass.INTERNAL

    def normal_or_wrong(self, number: str) -> tuple[str, str]:
        """The one form of a number, and why no caller can ever have it, for who lists it; empty when one can."""
        known = self._plan(number)
        return known.number, self._wrong(known)

    def _wrong(self, known: _Planned) -> str:
        if not known.number:
            return "withheld"
        if re.search(r"[^0-9+]", known.number):
            if self.is_extension(known.number):
                return ""
            return "no_user" if _USER.fullmatch(known.number) else "not_digits"
        listed = self._listed(known.number)
        return "no_number" if (listed.line if listed else known.line) is LineClass.UNKNOWN else ""

    def _plan(self, raw: str) -> _Planned:
        """What the numbering plan alone says."""
        digits = plain(visible(raw.strip()[: 4 * MAX_LENGTH]))
        if not digits:
            return _Planned("", LineClass.ANONYMOUS)
        if self._extensions is not None and self._extensions.fullmatch(digits):
            return _Planned(digits, LineClass.INTERNAL)
        if not re.fullmatch(r"\+?[0-9]+", digits):
            internal = _USER.fullmatch(digits) and self._extensions is None
            return _Planned(digits, LineClass.INTERNAL if internal else LineClass.UNKNOWN)
        if self._region == "CN":
            digits = chinese(f"+{digits}" if self._has_china(digits, raw) else digits, self._area)
        if self._region == "CN" and not digits.startswith("+") and self._is_service(digits):
            return _Planned(digits, LineClass.SHORT)
        if self._region == "CN" and LOCAL_LINE.fullmatch(digits):
            return _Planned(digits, LineClass.FIXED)
        try:
            parsed = phonenumbers.parse(digits, self._region)
        except phonenumbers.NumberParseException:
            return _Planned(digits, self._inside(digits))
        if phonenumbers.is_valid_number(parsed):
            return self._valid(parsed)
        return _Planned(digits, self._short(digits, parsed))

    def _has_china(self, digits: str, raw: str) -> bool:
        """Whether a service number stands behind a bare 86, and that is China's code: 86955881 is a line too."""
        if not digits.startswith("86") or not is_service(digits.removeprefix("86")):
            return False
        whole = self._inside(digits) is LineClass.INTERNAL or self._is_local_line(digits)
        return not whole or bool(_CHINA_APART.match(raw))

    def _is_local_line(self, digits: str) -> bool:
        """Whether these may be a fixed line of the site's city; where that is not known, of any."""
        if not LOCAL_LINE.fullmatch(digits):
            return False
        there = phonenumbers.parse(f"+86{self._area}{digits}") if self._area else None
        return there is None or phonenumbers.is_valid_number(there)

    def _valid(self, parsed: phonenumbers.PhoneNumber) -> _Planned:
        number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if parsed.country_code != self._country:
            return _Planned(number, LineClass.FOREIGN, parsed)
        if self._region == "CN" and chinese(number, self._area) != number:
            return self._plan(number)  # a service number that lacked its city's 0
        return _Planned(number, _TYPES.get(phonenumbers.number_type(parsed), LineClass.UNKNOWN), parsed)

    def _place(self, parsed: phonenumbers.PhoneNumber, line: LineClass) -> tuple[str, str]:
        """Region and carrier of a whole number of the plan."""
        if line is LineClass.FOREIGN:
            return places.country(parsed), ""
        return places.home_region(parsed), places.carrier(parsed) if line is LineClass.MOBILE else ""

    def _short(self, digits: str, parsed: phonenumbers.PhoneNumber) -> LineClass:
        """The class of digits that are no whole number of the plan."""
        if digits.startswith("+"):
            return LineClass.UNKNOWN if parsed.country_code == self._country else LineClass.FOREIGN
        if self._is_service(digits):
            return LineClass.SHORT
        if len(digits) <= INTERNAL_DIGITS_MOST:
            return self._inside(digits)
        return LineClass.UNKNOWN

    def _inside(self, digits: str) -> LineClass:
        """The class of a few digits: an extension, unless the site says what its own are; no code of a place."""
        few = len(digits) <= INTERNAL_DIGITS_MOST and not digits.startswith(("0", "+"))
        return LineClass.INTERNAL if few and self._extensions is None else LineClass.UNKNOWN

    def _is_service(self, digits: str) -> bool:
        """Whether these are the digits of a short number, perhaps behind an area code."""
        home = self._region == "CN"
        local = _CHINESE_AREA_CODE.sub("", digits, count=1) if home and digits.startswith("0") else digits
        if home and _CHINESE_SERVICE.fullmatch(local):
            return True
        if len(local) > INTERNAL_DIGITS_MOST:
            return False
        try:
            short = phonenumbers.parse(local, self._region)
        except phonenumbers.NumberParseException:
            return False
        return shortnumberinfo.is_valid_short_number_for_region(short, self._region)


def load_lines(paths: Sequence[Path], region: str = "CN", area_code: str = "", extensions: str = "") -> Lines:
    """Lines with the operator's lists; the other arguments as of `Lines`.

    Each list is a CSV file in UTF-8 of the columns `number,line,note`: a number, or a prefix that ends in `*`; the
    class (`public`, `duty`, or any other of `LineClass`); an optional note. Later files win.

    Raises:
        SettingsError: a file cannot be read, or rows are wrong; every wrong row is named.
    """
    entries: list[LineEntry] = []
    problems: list[str] = []
    remedy = "columns: number,line,note; the number may be a prefix such as 0571*"
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row, cells in enumerate(csv.reader(file), start=1):
                    _read_row(f"{path}, row {row}", [c.strip() for c in cells], row == 1, entries, problems)
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            problems.append(f"{path}: cannot be read as CSV in UTF-8 ({reason_of(problem)})")
            if not isinstance(problem, csv.Error):
                remedy = to_read(problem, "check the name")
    if problems:
        raise SettingsError("\n".join(problems), remedy)
    return Lines(region, entries, area_code, extensions)


def regions() -> frozenset[str]:
    """Countries whose numbering plan is known, ISO 3166."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)


_CLASSES: Mapping[str, LineClass] = {c.value: c for c in LineClass}


def _read_row(where: str, cells: list[str], first: bool, entries: list[LineEntry], problems: list[str]) -> None:
    if not any(cells) or cells[0].startswith("#"):
        return
    number = re.sub(r"[\s\-()]", "", cells[0])
    line = cells[1].lower() if len(cells) > 1 else ""
    if first and line not in _CLASSES and not re.search(r"\d", number):  # a head, in whatever language
        return
    if not re.fullmatch(r"\+?[0-9]+\*?", number):
        problems.append(f"{where}: number: found {cells[0]!r}, allowed digits, before them a +, after them a *")
    elif line not in _CLASSES:
        problems.append(f"{where}: line: found {line!r}, allowed {', '.join(_CLASSES)}")
    else:
        note = cells[2] if len(cells) > 2 else ""
        entries.append(LineEntry(number.rstrip("*"), number.endswith("*"), _CLASSES[line], note))
