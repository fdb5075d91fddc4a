"""Which numbers ought to be on a list: proposals from the log, for a person to accept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from screener.events import ListName
from screener.outside.text import is_number
from screener.reports.facts import facts
from screener.reports.span import Marked, Span
from screener.store.log import CallLog
from screener.store.records import Review

CONFIRMED_FOR_BLOCK = 2
"""Flags that people confirmed before a block is proposed; below it, a watch."""


@dataclass(frozen=True, slots=True)
class ListProposal:
    """A number that should be listed.

    Attributes:
        flags: its flagged calls in the span; `confirmed` of them by a person.
        kind: the most frequent kind, empty when none is known.
        last: its last flagged call, to the second.
    """

    name: ListName
    number: str
    flags: int
    confirmed: int
    kind: str
    last: datetime

    def reason(self, who: str) -> str:
        """Why the number is on a list once somebody has accepted it, as `words.judgement.list_reason` reads it."""
        return f"suggested:{self.flags}:{self.confirmed}:{who}"


def suggest(log: CallLog, span: Span, least: int, at: datetime) -> tuple[ListProposal, ...]:
    """Numbers with at least so many flags, none ever overturned, without one genuine call, on no list yet.

    Raises:
        StoreError: the database failed.
    """
    listed = {entry.number for entry in log.listed(at)}
    with facts(log) as known:
        found = propose(known.marked(span), listed, least)
        genuine = known.genuine([proposal.number for proposal in found])
    return tuple(proposal for proposal in found if proposal.number not in genuine)


def propose(marked: Iterable[Marked], listed: Set[str], least: int) -> list[ListProposal]:
    """Proposals from marked calls, oldest first; the most flagged number comes first."""
    calls: defaultdict[str, dict[str, Marked]] = defaultdict(dict)
    doubtful = set(listed)
    for row in marked:
        if row.review == Review.OVERTURNED:
            doubtful.add(row.number)
        elif row.flagged and is_number(row.number):
            kept = calls[row.number].setdefault(row.root, row)
            if kept.review != Review.CONFIRMED:
                calls[row.number][row.root] = row
    proposals = [
        _proposal(number, list(flags.values()))
        for number, flags in calls.items()
        if len(flags) >= least and number not in doubtful
    ]
    return sorted(proposals, key=lambda p: (-p.flags, -p.confirmed, p.number))


def _proposal(number: str, flags: list[Marked]) -> ListProposal:
    confirmed = sum(call.review == Review.CONFIRMED for call in flags)
    kinds = Counter(call.kind for call in flags if call.kind)
    return ListProposal(
        ListName.BLOCK if confirmed >= CONFIRMED_FOR_BLOCK else ListName.WATCH,
        number,
        len(flags),
        confirmed,
        kinds.most_common(1)[0][0] if kinds else "",
        datetime.fromtimestamp(flags[-1].second, UTC),
    )
