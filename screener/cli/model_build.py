"""`screener model build`: the embedded speech model, from nothing."""

import datetime as dt
import time
from pathlib import Path

import click

from screener.resources import embedded_model_folder
from screener.speech.training.build import Recipe
from screener.speech.training.build import build as build_folder
from screener.speech.training.evaluate import demo_calls, held_out_voices, people
from screener.speech.vosk import VoskModel

DEFAULT = Recipe(date="")


@click.command("build")
@click.option(
    "--to",
    "where",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write [default: the shipped one].",
)
@click.option("--items", default=DEFAULT.items, show_default=True, help="Utterances to synthesise.")
@click.option("--epochs", default=DEFAULT.epochs, show_default=True, help="Passes of training.")
@click.option("--seed", default=DEFAULT.seed, show_default=True, help="The same seed gives the same model.")
@click.option("--threads", default=DEFAULT.threads, show_default=True, help="Processor cores for training.")
@click.option("--date", default="", help="Date on the card [default: today].")
@click.option(
    "--people", "clips", type=click.Path(path_type=Path, exists=True), help="Human clips to measure on too."
)
@click.option("--evaluate-only", is_flag=True, help="Measure the folder as it is.")
def build(
    where: Path | None,
    items: int,
    epochs: int,
    seed: int,
    threads: int,
    date: str,
    clips: Path | None,
    *,
    evaluate_only: bool,
) -> None:
    """Make the embedded Vosk model: synthesise, train, export, and measure it on voices it has not heard.

    Example: screener model build --to /var/tmp/model --items 5000
    """
    where = where or embedded_model_folder()
    started = time.monotonic()
    if not evaluate_only:
        today = date or dt.datetime.now(tz=dt.UTC).date().isoformat()
        build_folder(Recipe(today, items, epochs, seed, threads), where, lambda line: _say(started, line))
        _say(started, f"wrote {where}")
    model = VoskModel(where)
    for row in held_out_voices(model):
        click.echo(row)
    for row in demo_calls(model):
        click.echo(row)
    if clips is not None:
        click.echo(people(model, clips))
    _say(started, "done")


def _say(started: float, line: str) -> None:
    click.echo(f"[{time.monotonic() - started:5.0f} s] {line}")
