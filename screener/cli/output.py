"""What commands that read the log share: where the log is, and how the answer is shown."""

import functools
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from screener.reports.render import Format, Sheet, render
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.store.log import CallLog, open_log


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--db`; the command gets `settings` and an open `log`."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file; default screener.toml here.")
    @click.option("--db", help="SQLAlchemy URL of the call log; default from the settings.")
    @functools.wraps(command)
    def wrapped(config: Path | None, db: str | None, **arguments: Any) -> Any:  # noqa: ANN401 - click's own
        settings = load(config)
        log = open_log(db or settings.store.url, Path.cwd() if db else settings.folder)
        try:
            return command(settings=settings, log=log, **arguments)
        finally:
            log.close()

    return wrapped


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--format` and `-o`; what the command returns as a sheet is shown."""

    @click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
    @click.option(
        "-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead of the terminal."
    )
    @functools.wraps(command)
    def wrapped(form: Format, output: Path | None, **arguments: Any) -> None:  # noqa: ANN401 - click's own
        text = render(command(**arguments), form)
        if output:
            output.write_text(text, "utf-8", newline="")
        elif form == "csv":
            sys.stdout.buffer.write(text.encode("utf-8"))
        else:
            click.echo(text, nl=False)

    return wrapped


def moment(settings: Settings, text: str | None) -> datetime | None:
    """A time of `--since` or `--until`; without a zone it is the site's own.

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
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(settings.site.timezone))


__all__ = ["CallLog", "Settings", "Sheet", "log_options", "moment", "output_options"]
