"""The program's own log on stderr, as text or as one JSON object a line.

A message may quote what a stranger sent: it is one line, whatever is in it, and the lines of a traceback are set
in, so that no line of the log is a stranger's.
"""

import json
import logging
import sys
from collections import deque
from datetime import UTC, datetime
from typing import Literal

from screener.outside.text import in_json, visible

FAULTS, FAULT_CHARACTERS = 6, 400
"""Faults that are remembered, and how much of each."""


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = visible(f"{self.formatTime(record)} {record.levelname:7} {record.name}: {record.getMessage()}")
        if record.exc_info:
            line += "".join(f"\n  | {visible(part)}" for part in self.formatException(record.exc_info).split("\n"))
        return line


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return in_json(json.dumps(line, ensure_ascii=False))


class Faults(logging.Handler):
    """Remembers the newest warnings and errors, for those who look at the service."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._newest: deque[str] = deque(maxlen=FAULTS)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        text = visible(record.getMessage())[:FAULT_CHARACTERS]
        self._newest.append(f"{at} {record.levelname} {record.name.removeprefix('screener.')}: {text}")

    def newest(self) -> tuple[str, ...]:
        """The newest last."""
        return tuple(self._newest)


def start_logging(level: Literal["debug", "info", "warning", "error"], *, as_json: bool = False) -> None:
    """Send every logger of the process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It tells of every connection that it looks at; the store says itself when a schema changes.
    logging.getLogger("alembic").setLevel(logging.WARNING)
