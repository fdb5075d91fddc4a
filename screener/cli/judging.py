"""`screener explain`, `review`, `tune`: supervisors ask why, say what was right, see what would be better."""

from datetime import UTC, datetime
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
from screener.cli.say import say
from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.events import ListName
from screener.reports.page import Cell
from screener.review.explain import explain
from screener.review.timeline import timeline
from screener.review.tune import propose
from screener.settings.judging import load_judgement
from screener.speech.pinyin import syllables
from screener.store.log import ListedNumber
from screener.store.records import Review


@click.command(name="explain")
@click.argument("call_id", metavar="CALL")
@log_options
def explain_command(settings: Settings, log: CallLog, call_id: str) -> None:
    """Tell why a call was judged so: what was heard, what it weighed, when it tipped, what would not have.

    CALL is the id of a call or its beginning. The log's evidence is weighed again with the weights of today.

    Example: screener explain 20260304T040000-1a2b3c4d
    """
    call = log.call(call_id)
    weights = load_judgement(settings.judgement, settings.folder, syllables).weights
    note_call(log, call.id)
    for line in timeline(call, teller(settings), ZoneInfo(settings.site.timezone), explain(call, weights)):
        say(line)


@click.command()
@click.argument("word", type=click.Choice(["confirm", "overturn"]))
@click.argument("call_id", metavar="CALL")
@click.option("--by", help="Who says so; default the name of the account.")
@click.option("--watch/--no-watch", default=True, help="Put a confirmed number on the watch list. Default: yes.")
@log_options
def review(settings: Settings, log: CallLog, word: str, call_id: str, by: str | None, watch: bool) -> None:
    """Confirm a flag or take it back; the newest word holds.

    A confirmed number goes onto the watch list, an overturned one leaves it. Both weigh when it calls again, and
    both are what `screener tune` learns from.

    Example: screener review overturn 20260304T040000-1a2b3c4d --by 王主管
    """
    call = log.call(call_id)
    if call.flagged_at is None and call.verdict is not Verdict.HARASSMENT:
        raise InputError(f"{call.id} was not flagged", "see: screener calls list --verdict harassment")
    now = datetime.now(UTC)
    confirmed = word == "confirm"
    log.review(call.id, Review.CONFIRMED if confirmed else Review.OVERTURNED, by or user(), now)
    if confirmed and watch and call.number:
        log.enlist(ListedNumber(ListName.WATCH, call.number, f"已确认 {call.id}", now))
    elif not confirmed and call.number:
        log.delist(ListName.WATCH, call.number)
    said = ("confirmed", "overturned") if settings.site.language == "en" else ("已确认", "已撤销")
    say(f"{call.id}: {said[not confirmed]}")


@click.command()
@click.option("--since", help="Only calls from this day or time on.")
@click.option(
    "--limit", type=click.IntRange(1, 100000), default=2000, show_default=True, help="The newest so many."
)
@output_options
@log_options
def tune(settings: Settings, log: CallLog, since: str | None, limit: int) -> Sheet:
    """Propose weights, with what each would have done to the site's own calls. Changes nothing.

    Example: screener tune --since 2026-03-01
    """
    weights = load_judgement(settings.judgement, settings.folder, syllables).weights
    calls = [log.call(call.id) for call in log.calls(moment(settings, since), limit=limit)]
    keys = ["key", "now", "then", "spared", "lost", "found"]
    english = settings.site.language == "en"
    heads = keys if english else ["项目", "现值", "建议", "免去误标", "漏掉已确认", "新增标记"]
    rows: list[list[Cell]] = [[p.key, p.now, p.then, p.spared, p.lost, p.found] for p in propose(calls, weights)]
    return Sheet(
        f"Proposals from {len(calls)} calls" if english else f"据 {len(calls)} 通来电的建议", keys, heads, rows
    )
