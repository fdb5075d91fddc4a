"""`screener import`: an Asterisk site's history, so that reports begin with years of data on the first day."""

import functools
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click

from screener.cli.moments import time_zone
from screener.cli.output import Make, filling_log_options
from screener.cli.say import REASON_MOST, say
from screener.errors import InputError
from screener.events import Caller
from screener.exchange.asterisk import read_cdr, read_queue_log
from screener.exchange.listfile import BadLine
from screener.numbers.plan import lines_of
from screener.outside.files import reason_of
from screener.settings.sections import Settings
from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.records import CallRecord

BAD_SHOWN = 5
"""Lines that were skipped and are named; of the others only their number."""
WRONG_KIND = "is it the right kind of file? queue_log and cdr are two"
BAD_MOST = 100_000
"""After so many bad lines without one call it is the wrong file."""
NUMBERS_KEPT = 500_000
"""Numbers whose place and carrier are remembered while a file is read."""


@click.group(name="import")
def importing() -> None:
    """Bring an Asterisk site's history into the log; a second time changes nothing.

    A line that cannot be read is named with its number and skipped. Import queue_log before cdr: it knows queues
    and agents, and a call that is there already gets nothing but the dialled number. Name rotated files together,
    the oldest first; they may be compressed (.gz).
    """


@importing.command(name="queue_log")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--analysis", multiple=True, metavar="QUEUE", help="A queue that stood for harassment.")
@filling_log_options()
def queue_log_command(settings: Settings, make: Make, files: tuple[Path, ...], analysis: tuple[str, ...]) -> None:
    """Import the calls of a queue_log: caller, queue, agent, times.

    Calls that entered a queue named by --analysis are flags that a person confirmed; all others have no verdict.

    Example: screener import queue_log /var/log/asterisk/queue_log --analysis analysis
    """
    identify = _remembering(lines_of(settings).identify)
    _import(files, make, lambda lines: read_queue_log(lines, identify, frozenset(analysis)))


@importing.command(name="cdr")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--context", "contexts", multiple=True, help="Only calls of this dialplan context.")
@click.option("--tz", help="Time zone of the file; default the site's.")
@filling_log_options()
def cdr_command(
    settings: Settings, make: Make, files: tuple[Path, ...], contexts: tuple[str, ...], tz: str | None
) -> None:
    """Import the calls of a CDR file (Master.csv), except those of the site's own extensions.

    Example: screener import cdr /var/log/asterisk/cdr-csv/Master.csv --context from-trunk
    """
    zone = time_zone(tz or settings.site.timezone)
    known = lines_of(settings)
    identify = _remembering(known.identify)
    own = known.is_extension
    read = _import(
        files, make, lambda lines: read_cdr(lines, identify, zone, frozenset(contexts), is_extension=own)
    )
    if contexts and not read:
        what = f"no call came in by the context {', '.join(contexts)}"
        raise InputError(what, "name it as the dialplan does, or leave --context out")


def _import(
    files: Sequence[Path], make: Make, read: Callable[[Iterable[bytes]], Iterator[CallRecord | BadLine]]
) -> int:
    """How many calls are in the files."""
    counts = {"read": 0, "bad": 0}
    place = _Place(files)

    def good(found: Iterable[CallRecord | BadLine]) -> Iterator[CallRecord]:
        for item in found:
            if not isinstance(item, BadLine):
                counts["read"] += 1
                yield tidy(item)
                continue
            counts["bad"] += 1
            if counts["bad"] <= BAD_SHOWN:
                say(f"{place}: skipped: {item.reason[:REASON_MOST]}", err=True)
            if counts["bad"] >= BAD_MOST and not counts["read"]:
                raise InputError(f"{place.file}: not one call in it; lines: {counts['bad']}", WRONG_KIND)

    calls = good(read(place.lines()))
    new, first = 0, next(calls, None)
    if first is not None:  # a file without calls makes no log
        with make() as log:
            new = load(log, chain([first], calls))
    if counts["bad"] > BAD_SHOWN:
        say(f"further lines skipped: {counts['bad'] - BAD_SHOWN}", err=True)
    if counts["bad"] >= place.written > 0:  # nothing in it was understood
        raise InputError(f"{place.file}: not one call in it; lines: {place.written}", WRONG_KIND)
    say(f"calls read: {counts['read']}; new: {new}; lines skipped: {counts['bad']}")
    return counts["read"]


class _Place:
    """Where the reading of several files, one after the other, has come to."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self.file = files[0]
        self._line = 0
        self.written = 0
        """Lines of all files with something in them."""

    def lines(self) -> Iterator[bytes]:
        """Every line of every file.

        Raises:
            InputError: a file cannot be read.
        """
        for file in self._files:
            self.file = file
            try:
                with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
                    yield from self._counted(lines)
            except (OSError, EOFError, zlib.error) as problem:
                raise InputError(f"{self.file}: cannot be read ({reason_of(problem)})") from problem

    def _counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for number, line in enumerate(lines, start=1):
            self._line = number
            self.written += bool(line.strip())
            yield line

    def __str__(self) -> str:
        return f"{self.file}:{self._line}"


def _remembering(identify: Callable[[str], Caller]) -> Callable[[str], Caller]:
    return functools.lru_cache(NUMBERS_KEPT)(identify)
