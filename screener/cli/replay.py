"""`screener replay`: the live judgement over files."""

import json
from functools import cache
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track

from screener.cli.say import put
from screener.numbers.identify import load_lines
from screener.outside.text import in_json
from screener.replay.files import read_calls
from screener.replay.run import Replayer
from screener.settings.judging import load_judgement, load_notes
from screener.settings.load import load
from screener.speech.load import load_model
from screener.speech.pinyin import syllables
from screener.words.judgement import Teller


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help="Settings file; default screener.toml here.")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-", help="Default: stdout.")
def replay(files: tuple[Path, ...], config: Path | None, output: TextIO) -> None:
    """Judge calls in WAV files or transcripts (.jsonl, .jsonl.gz); one JSON object a call.

    Example: screener replay calls.jsonl.gz monday.wav > judged.jsonl
    """
    settings = load(config)
    folder = settings.folder
    calls = read_calls(files)
    replayer = Replayer(
        judgement=load_judgement(settings.judgement, folder, syllables),
        flow=settings.flow,
        zone=ZoneInfo(settings.site.timezone),
        identify=load_lines(settings.line_files, *settings.site.numbering).identify,
        syllables=syllables,
        model=cache(lambda: load_model(settings.speech, folder)),
    )
    teller = Teller(settings.site.language, load_notes(settings.judgement, folder))
    console = Console(stderr=True)
    for call in track(calls, "replay", console=console, disable=not console.is_terminal):
        told = json.dumps(replayer.replay(call).serialize(teller), ensure_ascii=False)
        put(f"{in_json(told)}\n", file=output)
