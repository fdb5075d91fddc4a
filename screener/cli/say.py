"""What a command prints: the one place that writes to the terminal, so that nothing a caller sent controls it."""

import os
from typing import IO

import click

from screener.cli.speaking import speaking
from screener.outside.text import visible, visible_lines
from screener.words.told import told

REASON_MOST = 200


def say(line: object, *, err: bool = False, bad: bool = False) -> None:
    """One line in the reader's language; what would control the terminal is shown as what it is."""
    click.echo(_painted(visible(told(str(line), speaking())), bad), err=err)


def show(line: object, *, bad: bool = False) -> None:
    """One line that is in the reader's language already, or in nobody's: a call's story, an id."""
    click.echo(_painted(visible(str(line)), bad))


def say_lines(lines: object, *, err: bool = False) -> None:
    """Lines of ours; what is within each as `say` shows it."""
    click.echo(visible_lines(str(lines)), err=err)


def put(text: str | bytes, *, file: IO[str] | None = None) -> None:
    """A whole answer: made harmless where it was made (a table, JSON), or for another program (CSV, a list)."""
    click.echo(text, nl=False, file=file)


def may_colour() -> bool:
    """Whether the reader lets programs colour what they write (https://no-color.org), on a terminal that can."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _painted(text: str, bad: bool) -> str:
    return click.style(text, fg="red") if bad and may_colour() else text
