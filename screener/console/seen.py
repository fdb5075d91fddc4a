"""What was said, as somebody may see it: who sees no whole phone numbers reads none in a transcript either.

Everything that shows words of a call goes through here: pages, the API, event streams.
"""

from collections.abc import Sequence
from dataclasses import replace

from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.errors import InputError
from screener.feed.board import LiveCall
from screener.feed.items import Heard, Weighed
from screener.feed.masked import masked
from screener.numbers.mask import MaskedTranscript, has_digits, hide
from screener.store.records import CallRecord


def of_record(context: ConsoleContext, person: Person, record: CallRecord) -> CallRecord:
    """A row of the log with its words as somebody may read them; its number stays as it is."""
    if context.sees_whole_numbers(person):
        return record
    transcript = MaskedTranscript((segment.speaker.value, segment.text) for segment in record.segments)
    said = zip(record.segments, transcript.texts, strict=True)
    return replace(
        record,
        segments=tuple(replace(segment, text=text) for segment, text in said),
        evidence=tuple(
            replace(e, span=transcript.quoted(e.span), detail=transcript.quoted(e.detail)) for e in record.evidence
        ),
    )


def of_call(context: ConsoleContext, person: Person, call: LiveCall) -> tuple[Sequence[Heard], Sequence[Weighed]]:
    """Words and evidence of a running call, oldest first, as somebody may read them."""
    if context.sees_whole_numbers(person):
        return sorted(call.words.values(), key=lambda heard: heard.at), call.evidence
    return masked(call)


def of_person(context: ConsoleContext, person: Person, text: str) -> str:
    """What a person wrote, as somebody may read it."""
    return text if context.sees_whole_numbers(person) else hide(text)


def check_search(context: ConsoleContext, person: Person, number: str, text: str) -> None:
    """Refuse a search that would find out a number by asking often enough.

    Raises:
        InputError: somebody asks for a number who may not see any whole.
    """
    if (number or has_digits(text)) and not context.sees_whole_numbers(person):
        raise InputError("numbers are masked for this role", "search without a number", "number")
