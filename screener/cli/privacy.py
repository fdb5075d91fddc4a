"""`screener purge` and `screener access`: what is kept, and who took what out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from screener.cli.output import (
    CallLog,
    Settings,
    Sheet,
    log_options,
    moment,
    output_options,
    sheet,
    speaking,
    writing_log_options,
)
from screener.cli.say import say
from screener.store.privacy import purge, to_purge
from screener.words.told import told


@click.command(name="purge")
@click.option("--days", type=click.IntRange(0, 36500), help="Keep so many days; default [store] transcript_days.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before everything is deleted (--days 0).")
@writing_log_options
def purge_command(settings: Settings, log: CallLog, days: int | None, dry_run: bool, yes: bool) -> None:
    """Delete transcripts that are older than they may be kept, and the words quoted in evidence.

    `screener serve` does the same every six hours. Figures, rules and decisions stay, so no report changes.

    Example: screener purge --days 30
    """
    kept = settings.store.transcript_days if days is None else days
    before = datetime.now(UTC) - timedelta(days=kept)
    if dry_run:
        old = to_purge(log, before)
        say(
            f"{old.segments} utterances and {old.spans} quoted words are older than {kept} days; nothing is deleted"
        )
        return
    if days == 0 and not yes:
        old = to_purge(log, before)
        click.confirm(
            told(f"--days 0 deletes all {old.segments} utterances of the log; go on?", speaking()), abort=True
        )
    purged = purge(log, before)
    say(f"{purged.segments} utterances and {purged.spans} quoted words deleted, older than {kept} days")


@click.command()
@click.option("--since", help="From this day or time on.")
@click.option("--limit", type=click.IntRange(1, 100000), default=50, help="The newest so many.")
@output_options
@log_options
def access(settings: Settings, log: CallLog, since: str | None, limit: int) -> Sheet:
    """Show who took data out of the log: exports, files, packages of evidence, and calls that were looked into.

    Example: screener access --since 2026-03-01 --format csv -o access.csv
    """
    zone = ZoneInfo(settings.site.timezone)
    rows = [
        [
            note.at.astimezone(zone),
            note.who,
            note.action,
            note.subject,
            note.destination,
            "✔" if note.masked else "",
        ]
        for note in log.accesses(moment(settings, since), limit)
    ]
    return sheet("t_accesses", ["at", "who", "action", "subject", "destination", "masked=masked_numbers"], rows)
