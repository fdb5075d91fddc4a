"""What it does when a person confirms a flag or takes it back: decided here, whoever acts, by whatever way.

The rules:

1. A word is about a whole call: all flagged rows of it, screened in path, heard beside an agent or handed over.
   A row that is still going on is among them when the word takes it back.
2. A call without a flag cannot be confirmed or overturned, but for a person who looks at a sample of such calls:
   then it was missed, or rightly let go.
3. The newest word holds; each word is kept with its row: who said it, when, why and by what way, and in the access
   record. What cannot be put on record is not done. A word that does not know of the newest one is not taken: who
   says it is told, and may say it anew.
4. Confirmed: the number goes onto the watch list, unless that is not wanted, it is withheld, or it is on a list
   already; the entry's reason is the call's id, in a form that this module knows again.
5. Overturned: an entry of rule 4 goes, unless another call of the number is still confirmed. What a person put
   onto a list stays there.
6. Undone (`Review.NONE`): the flag is as if nobody had said anything; the entry of rule 4 goes as in rule 5.
7. Whoever acts for the PBX brings a caller who is still there back to the agents.
8. An agent's hand-over (`*77`, 900) confirms its own row, as it is written (`store.insert.tidy`): row and word are
   one write, and the row itself is the record of who, when and by what way. It alone has no line of its own in
   the access record (an agent's `*78` has one, by rule 3): nothing was looked up, and a line that is written apart
   could be there without its row, or hold up a caller. It counts in the number's history, but puts it onto no
   list, for one key pressed in the middle of a call is no second look; a person who confirms the call afterwards
   does, by rule 4, and whoever takes it back does so by rules 5 and 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.events import ListName
from screener.outside.text import in_one_line
from screener.store.log import CallLog
from screener.store.records import Access, CallRecord, ListedNumber, Review

CONFIRMED = "confirmed:"
"""Begins the reason of a list entry that a confirmation made; the call's id follows."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says.

    Attributes:
        review: confirmed, overturned, or none: an earlier word is undone.
        by: who.
        at: when; aware.
        way: how it came: `screener review`, `agent's key`; stands in the access record.
        watch: put a confirmed number onto the watch list.
        reason: why, in the person's own words; stands with the call and in the access record.
        knows: the `mark` of the words that the person has seen; None where that is not asked.
    """

    review: Review
    by: str
    at: datetime
    way: str
    watch: bool = True
    reason: str = ""
    knows: str | None = None


class AnotherWordError(InputError):
    """Somebody else has spoken since the person looked: they are told, and must say it anew."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What followed.

    Attributes:
        rows: of the log, that hold the word now.
        listed: the number that went onto the watch list; empty when none did. Likewise `delisted`.
    """

    rows: tuple[CallRecord, ...]
    listed: str = ""
    delisted: str = ""


_ACTIONS = {Review.CONFIRMED: "confirm", Review.OVERTURNED: "overturn", Review.NONE: "undo"}


def mark(rows: Sequence[CallRecord]) -> str:
    """Tells the newest word about a call, of which these are all rows, from every other."""
    return max((row.reviewed_at.isoformat() for row in rows if row.reviewed_at), default="")


def is_flag(row: CallRecord) -> bool:
    """Whether a row of the log holds a flag."""
    return row.verdict is Verdict.HARASSMENT or row.flagged_at is not None


def rule(log: CallLog, call_id: str, word: Word, *, unflagged: bool = False) -> Ruling:
    """Carry a word out about the call that an id (or its beginning) names.

    Raises:
        InputError: there is no such call, it was not flagged, or somebody has spoken since (`AnotherWordError`).
        StoreError: the database failed.
    """
    every = log.rows_of(log.call(call_id).id)
    if word.knows is not None and word.knows != mark(every):
        raise AnotherWordError(f"somebody else has reviewed {call_id} meanwhile", "look at the call again")
    rows = [row for row in every if is_flag(row)]
    if unflagged and not rows:
        rows = [row for row in every if row.verdict is not None]
        if not rows and any(row.ended_at is None for row in every):
            lost = "goes on, or its service was killed and its end and evidence are not in the log"
            raise InputError(f"{call_id} {lost}", "see: screener explain")
        if not rows:
            raise InputError(f"{call_id} was never judged", "see: screener calls list")
    if not rows:
        raise InputError(f"{call_id} was not flagged", "see: screener calls list --verdict harassment")
    return rule_on(log, rows, word)


def rule_on(log: CallLog, rows: Sequence[CallRecord], word: Word) -> Ruling:
    """The same about rows that are known already: at least one, all of one call.

    Raises:
        StoreError: the database failed; it may be said again.
    """
    action = _ACTIONS[word.review]
    reason = in_one_line(word.reason)
    subject = " ".join([*(row.id for row in rows), *([f"({reason})"] if reason else [])])
    log.note_access(Access(word.at, word.by, f"review {action}", subject, word.way))
    for row in rows:
        log.review(row.id, word.review, word.by, word.at, word.way, reason)
    number = next((row.number for row in rows if row.number), "")
    held = {entry.name: entry for entry in log.listed(word.at) if entry.number == number} if number else {}
    if word.review is Review.CONFIRMED:
        if not number or not word.watch or held:
            return Ruling(tuple(rows))
        reason = f"{CONFIRMED}{rows[0].id}"
        log.enlist(ListedNumber(ListName.WATCH, number, reason, word.at))
        return Ruling(tuple(rows), listed=number)
    entry = held.get(ListName.WATCH)
    ours = entry is not None and entry.reason.startswith(CONFIRMED)
    still = any(flag.review is Review.CONFIRMED for flag in log.flags_of(number)) if ours else False
    if not ours or still:
        return Ruling(tuple(rows))
    log.delist(ListName.WATCH, number)
    return Ruling(tuple(rows), delisted=number)
