"""`screener explain`, `review`, `tune`: supervisors ask why, say what was right, see what would be better."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from screener.cli.output import (
    log_options,
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
from screener.events import Speaker
from screener.numbers.mask import mask
from screener.reports.layout import Cell, Coded, Sheet
from screener.review.explain import explain
from screener.review.missed import missed_in
from screener.review.timeline import timeline
from screener.review.tune import LEAST, Unproposed, load_protected, propose, unproposed
from screener.review.verdict import Word, rule
from screener.settings.judgement import site_weights
from screener.settings.sections import Settings
from screener.store.find import words_of
from screener.store.log import CallLog
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
    weights = site_weights(settings.judgement, settings.folder)
    note_call(log, call.id)
    zone, why = ZoneInfo(settings.site.timezone), explain(call, weights)
    reviews = words_of(log, [row.id for row in log.rows_of(call.id)])
    show_story(call, timeline(call, teller(settings), zone, why, reviews))


@click.command()
@click.argument("word", type=click.Choice(["confirm", "overturn"]))
@click.argument("call_id", metavar="CALL")
@click.option("--by", help="Who says so; default the name of the account.")
@click.option("--reason", default="", help="Why, in your own words; kept with the call.")
@click.option("--watch/--no-watch", default=True, help="Put a confirmed number on the watch list. Default: yes.")
@writing_log_options
def review(
    settings: Settings,  # noqa: ARG001 - of every command of the log
    log: CallLog,
    word: str,
    call_id: str,
    by: str | None,
    reason: str,
    watch: bool,
) -> None:
    """Confirm a flag or take it back; the newest word holds.

    Of a call that was not flagged (see `screener sample`) it says whether it was missed.

    It holds for every flagged row of the call. A confirmed number goes onto the watch list unless it is on one;
    when it is taken back, and no other call of the number is confirmed, it leaves the list. Both weigh when it
    calls again, and both are what `screener tune` learns from.

    Example: screener review overturn 20260304T040000-1a2b3c4d --by wang
    """
    review = Review.CONFIRMED if word == "confirm" else Review.OVERTURNED
    said = Word(review, by or user(), datetime.now(UTC), "screener review", watch, reason)
    ruling = rule(log, call_id, said, unflagged=True)
    for row in ruling.rows:
        say(f"{row.id}: confirmed" if word == "confirm" else f"{row.id}: overturned")
    if ruling.listed:
        say(f"{mask(ruling.listed)}: on the watch list")
    if ruling.delisted:
        say(f"{mask(ruling.delisted)}: off the watch list")


@click.command()
@click.option("--since", help="Only calls from this day or time on.")
@click.option(
    "--limit", type=click.IntRange(1, 100000), default=2000, show_default=True, help="The newest so many."
)
@output_options
@log_options
def tune(settings: Settings, log: CallLog, since: str | None, limit: int) -> Sheet:
    """Propose weights, with what each would have done to the site's own calls. Changes nothing.

    Each row counts on top of the rows before it. No proposal flags one more caller who was protected or
    complained, however rudely, nor one while the call lasts who was told only afterwards, neither of the log nor
    of the protected calls that come with the product. Flagged only once the call is over counts as lost. A rule
    that spoke in fewer than three reviewed calls is left as it is: what one caller said tells nothing of the next.

    Example: screener tune --since 2026-03-01
    """
    weights = site_weights(settings.judgement, settings.folder)
    calls = [log.call(call.id) for call in log.calls(moment(settings, since), limit=limit)]
    proposed = propose(calls, weights, load_protected())
    if not proposed:
        say_why(unproposed(calls, weights))
    rows: list[list[Cell]] = [[p.key, p.now, p.then, p.spared, p.lost, p.gained, p.found] for p in proposed]
    keys = ["key", "now=value_now", "then=value_then", "spared", "lost", "gained", "found"]
    return sheet("t_tune", keys, rows)


def say_why(why: Unproposed) -> None:
    """Of nothing that is proposed; what more reviews would change says how to make them."""
    count, wrong = why.reviewed, why.wrong
    if why.spoke < LEAST:
        say(
            f"nothing to propose; reviewed calls: {count}, of which one rule or kind spoke in {why.spoke} "
            f"at most; needed for a change: {LEAST} — screener sample, screener review",
            err=True,
        )
    elif not wrong:
        say(
            f"nothing to propose; reviewed calls: {count}, "
            "and the weights of today judge each of them as people did",
            err=True,
        )
    elif why.guarded:
        say(
            f"nothing to propose; reviewed calls: {count}, of which {wrong} are judged otherwise; "
            "what sets them right flags harmless callers — screener sample, screener review",
            err=True,
        )
    else:
        say(
            f"nothing to propose; reviewed calls: {count}, of which {wrong} are judged otherwise; "
            "no change sets more right than wrong — screener sample, screener review",
            err=True,
        )


@click.command()
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to look at.")
@output_options
@log_options
def sample(settings: Settings, log: CallLog, count: int) -> Sheet:
    """Draw unflagged calls for a person to look at, and say how much harassment is missed, as far as is known.

    Look at each with `screener explain CALL`, then say `screener review confirm CALL` (it is harassment) or
    `screener review overturn CALL` (it is none), in this order. Drawn are calls of the last 30 days, in the order
    of the console's review, which goes on where this ends.

    Example: screener sample --count 50
    """
    known = missed_in(log, datetime.now(UTC), count)
    low, high = known.interval
    say(f"{known.missed} of {known.looked_at} looked at were missed ({low:.1%} to {high:.1%})", err=True)
    words = teller(settings)
    rows: list[list[Cell]] = [
        [
            call.id,
            Coded(
                words.verdict(call.verdict, over=call.is_over),
                call.verdict.value if call.verdict else None,
            ),
            call.score,
            " ".join(s.text for s in call.segments if s.speaker is Speaker.CALLER),
        ]
        for call in map(log.call, known.waiting[:count])
    ]
    return sheet("t_sample", ["id", "verdict", "score", "heard"], rows)
