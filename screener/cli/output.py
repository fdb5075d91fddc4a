"""What commands that read the log share: where the log is, and how the answer is shown."""

import errno
import functools
import io
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO, get_args
from zoneinfo import ZoneInfo

import click

from screener.cli import moments
from screener.cli.config import config_option
from screener.cli.person import user
from screener.cli.say import put, say, show
from screener.cli.speaking import speaking
from screener.errors import InputError, StoreError
from screener.numbers.mask import hide
from screener.outside.files import open_private, write_private
from screener.reports.layout import Cell, Coded, Page, Sheet, Type
from screener.reports.render import Format, render
from screener.reports.span import PREFIX_CHARACTERS
from screener.settings.load import FILE_NAME, load
from screener.settings.sections import Settings
from screener.store.engine import hindered
from screener.store.log import CallLog, open_log
from screener.store.place import database_at, place_of
from screener.store.records import Access, CallRecord
from screener.store.wanted import DRY_RUN
from screener.words.judgement import Teller
from screener.words.terms import word


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--db`; the command gets `settings` and an open `log`, which it only reads.

    It works for a user who may only read, and makes no database. A command that answers out of the log (it has a
    `--format`) is noted in the access record before it does; one that tells of a call says so with `note_call`.
    """
    return _with_log(command, read_only=True)


def writing_log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that writes, into a log that is there."""
    return _with_log(command, read_only=False)


def _with_log(command: Callable[..., Any], *, read_only: bool) -> Callable[..., Any]:
    @config_option
    @click.option("--db", help=_DB_HELP)
    @functools.wraps(command)
    def wrapped(config: Path | None, db: str | None, **arguments: Any) -> Any:  # noqa: ANN401 - click's own
        settings = load(config)
        log = open_log(*_place(settings, db), must_exist=True, read_only=read_only)
        try:
            note_answer(log)
            return command(settings=settings, log=log, **arguments)
        finally:
            log.close()

    return wrapped


Make = Callable[[], AbstractContextManager[CallLog]]
"""Opens the log to be filled, and makes it where there is none."""


def filling_log_options(*, of_a_site: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds `--config` and `--db`; the command gets `settings`, and `make` once it has something to write.

    Args:
        of_a_site: the log may be one that settings name; otherwise it is another one, named with `--db`.
    """

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @config_option
        @click.option("--db", help=_DB_HELP)
        @functools.wraps(command)
        def wrapped(config: Path | None, db: str | None, **arguments: Any) -> Any:  # noqa: ANN401 - click's own
            settings = load(config)
            if not of_a_site and (not db or is_of_a_site(db, settings)):
                raise click.UsageError("made-up calls never go into a site's log: name another one with --db")
            return command(settings=settings, make=lambda: _made(settings, db), **arguments)

        return wrapped

    return decorated


_DB_HELP = "SQLAlchemy URL of the call log; default from the settings."


def _place(settings: Settings, db: str | None) -> tuple[str, Path]:
    return (db, Path.cwd()) if db else (settings.store.url, settings.folder)


@contextmanager
def _made(settings: Settings, db: str | None) -> Iterator[CallLog]:
    """Who mistyped the name of a log reads that it is a new one."""
    url, folder = _place(settings, db)
    file = database_at(url, folder)
    new = file is not None and not file.exists()
    log = open_log(url, folder)
    try:
        if new:
            say(f"{file}: a new call log", err=True)
        yield log
    finally:
        log.close()


def is_of_a_site(db: str, settings: Settings) -> bool:
    """Whether settings name this log: those of the command, or a settings file beside it."""
    here, sites = Path.cwd(), [settings]
    file = database_at(db, here)
    if file is not None and (beside := file.parent / FILE_NAME).exists():
        sites.append(load(beside))
    return any(place_of(site.store.url, site.folder) == place_of(db, here) for site in sites)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--format` and `-o`; the page or sheet that the command returns is shown."""

    @click.option(
        "--format",
        "form",
        type=click.Choice(get_args(Format)),
        help="How to show it; default table, or as the name after -o ends. xlsx needs -o.",
    )
    @click.option(
        "-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead of the terminal."
    )
    @functools.wraps(command)
    def wrapped(form: Format | None, output: Path | None, **arguments: Any) -> None:  # noqa: ANN401 - click's own
        context = click.get_current_context()
        context.params["form"] = form = form or _form_of(output)
        if form == "xlsx" and output is None:
            raise click.UsageError("a workbook is no text: name a file with -o")
        shown = form == "table" and output is None
        colour = shown and sys.stdout.isatty()
        columns = shutil.get_terminal_size().columns if shown else None
        context.meta[_LOOKED_INTO] = True
        found = command(**arguments)
        if isinstance(found, Sheet):
            found = Page(found.title, (found,), lang=speaking(), empty=word("nothing", speaking()))
        if (unrecorded := context.meta.get(_UNRECORDED)) and _tells_of_people(found):
            raise unrecorded
        made = render(found, form, columns, colour)
        data = made.encode("utf-8") if isinstance(made, str) else made
        if output:
            write_file(output, data)
        elif form == "table":
            put(data.decode("utf-8"))
        else:
            sys.stdout.buffer.write(data)

    return wrapped


def _form_of(output: Path | None) -> Format:
    """As the file's name says; a table where it says nothing.

    Raises:
        click.UsageError: it says a form that is not written here.
    """
    ending = output.suffix[1:].lower() if output else ""
    form: Format | None = "table" if ending in _PLAIN else next((f for f in get_args(Format) if f == ending), None)
    if form is not None:
        return form
    known = ", ".join(f".{form}" for form in ("txt", *get_args(Format)) if form != "table")
    raise click.UsageError(f"-o {output}: a name ends in one of {known}, or --format says the form")


def sheet(title: str, keys: Sequence[str], rows: Sequence[Sequence[Cell]], **types: Type) -> Sheet:
    """A table in the reader's language; title and columns are named by their keys of `words.terms`.

    A column whose key has another word is written `key=word`; programs see the key.
    """
    lang = speaking()
    names = [key.partition("=")[0] for key in keys]
    return Sheet(word(title, lang), names, [word(key.rpartition("=")[2], lang) for key in keys], rows, types)


def coded(code: str | None, prefix: str = "") -> Coded:
    """A code of the log as a word for people; None and an unknown one are empty."""
    return Coded(word(f"{prefix}{code}", speaking()) if code else "", code or None)


def masker(settings: Settings, masked: bool) -> Callable[[str], str]:
    """What shows a phone number as the reader asked for it."""
    if not masked:
        return str
    from screener.review.seal import masker_of

    return masker_of(settings)


def show_story(call: CallRecord, lines: Iterable[str]) -> None:
    """Show what `review.timeline` tells of a call; nobody takes a dry run for what was done to a caller."""
    for line in lines:
        show(line)
    if call.dry_run:
        show(f"{word('treatment', speaking())} {word(DRY_RUN, speaking())}")


def teller(settings: Settings) -> Teller:
    """What puts codes into words, in the reader's language."""
    from screener.settings.judgement import load_notes  # most commands need none of it

    return Teller(speaking(), load_notes(settings.judgement, settings.folder))


def write_file(path: Path, data: bytes) -> None:
    """Write what a user asked for, for the eyes of that user alone.

    Raises:
        InputError: it cannot be written.
    """
    try:
        write_private(path, data)
    except OSError as problem:
        raise _unwritten(path, problem) from problem


@contextmanager
def written(path: Path | None) -> Iterator[TextIO]:
    """The same for what comes piece by piece; without a path, or with `-`, standard output.

    Raises:
        InputError: it cannot be written.
    """
    if path is None or str(path) == "-":
        yield sys.stdout
        return
    try:
        with io.TextIOWrapper(open_private(path), "utf-8") as file:
            yield file
    except OSError as problem:
        raise _unwritten(path, problem) from problem


def _unwritten(path: Path, problem: OSError) -> InputError:
    full = problem.errno == errno.ENOSPC
    remedy = "make room there, or write to another place" if full else "name another file with -o"
    return InputError(f"{path}: cannot be written ({problem.strerror})", remedy)


_PLAIN = ("", "txt", "table")
"""How names of files end that hold a table as a terminal shows it."""
_LOOKED_INTO = "screener.looked_into"
"""Who shows the answer of the command at work looks whom it tells of."""
_UNRECORDED = "screener.unrecorded"
"""The error that an answer is which tells of people, and cannot be put on record."""
_PHONE_DIGITS = re.compile(r"\d{7,}")
_OURS = ("agent", "id")
"""What is shown like a number, and is none of a caller."""
_PART = re.compile(rf"\+86\d{{{PREFIX_CHARACTERS - 3}}}")
"""Of a Chinese number, a beginning that a thousand others share; elsewhere it may be the whole."""
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?")


def _tells_of_people(page: Page) -> bool:
    """Whether a caller's phone number, in digits or spoken, stands in an answer unmasked."""
    return any(
        _is_callers(key, sheet.type_of(column), text)
        for sheet in page.sheets
        for column, key in enumerate(sheet.keys)
        for row in sheet.rows
        if isinstance(text := row[column], str) and (text.code if isinstance(text, Coded) else text)
    )


def _is_callers(key: str, kind: Type, text: str) -> bool:
    bare = _DATE.sub("", text)
    long = _PHONE_DIGITS.search(bare) is not None
    match key:
        case "dialled":  # a number of the site
            return False
        case "prefix":
            return long and not _PART.fullmatch(text)
    return long or hide(bare) != bare or (kind == "phone" and key not in _OURS)


def note_answer(log: CallLog) -> None:
    """Note in the access record what the command at work is about to tell, wherever it goes.

    Raises:
        StoreError: it cannot be put on record.
    """
    context = click.get_current_context()
    if "form" not in context.params:
        return
    form, output = context.params["form"], context.params.get("output")
    own = {key: value for key, value in context.params.items() if value and key not in _NOT_SUBJECT}
    subject = " ".join(f"{key}={value}" for key, value in sorted(own.items()))
    masked = bool(context.params.get("masked"))
    where = str(output) if output else f"{form} {_out()}"
    _note(log, Access(datetime.now(UTC), user(), command_name(), subject, where, masked))


def note_call(log: CallLog, call_id: str, destination: str = "") -> None:
    """Note that the command at work tells of one call.

    Raises:
        StoreError: it cannot be put on record.
    """
    where = destination or _out()
    _note(log, Access(datetime.now(UTC), user(), command_name(), call_id, where))


def _note(log: CallLog, access: Access) -> None:
    """Who may not write sees what the terminal shows, and takes away what tells of nobody.

    So it is on a full or read-only disk too, where nobody may: who asks is told that nothing was put on record.
    """
    why = ""
    if not log.read_only or log.may_write():
        try:
            with writable(log) as record:
                record.note_access(access)
            return
        except StoreError:
            why = hindered(log.engine.url)
            if not log.read_only or not why:
                raise
    if why := why or hindered(log.engine.url):
        say(f"not put on record: {log.place}: cannot be written ({why})", err=True)
    if access.destination not in (TERMINAL, f"table {TERMINAL}") and not access.masked:
        remedy = "numbers that cannot be put on record are not handed out: see them on the terminal, or add --mask"
        unrecorded = StoreError(f"{log.place}: cannot be written ({why or 'Permission denied'})", remedy)
        meta = click.get_current_context().meta
        if not meta.get(_LOOKED_INTO):
            raise unrecorded
        meta[_UNRECORDED] = unrecorded


@contextmanager
def writable(log: CallLog) -> Iterator[CallLog]:
    """The log itself, or where a command only reads it, another one at the same place.

    Raises:
        StoreError: it cannot be opened.
    """
    if not log.read_only:
        yield log
        return
    other = open_log(log.engine.url.render_as_string(hide_password=False), must_exist=True)
    try:
        yield other
    finally:
        other.close()


def _out() -> str:
    return TERMINAL if sys.stdout.isatty() else "pipe"


def command_name() -> str:
    """The command at work, as the access record has it: `screener list block add`."""
    context = click.get_current_context()
    return f"screener {context.command_path.removeprefix('screener ').removeprefix('cli ')}"


TERMINAL = "terminal"
_NOT_SUBJECT = {"form", "output", "masked", "config", "db"}


def moment(settings: Settings, text: str | None, zone: tzinfo | None = None) -> datetime | None:
    """A time of `--since` or `--until`; without a zone it is in `zone`, which is the site's own unless said.

    Raises:
        click.BadParameter: it is none.
    """
    return moments.moment(text, zone or ZoneInfo(settings.site.timezone), datetime.now(UTC))
