"""What a hand writes: plain text, one call after the other (corpus/card.md has the form)."""

import re
from collections.abc import Iterator
from pathlib import Path

from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind
from screener.errors import InputError
from screener.events import LineClass, Speaker
from screener.training.acts.corpus import LABELS, REMEDY, CorpusCall, CorpusTurn

SPEAKERS = {"A": Speaker.AGENT, "C": Speaker.CALLER}
LINES = {"payphone": "public"}
KINDS = {"repeat": Kind.REDIAL.value}
_TURN = re.compile(r"([AC]) (\w+) ?\| ?(.+)$")


def read_written(folder: Path, hand: str) -> Iterator[CorpusCall]:
    """The calls of a hand's text files, in the order of their names.

    Raises:
        InputError: a line cannot be read; says which.
    """
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise InputError(f"{folder}: no .txt in it", "name the folder that a hand wrote")
    head: list[str] = []
    turns: list[CorpusTurn] = []
    number = 0
    for file in files:
        for at, raw in enumerate(file.read_text("utf-8").splitlines(), start=1):
            line, where = raw.strip(), f"{file}:{at}"
            if line.startswith("==="):
                if head:
                    yield _call(head, turns, hand, number)
                head, turns, number = [where, *(p.strip() for p in line[3:].split("|"))], [], number + 1
            elif found := _TURN.match(line):
                speaker = SPEAKERS[found[1]]
                try:
                    turns.append(CorpusTurn(speaker, found[3].strip(), Act(f"{speaker}.{found[2]}")))
                except ValueError as problem:
                    raise InputError(f"{where}: {problem}", REMEDY) from problem
            elif line and not line.startswith(("#", "```")):
                raise InputError(f"{where}: cannot be read", REMEDY)
    if head:
        yield _call(head, turns, hand, number)


def _call(head: list[str], turns: list[CorpusTurn], hand: str, number: int) -> CorpusCall:
    where = head[0]
    if len(head) != 7 or not turns:
        raise InputError(f"{where}: six fields and turns are needed", REMEDY)
    _, _, label, kind, *rest = head
    said = dict(part.partition("=")[::2] for part in rest)
    label = KINDS.get(kind, kind) if label == "harassment" else label
    if label not in LABELS:
        raise InputError(f"{where}: found {label!r}, allowed: {', '.join(LABELS)}", "correct label or kind")
    known, line = said.get("known", "-"), said.get("line", "")
    return CorpusCall(
        id=f"{hand}-{number:03d}",
        hand=hand,
        label=label,
        turns=tuple(turns),
        known_at=int(known) if known.isdigit() and label in set(Kind) else None,
        hour=int(said["hour"]) if said.get("hour", "").isdigit() else None,
        line=LineClass(LINES.get(line, line)) if line else None,
    )
