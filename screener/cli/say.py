"""What a command prints: the one place that writes to the terminal, so that nothing a caller sent controls it."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from screener.exchange.listfile import BadLine
from screener.outside.text import visible, visible_lines

SKIPPED_MOST = 5
REASON_MOST = 200


def say(line: object, *, err: bool = False, bad: bool = False) -> None:
    """One line; what would control the terminal, a line break too, is shown as what it is."""
    click.secho(visible(str(line)), err=err, fg="red" if bad else None)


def say_lines(lines: object, *, err: bool = False) -> None:
    """Lines of ours; what is within each as `say` shows it."""
    click.echo(visible_lines(str(lines)), err=err)


def say_skipped(file: Path, bad: Sequence[BadLine]) -> None:
    """Which lines of a file were left out, and why: the first few of them."""
    for line in bad[:SKIPPED_MOST]:
        say(f"{file}:{line.number}: skipped: {line.reason[:REASON_MOST]}", err=True)
    if len(bad) > SKIPPED_MOST:
        say(f"{file}: {len(bad) - SKIPPED_MOST} more lines skipped", err=True)


def put(text: str | bytes, *, file: IO[str] | None = None) -> None:
    """A whole answer: made harmless where it was made (a table, JSON), or for another program (CSV, a list)."""
    click.echo(text, nl=False, file=file)
