"""`screener status` and `screener calls follow`: what the running service does now."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from screener.cli.output import coded, log_options, masker, note_call, output_options, sheet, teller
from screener.cli.say import say, show
from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.feed.board import Board, LiveCall
from screener.feed.items import Began, Handled, Heard, Item, Judged, Missed, Moved, Node, Over, Unheard, Weighed
from screener.feed.local import FeedReader
from screener.feed.masked import masked as masked_words
from screener.feed.masked import masked_item
from screener.reports.layout import Cell, Coded, Sheet
from screener.settings.sections import Settings
from screener.store.log import CallLog
from screener.store.wanted import DRY_RUN
from screener.words.judgement import Teller
from screener.words.places import place
from screener.words.terms import aside, labelled, word
from screener.words.told import told as sentence

SILENCE_SECONDS = 0.5
"""After so long without a line, all that is known of the calls that are up has been told."""
WORDS_SHOWN = 40


@click.command()
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def status(settings: Settings, log: CallLog, masked: bool) -> Sheet:  # noqa: ARG001 - the log has the access record
    """Show whether the service runs, and who is on the line: what was heard last, what was decided.

    Ends with 9 when no service runs here.

    Example: screener status --mask
    """
    reader = listen(settings, SILENCE_SECONDS)
    board = Board()
    try:
        for item in reader:
            if item is None:
                break
            board.take(item)
    finally:
        reader.close()
    for call in board.calls.values() if masked else ():
        call.words = {(heard.speaker, heard.utterance): heard for heard in masked_words(call)[0]}
    told, zone, number = teller(settings), ZoneInfo(settings.site.timezone), masker(settings, masked)
    say(f"the service runs; calls: {len(board.calls)}", err=True)
    rows = [_row(call, told, zone, number) for call in board.calls.values()]
    keys = ["id", "started_at", "number", "entrance", "agent", "verdict", "heard"]
    return sheet("t_status", keys, rows, id="phone", number="phone", agent="phone")


@click.command(name="follow")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@log_options
def follow(settings: Settings, log: CallLog, masked: bool) -> None:
    """Tell what goes on in all calls as it happens, until Ctrl-C: who calls, what is heard, what is decided.

    Example: screener calls follow --mask
    """
    reader = listen(settings, None)
    note_call(log, "all running calls")
    told, zone, number = teller(settings), ZoneInfo(settings.site.timezone), masker(settings, masked)
    board = Board()
    try:
        for item in reader:
            if item is not None and masked:
                item = masked_item(board, item)
            if item is not None and (line := line_of(item, told, number)):
                show(f"{datetime.now(UTC).astimezone(zone):%H:%M:%S} {line}")
    except KeyboardInterrupt:
        return
    finally:
        reader.close()
    say("the service has left", err=True)


def listen(settings: Settings, timeout: float | None) -> FeedReader:
    """The feed of the running service.

    Raises:
        InputError: it has none, or no service runs.
    """
    if not settings.operations.feed:
        raise InputError("[operations] feed is empty", "name a socket there, and start the service anew")
    return FeedReader(settings.folder / settings.operations.feed, timeout)


def line_of(item: Item, told: Teller, shown: Callable[[str], str]) -> str:
    """An item in words; empty for what is not worth a line."""
    lang = told.lang
    call = "" if isinstance(item, Missed | Node) else f"{item.call[-8:]} "
    match item:
        case Began():
            number, region = shown(item.number) or word("withheld", lang), place(item.region, lang)
            return f"{call}☎ {number} {region} → {item.dialled or item.agent} [{word(item.entrance, lang)}]"
        case Heard(final=True):
            return call + labelled(word(item.speaker, lang), item.text, lang)
        case Weighed():
            return f"{call}  {item.weight:+z.1f} {told.piece(item.rule, item.detail, item.span, item.kind)}"
        case Judged():
            reason = told.reason(item.reason) + aside(f"{item.score:z.1f}", lang)
            return f"{call}⇒ {labelled(_verdict(item, told), reason, lang)}"
        case Handled(done=False):
            return f"{call}→ {word(item.treatment, lang)}"
        case Moved():
            return f"{call}→ {word('to_' + item.target, lang)} {'✔' if item.ok else '✘'}"
        case Unheard():
            return f"{call}✘ {sentence(item.why, lang)}"
        case Over():
            return f"{call}■ {word('by_' + item.by, lang)}"
        case Missed():
            return f"… {item.lines}"
        case _:
            return ""


def _verdict(judged: Judged | None, told: Teller) -> str:
    if judged is None:
        return told.verdict(None)
    dry = f" · {word(DRY_RUN, told.lang)}" if judged.dry_run else ""
    return told.verdict(Verdict(judged.verdict)) + dry


def _row(call: LiveCall, told: Teller, zone: ZoneInfo, shown: Callable[[str], str]) -> list[Cell]:
    began, judged = call.began, call.judged
    number = began.number if began else ""
    last = next(_newest(call), "")
    return [
        call.call,
        began.started_at.astimezone(zone) if began else None,
        shown(number) or Coded(word("withheld", told.lang), None),
        coded(began.entrance if began else None),
        began.agent if began else "",
        Coded(_verdict(judged, told), judged.verdict if judged else None),
        last[-WORDS_SHOWN:],
    ]


def _newest(call: LiveCall) -> Iterator[str]:
    yield from (heard.text for heard in reversed(call.words.values()) if heard.speaker == "caller")
