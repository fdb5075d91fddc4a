"""`screener list`: numbers that are always let through, always treated, or watched."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track

from screener.cli.moments import bad_time
from screener.cli.output import (
    coded,
    command_name,
    log_options,
    masker,
    output_options,
    sheet,
    writable,
    write_file,
    writing_log_options,
)
from screener.cli.person import user
from screener.cli.say import put, say
from screener.cli.speaking import speaking
from screener.errors import InputError
from screener.events import ListName
from screener.exchange.listfile import EXPORTS, BadLine, from_csv
from screener.numbers.plan import lines_of
from screener.outside import times
from screener.outside.files import read_utf8, reason_of, to_read
from screener.reports.layout import Cell, Coded, Sheet
from screener.review import lists as rules
from screener.review.by import By
from screener.settings.sections import Settings
from screener.store.ladder import standings
from screener.store.log import CallLog
from screener.store.records import ListedNumber
from screener.words.judgement import list_reason
from screener.words.terms import word

BAD_SHOWN = 5
"""Lines of a file that were skipped and are named; of the others only their number."""


@click.group(name="list")
def lists() -> None:
    """Keep the lists: allow is let through, block is treated at once, watch is judged more strictly.

    Allow stands above block. Numbers may be written in any usual way.
    """


def _group(name: ListName) -> click.Group:
    """The commands of one list."""

    @click.group(name=name.value, help=f"The {name} list: add, remove, show, import, export.")
    def group() -> None:
        pass

    @group.command()
    @click.argument("numbers", nargs=-1, required=True)
    @click.option("--reason", required=True, help="Why, for those who look later.")
    @click.option("--expires", help="A day or time to come, or a number of days such as 30d; default never.")
    @writing_log_options
    def add(settings: Settings, log: CallLog, numbers: tuple[str, ...], reason: str, expires: str | None) -> None:
        """Put numbers on the list; the newer reason and expiry of a number hold.

        Example: screener list block add 13800138000 --reason pranks --expires 90d
        """
        by = _by()
        until = _expiry(settings, expires, by.at)
        entries = [ListedNumber(name, number, reason, by.at, until) for number in numbers]
        for entry in rules.enlist(log, lines_of(settings), entries, by):
            say(f"{_called(name)} + {entry.number}")

    @group.command()
    @click.argument("numbers", nargs=-1, required=True)
    @writing_log_options
    def remove(settings: Settings, log: CallLog, numbers: tuple[str, ...]) -> None:
        """Take numbers off the list.

        Example: screener list block remove 13800138000
        """
        rules.delist(log, lines_of(settings), name, numbers, _by())

    @group.command()
    @click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
    @output_options
    @log_options
    def show(settings: Settings, log: CallLog, masked: bool) -> Sheet:
        """Show what the list holds now.

        Example: screener list watch show --format xlsx -o watch.xlsx
        """
        zone, shown = ZoneInfo(settings.site.timezone), masker(settings, masked)
        rows = [
            [
                shown(entry.number),
                Coded(list_reason(entry.reason, speaking()), entry.reason),
                entry.added_at.astimezone(zone),
                entry.expires_at.astimezone(zone) if entry.expires_at else None,
            ]
            for entry in _held(log, name, datetime.now(UTC))
        ]
        return sheet(f"list_{name.value}", ["number", "reason", "added_at", "expires_at"], rows, number="phone")

    @group.command(name="import")
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @writing_log_options
    def import_(settings: Settings, log: CallLog, file: Path) -> None:
        """Add the numbers of a CSV file: number,reason,expires, or what `export` wrote.

        The end is a day or time, or a number of days such as 90d; none is never. Bad lines are skipped, and those
        whose entry has ended already.

        Example: screener list block import block.csv
        """
        by = _by()
        found = from_csv(_text(file), name, by.at, ZoneInfo(settings.site.timezone))
        bad: list[tuple[int, str]] = []
        taken = rules.take_over(log, lines_of(settings), _watched(_good(found, bad)), by)
        bad = sorted([*bad, *taken.refused])
        for line, wrong in bad[:BAD_SHOWN]:
            say(f"{file}:{line}: skipped: {wrong}", err=True)
        if len(bad) > BAD_SHOWN:
            say(f"further lines skipped: {len(bad) - BAD_SHOWN}", err=True)
        if taken.ended:
            say(f"entries skipped that have ended already: {taken.ended}", err=True)
        if not taken.new + taken.known:
            remedy = "one number a line, or what `screener list … export` wrote"
            raise InputError(f"{file}: no number in it that can be listed", remedy)
        skipped = len(bad) + taken.ended
        say(f"{_called(name)}: added: {taken.new}; there already: {taken.known}; lines skipped: {skipped}")

    @group.command()
    @click.option("--format", "form", type=click.Choice(list(EXPORTS)), default="csv", help="Who is to read it.")
    @click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file, not the terminal.")
    @log_options
    def export(settings: Settings, log: CallLog, form: str, output: Path | None) -> None:  # noqa: ARG001
        """Write the list: as CSV, for the Asterisk console (astdb), for FreePBX, or for kamcmd (htable).

        Example: screener list block export --format asterisk -o blacklist.txt
        """
        now = datetime.now(UTC)
        text = EXPORTS[form](_held(log, name, now), now)
        if output:
            write_file(output, text.encode("utf-8"))
        else:
            put(text)

    return group


for _name in ListName:
    lists.add_command(_group(_name))


@lists.command(name="ladder")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def ladder_command(settings: Settings, log: CallLog, masked: bool) -> Sheet:
    """Show which numbers stand on the ladder of [ladder]: warned, suspended, to be reported, and until when.

    Confirmed calls take a number up; each step ends by itself. A number with an open complaint, or on the allow
    list, is never on it. For a number that is to be reported, make the package: screener calls export --number.

    Example: screener list ladder
    """
    zone, shown = ZoneInfo(settings.site.timezone), masker(settings, masked)
    rows: list[list[Cell]] = [
        [
            shown(number),
            coded(where.rung, "rung_"),
            where.confirmed,
            where.since.astimezone(zone),
            where.until.astimezone(zone),
        ]
        for number, where in standings(log, settings.ladder, datetime.now(UTC)).items()
    ]
    if not settings.ladder.steps:
        say("the ladder is off: [[ladder.steps]] of the settings turn it on", err=True)
    return sheet("t_ladder", ["number", "rung", "confirmed", "since", "expires_at"], rows, number="phone")


@lists.command(name="lift")
@click.argument("numbers", nargs=-1, required=True)
@click.option("--by", help="Who says so; default the name of the account.")
@writing_log_options
def lift_command(settings: Settings, log: CallLog, numbers: tuple[str, ...], by: str | None) -> None:
    """Take numbers off the ladder: what was confirmed until now takes them up no more.

    Example: screener list lift 13800138000
    """
    for number in rules.lift(log, lines_of(settings), settings.ladder, numbers, _by(by)):
        say(f"off the ladder: {number}")


@lists.command(name="suggest")
@click.option("--days", type=click.IntRange(1, 3650), default=rules.DAYS, help="Look so far back.")
@click.option(
    "--flags",
    type=click.IntRange(1),
    default=rules.FLAGS_LEAST,
    help="Propose numbers with at least so many flags.",
)
@click.option("--accept", multiple=True, metavar="NUMBER", help="Put this proposed number on its list.")
@click.option("--accept-all", is_flag=True, help="Put every proposed number on its list.")
@click.option("--expires", default=f"{rules.KEPT.days}d", help="When accepted entries end; 0d is never.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def suggest_command(
    settings: Settings,
    log: CallLog,
    days: int,
    flags: int,
    accept: tuple[str, ...],
    accept_all: bool,
    expires: str,
    masked: bool,
) -> Sheet:
    """Propose numbers for the lists; nothing is listed unless a person accepts it.

    Counts flagged calls of numbers that were never overturned, never genuine and are on no list: two confirmed
    flags propose a block, otherwise a watch.

    Example: screener list suggest --flags 5 --accept +8613800138000
    """
    by = _by()
    proposals = rules.proposed(log, by.at, days, flags)
    until = _expiry(settings, expires, by.at)
    chosen = [*accept, *(proposal.number for proposal in proposals if accept_all)]
    accepted: set[str] = set()
    if chosen:
        with writable(log) as listing:
            listed = rules.accept(listing, lines_of(settings), proposals, chosen, until, by)
        accepted = {entry.number for entry in listed}
    zone, shown = ZoneInfo(settings.site.timezone), masker(settings, masked)
    rows: list[list[Cell]] = [
        [
            coded(p.name, "list_"),
            shown(p.number),
            p.flags,
            p.confirmed,
            coded(p.kind),
            p.last.astimezone(zone),
            p.number in accepted,
        ]
        for p in proposals
    ]
    keys = ["list", "number", "flagged", "confirmed", "kind", "last", "accepted"]
    return sheet("t_suggest", keys, rows, number="phone")


def _by(by: str | None = None) -> By:
    return By(by or user(), datetime.now(UTC), command_name())


def _called(name: ListName) -> str:
    return word(f"list_{name}", speaking())


def _held(log: CallLog, name: ListName, at: datetime) -> list[ListedNumber]:
    return [entry for entry in log.listed(at) if entry.name is name]


def _good(
    found: Iterable[tuple[int, ListedNumber] | BadLine], bad: list[tuple[int, str]]
) -> Iterator[tuple[int, ListedNumber]]:
    """The entries; what is none goes onto `bad`."""
    for item in found:
        if isinstance(item, BadLine):
            bad.append((item.number, item.reason))
        else:
            yield item


def _watched(entries: Iterable[tuple[int, ListedNumber]]) -> Iterable[tuple[int, ListedNumber]]:
    """The same, with a line that grows where somebody watches."""
    console = Console(stderr=True)
    return track(list(entries), "list", console=console, disable=not console.is_terminal, transient=True)


def _expiry(settings: Settings, text: str | None, now: datetime) -> datetime | None:
    """When an entry ends, as a file of numbers may say it too."""
    if text is None:
        return None
    try:
        if not text.strip():
            raise ValueError(text)
        until = times.end(text, ZoneInfo(settings.site.timezone), now)
    except ValueError:
        raise bad_time(f"{text}: allowed: {times.ENDS}", text) from None
    if until is not None and until <= now:
        raise click.BadParameter(f"--expires {text}: is past; name a day to come, or so many days, as 30d")
    return until


def _text(file: Path) -> str:
    try:
        return read_utf8(file)
    except (OSError, UnicodeDecodeError) as problem:
        what = f"{file}: cannot be read as UTF-8 ({reason_of(problem)})"
        raise InputError(what, to_read(problem, "check the name")) from problem
