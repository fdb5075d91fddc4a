"""`screener calls`: the log, call by call."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from screener.cli.output import (
    CallLog,
    Settings,
    Sheet,
    log_options,
    moment,
    note_call,
    output_options,
    teller,
    user,
)
from screener.cli.package import read_package, write_package
from screener.cli.say import say
from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.numbers.mask import mask
from screener.review.dossier import Exhibit, Maker, pack, problems, sum_of
from screener.review.timeline import timeline
from screener.store.records import CallRecord


@click.group()
def calls() -> None:
    """Look at single calls of the log."""


@calls.command(name="list")
@click.option("--since", help="From this day or time on.")
@click.option("--until", help="Up to this day or time, itself not counted.")
@click.option("--verdict", type=click.Choice([v.value for v in Verdict]), help="Only calls with this verdict.")
@click.option("--limit", type=click.IntRange(1, 100000), default=50, help="The newest so many.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def list_command(
    settings: Settings,
    log: CallLog,
    since: str | None,
    until: str | None,
    verdict: str | None,
    limit: int,
    masked: bool,
) -> Sheet:
    """List calls, newest first.

    Example: screener calls list --verdict harassment --since 2026-03-01
    """
    zone = ZoneInfo(settings.site.timezone)
    found = log.calls(
        moment(settings, since), moment(settings, until), Verdict(verdict) if verdict else None, limit
    )
    keys = ["id", "started_at", "number", "line", "verdict", "kind", "flagged_at", "treatment"]
    heads = (
        keys
        if settings.site.language == "en"
        else ["编号", "时间", "号码", "线路", "判断", "类别", "标记秒", "处理"]
    )
    rows = [
        [
            call.id,
            f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            mask(call.number) if masked else call.number,
            call.line.value,
            call.verdict.value if call.verdict else None,
            call.kind.value if call.kind else None,
            call.flagged_at,
            call.treatment.value,
        ]
        for call in found
    ]
    return Sheet("Calls" if settings.site.language == "en" else "来电", keys, heads, rows)


@calls.command(name="show")
@click.argument("call_id")
@log_options
def show_command(settings: Settings, log: CallLog, call_id: str) -> None:
    """Tell the whole story of a call: what was heard, what it weighed, what was decided and done.

    Example: screener calls show 20260304T040000-1a2b3c4d
    """
    call = log.call(call_id)
    note_call(log, call.id)
    for line in timeline(call, teller(settings), ZoneInfo(settings.site.timezone)):
        say(line)


@calls.command(name="export")
@click.argument("call_ids", nargs=-1, required=True, metavar="CALL…")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder, or FILE.zip.")
@click.option(
    "--audio",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the PBX keeps recordings: ID.wav or UNIQUEID.wav is added.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Of the cover; default from the settings.")
@log_options
def export_command(
    settings: Settings,
    log: CallLog,
    call_ids: tuple[str, ...],
    output: Path,
    audio: Path | None,
    lang: Any,  # noqa: ANN401
) -> None:
    """Make a package of evidence for the operator, 12321 or the police; numbers are whole in it.

    It holds a cover page, transcript, timeline and record of each call, its recording if there is one, and the
    SHA-256 sums of them all. The sum that is printed vouches for the whole package: write it down elsewhere.

    Example: screener calls export 20260304T040000-1a2b3c4d -o case.zip
    """
    now = datetime.now(UTC)
    lang = lang or settings.site.language
    maker = Maker(settings.site.name, user(), now, teller(settings, lang), ZoneInfo(settings.site.timezone))
    found = [log.call(call_id) for call_id in dict.fromkeys(call_ids)]
    files = pack(
        [
            Exhibit(call, log.flags_of(call.number) if call.number else (), _recording(audio, call))
            for call in found
        ],
        maker,
    )
    ids = " ".join(call.id for call in found)
    subject = f"{ids} manifest={sum_of(files)}"
    note_call(log, subject, str(output))
    write_package(output, files)
    say(f"{output}: {len(files)} files")
    say(f"SHA-256 of MANIFEST.sha256: {sum_of(files)}")


@calls.command(name="verify")
@click.argument("package", type=click.Path(path_type=Path, exists=True))
@click.option("--sum", "told", default="", metavar="SHA-256", help="The sum that `export` printed.")
def verify_command(package: Path, told: str) -> None:
    """Check a package of evidence against its manifest, and that against its sum; ends with 1 when it is not so.

    Whoever changes a file can change the manifest too: only the sum that was written down when the package was
    made tells. `export` printed it; `screener access` of the site that made it has it.

    Example: screener calls verify case.zip --sum 9f86d081884c7d65…
    """
    read = read_package(package)
    found = problems(read.manifest, read.sums, told)
    for problem in found:
        say(f"✘ {problem}")
    if found or read.manifest is None:
        raise SystemExit(1)
    count = len(read.sums) - 1
    if told:
        say(f"✔ {count} files are as they were made")
    else:
        say(f"✔ {count} files are as the manifest says; whether it is the true one, only its sum tells: --sum")
    say(f"SHA-256 of MANIFEST.sha256: {hashlib.sha256(read.manifest).hexdigest()}")


def _recording(folder: Path | None, call: CallRecord) -> bytes | None:
    names = [name for name in (call.id, call.uniqueid) if name and Path(name).name == name]
    files = [folder / f"{name}.wav" for name in names] if folder else []
    try:
        return next((file.read_bytes() for file in files if file.is_file()), None)
    except OSError as problem:
        raise InputError(f"{folder}: a recording cannot be read ({problem.strerror})") from problem
