"""`screener demo`: a whole call centre on loopback in one command."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from screener.cli.report import report
from screener.cli.speaking import speaking
from screener.demo.screen import Screen
from screener.demo.script import load_script
from screener.demo.stage import Options, play
from screener.errors import StoreError
from screener.words.terms import Language

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
def demo(
    only: tuple[str, ...],
    engine: str,
    model: str,
    noise: float | None,
    keep: Path | None,
    plain: bool,
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
            finally:
                screen.close()
        for arguments in REPORTS:
            _report(console, options.settings_file, lang, *arguments)
        screen.summary(outcomes)
    if not all(outcome.as_expected for outcome in outcomes):
        raise SystemExit(1)


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
