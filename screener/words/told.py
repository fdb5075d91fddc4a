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

HEADINGS = {"Usage": "用法", "Options": "选项", "Commands": "命令", "Arguments": "参数"}
"""Of help."""
PLACES = {"[OPTIONS]": "[选项]", "COMMAND": "命令", "[ARGS]": "[参数]"}
"""What stands in a line of usage."""
REMARKS = {
    "default: ": "默认 ",
    "required": "必填",
    "Show this message and exit.": "显示本说明。",
    "Show the version and exit.": "显示版本。",
}
"""What click itself says of options."""


SKIPPED = ": skipped: ", "：略过："
"""Stands between a line of a file and why it was left out."""
_PLACED = re.compile(r"(?:(.+?): )?(\[\[?[^\]:]+\]\]?(?:.*?(?=: found )|[^:]*)|[\w.]+(?=: found )): (.+)", re.S)
"""What is wrong, and where in a file: `[section] key`, or a key of which something was found."""
_FOUND = re.compile(r"""found ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
"""A value as it stands in a file."""
_KEPT = "\0"
"""Stands for such a value while its sentence is looked for."""
_PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? +\(?[A-Za-z]{2,}")
"""English words; a name or a code has no two."""


def told(text: str, lang: Language) -> str:
    """A text in the reader's language, line by line."""
    if lang == "en":
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def faults_told(text: str) -> str:
    """A line of the program's log in Chinese; empty when any part of it would stay English."""
    lost: list[str] = []
    said = _line(text, "faults", lost)
    return "" if lost or said == text else said


def helped(path: str) -> str:
    """The Chinese help of a command, by its names: `calls list`; empty when there is none."""
    found = _catalogue()["help"]
    names = path.split()
    alike = " ".join(["list", "*", *names[2:]]) if names[0] == "list" and len(names) > 2 else ""
    return str(found.get(path) or found.get(alike, "")).strip()


def option_helped(text: str) -> str:
    """The Chinese of an option's English help."""
    return str(_catalogue()["options"].get(text, text))


def measured(name: str, lang: Language) -> str:
    """The title of a table of `screener evaluate --hands`, the head of a column, the name of a row."""
    return name if lang == "en" else str(_catalogue()["measures"].get(name, name))


@cache
def _catalogue() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def _sentences(*more: str) -> list[tuple[list[str], str, str]]:
    """What each sentence says between its gaps, itself, its Chinese; the ones that say most stand first.

    Args:
        more: tables beside that of the sentences, which stand before these.
    """
    found = {key: value for table in ("sentences", *more) for key, value in _catalogue()[table].items()}
    sentences = sorted(found.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return [(english.split("{}"), english, chinese) for english, chinese in sentences]


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """Made only of the few sentences that may be meant: to make all of them takes longer than most commands."""
    return re.compile(re.escape(english).replace(r"\{\}", "(.*?)"), re.S)


def _line(line: str, more: str = "", lost: list[str] | None = None) -> str:
    """A line in Chinese; what stays English goes onto `lost`."""
    if AND_DO in line:
        wrong, _, remedy = line.partition(AND_DO)
        return f"{_line(wrong, more, lost)} — {_line(remedy, more, lost)}"
    if SKIPPED[0] in line:
        place, _, why = line.partition(SKIPPED[0])
        return f"{place}{SKIPPED[1]}{_line(why, more, lost)}"
    if placed := _PLACED.fullmatch(line):
        file, key, wrong = placed.groups()
        before = [_line(file, more, lost)] if file else []
        return "：".join([*before, key, _line(wrong, more, lost)])
    if (found := _FOUND.match(line)) and _KEPT not in line:
        return _line(line.replace(found[1], _KEPT, 1), more, lost).replace(_KEPT, found[1])
    for said, english, chinese in _sentences(*([more] if more else [])):
        if not line.startswith(said[0]) or not line.endswith(said[-1]) or not all(part in line for part in said):
            continue
        if found := _pattern(english).fullmatch(line):
            return _filled(chinese, [_line(part, more, lost) for part in found.groups()])
    place, _, why = line.rpartition(": ")
    if place and not _PROSE.search(place) and (reason := _line(why, more)) != why:
        return f"{place}：{reason}"
    if lost is not None and _PROSE.search(line):
        lost.append(line)
    return line


def _filled(chinese: str, parts: list[str]) -> str:
    """`{}` takes the parts in their order, `{1}` the second one."""
    order = iter(range(len(parts)))
    return re.sub(r"\{(\d?)\}", lambda gap: parts[int(gap[1]) if gap[1] else next(order)], chinese)
