"""The agents: who is hit, who confirms, who overturns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from screener.core.evidence import Verdict
from screener.reports.facts import facts
from screener.reports.follow import BY_HAND, FLAGGED, JUDGED
from screener.reports.layout import BARS_MOST, Bars, Cell, Coded, Page, Sheet
from screener.reports.reader import Reader
from screener.reports.span import Marked, Span
from screener.store.log import CallLog
from screener.store.records import Review


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One person.

    Attributes:
        agent: as the PBX or the reviewer names them; empty stands for flagged calls that reached nobody.
        hit: flagged calls, not overturned, that the agent had on the line; one that went through several agents
            counts for each of them.
        by_hand: of these, handed over into the queue.
        confirmed: calls whose flag this person confirmed; a hand-over confirms.
        overturned: calls whose flag this person took back.
    """

    agent: str
    hit: int
    by_hand: int
    confirmed: int
    overturned: int


def agents(log: CallLog, span: Span) -> tuple[AgentRow, ...]:
    """Who is hit and who reviews, the most hit first.

    Raises:
        StoreError: the database failed.
    """
    with facts(log) as known:
        return count(known.marked(span))


def count(marked: Iterable[Marked]) -> tuple[AgentRow, ...]:
    """A row for everybody who occurs in marked calls."""
    hit: Counter[str] = Counter()
    by_hand: Counter[str] = Counter()
    reviews: dict[str, Counter[str]] = {Review.CONFIRMED: Counter(), Review.OVERTURNED: Counter()}
    had: dict[tuple[str, str], bool] = {}  # call and agent: handed over?
    said: set[tuple[str, str, str]] = set()
    for row in marked:
        if row.flagged:
            had[row.root, row.agent] = had.get((row.root, row.agent), False) or row.by_hand
        if row.verdict == Verdict.HARASSMENT and row.review in reviews:
            said.add((row.review, row.root, row.reviewed_by))
    reached = {root for root, agent in had if agent}
    for (root, agent), handed in had.items():
        if agent or root not in reached:
            hit[agent] += 1
            by_hand[agent] += handed
    for review, _root, person in said:
        reviews[review][person] += 1
    confirmed, overturned = reviews[Review.CONFIRMED], reviews[Review.OVERTURNED]
    people = {*hit, *confirmed, *overturned}
    rows = [AgentRow(who, hit[who], by_hand[who], confirmed[who], overturned[who]) for who in people]
    return tuple(sorted(rows, key=lambda row: (-row.hit, -row.confirmed, -row.overturned, row.agent)))


def agents_page(rows: Sequence[AgentRow], span: Span, reader: Reader) -> Page:
    """The report `agents`."""
    keys = ["agent", "hit", "by_hand", "confirmed", "overturned"]
    cells: list[list[Cell]] = [
        [row.agent or Coded(reader.word("nobody"), None), row.hit, row.by_hand, row.confirmed, row.overturned]
        for row in rows
    ]
    hit = [row for row in rows if row.agent and row.hit][:BARS_MOST]
    bars = Bars(
        reader.word("hit"),
        [row.agent for row in hit],
        [row.hit for row in hit],
        asks=[FLAGGED | {"person": row.agent} for row in hit],
    )
    asks = {"hit": FLAGGED, "by_hand": BY_HAND}
    asks |= {"confirmed": JUDGED | {"reviewed": "confirmed"}, "overturned": JUDGED | {"reviewed": "overturned"}}
    sheet = Sheet(
        reader.word("t_agents"), keys, reader.words(keys), cells, {"agent": "phone"}, "agents",
        row_asks=[{"person": row.agent} for row in rows], asks=asks,
    )  # fmt: skip
    return reader.page("t_agents", span, [sheet], [bars])
