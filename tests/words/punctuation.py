"""Chinese is set with full-width marks. `python -m tests.words.punctuation` corrects every file in FILES.

Marks that touch Chinese become full-width; code between backticks, links, and marks between ASCII stay.
"""

import io
import re
import tokenize
from collections.abc import Callable
from pathlib import Path

from screener.words.told import FILE

ROOT = Path(__file__).parents[2]
FILES = (
    "README.zh-CN.md",
    "deploy/README.zh-CN.md",
    "config/calendar.toml",
    "config/cards.toml",
    "config/lexicon.toml",
    "config/prompts.toml",
    "config/screener.toml",
    "config/weights.toml",
    "screener/demo/words.toml",
    *sorted(path.relative_to(ROOT).as_posix() for path in FILE.parent.glob("*.py")),
    FILE.relative_to(ROOT).as_posix(),
)
_WIDE = {ord(mark): ord(mark) + 0xFEE0 for mark in ",:;?!()"}
_ALONE = "\ue000"
"""Stands for what is left alone."""
_LEFT_ALONE = re.compile(r"`[^`\n]*`|\]\([^)\s]*\)")
_CHINESE = "[\u4e00-\u9fff\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\ue000]"
_PAIR = re.compile(r" ?\(((?:[^()\n]|\n(?!\n)){0,400})\)( ?)")
_MARK = re.compile(rf"(?<={_CHINESE})[,:;?!] ?|(?<=[”…*])[,:;?!](?!\.) ?|[,:;?!] ?(?={_CHINESE}|“)")
_LAST = re.compile(rf'(?m)^(.*{_CHINESE}.*)\?(?="?$)')
_SETS = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[\w.]+) += +""")
_SPOKEN = ("phrases", "hints")
"""What is matched by its sound; the lines below these begin with a space."""


def full_width(text: str) -> str:
    """A Chinese text, or Chinese and English beside each other, with the marks of the Chinese full-width."""
    if not re.search("[\u4e00-\u9fff]", text):
        return text
    kept = iter(_LEFT_ALONE.findall(text))
    text = _LEFT_ALONE.sub(_ALONE, text)
    before = ""
    while before != text:
        before = text
        text = _MARK.sub(lambda mark: mark[0].strip().translate(_WIDE), _PAIR.sub(_paired, text))
        text = _LAST.sub(lambda line: line[1] + chr(0xFF1F), text)
    return re.sub(_ALONE, lambda _: next(kept), text)


def _paired(pair: re.Match[str]) -> str:
    around = pair.string[pair.start() - 1 : pair.start()] + pair[1] + pair.string[pair.end() : pair.end() + 1]
    if not re.search(_CHINESE, around):
        return pair[0]
    apart = pair[2] and pair.string[pair.end() : pair.end() + 1] in tuple("·=|#")
    return f"{chr(0xFF08)}{pair[1]}{chr(0xFF09)}{pair[2] if apart else ''}"


def _python(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        (row, begin), (last, end) = token.start, token.end
        if token.type == tokenize.STRING and row == last:
            line = lines[row - 1]
            lines[row - 1] = line[:begin] + full_width(line[begin:end]) + line[end:]
    return "".join(lines)


def _toml(text: str) -> str:
    def line(text: str) -> str:
        if text.startswith(" ") or text.startswith(_SPOKEN):
            return text
        left = found[0] if (found := _SETS.match(text)) else ""
        return left + full_width(text[len(left) :])

    return "\n".join(map(line, text.split("\n")))


_BY_KIND: dict[str, Callable[[str], str]] = {".md": full_width, ".py": _python, ".toml": _toml}


def corrected(name: str) -> str:
    """What a file should hold."""
    path = ROOT / name
    return _BY_KIND[path.suffix](path.read_text("utf-8"))


if __name__ == "__main__":
    for file in FILES:
        (ROOT / file).write_text(corrected(file), "utf-8")
