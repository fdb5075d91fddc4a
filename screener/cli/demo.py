"""`screener demo`: a whole call centre on loopback in one command."""

import contextlib
import logging
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console

from screener.cli.report import report
from screener.cli.speaking import speaking
from screener.console.access import Role
from screener.console.server import ConsoleServer, make_access, make_context
from screener.demo.screen import Screen
from screener.demo.script import load_script
from screener.demo.stage import Options, play
from screener.errors import StoreError
from screener.settings.load import load
from screener.speech.pinyin import syllables
from screener.store.log import open_log
from screener.words.terms import Language

SEE = {"zh": "在浏览器里实时观看这些来电", "en": "shows these calls live in a browser"}
REPORTS = (("frequency", "--by", "hour"), ("sources", "--by", "number", "--mask"), ("sources", "--by", "line"))


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Place this call only; may be given several times.")
@click.option("--engine", type=click.Choice(["vosk", "sherpa"]), default="vosk", help="Who listens.")
@click.option("--model", default="embedded", help="embedded, the name of an installed model, or a folder.")
@click.option("--noise", type=float, metavar="DB", help="Noise under the callers, so many dB below their speech.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep recordings and database here."
)
@click.option("--plain", is_flag=True, help="One line for everything that happens; no colours, no redrawing.")
@click.option("--console", "pages", is_flag=True, help="Keep calling until Ctrl-C, and show it in the console.")
def demo(
    only: tuple[str, ...],
    engine: str,
    model: str,
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
    console = Console(no_color=plain, highlight=False)
    with tempfile.TemporaryDirectory(prefix="screener-demo-") as temporary:
        options = Options(keep or Path(temporary), engine, model, noise)
        screen = Screen(console, lang, live=console.is_terminal and not plain)
        with _log_file(options.folder):
            try:
                outcomes = play(script, calls, options, screen)
                if pages:
                    _go_on(console, options, lambda: play(script, calls, options, screen))
            finally:
                screen.close()
        for arguments in REPORTS:
            _report(console, options.settings_file, lang, *arguments)
        screen.summary(outcomes)
    console.print("screener demo --console", style="bold blue", end="  ")
    console.print(SEE[lang])
    if not all(outcome.as_expected for outcome in outcomes):
        raise SystemExit(1)


def _go_on(console: Console, options: Options, again: Callable[[], object]) -> None:
    """Place the calls again and again, and show them in the console, until Ctrl-C."""
    settings = load(options.settings_file)
    log = open_log(settings.store.url, settings.folder)
    password = secrets.token_urlsafe(9)
    make_access(settings, log).add("demo", Role.ADMINISTRATOR, password)
    server = ConsoleServer(make_context(settings, log, syllables), port=0)
    server.start()
    try:
        while True:
            console.print(f"{server.address}live  demo / {password}", style="bold green")
            again()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
        log.close()


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
