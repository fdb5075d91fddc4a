"""Finished sentences of the program in the reader's language: of errors, checks and what commands say.

The code writes English. `zh.toml` holds each sentence with `{}` for what is filled in, and its Chinese; a sentence
that it lacks stays English, and a test fails.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from screener.words.terms import Language

FILE = Path(__file__).parent / "zh.toml"
AND_DO = " — "
"""Stands between what is wrong and what to do (`errors.ScreenerError`)."""


def told(text: str, lang: Language) -> str:
    """A text in the reader's language, line by line."""
    if lang == "en":
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def helped(path: str) -> str:
    """The Chinese help of a command, by its names: `calls list`; empty when there is none."""
    return str(_catalogue()["help"].get(path, "")).strip()


def option_helped(text: str) -> str:
    """The Chinese of an option's English help."""
    return str(_catalogue()["options"].get(text, text))


@cache
def _catalogue() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], str]]:
    """How each sentence begins, its pattern, its Chinese; the ones that say most stand first."""
    sentences = sorted(_catalogue()["sentences"].items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return [
        (english.partition("{}")[0], re.compile(re.escape(english).replace(r"\{\}", "(.*?)"), re.S), chinese)
        for english, chinese in sentences
    ]


def _line(line: str) -> str:
    if AND_DO in line:
        wrong, _, remedy = line.partition(AND_DO)
        return f"{_line(wrong)} — {_line(remedy)}"
    for begins, pattern, chinese in _patterns():
        if line.startswith(begins) and (found := pattern.fullmatch(line)):
            parts = iter(found.groups())
            return re.sub(r"\{\}", lambda _gap, parts=parts: _line(next(parts)), chinese)  # type: ignore[misc]
    return line
