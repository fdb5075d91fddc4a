"""Calls in files: transcripts (`.jsonl`, `.jsonl.gz`, one call a line) and recordings (`.wav`)."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO, TypeVar

from screener.errors import InputError
from screener.events import LineClass, Speaker
from screener.outside.files import reason_of, to_read
from screener.outside.objects import read_object
from screener.outside.times import YEARS, in_zone
from screener.replay.run import EPOCH, RecordedCall, Turn
from screener.words.lines import LINES

Choice = TypeVar("Choice", bound=StrEnum)
AUDIO = frozenset(
    {".wav", ".mp3", ".m4a", ".mp4", ".ogg", ".opus", ".flac", ".amr", ".aac", ".au", ".wma", ".gsm"}
)
"""Recordings; all but WAV need ffmpeg."""
LONGEST = 24 * 3600
"""Seconds of a call: a time beyond is a mistake, and ticks up to it would fill the memory."""
TURN_MOST = 20_000
"""Characters of a turn, an hour of talk: what is longer is no turn, and judging it takes minutes."""
REMEDY = "see screener/replay/README.md"


def read_calls(
    paths: Sequence[Path], caller: str = "", started_at: datetime | None = None, standard: TextIO | None = None
) -> list[RecordedCall]:
    """Every call of every file, in chronological order; calls without a time first, in the files' order.

    Args:
        paths: `-` is `standard`, a transcript.
        caller: of recordings, which cannot say it; likewise when they began.
        started_at: aware.
        standard: standard input.

    Raises:
        InputError: a file cannot be read, or a line is not a call; says which. Or there is no call at all.
    """
    calls = [call for path in paths for call in _read(path, caller, started_at, standard)]
    some(calls, paths)
    return sorted(calls, key=lambda call: call.started_at or EPOCH)


def some(calls: Sequence[object], paths: Sequence[Path]) -> None:
    """Refuse files without a call: of nothing, nothing is to be told.

    Raises:
        InputError: there is none.
    """
    if not calls:
        raise InputError(f"{', '.join(map(str, paths))}: no call in it", REMEDY)


def _read(path: Path, caller: str, started_at: datetime | None, standard: TextIO | None) -> Iterable[RecordedCall]:
    if path.suffix.lower() in AUDIO:
        if not path.is_file():
            raise InputError(f"{path}: no such file", "check the name")
        return [RecordedCall(id=path.stem, audio=path, caller=caller, started_at=started_at)]
    if str(path) == "-" and standard is not None:
        lines = (line for line in standard if line.strip())
        return [parse_call(line, f"-:{number}") for number, line in enumerate(lines, start=1)]
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return _read_lines(path)
    raise InputError(
        f"{path}: neither a recording nor .jsonl nor .jsonl.gz", f"recordings: {' '.join(sorted(AUDIO))}"
    )


def _read_lines(path: Path) -> Iterator[RecordedCall]:
    for number, line in read_lines(path):
        yield parse_call(line, f"{path}:{number}")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, gzip or not, that are not empty, with their numbers from 1.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as problem:
        remedy = to_read(problem, "check the name")
        if isinstance(problem, EOFError | gzip.BadGzipFile | zlib.error):
            remedy = "check its name, permissions, content"
        raise InputError(f"{path}: cannot be read ({reason_of(problem)})", remedy) from problem


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open("r", encoding="utf-8-sig")


def parse_call(line: str, where: str) -> RecordedCall:
    """One line of a transcript file.

    Args:
        line: a JSON object.
        where: file and line, for messages.

    Raises:
        InputError: it is not a call.
    """
    try:
        data = read_object(line)
    except json.JSONDecodeError as problem:
        raise InputError(f"{where}: not JSON ({problem.msg} at column {problem.colno})", REMEDY) from problem
    except ValueError as problem:
        raise InputError(f"{where}: not a JSON object", REMEDY) from problem
    turns = data.get("turns")
    if "id" not in data or not isinstance(turns, list):
        raise InputError(f"{where}: `id` and `turns` are needed", REMEDY)
    return RecordedCall(
        id=str(data["id"]),
        started_at=_time(data.get("started_at"), where),
        caller=str(data.get("caller") or ""),
        line=_line(data["line"], where) if data.get("line") else None,
        turns=tuple(_turn(turn, f"{where}: turn {number}") for number, turn in enumerate(turns, start=1)),
    )


def _turn(turn: object, where: str) -> Turn:
    if not isinstance(turn, dict) or not isinstance(turn.get("text"), str):
        raise InputError(f"{where}: `speaker` and `text` are needed", REMEDY)
    check_length(turn["text"], where)
    at = turn.get("t")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= LONGEST):
        allowed = f"seconds from the beginning, up to {LONGEST}"
        raise InputError(f"{where}: t: found {at!r}, allowed: {allowed}", REMEDY)
    return Turn(_choice(Speaker, turn.get("speaker"), "speaker", where), turn["text"], at)


def check_length(text: str, where: str) -> None:
    """Refuse a turn that nobody can have said.

    Raises:
        InputError: it is too long.
    """
    if len(text) > TURN_MOST:
        told = f"{where}: text: found {len(text)} characters, allowed: up to {TURN_MOST}"
        raise InputError(told, "cut it into the turns that were said")


def _line(value: object, where: str) -> LineClass:
    name = str(value).strip().lower().replace("-", "_").replace(" ", "_")
    if name in LINES:
        return LINES[name]
    try:
        return LineClass(name)
    except ValueError:
        classes, others = ", ".join(LineClass), ", ".join(filter(str.isascii, LINES))
        raise InputError(
            f"{where}: line: found {value!r}, allowed: {classes}; also understood: {others}", REMEDY
        ) from None


def _choice(kind: type[Choice], value: object, key: str, where: str) -> Choice:
    try:
        return kind(str(value))
    except ValueError:
        allowed = ", ".join(kind)
        raise InputError(f"{where}: {key}: found {value!r}, allowed: {allowed}", REMEDY) from None


def _time(value: object, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        return in_zone(datetime.fromisoformat(str(value)), UTC)
    except ValueError:
        wrong = f"{where}: started_at: found {value!r}, allowed: ISO 8601 {YEARS}"
        raise InputError(wrong, REMEDY) from None
