"""`python -m tests.numbers.tables`: makes config/places.json.gz anew, from what the library phonenumbers says."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.geodata.locale import LOCALE_DATA

from screener.numbers.places import DIGITS, FILE
from screener.resources import config_folder

Names = Mapping[str, Mapping[str, str]]
"""By prefix, in each language."""


def table(library: Names) -> dict[str, Any]:
    """The names of the longest prefixes as stretches of numbers, each from its start to the next one's."""
    chinese = {prefix: names["zh"] for prefix, names in library.items() if "zh" in names}
    edges = {0}
    for prefix in chinese:
        width = 10 ** (DIGITS - len(prefix))
        edges |= {int(prefix) * width, (int(prefix) + 1) * width}
    steps, which, names, before = [], [], {"": 0}, 0
    for edge in sorted(edges):
        digits = str(edge)
        heads = (digits[:length] for length in range(len(digits), 0, -1))
        name = names.setdefault(next((chinese[head] for head in heads if head in chinese), ""), len(names))
        if not which or name != which[-1]:
            steps.append(edge - before)
            which.append(name)
            before = edge
    return {"steps": steps, "which": which, "names": list(names)}


def country(names: Mapping[str, str]) -> str:
    """`*en` says: as in English."""
    name = names.get("zh", "")
    return names.get(name[1:], "") if name.startswith("*") else name


def build() -> bytes:
    """The file."""
    countries = {region: country(names) for region, names in sorted(LOCALE_DATA.items())}
    made = {"places": table(GEOCODE_DATA), "carriers": table(CARRIER_DATA), "countries": countries}
    return gzip.compress(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


if __name__ == "__main__":
    (config_folder() / FILE).write_bytes(build())
