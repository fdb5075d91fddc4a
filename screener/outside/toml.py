"""TOML that people write: read, or told in our own words what is wrong with it, and where."""

import json
import re
import tomllib
from ast import literal_eval
from typing import Any

_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.S)
"""How tomllib tells where."""
_PROPER = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'|#.*""")
"""Texts and remarks of one line: what stands in them may be of any language."""
_WIDE = re.compile("[\uff01-\uff5e\u2018-\u201f\u3000-\u3011\u2014\u2026]")
"""Digits, letters and punctuation as a Chinese keyboard layout has them."""
_WIDE_SPACE = "\u3000"
_TWICE = ("Cannot declare", "Cannot overwrite", "Cannot mutate", "Cannot redefine", "Duplicate")
_WHY = {
    "Invalid value": "no value: texts stand in quotes, numbers do not",
    "Expected '=' after": "no = behind the key",
    "Invalid statement": "neither a key nor a section",
    "Invalid initial": "neither a key nor a section",
    "Expected newline": "something more stands behind the value",
    "Expected ']": "no ] behind the section's name",
    "Unclosed": "a quote or a bracket is not closed",
    "Unterminated": "a quote or a bracket is not closed",
    "Expected": "a quote or a bracket is not closed",
    "Illegal character '\\n'": "a quote or a bracket is not closed",
    "Illegal character": "a control character stands there",
    "Found invalid": "a control character stands there",
    "Unescaped": "a \\ between double quotes is written twice",
    "Invalid hex": "a \\ between double quotes is written twice",
    "Invalid date": "no day of the calendar",
}
"""By how tomllib's words begin."""
_UNKNOWN = "cannot be understood"
_ENDS_EARLY = "it is not written to its end"


class TomlError(ValueError):
    """What is wrong, and where, as `words.told` knows it.

    Attributes:
        at_line: whether it says in which line.
    """

    def __init__(self, why: str, *, at_line: bool = False) -> None:
        super().__init__(f"not TOML: {why}")
        self.at_line = at_line


def tables_of(text: str) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        TomlError: it is no TOML.
    """
    try:
        tables = tomllib.loads(text)
        json.dumps(tables, default=str)  # a number of too many digits has no text, however it is written
    except RecursionError:
        raise TomlError("nested too deep") from None
    except tomllib.TOMLDecodeError as problem:
        raise _told(text, str(problem)) from None
    except ValueError:
        raise TomlError("a number has too many digits") from None
    return tables


def _told(text: str, problem: str) -> TomlError:
    found = _PLACE.fullmatch(problem)
    if found is None:
        return TomlError(_UNKNOWN)
    said, line, column = found.groups()
    lines, last = text.split("\n"), len(text.rstrip().splitlines()) or 1
    at = lines[int(line) - 1] if line else next((one for one in reversed(lines) if one.strip()), "")
    if wide := dict.fromkeys(_WIDE.findall(_PROPER.sub("", at))):
        signs = " ".join(f"U+{ord(sign):04X}" if sign == _WIDE_SPACE else sign for sign in wide)
        why = f"Chinese punctuation or full-width characters stand there ({signs}); type them half-width"
    elif said.startswith(_TWICE):
        why = _twice(said, at)
    elif not line and said == "Invalid value":
        why = _ENDS_EARLY
    else:
        why = next((words for begins, words in _WHY.items() if said.startswith(begins)), _UNKNOWN)
    where = f"line {line}, column {column}" if line else f"at the end of the file (line {last})"
    return TomlError(f"{where}: {why}", at_line=True)


def _twice(said: str, line: str) -> str:
    """What is there already: tomllib names a table as a tuple, and most keys not at all."""
    if line.lstrip().startswith("["):
        names = re.search(r"\(.*\)", said)
        name = ".".join(literal_eval(names[0])) if names else line.strip().strip("[] \t")
        return f"the section [{name}] is there already"
    inline = re.search(r"inline table key '(.*)'", said)
    return f"the key {inline[1] if inline else line.partition('=')[0].strip()} is there already"
