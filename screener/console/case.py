"""One call of the log in words, as somebody may see it: for its own page and for the review."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from screener.console import seen
from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.outside.text import visible
from screener.review.explain import explain
from screener.review.timeline import Moment, moments, reasons
from screener.review.verdict import is_flag
from screener.store.find import words_of
from screener.store.records import CallRecord, Review
from screener.store.wanted import DRY_RUN
from screener.words.places import place
from screener.words.terms import headed, word


def row(context: ConsoleContext, person: Person, call: CallRecord) -> dict[str, Any]:
    """A call on one line of a list."""
    lang = context.teller.lang
    return {
        "id": call.id,
        "at": f"{call.started_at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}",
        "number": context.number(call.number, person),
        "verdict": headed(context.teller.verdict(call.verdict, over=call.is_over)),
        "kind": context.teller.kind(call.kind),
        "review": headed(word(f"review_{call.review}", lang)),
        "treatment": word(DRY_RUN if call.dry_run else call.treatment.value, lang),
        "agent": visible(call.agent),
        "queue": visible(call.queue),
        "dialled": visible(call.dialled),
        "flag": is_flag(call),
        "judged": is_flag(call) or call.verdict is not None,
    }


def part(context: ConsoleContext, person: Person, call: CallRecord) -> dict[str, Any]:
    """A row of the log with everything that happened in it, the evidence weighed again."""
    lang = context.teller.lang
    call = seen.of_record(context, person, call)
    why = explain(call, context.weights)
    whole = context.sees_whole_numbers(person)
    where = (word(call.line.value, lang), place(call.region, lang), place(call.carrier, lang))
    return row(context, person, call) | {
        "name": visible(call.display_name) if whole else "",  # many callers' name is their number
        "number_whole": call.number if whole else "",
        "where": " ".join(visible(text) for text in where if text),
        "entrance": headed(word(call.entrance.value, lang)),
        "ended": headed(word(f"by_{call.ended_by.value}", lang)) if call.ended_by else "",
        "dry_run": word(DRY_RUN, lang) if call.dry_run else "",
        "reviewed_by": visible(call.reviewed_by),
        "reviewed_at": f"{call.reviewed_at.astimezone(context.zone):%Y-%m-%d %H:%M}" if call.reviewed_at else "",
        "moments": [
            {
                "at": f"{moment.at:.1f}",
                "what": moment.what,
                "who": headed(word(moment.what, lang)) if moment.what in ("caller", "agent") else "",
                "text": visible(_without_code(moment)),
                "score": moment.step.score if moment.step else None,
                "threshold": moment.step.threshold if moment.step else None,
                "kind": context.teller.kind(moment.step.kind) if moment.step else "",
                "side": "for" if moment.step and moment.step.evidence.weight > 0 else "against",
                "tipped": moment.tipped,
            }
            for moment in moments(call, context.teller, why)
        ],
        "reasons": [visible(text) for text in reasons(call, why, context.teller)],
    }


def said_of(context: ConsoleContext, person: Person, rows: Sequence[CallRecord]) -> list[dict[str, str]]:
    """What people said of a call, the oldest first; once what they said of several rows of it in one word."""
    told: dict[tuple[str, datetime], dict[str, str]] = {}
    for note in words_of(context.log, [one.id for one in rows]):
        key = "review_undone" if note.review is Review.NONE else f"review_{note.review}"
        told[note.by, note.at] = {
            "who": visible(note.by),
            "at": f"{note.at.astimezone(context.zone):%Y-%m-%d %H:%M}",
            "what": context.say(key),
            "reason": visible(seen.of_person(context, person, note.reason)),
        }
    return list(told.values())


def _without_code(moment: Moment) -> str:
    """People who tune weights ask `screener explain` for the codes of rules."""
    return moment.text.removesuffix(f" [{moment.step.evidence.rule}]") if moment.step else moment.text


def parts(context: ConsoleContext, person: Person, call: CallRecord) -> list[dict[str, Any]]:
    """Everything that the log has of the call that a row belongs to, oldest first."""
    return [part(context, person, one) for one in context.log.rows_of(call.id)]
