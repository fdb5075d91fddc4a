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
    lines_of,
    log_options,
    moment,
    moments,
    note_call,
    output_options,
    sheet,
    speaking,
    teller,
    user,
    writing_log_options,
)
from screener.cli.package import read_package, write_package
from screener.cli.say import say
from screener.core.evidence import Kind, Verdict
from screener.errors import InputError
from screener.numbers.agents import agent_name
from screener.numbers.mask import mask
from screener.review.dossier import Exhibit, Maker, pack, problems, sum_of
from screener.review.timeline import timeline
from screener.store.records import CallRecord, Review
from screener.store.wanted import Wanted
from screener.words.terms import word


@click.group()
def calls() -> None:
    """Look at single calls of the log."""


@calls.command(name="list")
@click.option("--since", help="From this day or time on: 2026-03-01, 今天, week, 30d.")
@click.option("--until", help="Up to this day or time, itself not counted.")
@click.option("--number", default="", help="Calls of this number, in any writing; or of numbers that begin so.")
@click.option(
    "--kind", type=click.Choice([*(kind.value for kind in Kind), "none"]), help="Of this kind of harassment."
)
@click.option("--agent", default="", help="Calls that this agent had on the line.")
@click.option("--queue", default="", help="Only calls of this queue of agents.")
@click.option("--dialled", default="", help="Only calls to this number (hotline, 400 number, DID).")
@click.option("--verdict", type=click.Choice([v.value for v in Verdict]), help="Only calls with this verdict.")
@click.option("--flagged", is_flag=True, help="What reports count as flagged: harassment that nobody overturned.")
@click.option("--reviewed", type=click.Choice([r.value for r in Review]), help="What a person said of the flag.")
@click.option("--text", default="", help="Calls in which these words were said, as the transcript has them.")
@click.option("--limit", type=click.IntRange(1, 100000), default=50, help="The newest so many.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def list_command(
    settings: Settings,
    log: CallLog,
    since: str | None,
    until: str | None,
    limit: int,
    masked: bool,
    **asked: Any,  # noqa: ANN401 - click's own
) -> Sheet:
    """List calls, newest first; each call once, however many rows it left in the log.

    Every figure of a report can be followed to its calls with the same options.

    Example: screener calls list --flagged --kind lewd --since 本月
    """
    zone, lang = ZoneInfo(settings.site.timezone), speaking()
    begin, end = moment(settings, since), moment(settings, until)
    moments.span_of(begin, end)
    found = log.find(_wanted(settings, begin, end, asked), limit)
    rows = [
        [
            call.id,
            call.started_at.astimezone(zone),
            (mask(call.number) if masked else call.number) or word("withheld", lang),
            word(call.verdict.value if call.verdict else "going_on", lang),
            word(call.kind, lang) if call.kind else "",
            word(f"review_{call.review.value}", lang),
            word(call.treatment.value, lang),
            call.agent,
            call.queue,
            call.dialled,
        ]
        for call in found
    ]
    keys = ["id", "started_at", "number", "verdict", "kind", "review", "treatment", "agent", "queue", "dialled"]
    return sheet("t_calls", keys, rows, number="phone", dialled="phone", agent="phone", id="phone")


def _wanted(settings: Settings, since: datetime | None, until: datetime | None, asked: dict[str, Any]) -> Wanted:
    lines = lines_of(settings)
    number = asked["number"]
    known = lines.identify(number).number if number else ""
    kind, verdict, reviewed = asked["kind"], asked["verdict"], asked["reviewed"]
    return Wanted(
        since=since,
        until=until,
        verdict=Verdict(verdict) if verdict else None,
        kind=None if kind in (None, "none") else Kind(kind),
        without_kind=kind == "none",
        number=known,
        withheld=bool(number) and not known,
        agent=agent_name(asked["agent"]),
        queue=asked["queue"],
        dialled=lines.identify(asked["dialled"]).number if asked["dialled"] else "",
        flagged=asked["flagged"],
        review=Review(reviewed) if reviewed else None,
        text="".join(asked["text"].split()),
    )


@calls.command(name="show")
@click.argument("call_id")
@writing_log_options
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
