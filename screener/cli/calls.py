"""`screener calls`: the log, call by call."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from screener.cli import moments
from screener.cli.known import check_known, check_spoken
from screener.cli.moments import time_zone
from screener.cli.output import (
    coded,
    command_name,
    log_options,
    masker,
    moment,
    note_call,
    output_options,
    sheet,
    show_story,
    teller,
    writing_log_options,
)
from screener.cli.person import user
from screener.cli.say import say
from screener.cli.speaking import speaking
from screener.cli.status import follow
from screener.core.actions import WarningStep
from screener.core.evidence import Kind, Treatment, Verdict
from screener.errors import InputError
from screener.events import LineClass
from screener.numbers.plan import lines_of
from screener.reports.filters import wanted
from screener.reports.layout import Cell, Coded, Sheet
from screener.review import package
from screener.review.by import By
from screener.review.dossier import LIST
from screener.review.files import read_package, write_package
from screener.review.timeline import timeline
from screener.review.verify import verify
from screener.settings.sections import Settings
from screener.store.find import find, words_of
from screener.store.log import CallLog, open_log
from screener.store.records import Review
from screener.store.wanted import DRY_RUN, UNKNOWN, Past, QueueEntry, QueueStay
from screener.words.judgement import Teller
from screener.words.terms import word


@click.group()
def calls() -> None:
    """Look at single calls of the log."""


@calls.command(name="list")
@click.option("--since", help="From this day or time on: 2026-03-01, today, week, 30d.")
@click.option("--until", help="Up to this day or time, itself not counted.")
@click.option("--number", default="", help="Calls of this number, in any writing; or of numbers that begin so.")
@click.option("--exact", is_flag=True, help="With --number: not of longer ones that begin so.")
@click.option(
    "--kind", type=click.Choice([*(kind.value for kind in Kind), "none"]), help="Of this kind of harassment."
)
@click.option("--agent", default="", help="Calls that this agent had on the line.")
@click.option("--queue", default="", help="Only calls of this queue of agents.")
@click.option("--dialled", default="", help="Only calls to this number (hotline, 400 number, DID).")
@click.option("--line", type=click.Choice([c.value for c in LineClass]), help="Only calls from such a line.")
@click.option("--region", default="", help="Only calls from this region, as `screener report sources` names it.")
@click.option("--carrier", default="", help="Only calls of this carrier, likewise.")
@click.option("--hour", type=click.IntRange(0, 23), help="Dialled in this hour of a day.")
@click.option("--weekday", type=click.IntRange(1, 7), help="Dialled on this day of a week: 1 is Monday.")
@click.option("--verdict", type=click.Choice([v.value for v in Verdict]), help="Only calls with this verdict.")
@click.option("--flagged", is_flag=True, help="What reports count as flagged: harassment that nobody overturned.")
@click.option("--judged", is_flag=True, help="Harassment, overturned or not.")
@click.option("--overturned", is_flag=True, help="Harassment of which no flag holds: people took it back.")
@click.option("--own", is_flag=True, help="Flags of the product itself, overturned or not, as `report accuracy`.")
@click.option("--entered", is_flag=True, help="What came into the analysis queue, as `report queue` counts it.")
@click.option("--reviewed", type=click.Choice([r.value for r in Review]), help="What a person said of the flag.")
@click.option("--reviewer", default="", help="That this person said.")
@click.option(
    "--treatment",
    type=click.Choice([*(t.value for t in Treatment), DRY_RUN]),
    help="What was done; dry_run: it would have been.",
)
@click.option("--treated", is_flag=True, help="Something was done, and not in dry run.")
@click.option("--way", type=click.Choice([w.value for w in QueueEntry]), help="Handed over by an agent, or not.")
@click.option(
    "--stay", type=click.Choice([s.value for s in QueueStay]), help="With --entered: heard it out, or left."
)
@click.option("--rule", default="", help="This rule spoke for harassment.")
@click.option("--warned", default="", help="With a warning about this, as `report warnings` names it.")
@click.option("--level", type=click.IntRange(0, 99), help="With a warning of this level; 0 is the end after them.")
@click.option("--step", type=click.Choice([s.value for s in WarningStep]), help="With a warning that came so far.")
@click.option(
    "--past",
    type=click.Choice([p.value for p in Past]),
    help="new: of numbers not flagged before --since; returning: of numbers flagged before the call.",
)
@click.option("--repeated", is_flag=True, help="With --entered: an earlier call of the number was there too.")
@click.option(
    "--watched",
    type=click.IntRange(1, 99),
    help="With --flagged: of each number its first, so many days before the newest call of the log.",
)
@click.option(
    "--again", type=click.IntRange(1, 99), help="Likewise, of numbers that called again within so many days."
)
@click.option("--pause-offered", is_flag=True, help="After which the agent was offered a pause.")
@click.option("--text", default="", help="Calls in which these words were said, as the transcript has them.")
@click.option("--tz", help="IANA time zone of hours and days; default the site's.")
@click.option("--limit", type=click.IntRange(1, 100000), default=50, help="The newest so many.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def list_command(
    settings: Settings,
    log: CallLog,
    since: str | None,
    until: str | None,
    tz: str | None,
    limit: int,
    masked: bool,
    **asked: Any,  # noqa: ANN401 - click's own
) -> Sheet:
    """List calls, newest first; each call once, however many rows it left in the log.

    Every figure of a report can be followed to its calls with the same options. `-` stands for what is not known:
    --region - are calls from nobody knows where.

    Example: screener calls list --flagged --kind lewd --since month
    """
    zone, number = time_zone(tz or settings.site.timezone), masker(settings, masked)
    begin, end = moment(settings, since, zone), moment(settings, until, zone)
    moments.span_of(begin, end, datetime.now(UTC))
    which = wanted({name: _text(value) for name, value in asked.items()}, begin, end, lines_of(settings), zone)
    places = {"queue": which.queue, "dialled": which.dialled, "region": which.region, "carrier": which.carrier}
    check_known(log, **{name: value for name, value in places.items() if value != UNKNOWN})
    check_spoken(log, which.rule, which.warned)
    found = find(log, which, limit)
    told = Teller(speaking())
    rows: list[list[Cell]] = [
        [
            call.id,
            call.started_at.astimezone(zone),
            number(call.number) or Coded(word("withheld", speaking()), None),
            Coded(told.verdict(call.verdict, over=call.is_over), call.verdict),
            coded(call.kind),
            coded(call.review, "review_"),
            coded(DRY_RUN if call.dry_run else call.treatment),
            call.agent,
            call.queue,
            call.dialled,
        ]
        for call in found
    ]
    keys = ["id", "started_at", "number", "verdict", "kind", "review", "treatment", "agent", "queue", "dialled"]
    return sheet("t_calls", keys, rows, number="phone", dialled="phone", agent="phone", id="phone")


def _text(value: str | int | bool | None) -> str:
    """An option as an address would say it."""
    return "" if value is None or value is False else str(value)


@calls.command(name="show")
@click.argument("call_id")
@log_options
def show_command(settings: Settings, log: CallLog, call_id: str) -> None:
    """Tell the whole story of a call: what was heard, what it weighed, what was decided and done.

    Example: screener calls show 20260304T040000-1a2b3c4d
    """
    call = log.call(call_id)
    note_call(log, call.id)
    reviews = words_of(log, [row.id for row in log.rows_of(call.id)])
    show_story(call, timeline(call, teller(settings), ZoneInfo(settings.site.timezone), reviews=reviews))


@calls.command(name="export")
@click.argument("call_ids", nargs=-1, metavar="[CALL…]")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder, or FILE.zip.")
@click.option("--number", default="", help="All calls of this number instead, with dates and counts.")
@click.option("--since", help="With --number: from this day or time on.")
@click.option("--until", help="With --number: up to this day or time, itself not counted.")
@click.option(
    "--audio",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the PBX keeps recordings: ID.wav or UNIQUEID.wav is added. Default: [evidence] recordings.",
)
@click.option("--by", "author", help="Who makes it; default the name of the account.")
@click.option(
    "--record", is_flag=True, help="Make it of calls that are no harassment too, titled as a mere record."
)
@writing_log_options
def export_command(
    settings: Settings,
    log: CallLog,
    call_ids: tuple[str, ...],
    output: Path,
    number: str,
    since: str | None,
    until: str | None,
    audio: Path | None,
    author: str | None,
    record: bool,
) -> None:
    """Make a package of evidence for the operator, 12321 or the police; numbers are whole in it.

    Of a number the harassment calls are told; its other calls of that time are dated, and called what they are.
    It holds a cover page, what happened in words, transcript and record of each call with everything that the log
    has of it, its recording if there is one, a sheet in the order in which 12321 asks, the SHA-256 sums of them
    all, and the site's signature. Write the sum and the fingerprint that are printed down elsewhere.

    Example: screener calls export --number 13800138000 --since 30d --by wang -o case.zip
    """
    if bool(call_ids) == bool(number):
        raise click.UsageError("name either calls or --number")
    chosen = package.of_calls(log, call_ids) if call_ids else _of_number(settings, log, number, since, until)
    by = By(user(), datetime.now(UTC), command_name())
    made = package.make(
        log,
        settings,
        teller(settings),
        chosen,
        by,
        str(output),
        record=record,
        recordings=audio,
        author=author or "",
    )
    write_package(output, made.files)
    say(f"{output}: calls: {len(chosen.calls)}; files: {len(made.files)}")
    say(f"SHA-256 of MANIFEST.sha256: {made.sum}")
    say(f"signed with the key {made.fingerprint}")
    if chosen.others:
        say(f"further calls of the number, dated in {LIST} as not judged harassment: {len(chosen.others)}")


def _of_number(
    settings: Settings, log: CallLog, number: str, since: str | None, until: str | None
) -> package.Chosen:
    known = lines_of(settings).normal(number)
    if not known:
        raise InputError(f"{number} stands for no number", "a caller who withholds it cannot be named")
    begin, end = moment(settings, since), moment(settings, until)
    moments.span_of(begin, end, datetime.now(UTC))
    return package.of_number(log, known, begin, end)


@calls.command(name="verify")
@click.argument("file", metavar="PACKAGE", type=click.Path(path_type=Path, exists=True))
@click.option("--sum", "told", default="", metavar="SHA-256", help="The sum that `export` printed.")
@click.option("--key", "known", default="", help="The fingerprint of the site's key that `export` printed.")
@click.option(
    "--tsa-ca",
    "authority",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates (PEM) of whom the time stamp is trusted by; default the machine's.",
)
@click.option("--db", help="Also look for the sum in the access record of this call log.")
def verify_command(file: Path, told: str, known: str, authority: Path | None, db: str | None) -> None:
    """Check a package of evidence against its manifest, and that against its signature; ends with 1 if not so.

    Whoever changes a file can make the manifest and its signature anew with another key: only the fingerprint or
    the sum that was written down when the package was made tells. `export` printed both; `screener access` of the
    site that made it has the sum, and --db looks there.

    Example: screener calls verify case.zip --key "1f3a 88c0 …"
    """
    log = open_log(db, Path.cwd(), must_exist=True, read_only=True) if db else None
    try:
        found = verify(read_package(file), told, known, authority, log)
    finally:
        if log is not None:
            log.close()
    for problem in found.problems:
        say(f"✘ {problem}", bad=True)
    if found.problems:
        raise SystemExit(1)
    count = found.files
    if told or known or db:
        say(f"✔ {count} files are as they were made")
    else:
        say(f"✔ {count} files are as the manifest says; whether it is the true one, only its sum or key tells")
    say(f"SHA-256 of MANIFEST.sha256: {found.sum}")
    say(f"signed with the key {found.seal.fingerprint if found.seal else ''}")
    if found.stamp:
        say(f"stamped at {found.stamp.at:%Y-%m-%d %H:%M:%S} UTC by {found.stamp.authority}")


calls.add_command(follow)
