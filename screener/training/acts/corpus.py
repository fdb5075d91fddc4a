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
from screener.outside.objects import read_object
from screener.replay.files import check_length, read_lines
from screener.speech.pinyin import syllables

FOLDER = Path(__file__).parent / "corpus"
KEPT = Path(__file__).parent / "kept"
REMEDY = "see screener/training/acts/corpus/card.md"
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
        InputError: as of `read_hands`.
    """
    return read_hands([path])


def read_hands(paths: Iterable[Path]) -> Iterator[CorpusCall]:
    """The calls of files, gzipped or not.

    Raises:
        InputError: one cannot be read, a line is not a call, or an id stands twice; says which.
    """
    stands: dict[str, str] = {}
    for path in paths:
        for number, line in read_lines(path):
            where = f"{path}:{number}"
            call = parse(line, where)
            if call.id in stands:
                told = f"{where}: id: found {call.id!r}, which stands in {stands[call.id]} too"
                raise InputError(told, "give each call an id of its own")
            stands[call.id] = where
            yield call


def parse(line: str, where: str = "") -> CorpusCall:
    """The call that a line stands for.

    Raises:
        InputError: it stands for none; says which field is wrong.
    """
    try:
        data = read_object(line)
    except ValueError as problem:
        raise InputError(f"{where}: not a JSON object", REMEDY) from problem
    for key in ("id", "hand", "label", "turns"):
        if key not in data:
            raise InputError(f"{where}: `{key}` is needed", REMEDY)
    turns = data["turns"]
    if not isinstance(turns, list) or not turns:
        raise _wrong(where, "turns", turns, "a list of at least one turn")
    return CorpusCall(
        id=_name(data, "id", where),
        hand=_name(data, "hand", where),
        label=_one_of(LABELS, data, "label", where),
        turns=tuple(_turn(turn, f"{where}: turn {number}") for number, turn in enumerate(turns, start=1)),
        known_at=_number(data, "known_at", 1, len(turns), where),
        hour=_number(data, "hour", 0, 23, where),
        line=LineClass(_one_of([*LineClass], data, "line", where)) if data.get("line") else None,
    )


def _turn(turn: object, where: str) -> CorpusTurn:
    if not isinstance(turn, dict):
        raise InputError(f"{where}: not a JSON object", REMEDY)
    for key in ("speaker", "act", "text"):
        if key not in turn:
            raise InputError(f"{where}: `{key}` is needed", REMEDY)
    speaker = Speaker(_one_of([*Speaker], turn, "speaker", where))
    acts = {act.partition(".")[2]: act for act in Act if act.speaker is speaker}
    if not isinstance(turn["text"], str) or not turn["text"].strip():
        raise _wrong(where, "text", turn["text"], "what was said")
    check_length(turn["text"], where)
    return CorpusTurn(speaker, turn["text"], acts[_one_of([*acts], turn, "act", where)])


def _name(data: dict[str, Any], key: str, where: str) -> str:
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise _wrong(where, key, value, "a name")
    return str(value)


def _number(data: dict[str, Any], key: str, least: int, most: int, where: str) -> int | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(where, key, value, f"whole numbers from {least} to {most}")
    return value


def _one_of(allowed: Sequence[str], data: dict[str, Any], key: str, where: str) -> str:
    if data[key] not in allowed:
        raise _wrong(where, key, data[key], ", ".join(allowed))
    return str(data[key])


def _wrong(where: str, key: str, found: object, allowed: str) -> InputError:
    return InputError(f"{where}: {key}: found {found!r}, allowed: {allowed}", REMEDY)


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
