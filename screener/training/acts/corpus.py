"""The corpus: whole calls, an act for every turn, by independent hands.

One file a hand in `corpus/`, gzipped, one JSON object a line; `manifest.toml` says who wrote what to which brief.
In `kept/` lie hands of the same form from whom nothing was learned and on whom nothing was chosen. A file of that
form by another hand is all that measuring a stranger's calls needs.
"""

import gzip
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.errors import InputError
from screener.events import LineClass, Speaker
from screener.replay.files import read_lines
from screener.speech.pinyin import syllables

FOLDER = Path(__file__).parent / "corpus"
KEPT = Path(__file__).parent / "kept"
LABELS = (*(k.value for k in Kind if k is not Kind.SILENT), *(s.value for s in Standing))
"""What a call can be: a kind of harassment, or what must never be flagged."""


@dataclass(frozen=True)
class CorpusTurn:
    """One thing said, and what it does."""

    speaker: Speaker
    text: str
    act: Act

    @cached_property
    def syllables(self) -> tuple[str, ...]:
        """Toneless pinyin."""
        return syllables(self.text)


@dataclass(frozen=True, slots=True)
class CorpusCall:
    """One call of the corpus.

    Attributes:
        label: one of `LABELS`.
        known_at: the turn, from 1, at which a listener knows that it is harassment; None where nobody said.
        hour: 0..23, None where nobody said. Likewise the line.
    """

    id: str
    hand: str
    label: str
    turns: tuple[CorpusTurn, ...]
    known_at: int | None = None
    hour: int | None = None
    line: LineClass | None = None

    @property
    def is_harassment(self) -> bool:
        """Whether it is to be flagged."""
        return self.label in set(Kind)

    @property
    def is_protected(self) -> bool:
        """Whether a flag would hit a genuine caller; an abusive complaint has a treatment of its own."""
        return not self.is_harassment and self.label != Standing.ABUSIVE_COMPLAINT


@dataclass(frozen=True, slots=True)
class Hand:
    """One independent writer.

    Attributes:
        name: of the file, without its ending.
        calls: how many were written.
        particulars: what its brief asked for beside the rules for all.
        in_path: whether a machine answers its callers, before any agent.
    """

    name: str
    calls: int
    particulars: str
    in_path: bool


def hands(folder: Path = FOLDER) -> tuple[Hand, ...]:
    """Who wrote what, of the manifest."""
    data = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
    return tuple(
        Hand(name, int(of["calls"]), str(of["particulars"]), bool(of.get("in_path")))
        for name, of in data["hand"].items()
    )


def read_corpus(folder: Path = FOLDER) -> list[CorpusCall]:
    """Every call of every hand in the manifest.

    Raises:
        InputError: a file cannot be read or has not as many calls as the manifest says.
    """
    calls: list[CorpusCall] = []
    for hand in hands(folder):
        written = list(read_hand(folder / f"{hand.name}.jsonl.gz"))
        if len(written) != hand.calls:
            told = f"{hand.name}: {len(written)} calls, the manifest says {hand.calls}"
            raise InputError(told, "correct manifest.toml")
        calls += written
    return calls


def read_hand(path: Path) -> Iterator[CorpusCall]:
    """The calls of one file, gzipped or not.

    Raises:
        InputError: it cannot be read, or a line is not a call; says which.
    """
    for number, line in read_lines(path):
        yield parse(line, f"{path}:{number}")


def parse(line: str, where: str = "") -> CorpusCall:
    """The call that a line stands for.

    Raises:
        InputError: it stands for none.
    """
    try:
        data = json.loads(line)
        turns = tuple(
            CorpusTurn(Speaker(t["speaker"]), str(t["text"]), Act(f"{t['speaker']}.{t['act']}"))
            for t in data["turns"]
        )
        call = CorpusCall(
            id=str(data["id"]),
            hand=str(data["hand"]),
            label=str(data["label"]),
            turns=turns,
            known_at=data.get("known_at"),
            hour=data.get("hour"),
            line=LineClass(data["line"]) if data.get("line") else None,
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError(f"{where}: not a call of the corpus", "see corpus/card.md") from problem
    if call.label not in LABELS:
        raise InputError(f"{where}: label: found {call.label!r}, allowed: {', '.join(LABELS)}", "correct it")
    return call


def serialize(call: CorpusCall) -> str:
    """One line of JSON, without its end; `parse` gives the same call."""
    data: dict[str, Any] = {"id": call.id, "hand": call.hand, "label": call.label}
    data |= {k: v for k in ("hour", "known_at") if (v := getattr(call, k)) is not None}
    data |= {"line": call.line.value} if call.line else {}
    data["turns"] = [
        {"speaker": t.speaker.value, "act": t.act.value.partition(".")[2], "text": t.text} for t in call.turns
    ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def write_hand(calls: Iterable[CorpusCall], path: Path) -> None:
    """A hand's file; the same calls make the same bytes."""
    text = "".join(serialize(call) + "\n" for call in calls)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def grouped(calls: Sequence[CorpusCall], groups: int) -> list[tuple[str, ...]]:
    """The hands in as many groups of about the same number of calls; each hand in one."""
    sizes: dict[str, int] = {}
    for call in calls:
        sizes[call.hand] = sizes.get(call.hand, 0) + 1
    found: list[list[str]] = [[] for _ in range(min(groups, len(sizes)))]
    for hand in sorted(sizes, key=lambda h: (-sizes[h], h)):
        min(found, key=lambda g: sum(sizes[h] for h in g)).append(hand)
    return [tuple(sorted(group)) for group in found]
