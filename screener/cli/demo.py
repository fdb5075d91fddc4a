"""`screener demo`: a whole call centre on loopback in one command."""

import contextlib
import logging
import math
import os
import secrets
import signal
import tempfile
import time
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from screener.cli.finite import Finite
from screener.cli.report import report
from screener.cli.say import may_colour
from screener.cli.speaking import as_spoken, speaking
from screener.console.logins import Role
from screener.console.server import ConsoleServer, make_access, make_context
from screener.demo.screen import WORDS, Screen
from screener.demo.script import AUDIO, ScriptedCall, load_script
from screener.demo.stage import CallOutcome, Options, Stage
from screener.errors import StoreError
from screener.speech.pinyin import syllables
from screener.store.accounts import Accounts
from screener.store.log import open_log
from screener.words.terms import Language

WHO = "demo"
STAY_SECONDS = 300.0
"""So long the calls go on for somebody at a terminal, who may want to see them; for ever with `--console`."""
REPORTS = (("frequency", "--by", "hour"), ("sources", "--by", "number", "--mask"), ("sources", "--by", "line"))


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Place this call only; may be given several times.")
@click.option("--engine", type=click.Choice(["vosk", "sherpa"]), default="vosk", help="Who listens.")
@click.option("--model", default="embedded", help="embedded, the name of an installed model, or a folder.")
@click.option(
    "--voices",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=AUDIO,
    show_default=False,
    help="Folder of the callers' and the agent's recordings, named as the shipped ones.",
)
@click.option(
    "--noise",
    type=Finite(-20, 100),
    metavar="DB",
    help="Noise under the callers, so many dB below their speech.",
)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep recordings and database here."
)
@click.option("--plain", is_flag=True, help="One line for everything that happens; no colours, no redrawing.")
@click.option(
    "--console", "pages", is_flag=True, help="Show the calls in the console, and keep calling until Ctrl-C."
)
def demo(
    only: tuple[str, ...],
    engine: str,
    model: str,
    voices: Path,
    noise: float | None,
    keep: Path | None,
    plain: bool,
    pages: bool,
) -> None:
    """Place scripted calls with real SIP and RTP, watch them being judged and treated, then read the reports.

    Ends with 0 when every call ended as the script says, with 1 otherwise.

    Example: screener demo --only lewd --only repeat --noise 15 --keep /tmp/demo
    """
    lang = speaking()
    script = load_script()
    calls = script.only(only)
    console = Console(no_color=plain or not may_colour(), highlight=False)
    with tempfile.TemporaryDirectory(prefix="screener-demo-") as temporary:
        options = Options(keep or Path(temporary), engine, model, noise, voices)
        screen = Screen(console, lang, live=console.is_terminal and not plain)
        screen.opening(len(calls), keep)
        watched = pages or (console.is_terminal and not plain)
        if watched:  # the console's reports are about the last weeks
            script = replace(script, day=datetime.now(ZoneInfo(script.timezone)).date() - timedelta(days=1))
        with _log_file(options.folder), contextlib.closing(screen):
            with Stage(script, options, screen) as stage, _broken_off_by_signal(stage):
                outcomes = _shown(console, stage, calls, lang, math.inf) if pages else stage.play(calls)
            for arguments in REPORTS:
                _report(console, options.settings_file, lang, *arguments)
            screen.summary(outcomes)
            if watched and not pages:  # whoever has seen enough ends it: nothing went wrong
                with (
                    contextlib.suppress(KeyboardInterrupt),
                    Stage(script, options, screen) as stage,
                    _broken_off_by_signal(stage),
                ):
                    _shown(console, stage, calls, lang, STAY_SECONDS)
    if not watched:
        console.print("screener demo --console", style="bold blue", end="  ")
        console.print(WORDS[lang]["see"])
    if not all(outcome.as_expected for outcome in outcomes):
        raise SystemExit(1)


@contextlib.contextmanager
def _broken_off_by_signal(stage: Stage) -> Iterator[None]:
    ends = (signal.SIGINT, signal.SIGTERM)  # a shell's `&` has the first ignored
    before = [signal.signal(number, stage.break_off) for number in ends]
    try:
        yield
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


def _shown(
    console: Console, stage: Stage, calls: Sequence[ScriptedCall], lang: Language, seconds: float
) -> list[CallOutcome]:
    """Place the calls again and again, with the site's console, for so long or until Ctrl-C or SIGTERM.

    Gives the first round.

    Says the address and who may log in; opens a browser where there is a desktop.
    """
    settings = as_spoken(stage.settings)
    log = open_log(settings.store.url, settings.folder)
    password = secrets.token_urlsafe(9)
    Accounts(log).remove(WHO)  # of an earlier demo in the same folder
    make_access(settings, log).add(WHO, Role.ADMINISTRATOR, password)
    server = ConsoleServer(make_context(settings, log, syllables), port=0)
    server.start()
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(f"{server.address}live")
    first: list[CallOutcome] = []
    until = time.monotonic() + seconds
    try:
        while not first or time.monotonic() < until:
            console.print(f"{server.address}live", style="bold green", end="  ", soft_wrap=True)
            console.print(WORDS[lang]["open"].format(WHO, password), soft_wrap=True)
            outcomes = stage.play(calls)
            first = first or outcomes
    except KeyboardInterrupt:
        if not first:
            raise
    finally:
        server.stop()
        log.close()
    return first


@contextlib.contextmanager
def _log_file(folder: Path) -> Iterator[None]:
    """The program's own log goes beside the recordings, not across the picture."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(folder / "screener.log", encoding="utf-8")
    except OSError as problem:
        raise StoreError(f"{folder}: cannot be written ({problem.strerror})", "name another one") from problem
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _report(console: Console, config: Path, lang: Language, *arguments: str) -> None:
    """A report as the command line gives it."""
    console.print(f"$ screener report {' '.join(arguments)}", style="bold blue")
    report.main(
        [*arguments, "--config", str(config)], prog_name="screener report", standalone_mode=False, obj=lang
    )
