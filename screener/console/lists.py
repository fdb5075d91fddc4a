"""名单: who is on which list, why and until when; what the log proposes, for a person to accept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from screener.console import asked, seen
from screener.console.body import form
from screener.console.context import ConsoleContext
from screener.console.logins import Person
from screener.errors import InputError, MissingError
from screener.events import ListName
from screener.numbers.named import proper, proper_reason
from screener.outside.text import visible
from screener.reports.span import Span
from screener.review.suggest import ListProposal, suggest
from screener.store.ladder import lift, standings
from screener.store.records import Access, ListedNumber
from screener.words.judgement import is_code, list_reason

LOOK_BACK = timedelta(days=90)
FLAGS_LEAST = 3
"""Flags of a number within that time before it is proposed, as on the command line."""
KEPT = timedelta(days=180)
"""How long an accepted proposal stays."""
_OFFERED = (ListName.BLOCK, ListName.WATCH, ListName.ALLOW)
"""Whoever is in a hurry does not let a caller through by mistake."""


async def page(context: ConsoleContext, person: Person, _request: Request) -> Response:
    """All entries that hold, and the proposals."""

    def made() -> Response:
        whole = context.sees_whole_numbers(person)
        held, proposed = look(context, person, datetime.now(UTC))
        entries = [
            {
                "name": entry.name.value,
                "number": entry.number,
                "whole": entry.number if whole else "",
                "reason": visible(list_reason(entry.reason, context.teller.lang)),
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
        for proposal in suggest(context.log, Span(since=now - LOOK_BACK), FLAGS_LEAST, now)
    ]
    return entries, proposals


async def add(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a number on a list.

    Raises:
        InputError: no such list, the number or the day of its end cannot be, or nobody says why.
    """
    sent = await form(request)
    until = asked.moment(sent.get("expires", ""), context.zone)
    name, number = _list(sent.get("name", "")), sent.get("number", "")
    await run_in_threadpool(enlist, context, person, name, number, sent.get("reason", ""), until)
    return RedirectResponse("/lists", 303)


async def remove(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off a list.

    Raises:
        MissingError: it is not on it.
    """
    sent = await form(request)
    await run_in_threadpool(delist, context, person, _list(sent.get("name", "")), sent.get("number", ""))
    return RedirectResponse("/lists", 303)


async def accept(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Put a proposed number on its list.

    Raises:
        MissingError: it is not proposed any more.
    """
    sent = await form(request)
    await run_in_threadpool(accept_proposal, context, person, sent.get("number", ""))
    return RedirectResponse("/lists", 303)


async def take_off_ladder(context: ConsoleContext, person: Person, request: Request) -> Response:
    """Take a number off the ladder.

    Raises:
        InputError: nobody can call from it.
    """
    await run_in_threadpool(lift_off, context, person, (await form(request)).get("number", ""))
    return RedirectResponse("/lists", 303)


def lift_off(context: ConsoleContext, person: Person, number: str) -> None:
    """Take a number off the ladder, and that on record.

    Raises:
        MissingError: it does not stand there.
    """
    number = proper(context.lines, number.strip())
    access = Access(datetime.now(UTC), person.name, "list lift", number, "console")
    lift(context.log, context.settings.ladder, number, access)


def enlist(
    context: ConsoleContext, person: Person, name: ListName, number: str, reason: str, until: datetime | None
) -> None:
    """Put a number on a list, and that on record.

    Raises:
        InputError: the number or its end cannot be, or nobody says why.
    """
    now = datetime.now(UTC)
    number = proper(context.lines, number.strip())
    if until is not None and until <= now:
        raise InputError("the end is past", "choose a day to come")
    _enlist(context, person, ListedNumber(name, number, proper_reason(reason), now, until))


def delist(context: ConsoleContext, person: Person, name: ListName, number: str) -> None:
    """Take a number off a list, and that on record.

    Raises:
        MissingError: it is not on it.
    """
    _note(context, person, f"list {name} remove", number)
    if not context.log.delist(name, number):
        raise MissingError("that number is not on the list", "load the page again")


def accept_proposal(context: ConsoleContext, person: Person, number: str) -> None:
    """Put a number on the list that the log proposes.

    Raises:
        MissingError: it is not proposed any more.
    """
    now = datetime.now(UTC)
    found = suggest(context.log, Span(since=now - LOOK_BACK), FLAGS_LEAST, now)
    proposal = next((one for one in found if one.number == number), None)
    if proposal is None:
        raise MissingError("that number is not proposed", "load the page again")
    entry = ListedNumber(proposal.name, number, proposal.reason(person.name), now, now + KEPT)
    _enlist(context, person, entry)


def _enlist(context: ConsoleContext, person: Person, entry: ListedNumber) -> None:
    _note(context, person, f"list {entry.name} add", entry.number)
    context.log.enlist(entry)


def _note(context: ConsoleContext, person: Person, action: str, number: str) -> None:
    context.log.note_access(Access(datetime.now(UTC), person.name, action, number[:100], "console"))


def _list(name: str) -> ListName:
    try:
        return ListName(name)
    except ValueError:
        raise InputError("there is no such list", f"there are: {', '.join(ListName)}") from None
