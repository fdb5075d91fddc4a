"""Calls of which somebody has said what they are: transcript files whose lines carry a `label`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from screener.core.evidence import Kind, Verdict
from screener.errors import InputError
from screener.events import Speaker
from screener.replay.files import parse_call, read_lines, some
from screener.replay.run import RecordedCall, Turn

STEERING = "请问您需要咨询什么业务?"
"""What an agent says to bring a caller back to the matter."""
UNAIMED = "toxic-other"
"""Label of what is nasty and meant for nobody on the line: neither to be flagged nor to be left alone."""
HARASSMENT = frozenset({*(kind.value for kind in Kind), "repeat", Verdict.HARASSMENT.value})
"""Labels that are to be flagged; every other is to be left alone."""
HARMLESS = frozenset({"genuine", "complaint", "abusive_complaint", "vulnerable", "benign", "undecided"})
"""Usual labels of what is to be left alone."""


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """A call and what it is.

    Attributes:
        set: where it comes from.
        label: a kind of harassment; or what must never be flagged, such as `genuine`, `complaint`, `vulnerable`.
        slice: a part of the set, empty when there are none.
    """

    set: str
    label: str
    slice: str
    call: RecordedCall

    @property
    def expected(self) -> Verdict | None:
        """The verdict that its label names; None where it only says that the call is harmless, or nothing."""
        if self.label in HARASSMENT:
            return Verdict.HARASSMENT
        if self.label == "vulnerable":
            return Verdict.GENUINE
        return Verdict(self.label) if self.label in set(Verdict) else None


def read_labelled(paths: Sequence[Path]) -> list[LabelledCall]:
    """Every labelled call of files and of all files in folders, however deep.

    Raises:
        InputError: a file cannot be read, or a line is not a labelled call; says which. Or there is no call.
    """
    calls = [call for path in paths for file in _files(path) for call in _read(file)]
    some(calls, paths)
    return calls


def steered(call: RecordedCall, times: int) -> RecordedCall:
    """The call with an agent who steers back after each of the caller's first turns."""
    turns: list[Turn] = []
    for turn in call.turns:
        turns.append(turn)
        if turn.speaker is Speaker.CALLER and times > 0:
            turns.append(Turn(Speaker.AGENT, STEERING))
            times -= 1
    return replace(call, turns=tuple(replace(turn, at=None) for turn in turns))


def _files(path: Path) -> Sequence[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(f for f in path.rglob("*") if f.name.endswith((".jsonl", ".jsonl.gz")))
    if not found:
        raise InputError(f"{path}: no .jsonl or .jsonl.gz in it", "name a folder with labelled calls")
    return found


def _read(path: Path) -> Iterator[LabelledCall]:
    for number, line in read_lines(path):
        where = f"{path}:{number}"
        call = parse_call(line, where)
        data = json.loads(line)
        label = str(data.get("label") or "")
        if label == Verdict.HARASSMENT:
            label = str(data.get("kind") or label)
        if not label:
            raise InputError(f"{where}: `label` is needed", "name what the call is, such as genuine or lewd")
        yield LabelledCall(
            str(data.get("set") or path.name.split(".")[0]), label, str(data.get("slice") or ""), call
        )
