"""`screener list`: numbers that are always let through, always treated, or watched."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from screener.cli.output import (
    CallLog,
    Settings,
    Sheet,
    log_options,
    moment,
    output_options,
    user,
    write_file,
)
from screener.cli.say import put, say, say_skipped
from screener.errors import InputError
from screener.events import ListName
from screener.exchange.listfile import EXPORTS, BadLine, from_csv
from screener.numbers.identify import Lines
from screener.numbers.mask import mask
from screener.outside.text import is_number
from screener.reports.span import Span
from screener.review.suggest import Proposal, suggest
from screener.store.log import ListedNumber
from screener.words.terms import word


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
    @click.option("--reason", default="", help="Why, for those who look later.")
    @click.option("--expires", help="A day or time, or a number of days such as 30d; default never.")
    @log_options
    def add(settings: Settings, log: CallLog, numbers: tuple[str, ...], reason: str, expires: str | None) -> None:
        """Put numbers on the list; the newer reason and expiry of a number hold.

        Example: screener list block add 13800138000 --reason 恶作剧 --expires 90d
        """
        now = datetime.now(UTC)
        lines = Lines(settings.site.region)
        until = _expiry(settings, expires, now)
        entries = [ListedNumber(name, _normal(lines, number), reason, now, until) for number in numbers]
        log.enlist(*entries)
        for entry in entries:
            say(f"{name} + {entry.number}")

    @group.command()
    @click.argument("numbers", nargs=-1, required=True)
    @log_options
    def remove(settings: Settings, log: CallLog, numbers: tuple[str, ...]) -> None:
        """Take numbers off the list.

        Example: screener list block remove 13800138000
        """
        lines = Lines(settings.site.region)
        missing = [number for number in numbers if not log.delist(name, _normal(lines, number))]
        if missing:
            raise InputError(f"not on the {name} list: {', '.join(missing)}", f"see: screener list {name} show")

    @group.command()
    @click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
    @output_options
    @log_options
    def show(settings: Settings, log: CallLog, masked: bool) -> Sheet:
        """Show what the list holds now.

        Example: screener list watch show --format xlsx -o watch.xlsx
        """
        entries = _held(log, name, datetime.now(UTC))
        rows = [[mask(e.number) if masked else e.number, e.reason, e.added_at, e.expires_at] for e in entries]
        keys = ["number", "reason", "added_at", "expires_at"]
        heads = keys if settings.site.language == "en" else ["号码", "原因", "加入", "到期"]
        return Sheet(name.value, keys, heads, rows, {"number": "phone"})

    @group.command(name="import")
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @log_options
    def import_(settings: Settings, log: CallLog, file: Path) -> None:
        """Add the numbers of a CSV file: number,reason,expires, or what `export` wrote; bad lines are skipped.

        Example: screener list block import block.csv
        """
        lines = Lines(settings.site.region)
        now = datetime.now(UTC)
        found = list(from_csv(_text(file), name, now))
        good = [entry for entry in found if isinstance(entry, ListedNumber)]
        say_skipped(file, [bad for bad in found if isinstance(bad, BadLine)])
        log.enlist(
            *(
                ListedNumber(name, _normal(lines, entry.number), entry.reason, now, entry.expires_at)
                for entry in good
            )
        )
        say(f"{name}: {len(good)} added, {len(found) - len(good)} lines skipped")

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


@lists.command(name="suggest")
@click.option("--days", type=click.IntRange(1, 3650), default=90, help="Look so far back.")
@click.option("--flags", type=click.IntRange(1), default=3, help="Propose numbers with at least so many flags.")
@click.option("--accept", multiple=True, metavar="NUMBER", help="Put this proposed number on its list.")
@click.option("--accept-all", is_flag=True, help="Put every proposed number on its list.")
@click.option("--expires", default="180d", help="When accepted entries end; 0d is never.")
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
    now = datetime.now(UTC)
    lines = Lines(settings.site.region)
    proposals = suggest(log, Span(since=now - timedelta(days=days)), flags, now)
    chosen = {_normal(lines, number) for number in accept}
    if unknown := chosen - {proposal.number for proposal in proposals}:
        raise InputError(f"not proposed: {', '.join(sorted(unknown))}", "see: screener list suggest")
    until = _expiry(settings, expires, now)
    accepted = [p for p in proposals if accept_all or p.number in chosen]
    log.enlist(*(ListedNumber(p.name, p.number, _reason(p), now, until) for p in accepted))
    rows = [
        [
            p.name.value,
            mask(p.number) if masked else p.number,
            p.flags,
            p.confirmed,
            word(p.kind, settings.site.language),
            p.last,
            "✔" if p in accepted else "",
        ]
        for p in proposals
    ]
    keys = ["list", "number", "flagged", "confirmed", "kind", "last", "accepted"]
    chinese = ["名单", "号码", "骚扰", "确认", "类别", "最近", "已采纳"]
    english = settings.site.language == "en"
    title = "Proposals" if english else "名单建议"
    return Sheet(title, keys, keys if english else chinese, rows, {"number": "phone"})


def _reason(proposal: Proposal) -> str:
    return f"骚扰{proposal.flags}次,确认{proposal.confirmed}次,由{user()}采纳"


def _held(log: CallLog, name: ListName, at: datetime) -> list[ListedNumber]:
    return [entry for entry in log.listed(at) if entry.name is name]


def _normal(lines: Lines, number: str) -> str:
    found = lines.identify(number).number
    if not is_number(found):
        raise InputError(f"{number!r} is no number that can be listed")
    return found


def _expiry(settings: Settings, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    if days := re.fullmatch(r"(\d{1,5})d", text):
        return now + timedelta(days=int(days.group(1))) if int(days.group(1)) else None
    return moment(settings, text)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{file}: cannot be read as UTF-8 ({problem})", "save it as CSV in UTF-8") from problem
