"""Written beginnings of calls: `=== 001 | boss`, then lines `A words` (agent) and `C words` (caller)."""

from collections.abc import Collection, Iterator
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

WrittenCall = tuple[str, str, list[tuple[str, str]]]
"""Number, type, and turns (`A` or `C`, words)."""


def calls(text: str) -> list[WrittenCall]:
    """Read the calls of a file."""
    found: list[WrittenCall] = []
    for line in text.splitlines():
        if line.startswith("==="):
            number, kind = line[3:].split("|")
            found.append((number.strip(), kind.strip(), []))
        elif line[:2] in ("A ", "C "):
            found[-1][2].append((line[0], line[2:]))
    return found


def corpus(without: Collection[str] = ()) -> Iterator[WrittenCall]:
    """Every call that is learned from, but those of some hands, such as `hand2`."""
    for path in sorted(CORPUS.glob("*.txt")):
        if path.stem not in without:
            yield from calls(path.read_text("utf-8"))
