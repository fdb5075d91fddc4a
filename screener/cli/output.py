"""What commands that read the log share: where the log is, and how the answer is shown."""

import functools
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import click

from screener.cli.person import user
from screener.cli.say import put
from screener.errors import InputError
from screener.outside.files import write_private
from screener.reports.page import Sheet
from screener.reports.render import Format, render
from screener.settings.judging import load_notes
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.store.log import Access, CallLog, open_log
from screener.words.judgement import Teller
from screener.words.terms import Language


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--db`; the command gets `settings` and an open `log`.

    A command that answers out of the log (it has a `--format`) is noted in the access record before it does.
    """

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file; default screener.toml here.")
    @click.option("--db", help="SQLAlchemy URL of the call log; default from the settings.")
    @functools.wraps(command)
    def wrapped(config: Path | None, db: str | None, **arguments: Any) -> Any:  # noqa: ANN401 - click's own
        settings = load(config)
        log = open_log(db or settings.store.url, Path.cwd() if db else settings.folder)
        try:
            note_answer(log)
            return command(settings=settings, log=log, **arguments)
        finally:
            log.close()

    return wrapped


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--format` and `-o`; the page or sheet that the command returns is shown."""

    @click.option(
        "--format",
        "form",
        type=click.Choice(get_args(Format)),
        default="table",
        help="How to show it; xlsx needs -o.",
    )
    @click.option(
        "-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead of the terminal."
    )
    @functools.wraps(command)
    def wrapped(form: Format, output: Path | None, **arguments: Any) -> None:  # noqa: ANN401 - click's own
        if form == "xlsx" and output is None and sys.stdout.isatty():
            raise click.UsageError("a workbook is no text: name a file with -o")
        made = render(command(**arguments), form)
        data = made.encode("utf-8") if isinstance(made, str) else made
        if output:
            write_file(output, data)
        elif form == "table":
            put(data.decode("utf-8"))
        else:
            sys.stdout.buffer.write(data)

    return wrapped


def teller(settings: Settings, lang: Language | None = None) -> Teller:
    """What puts codes into words, in the site's language unless told."""
    return Teller(lang or settings.site.language, load_notes(settings.judgement, settings.folder))


def write_file(path: Path, data: bytes) -> None:
    """Write what a user asked for, for the eyes of that user alone.

    Raises:
        InputError: it cannot be written.
    """
    try:
        write_private(path, data)
    except OSError as problem:
        raise InputError(
            f"{path}: cannot be written ({problem.strerror})", "name another file with -o"
        ) from problem


def note_answer(log: CallLog) -> None:
    """Note in the access record what the command at work is about to tell, wherever it goes."""
    context = click.get_current_context()
    if "form" not in context.params:
        return
    form, output = context.params["form"], context.params.get("output")
    own = {key: value for key, value in context.params.items() if value and key not in _NOT_SUBJECT}
    subject = " ".join(f"{key}={value}" for key, value in sorted(own.items()))
    masked = bool(context.params.get("masked"))
    where = str(output) if output else f"{form} {'terminal' if sys.stdout.isatty() else 'pipe'}"
    log.note_access(Access(datetime.now(UTC), user(), _action(context), subject, where, masked))


def note_call(log: CallLog, call_id: str, destination: str = "") -> None:
    """Note that the command at work tells of one call."""
    where = destination or ("terminal" if sys.stdout.isatty() else "pipe")
    log.note_access(Access(datetime.now(UTC), user(), _action(click.get_current_context()), call_id, where))


def _action(context: click.Context) -> str:
    return f"screener {context.command_path.removeprefix('screener ').removeprefix('cli ')}"


_NOT_SUBJECT = {"form", "output", "masked", "config", "db", "lang"}


def moment(settings: Settings, text: str | None, zone: tzinfo | None = None) -> datetime | None:
    """A time of `--since` or `--until`; without a zone it is in `zone`, which is the site's own unless said.

    Raises:
        click.BadParameter: it is not ISO 8601.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text}: allowed: a day or time such as 2026-03-04 or 2026-03-04T09:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=zone or ZoneInfo(settings.site.timezone))


__all__ = ["CallLog", "Settings", "Sheet", "log_options", "moment", "output_options", "user"]
