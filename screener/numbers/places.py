"""Where a number is from and whose it is: tables of the library phonenumbers, which are slow to load and large."""

import sys

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, carrierdata, geocoder, geodata
from phonenumbers import carrier as carriers

_PLACED = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
"""Types of numbers of which the library need not find out again what they are."""


def region(number: PhoneNumber) -> str:
    """In Chinese; of a number abroad perhaps its country only."""
    if phonenumbers.number_type(number) in _PLACED:
        return geocoder.description_for_valid_number(number, "zh")
    return geocoder.description_for_number(number, "zh")


def home_region(number: PhoneNumber) -> str:
    """The same of a number of the site's own country, which says nothing by itself."""
    found = region(number)
    return "" if found == geocoder.country_name_for_number(number, "zh") else found


def carrier(number: PhoneNumber) -> str:
    """In Chinese; of a mobile number."""
    return carriers.name_for_valid_number(number, "zh")


def forget_abroad(region: str) -> None:
    """Drop the tables of places and carriers in other countries, some 40 MB, for a process that serves one site.

    A foreign number then has its country for a region. The library reads all its tables on import; it cannot be
    asked for fewer.
    """
    home = str(phonenumbers.country_code_for_region(region))
    for package, table in ((geodata, geodata.GEOCODE_DATA), (carrierdata, carrierdata.CARRIER_DATA)):
        kept = {prefix: names for prefix, names in table.items() if prefix.startswith(home)}
        table.clear()
        table.update(kept)
        # The tables were put together from modules that still hold all of it.
        for name in [name for name in vars(package) if name.startswith("data")]:
            sys.modules.pop(f"{package.__name__}.{name}", None)
            delattr(package, name)
