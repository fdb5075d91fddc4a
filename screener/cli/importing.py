"""`screener import`: an Asterisk site's history, so that reports begin with years of data on the first day."""

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import click

from screener.cli.output import CallLog, Settings, log_options
from screener.errors import InputError
from screener.events import Caller
from screener.exchange.asterisk import read_cdr, read_queue_log
from screener.exchange.listfile import BadLine
from screener.numbers.identify import load_lines
from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.records import CallRecord

NUMBERS_KEPT = 500_000
"""Numbers whose place and carrier are remembered while a file is read."""


@click.group(name="import")
def importing() -> None:
    """Bring an Asterisk site's history into the log; a second time changes nothing.

    A line that cannot be read is named with its number and skipped. Import queue_log before cdr: it knows queues
    and agents, and a call that is there already is left alone.
    """


@importing.command(name="queue_log")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--analysis", multiple=True, metavar="QUEUE", help="A queue that stood for harassment.")
@log_options
def queue_log_command(settings: Settings, log: CallLog, file: Path, analysis: tuple[str, ...]) -> None:
    """Import the calls of a queue_log: caller, queue, agent, times.

    Calls that entered a queue named by --analysis are flags that a person confirmed; all others have no verdict.

    Example: screener import queue_log /var/log/asterisk/queue_log --analysis analysis
    """
    _import(file, log, lambda lines: read_queue_log(lines, _identify(settings), frozenset(analysis)))


@importing.command(name="cdr")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--context", "contexts", multiple=True, help="Only calls of this dialplan context.")
@click.option("--tz", help="Time zone of the file; default the site's.")
@log_options
def cdr_command(settings: Settings, log: CallLog, file: Path, contexts: tuple[str, ...], tz: str | None) -> None:
    """Import the calls of a CDR file (Master.csv), except those of the site's own extensions.

    Example: screener import cdr /var/log/asterisk/cdr-csv/Master.csv --context from-trunk
    """
    zone = ZoneInfo(tz or settings.site.timezone)
    _import(file, log, lambda lines: read_cdr(lines, _identify(settings), zone, frozenset(contexts)))


def _import(file: Path, log: CallLog, read: Callable[[BinaryIO], Iterator[CallRecord | BadLine]]) -> None:
    counts = {"read": 0, "bad": 0}

    def good(found: Iterable[CallRecord | BadLine]) -> Iterator[CallRecord]:
        for item in found:
            if isinstance(item, BadLine):
                counts["bad"] += 1
                click.echo(f"{file}:{item.number}: skipped: {item.reason}", err=True)
            else:
                counts["read"] += 1
                yield tidy(item)

    try:
        with file.open("rb") as lines:
            new = load(log, good(read(lines)))
    except OSError as problem:
        raise InputError(f"{file}: cannot be read ({problem.strerror})") from problem
    click.echo(f"{counts['read']} calls read, {new} of them new; {counts['bad']} lines skipped")


def _identify(settings: Settings) -> Callable[[str], Caller]:
    lines = load_lines(settings.line_files, *settings.site.numbering)
    return functools.lru_cache(NUMBERS_KEPT)(lines.identify)
