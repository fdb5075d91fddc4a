"""`screener model build`: the embedded speech model, from nothing."""

import datetime as dt
import os
import resource
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import click

from screener.cli.say import say, show
from screener.resources import embedded_model_folder
from screener.settings.sections import Speech
from screener.speech.models import check_folder
from screener.speech.vosk import VoskModel
from screener.training.speech import alarms, folder, provenance
from screener.training.speech.build import Recipe
from screener.training.speech.build import build as build_folder
from screener.training.speech.evaluate import demo_calls, held_out_voices, people

DEFAULT = Recipe(date="")
_Folder = click.Path(path_type=Path, exists=True, file_okay=False)


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
    "--word-bank",
    "banks",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Zip of words spoken by people to train on too; its licence holds for the model.",
)
@click.option("--people", "clips", type=_Folder, help="Human clips with transcripts.tsv to measure on too.")
@click.option("--sounds", type=_Folder, help="Recordings without speech to count false alarms in.")
@click.option("--evaluate-only", is_flag=True, help="Measure the folder as it is, and write nothing.")
def build(
    where: Path | None,
    items: int,
    epochs: int,
    seed: int,
    threads: int,
    date: str,
    banks: tuple[Path, ...],
    clips: Path | None,
    sounds: Path | None,
    *,
    evaluate_only: bool,
) -> None:
    """Make the embedded Vosk model: synthesise, train, export, and measure it on voices it has not heard.

    Example: screener model build --to /var/tmp/model --items 5000
    """
    if banks and where is None:
        raise click.UsageError("a model from a word bank is never the shipped one: name a folder with --to")
    where = where or embedded_model_folder()
    today = date or dt.datetime.now(tz=dt.UTC).date().isoformat()
    if evaluate_only:
        check_folder(where)
        for line in _evaluate(where, clips, sounds):
            show(line)
        return
    began = time.monotonic()

    def tell(line: str) -> None:
        say(f"[{time.monotonic() - began:5.0f} s] {line}")

    made = build_folder(Recipe(today, items, epochs, seed, threads, banks), where, tell)
    made = replace(made, wall=time.monotonic() - began, cpu=_processor_seconds())
    size = sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
    tell(f"wrote {where}: {size / 1e6:.1f} MB; {made.cpu:.0f} s of processor time")
    figures = []
    for line in _evaluate(where, clips, sounds):
        tell(line)
        figures.append(line)
    (where / provenance.NAME).write_text(
        provenance.write(folder.NAME, folder.VERSION, today, made, figures), "utf-8"
    )
    tell("done")


def _evaluate(where: Path, clips: Path | None, sounds: Path | None) -> Iterator[str]:
    """The table, part by part; they are measured side by side."""
    # Words are gated as a site's are, by speech.min_confidence's default.
    model = VoskModel(where, Speech().min_confidence)
    parts: list[Iterable[object]] = [
        held_out_voices(model),
        demo_calls(model),
        [people(model, clips)] if clips else (),
        alarms.together("made sounds, in all", alarms.without_speech(model)),
        alarms.together("other mouths, in all", alarms.of_other_mouths(model)),
        alarms.together("recorded, in all", alarms.recorded(model, sounds)) if sounds else (),
        alarms.other_languages(model),
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Vosk decodes without Python's lock
        for lines in pool.map(_lines, parts):
            yield from lines


def _lines(part: Iterable[object]) -> list[str]:
    return [str(row) for row in part]


def _processor_seconds() -> float:
    """Of this process and of those that it started and that are over."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)
