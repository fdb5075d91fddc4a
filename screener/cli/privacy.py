"""`screener purge` and `screener access`: what is kept, and who took what out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from screener.cli.output import CallLog, Settings, Sheet, log_options, moment, output_options
from screener.cli.say import say
from screener.store.privacy import purge


@click.command(name="purge")
@click.option("--days", type=click.IntRange(0), help="Keep so many days; default [store] transcript_days.")
@log_options
def purge_command(settings: Settings, log: CallLog, days: int | None) -> None:
    """Delete transcripts that are older than they may be kept, and the words quoted in evidence.

    `screener serve` does the same every six hours. Figures, rules and decisions stay, so no report changes.

    Example: screener purge --days 30
    """
    kept = settings.store.transcript_days if days is None else days
    purged = purge(log, datetime.now(UTC) - timedelta(days=kept))
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
    keys = ["at", "who", "action", "subject", "destination", "masked"]
    english = settings.site.language == "en"
    heads = keys if english else ["时间", "何人", "命令", "内容", "去处", "遮盖"]
    return Sheet("Accesses" if english else "数据取出记录", keys, heads, rows)
