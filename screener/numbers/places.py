"""Where a number is from and whose it is, in Chinese: `config/places.json.gz`, made of the library phonenumbers.

The library's own tables are of every language; they take most of a second to load and 100 MB to keep. Ours
say the same of every number (`tests/numbers/tables.py` makes them, `make places`).
"""

import gzip
import json
from array import array
from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple, Self

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from screener.resources import config_folder

FILE = "places.json.gz"
DIGITS = 9
"""The library's longest prefix, country code and all."""
_PLACED = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
"""Types of numbers that have a place."""


class _Table(NamedTuple):
    """Names of stretches of numbers, each as long as `DIGITS`."""

    starts: "array[int]"
    which: "array[int]"
    names: list[str]

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Of JSON: `steps` from each start to the next, and which of the `names` begins there."""
        return cls(array("L", accumulate(raw["steps"])), array("H", raw["which"]), raw["names"])

    def of(self, number: PhoneNumber) -> str:
        """The name of a number; empty where it has none."""
        digits = phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]
        at = bisect_right(self.starts, int(digits[:DIGITS].ljust(DIGITS, "0"))) - 1
        return self.names[self.which[at]]


class _Tables(NamedTuple):
    places: _Table
    carriers: _Table
    countries: dict[str, str]
    """By ISO 3166."""


@cache
def tables() -> _Tables:
    """What is shipped; whoever must not wait at the first number asks for it before."""
    raw = json.loads(gzip.decompress((config_folder() / FILE).read_bytes()))
    return _Tables(_Table.parse(raw["places"]), _Table.parse(raw["carriers"]), raw["countries"])


def home_region(number: PhoneNumber) -> str:
    """Of a valid number of the site's own country, which says nothing by itself."""
    return tables().places.of(number) if phonenumbers.number_type(number) in _PLACED else ""


def country(number: PhoneNumber) -> str:
    """Of a valid number abroad; empty where several share it, as North America's free numbers."""
    regions = list(phonenumbers.region_codes_for_country_code(number.country_code or 0))
    if len(regions) > 1:
        regions = [region for region in regions if phonenumbers.is_valid_number_for_region(number, region)]
    return tables().countries.get(regions[0], "") if len(regions) == 1 else ""


def carrier(number: PhoneNumber) -> str:
    """Of a valid mobile number."""
    return tables().carriers.of(number)
