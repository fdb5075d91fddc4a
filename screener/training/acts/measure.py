"""How the shipped model judges calls by hands that none of its judging nets ever heard.

Every call goes through the session that serves live calls, turn by turn; it is flagged when any moment of it is,
or when it stands so once it is over. Of the committee only those nets speak that never learned from the call's
hand; the bar of a hand is fixed on the others.
"""

import gzip
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import NoReturn
from zoneinfo import ZoneInfo

from screener.acts.net import ActsModel
from screener.core.evidence import Assessment, Evidence, Kind, Reason, Source, Standing, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement, Weights
from screener.core.scoring import assess, carries, threshold
from screener.core.signals import taken_back
from screener.events import Caller, Entrance
from screener.intervals import wilson
from screener.replay.run import EPOCH, RecordedCall, Replayer
from screener.replay.run import Turn as Said
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import FOLDER, KEPT, CorpusCall, hands

UTC = ZoneInfo("UTC")
NEVER = -99.0
"""Margin of a call in which nothing was ever weighed."""


@dataclass(frozen=True, slots=True)
class MeasuredCall:
    """A call, and what was made of it.

    Attributes:
        verdict, kind: as the session decided.
        margin: the most that its score was ever above what is asked of its kind, while it lasted and once it was
            over, while the caller carried it.
        flagged_turn: the turn, from 1, after which it was flagged; None for never.
        evidence: everything found, in the order of time.
        afterwards: it was flagged only once it was over.
        in_path: whether a machine answered.
    """

    call: CorpusCall
    verdict: Verdict
    kind: Kind | None
    margin: float
    flagged_turn: int | None
    evidence: tuple[Evidence, ...]
    afterwards: bool = False
    in_path: bool = False

    @property
    def flagged(self) -> bool:
        """Whether the session flagged it."""
        return self.verdict is Verdict.HARASSMENT

    @property
    def flagged_live(self) -> bool:
        """Whether it did while the call lasted, so that something could be done."""
        return self.flagged and not self.afterwards


Change = Callable[[CorpusCall], CorpusCall]


def told(
    calls: Iterable[CorpusCall],
    judgement: Judgement,
    change: Change = lambda call: call,
    in_path: Container[str] | None = None,
) -> Iterator[MeasuredCall]:
    """Judge calls, each as `change` makes it.

    Args:
        calls: of any hands.
        judgement: with all nets.
        change: what becomes of each beforehand.
        in_path: hands whose callers a machine answers; None for what the manifests say.
    """
    acts = judgement.acts
    if in_path is None:
        in_path = {hand.name for folder in (FOLDER, KEPT) for hand in hands(folder) if hand.in_path}
    of_hand = {}
    for original in calls:
        call = change(original)
        if call.hand not in of_hand:
            entrance = Entrance.IN_PATH if call.hand in in_path else Entrance.REPLAY
            nets = acts.unheard(call.hand) if isinstance(acts, ActsModel) else acts
            of_hand[call.hand] = replace(judgement, acts=nets, weights=judgement.weights.at(entrance))
        yield _judged(call, of_hand[call.hand], in_path=call.hand in in_path)


def _judged(call: CorpusCall, judgement: Judgement, *, in_path: bool) -> MeasuredCall:
    begins = EPOCH if call.hour is None else EPOCH + timedelta(hours=call.hour - EPOCH.hour)
    turns = tuple(Said(t.speaker, t.text) for t in call.turns)
    replayer = Replayer(judgement, Flow(), UTC, lambda _: Caller(), syllables, load_no_recogniser)
    outcome = replayer.replay(RecordedCall(call.id, begins, "", call.line, turns))
    decision, marks = outcome.decision, list(margins(outcome.evidence, judgement.weights))
    flagged = decision.verdict is Verdict.HARASSMENT
    turn = None
    if flagged:
        turn = sum(e.source is Source.ACTS and e.at <= decision.at for e in outcome.evidence)
    afterwards = decision.reason.startswith(Reason.AFTERWARDS)
    margin = max(marks, default=NEVER)
    return MeasuredCall(call, decision.verdict, decision.kind, margin, turn, outcome.evidence, afterwards, in_path)


def margins(evidence: Iterable[Evidence], weights: Weights) -> Iterator[float]:
    """How far the score is above what is asked of its kind, after each utterance and once the call is over.

    Only where the caller carries it and nothing protects.
    """
    known: list[Evidence] = []
    now = None
    for at, moment in groupby(evidence, lambda piece: piece.at):
        for piece in moment:
            if rule := taken_back(piece.rule):
                known.remove(next(e for e in reversed(known) if e.rule == rule))
            else:
                known.append(piece)
        now = assess(known, at, weights)
        yield from _above(now, weights)
    if now:
        yield from _above(now, weights.when_over())


def _above(now: Assessment, weights: Weights) -> Iterator[float]:
    if now.kind and not now.vetoes and carries(now.evidence, weights) >= weights.carry:
        yield now.score - threshold(now.kind, weights)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    total: int

    def __str__(self) -> str:
        if not self.total:
            return "-"
        low, high = wilson(self.hits, self.total)
        return f"{self.hits}/{self.total} {self.hits / self.total:.1%} ({low:.1%}-{high:.1%})"


def share(found: Iterable[bool]) -> Share:
    """How many of them."""
    counted = list(found)
    return Share(sum(counted), len(counted))


def beyond(judged: Sequence[MeasuredCall], allowed: float) -> list[tuple[MeasuredCall, bool]]:
    """Each call, and whether it passes the bar that so many protected calls of the other hands pass."""
    bars: dict[str, float] = {}
    for hand in {t.call.hand for t in judged}:
        others = sorted((t.margin for t in judged if t.call.is_protected and t.call.hand != hand), reverse=True)
        bars[hand] = others[int(allowed * len(others))] if others else 0.0
    return [(t, t.margin > bars[t.call.hand]) for t in judged]


def area(judged: Sequence[MeasuredCall]) -> float | None:
    """Under the curve of harassment against protected calls (Mann and Whitney); None without both."""
    bad = [t.margin for t in judged if t.call.is_harassment]
    good = sorted(t.margin for t in judged if t.call.is_protected)
    if not bad or not good:
        return None
    won = sum((bisect_left(good, m) + bisect_right(good, m)) / 2 for m in bad)
    return round(won / len(bad) / len(good), 3)


MeasuredCell = str | int | float | Share | None
Table = tuple[str, list[str], list[list[MeasuredCell]]]
"""Title, heads, rows."""
ALLOWED = (0.0, 0.005)


def tables(judged: Sequence[MeasuredCall]) -> Iterator[Table]:
    """By hand, by kind, by label, and how early."""
    marks = {allowed: {t.call.id: passed for t, passed in beyond(judged, allowed)} for allowed in ALLOWED}

    def row(name: str, of: Sequence[MeasuredCall]) -> list[MeasuredCell]:
        bad = [t for t in of if t.call.is_harassment]
        good = [t for t in of if t.call.is_protected]
        cells: list[MeasuredCell] = [
            name,
            *(share(t.flagged_live for t in of) for of in (bad, good)),
            *(share(t.flagged for t in of) for of in (bad, good)),
        ]
        for allowed in ALLOWED:
            passed = marks[allowed]
            cells += [share(passed[t.call.id] for t in bad), share(passed[t.call.id] for t in good)]
        return [*cells, area(of)]

    heads = [
        *("found while it lasts", "protected flagged", "found by its end", "protected by its end"),
        *("found at 0 %", "protected at 0 %"),
        *("found at 0.5 %", "protected at 0.5 %", "area"),
    ]
    rows = [row(h, [t for t in judged if t.call.hand == h]) for h in sorted({t.call.hand for t in judged})]
    ways = [("an agent answers", False), ("a machine answers", True)]
    rows += [row(name, of) for name, way in ways if (of := [t for t in judged if t.in_path is way])]
    yield "each hand by nets that never heard it", ["hand", *heads], [*rows, row("all", judged)]
    kinds = sorted({t.call.label for t in judged if t.call.is_harassment})
    yield (
        "by kind",
        ["kind", *heads[::2][:4], "named so when flagged"],
        [
            [
                kind,
                share(t.flagged_live for t in of),
                share(t.flagged for t in of),
                *(share(marks[a][t.call.id] for t in of) for a in ALLOWED),
                share(t.kind is Kind(kind) for t in of if t.flagged),
            ]
            for kind in kinds
            for of in [[t for t in judged if t.call.label == kind]]
        ],
    )
    labels = [s.value for s in Standing]
    yield (
        "what must not be flagged, by label",
        ["label", "flagged", *(v.value for v in Verdict if v is not Verdict.HARASSMENT)],
        [
            [
                label,
                share(t.flagged for t in of),
                *(share(t.verdict is v for t in of) for v in Verdict if v is not Verdict.HARASSMENT),
            ]
            for label in labels
            for of in [[t for t in judged if t.call.label == label]]
        ],
    )
    lags = sorted(lag for t in judged if t.flagged_live and (lag := _lag(t)) is not None)
    if lags:
        early: list[MeasuredCell] = [
            len(lags),
            lags[len(lags) // 2],
            share(lag <= 3 for lag in lags),
            share(lag < 0 for lag in lags),
            share(not t.afterwards for t in judged if t.flagged),
            share(t.flagged_turn != len(t.call.turns) for t in judged if t.flagged),
        ]
        heads = ["flags", "turns after it is known, median", "within 3", "before it is known"]
        heads += ["of all flags before the end", "before the last turn"]
        yield "how early", heads, [early]


def _lag(told: MeasuredCall) -> int | None:
    call = told.call
    if not call.is_harassment or call.known_at is None or told.flagged_turn is None:
        return None
    return told.flagged_turn - call.known_at


def summary(name: str, judged: Sequence[MeasuredCall]) -> list[MeasuredCell]:
    """One row of a table of variants."""
    passed = {t.call.id: p for t, p in beyond(judged, ALLOWED[1])}
    bad, good = [t for t in judged if t.call.is_harassment], [t for t in judged if t.call.is_protected]
    abusive = [t for t in judged if t.call.label == Standing.ABUSIVE_COMPLAINT]
    return [
        name,
        *(share(t.flagged_live for t in of) for of in (bad, good)),
        *(share(t.flagged for t in of) for of in (bad, good)),
        share(passed[t.call.id] for t in bad),
        share(t.flagged for t in abusive),
        area(judged),
    ]


SUMMARY_TITLE = "cut off, disturbed, without a part ({} calls)"
SUMMARY = [
    *("variant", "found while it lasts", "protected flagged", "found by its end", "protected by its end"),
    *("found at 0.5 %", "abusive flagged", "area"),
]


def nearest(judged: Sequence[MeasuredCall], count: int) -> bytes:
    """Evidence of the protected calls that come nearest to the bar, as `screener tune` reads it."""
    good = sorted(
        (t for t in judged if t.call.is_protected and not t.flagged_live), key=lambda t: (-t.margin, t.call.id)
    )
    lines = (
        json.dumps([asdict(replace(e, span="")) for e in t.evidence], separators=(",", ":")) for t in good[:count]
    )
    return gzip.compress("".join(line + "\n" for line in lines).encode(), 9, mtime=0)


def load_no_recogniser() -> NoReturn:
    """Calls of the corpus are text."""
    raise AssertionError("a call of the corpus has no audio")
