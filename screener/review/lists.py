"""Who is put on a list, and who is taken off it or off the ladder: decided here, whoever acts, by whatever way.

The rules:

1. Whoever is put on a list can call: the number is a whole one, or a user of the site. Lists hold its one form.
2. Whoever lists a number says why, in one line of at most `outside.text.WORDS_MOST` characters; a file that is
   taken over need not. An entry ends in time to come, or never.
3. The access record comes first: each number, with who, when, and the way that it came. What cannot be put on
   record is not done.
4. Numbers are listed all or none. Of those that are taken off, each that was there is; the others are told.
5. The log proposes numbers with `FLAGS_LEAST` flags within `DAYS`; one that a person accepts stays for `KEPT`. Who
   asks at the command line may say others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from screener.core.ladder import Ladder
from screener.errors import InputError, MissingError
from screener.events import ListName
from screener.numbers.named import WRONG, proper, proper_reason
from screener.outside.text import in_one_line
from screener.reports.span import Span
from screener.review.by import By
from screener.review.suggest import ListProposal, suggest
from screener.store import ladder as store
from screener.store.log import CallLog
from screener.store.records import Access, ListedNumber

if TYPE_CHECKING:
    from screener.numbers.identify import Lines

DAYS = 90
FLAGS_LEAST = 3
KEPT = timedelta(days=180)
IN_A_NOTE = 50
"""Numbers of one line of the access record."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What came of the numbers of a file.

    Attributes:
        new: numbers that are listed now and were not.
        known: numbers that were listed already; their newer reason and end hold.
        refused: lines whose number can be nobody's, and why.
        ended: entries whose end is past.
    """

    new: int
    known: int
    refused: tuple[tuple[int, str], ...]
    ended: int


def enlist(log: CallLog, lines: "Lines", entries: Sequence[ListedNumber], by: By) -> tuple[ListedNumber, ...]:
    """Put numbers on lists; the newer reason and expiry of a number hold.

    Args:
        log: of the site.
        lines: knows numbers in any writing, as `entries` have them.
        entries: of one list or more.
        by: who does so.

    Returns:
        The entries as they are listed.

    Raises:
        InputError: a number or an end cannot be, or nobody says why; then nothing is listed.
        StoreError: the database failed.
    """
    said = [replace(entry, reason=proper_reason(entry.reason)) for entry in entries]
    if any(_has_ended(entry, by) for entry in said):
        raise InputError("the end is past", "choose a day to come", "expires")
    return _enlist(log, [replace(entry, number=proper(lines, entry.number.strip())) for entry in said], by)


def take_over(log: CallLog, lines: "Lines", entries: Iterable[tuple[int, ListedNumber]], by: By) -> TakenOver:
    """Put the numbers of a file on lists, with the reasons that it has; what cannot be listed is left out.

    Args:
        log: of the site.
        lines: knows numbers in any writing.
        entries: each with its line in the file; the last one of a number holds.
        by: who does so.

    Raises:
        StoreError: the database failed; then nothing is listed.
    """
    good: dict[tuple[ListName, str], ListedNumber] = {}
    refused: list[tuple[int, str]] = []
    ended = 0
    for line, entry in entries:
        number, wrong = lines.normal_or_wrong(entry.number.strip())
        if wrong:
            refused.append((line, WRONG[wrong]))
        elif _has_ended(entry, by):
            ended += 1
        else:
            good[entry.name, number] = replace(entry, number=number)
    held = {(entry.name, entry.number) for entry in log.listed(by.at)} if good else set()
    _enlist(log, list(good.values()), by)
    return TakenOver(len(good.keys() - held), len(good.keys() & held), tuple(refused), ended)


def _has_ended(entry: ListedNumber, by: By) -> bool:
    return entry.expires_at is not None and entry.expires_at <= by.at


def delist(log: CallLog, lines: "Lines", name: ListName, numbers: Sequence[str], by: By) -> None:
    """Take numbers, in any writing, off a list.

    Raises:
        MissingError: some are not on it; the others are off it now.
        StoreError: the database failed.
    """
    known = _known(lines, numbers)
    _note(log, f"list {name} remove", known, by)
    if missing := [number for number in known if not log.delist(name, number)]:
        raise MissingError(f"not on that list: {', '.join(missing)}", f"see: screener list {name} show", "number")


def proposed(log: CallLog, at: datetime, days: int = DAYS, flags: int = FLAGS_LEAST) -> tuple[ListProposal, ...]:
    """The numbers that ought to be on a list.

    Args:
        log: of the site.
        at: now; aware.
        days: so far back it looks.
        flags: that a number has at least.

    Raises:
        StoreError: the database failed.
    """
    return suggest(log, Span(since=at - timedelta(days=days)), flags, at)


def accept(
    log: CallLog,
    lines: "Lines",
    proposals: Sequence[ListProposal],
    numbers: Sequence[str],
    until: datetime | None,
    by: By,
) -> tuple[ListedNumber, ...]:
    """Put numbers, in any writing, on the lists that are proposed for them, until then.

    Raises:
        InputError: the end is past.
        MissingError: one is not proposed, or no more; then nothing is listed.
        StoreError: the database failed.
    """
    chosen = set(_known(lines, numbers))
    if missing := chosen - {proposal.number for proposal in proposals}:
        raise MissingError(f"not proposed: {', '.join(sorted(missing))}", "see: screener list suggest", "number")
    return _enlist(
        log,
        [ListedNumber(p.name, p.number, p.reason(by.who), by.at, until) for p in proposals if p.number in chosen],
        by,
    )


def lift(log: CallLog, lines: "Lines", ladder: Ladder, numbers: Sequence[str], by: By) -> tuple[str, ...]:
    """Take numbers, in any writing, off the ladder: what was confirmed until now takes them up no more.

    Returns:
        The numbers in their one form.

    Raises:
        InputError: nobody can call from one of them; then nothing is done.
        MissingError: some do not stand on it; the others are off it now.
        StoreError: the database failed.
    """
    known = tuple(proper(lines, number.strip()) for number in numbers)
    _note(log, "list lift", known, by)
    if missing := [number for number in known if not store.lift(log, ladder, number, by.who, by.at)]:
        raise MissingError(f"not on the ladder: {', '.join(missing)}", "see: screener list ladder", "number")
    return known


def _enlist(log: CallLog, entries: Sequence[ListedNumber], by: By) -> tuple[ListedNumber, ...]:
    listed = tuple(replace(entry, reason=in_one_line(entry.reason)) for entry in entries)
    for name in ListName:
        _note(log, f"list {name} add", [entry.number for entry in listed if entry.name is name], by)
    log.enlist(*listed)
    return listed


def _known(lines: "Lines", numbers: Sequence[str]) -> list[str]:
    """In their one form, each once; what has none stays: it may have been listed when it had."""
    return list(dict.fromkeys(lines.normal(number.strip()) or number.strip() for number in numbers))


def _note(log: CallLog, action: str, numbers: Sequence[str], by: By) -> None:
    some = [numbers[start : start + IN_A_NOTE] for start in range(0, len(numbers), IN_A_NOTE)]
    log.note_access(*(Access(by.at, by.who, action, " ".join(few), by.way) for few in some))
