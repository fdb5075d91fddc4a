"""名单: who is on which list, why and until when; what the log proposes, for a person to accept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from screener.console import seen
from screener.console.body import form
from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.errors import InputError
from screener.events import ListName
from screener.outside.text import visible
from screener.reports import filters
from screener.review import lists
from screener.review.by import By
from screener.review.suggest import ListProposal
from screener.review.verdict import CONFIRMED
from screener.store.find import words_of
from screener.store.ladder import standings
from screener.store.records import ListedNumber, Review
from screener.words.judgement import is_code, list_reason

_OFFERED = (ListName.BLOCK, ListName.WATCH, ListName.ALLOW)
"""Whoever is in a hurry does not let a caller through by mistake."""


async def page(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """All entries that hold, and the proposals."""

    def made() -> Response:
        whole = context.sees_whole_numbers(person)
        held, proposed = look(context, person, datetime.now(UTC))
        why = _why(context, person, held)
        entries = [
            {
                "name": entry.name.value,
                "number": entry.number,
                "whole": entry.number if whole else "",
                "reason": visible(
                    " ".join([list_reason(entry.reason, context.teller.lang), *why.get(entry.reason, ())])
                ),
                "added": f"{entry.added_at.astimezone(context.zone):%Y-%m-%d}",
                "expires": f"{entry.expires_at.astimezone(context.zone):%Y-%m-%d}" if entry.expires_at else "",
            }
            for entry in held
        ]
        proposals = [
            {
                "name": proposal.name.value,
                "number": proposal.number,
                "whole": proposal.number if whole else "",
                "flags": proposal.flags,
                "confirmed": proposal.confirmed,
                "kind": context.teller.kind(proposal.kind),
                "last": f"{proposal.last.astimezone(context.zone):%Y-%m-%d %H:%M}",
            }
            for proposal in proposed
        ]
        ladder = [
            {
                "name": "",
                "number": context.number(number, person),
                "whole": number if whole else "",
                "rung": where.rung.value,
                "confirmed": where.confirmed,
                "since": f"{where.since.astimezone(context.zone):%Y-%m-%d}",
                "until": f"{where.until.astimezone(context.zone):%Y-%m-%d %H:%M}",
            }
            for number, where in standings(context.log, context.settings.ladder, datetime.now(UTC)).items()
        ]
        return context.page(
            "lists.html", person, entries=entries, proposals=proposals, ladder=ladder, lists=_OFFERED
        )

    return await run_in_threadpool(made)


def _why(context: ConsoleContext, person: Person, held: Sequence[ListedNumber]) -> dict[str, list[str]]:
    """What a person said who confirmed a call, by the reason of the entry that it made."""
    calls = {e.reason.removeprefix(CONFIRMED): e.reason for e in held if e.reason.startswith(CONFIRMED)}
    said = (note for note in words_of(context.log, list(calls)) if note.review is Review.CONFIRMED)
    return {
        calls[note.call]: [f"“{seen.of_person(context, person, note.reason)}” {note.by}"]
        for note in said
        if note.reason
    }


def look(context: ConsoleContext, person: Person, now: datetime) -> tuple[list[ListedNumber], list[ListProposal]]:
    """Entries that hold and proposals, with numbers as somebody may see them."""
    entries = [
        replace(
            entry,
            number=context.number(entry.number, person),
            reason=entry.reason if is_code(entry.reason) else seen.of_person(context, person, entry.reason),
        )
        for entry in context.log.listed(now)
    ]
    proposals = [
        replace(proposal, number=context.number(proposal.number, person))
        for proposal in lists.proposed(context.log, now)
    ]
    return entries, proposals


async def add(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a number on a list.

    Raises:
        InputError: no such list, the number or the day of its end cannot be, or nobody says why.
    """
    sent = await form(request)
    until = filters.moment("expires", sent.get("expires", ""), context.zone)
    name, number = _list(sent.get("name", "")), sent.get("number", "")
    await run_in_threadpool(enlist, context, person, name, number, sent.get("reason", ""), until)
    return context.lead("/lists")


async def remove(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off a list.

    Raises:
        MissingError: it is not on it.
    """
    sent = await form(request)
    await run_in_threadpool(delist, context, person, _list(sent.get("name", "")), sent.get("number", ""))
    return context.lead("/lists")


async def accept(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a proposed number on its list.

    Raises:
        MissingError: it is not proposed any more.
    """
    sent = await form(request)
    await run_in_threadpool(accept_proposal, context, person, sent.get("number", ""))
    return context.lead("/lists")


async def take_off_ladder(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off the ladder.

    Raises:
        InputError: nobody can call from it.
    """
    await run_in_threadpool(lift_off, context, person, (await form(request)).get("number", ""))
    return context.lead("/lists")


def lift_off(context: ConsoleContext, person: Person, number: str) -> None:
    """Take a number off the ladder.

    Raises:
        MissingError: it does not stand there.
    """
    lists.lift(context.log, context.lines, context.settings.ladder, [number], _by(person))


def enlist(
    context: ConsoleContext, person: Person, name: ListName, number: str, reason: str, until: datetime | None
) -> None:
    """Put a number on a list.

    Raises:
        InputError: the number or its end cannot be, or nobody says why.
    """
    by = _by(person)
    lists.enlist(context.log, context.lines, [ListedNumber(name, number, reason, by.at, until)], by)


def delist(context: ConsoleContext, person: Person, name: ListName, number: str) -> None:
    """Take a number off a list.

    Raises:
        MissingError: it is not on it.
    """
    lists.delist(context.log, context.lines, name, [number], _by(person))


def accept_proposal(context: ConsoleContext, person: Person, number: str) -> None:
    """Put a number on the list that the log proposes.

    Raises:
        MissingError: it is not proposed any more.
    """
    by = _by(person)
    proposals = lists.proposed(context.log, by.at)
    lists.accept(context.log, context.lines, proposals, [number], by.at + lists.KEPT, by)


def _by(person: Person) -> By:
    return By(person.name, datetime.now(UTC), "console")


def _list(name: str) -> ListName:
    try:
        return ListName(name)
    except ValueError:
        raise InputError("there is no such list", f"there are: {', '.join(ListName)}", "name") from None
