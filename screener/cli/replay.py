"""`screener replay`: the live judgement over files."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track

from screener.cli.config import config_option
from screener.cli.moments import moment
from screener.cli.output import coded, sheet, written
from screener.cli.say import put, say
from screener.cli.speaking import speaking
from screener.numbers.plan import lines_of
from screener.outside.text import in_json
from screener.replay.files import read_calls
from screener.replay.run import RecordedCall, Replayer
from screener.reports.layout import Cell
from screener.reports.render import render
from screener.settings.judgement import load_judgement, load_notes
from screener.settings.load import load
from screener.speech.load import load_model
from screener.speech.pinyin import syllables
from screener.words.judgement import Teller, is_said, stands_on
from screener.words.terms import listed


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@config_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "table"]),
    default="json",
    help="Of what is told: a table, or one JSON object a call.",
)
@click.option("--caller", default="", help="Caller of recordings, as the network would show the number.")
@click.option("--at", "began", help="When recordings began; default in office hours.")
def replay(
    files: tuple[Path, ...], config: Path | None, output: Path | None, form: str, caller: str, began: str | None
) -> None:
    """Judge calls in recordings or transcripts (.jsonl, .jsonl.gz); one JSON object a call.

    Recordings are WAV (PCM, float, A-law, µ-law, any rate; the caller, or the caller left and the agent right),
    and with ffmpeg MP3 and others. `-` reads transcripts from standard input.

    Example: screener replay calls.jsonl.gz monday.wav --format table
    """
    settings = load(config)
    folder, zone = settings.folder, ZoneInfo(settings.site.timezone)
    calls = read_calls(files, caller, moment(began, zone, datetime.now(UTC)), sys.stdin)
    model = cache(lambda: load_model(settings.speech, folder))
    if any(call.audio for call in calls) and model().info.synthetic_only:
        say(
            "the embedded model understands synthetic demo speech only, not people: "
            "install a production model with: screener model install",
            err=True,
        )
    replayer = Replayer(
        judgement=load_judgement(settings.judgement, folder, syllables, settings.recordings),
        flow=settings.flow,
        zone=zone,
        identify=lines_of(settings).identify,
        syllables=syllables,
        model=model,
    )
    teller = Teller(speaking(), load_notes(settings.judgement, folder))
    with written(output) as file:
        _tell(calls, replayer, teller, form, file)


def _tell(calls: Sequence[RecordedCall], replayer: Replayer, teller: Teller, form: str, output: TextIO) -> None:
    """Judge one call after the other, and tell of it at once; a table at the end."""
    console = Console(stderr=True)
    rows: list[list[Cell]] = []
    for call in track(calls, "replay", console=console, disable=not console.is_terminal):
        outcome = replayer.replay(call)
        told = outcome.serialize(teller)
        if form == "json":
            put(f"{in_json(json.dumps(told, ensure_ascii=False))}\n", file=output)
        else:
            quoted = (e for e in outcome.evidence if is_said(e.rule) and stands_on(e.rule, e.detail, e.span))
            kind = coded(told["kind"])
            rows.append(
                [
                    told["id"],
                    coded(told["verdict"]),
                    kind,
                    told["flagged_at"],
                    told["score"],
                    listed(dict.fromkeys(e.span for e in quoted), teller.lang),
                ]
            )
    if form == "table":
        keys = ["id", "verdict", "kind", "flagged_seconds", "score", "words"]
        put(render(sheet("t_replay", keys, rows, id="phone"), "table"), file=output)
