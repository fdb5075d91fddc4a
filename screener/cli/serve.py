"""`screener serve`: the service in the foreground, as systemd and containers want it."""

import logging
import os
import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click

from screener.cli.config import config_option
from screener.cli.speaking import as_spoken
from screener.errors import ScreenerError
from screener.operations.logs import start_logging
from screener.operations.systemd import find_manager
from screener.resources import loading
from screener.service.site import Service
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.speech.pinyin import syllables
from screener.store.log import open_log


@click.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Decide and log, but treat nobody: every caller goes to the agents.")
def serve(config: Path | None, dry_run: bool) -> None:
    """Take calls until stopped by Ctrl-C, SIGTERM or the end of the terminal.

    Example: screener serve --config /etc/screener/screener.toml --dry-run
    """
    settings = as_spoken(load(config))
    if dry_run:
        settings = replace(settings, flow=replace(settings.flow, dry_run=True))
    start_logging(settings.operations.log_level, as_json=settings.operations.log_json)
    manager = find_manager(os.environ, os.getpid())
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for ends in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ends, stop)
    with loading():
        service = Service(settings)
    service.start()
    pages = ExitStack()
    _console(settings, pages)
    try:
        manager.ready(service.status())
        manager.attend(stopped, service.pulse, service.status)
    finally:
        manager.stopping("callers go to the agents")
        logging.getLogger(__name__).info("stopping; callers go to the agents")
        service.stop()  # callers first
        pages.close()


def _console(settings: Settings, ends: ExitStack) -> None:
    """The pages, where the site wants them; calls are taken without them too. `ends` takes what ends them."""
    if not settings.console.with_serve:
        return
    from screener.console.server import ConsoleServer, make_context  # no others need its libraries

    try:
        log = open_log(settings.store.url, settings.folder)
        ends.callback(log.close)
        pages = ConsoleServer(make_context(settings, log, syllables))
        pages.start()
        ends.callback(pages.stop)
    except ScreenerError as problem:
        logging.getLogger(__name__).error("no console: %s", problem)
