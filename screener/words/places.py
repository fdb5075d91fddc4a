"""Places and carriers, which the log keeps in Chinese, in the reader's language.

`places.csv` holds what the library phonenumbers calls them in both; of several English names the usual one.
"""

import csv
from functools import cache
from pathlib import Path

from screener.words.terms import Language

FILE = Path(__file__).parent / "places.csv"


def place(name: str, lang: Language) -> str:
    """A region, country or carrier; one that nobody knows stays as it is."""
    return name if lang == "zh" else _english().get(name, name)


def stored(name: str) -> str:
    """The same back: as the log keeps what a reader of either language writes; letters' case does not matter."""
    return _chinese().get(name.casefold(), name)


@cache
def _english() -> dict[str, str]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["zh"]: row["en"] for row in csv.DictReader(file)}


@cache
def _chinese() -> dict[str, str]:
    """Of two Chinese names of a place the longer one, which stands first."""
    return {en.casefold(): zh for zh, en in reversed(_english().items())}
