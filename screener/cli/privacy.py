"""`screener purge`, `erase` and `access`: what is kept, who is forgotten, and who took what out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from screener.cli.output import log_options, moment, output_options, sheet, writing_log_options
from screener.cli.person import user
from screener.cli.say import say
from screener.cli.speaking import speaking
from screener.errors import InputError, StoreError
from screener.numbers.mask import mask
from screener.numbers.plan import lines_of
from screener.reports.layout import Cell, Sheet
from screener.settings.sections import Settings
from screener.store.log import CallLog
from screener.store.privacy import doubt, erase, purge, to_purge
from screener.store.records import Access
from screener.words.told import told


@click.command(name="purge")
@click.option("--days", type=click.IntRange(0, 36500), help="Keep so many days; default [store] transcript_days.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before everything is deleted (--days 0).")
@click.option("--clock-is-right", is_flag=True, help="Purge although the log does not bear the clock out.")
@writing_log_options
def purge_command(
    settings: Settings, log: CallLog, days: int | None, dry_run: bool, yes: bool, clock_is_right: bool
) -> None:
    """Delete transcripts that are older than they may be kept, and the words quoted in evidence.

    `screener serve` does the same every six hours. Figures, rules and decisions stay, so no report changes.

    Example: screener purge --days 30
    """
    kept = settings.store.transcript_days if days is None else days
    now = datetime.now(UTC)
    before = now - timedelta(days=kept)
    if dry_run:
        old = to_purge(log, before)
        say(f"older than {kept} days: utterances: {old.segments}; quoted words: {old.spans}; nothing is deleted")
        return
    if not clock_is_right and (why := doubt(log, now)):
        raise InputError(f"nothing is purged: {why}", "set the clock; or, if it is right, --clock-is-right")
    if days == 0 and not yes:
        old = to_purge(log, before)
        question = f"--days 0 deletes all {old.segments} utterances of the log; go on?"
        if not click.confirm(told(question, speaking())):
            raise InputError("nothing is deleted: that was not confirmed", "answer y, or add --yes")
    purged = purge(log, before, settings.spool)
    say(f"deleted, older than {kept} days: utterances: {purged.segments}; quoted words: {purged.spans}")
    _say_whether_gone(purged.gone)


@click.command(name="erase")
@click.argument("number")
@click.option("--reason", required=True, help="Who asked for it, and when: it stays in the access record.")
@click.option("--keep-listed", is_flag=True, help="Leave the number on its lists: a block must still hold.")
@click.option("--yes", is_flag=True, help="Do it; without this only what there is of the number is counted.")
@writing_log_options
def erase_command(
    settings: Settings, log: CallLog, number: str, reason: str, keep_listed: bool, yes: bool
) -> None:
    """Forget a caller: number, name and words of all its calls, its list entries, its mention in notes of access.

    What stays, under no number: that there was a call, when and to which queue, from which region and carrier, how
    it was judged and what was done; and the PBX's own ids, which lead to the PBX's records: erase it there too.
    Evidence that was handed out is not called back. There is no way back.

    Example: screener erase 13800138000 --reason "asked in writing" --yes
    """
    found = lines_of(settings).normal(number)
    if not found:
        raise InputError(f"{number!r} is no number", "write it as reports show it")
    shown = mask(found)
    if not yes:
        count = sum(call.number == found for call in log.calls(number=found, limit=None))
        say(f"{shown}: calls: {count}; nothing is erased without --yes")
        return
    log.note_access(Access(datetime.now(UTC), user(), "screener erase", f"{shown}: {reason}", "", masked=True))
    erased = erase(log, found, shown, settings.spool, keep_listed=keep_listed)
    say(
        f"{shown}: erased; calls: {erased.calls}; utterances: {erased.segments}; "
        f"list entries: {erased.lists}; notes of access: {erased.notes}"
    )
    _say_whether_gone(erased.gone)


def _say_whether_gone(gone: bool) -> None:
    if not gone:
        raise StoreError(
            "a reader of the call log keeps the words in its files",
            "end it (a report, a backup), run this again",
        )


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
    rows: list[list[Cell]] = [
        [
            note.at.astimezone(zone),
            note.who,
            note.action,
            note.subject,
            note.destination,
            note.masked,
        ]
        for note in log.accesses(moment(settings, since), limit)
    ]
    return sheet("t_accesses", ["at", "who", "action", "subject", "destination", "masked=masked_numbers"], rows)
