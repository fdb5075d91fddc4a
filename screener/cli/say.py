"""What a command prints: the one place that writes to the terminal, so that nothing a caller sent controls it."""

from typing import IO

import click

from screener.cli.speaking import speaking
from screener.outside.text import visible, visible_lines
from screener.words.told import told

REASON_MOST = 200


def say(line: object, *, err: bool = False, bad: bool = False) -> None:
    """One line in the reader's language; what would control the terminal is shown as what it is."""
    click.secho(visible(told(str(line), speaking())), err=err, fg="red" if bad else None)


def show(line: object, *, bad: bool = False) -> None:
    """One line that is in the reader's language already, or in nobody's: a call's story, an id."""
    click.secho(visible(str(line)), fg="red" if bad else None)


def say_lines(lines: object, *, err: bool = False) -> None:
    """Lines of ours; what is within each as `say` shows it."""
    click.echo(visible_lines(str(lines)), err=err)


def put(text: str | bytes, *, file: IO[str] | None = None) -> None:
    """A whole answer: made harmless where it was made (a table, JSON), or for another program (CSV, a list)."""
    click.echo(text, nl=False, file=file)
