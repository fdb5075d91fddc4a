"""The learning curve: what more hands, and more calls by them, lift."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

from screener.acts.net import ActsModel, Nets
from screener.core.evidence import Verdict
from screener.training.acts.build import GROUPS, PARALLEL, heard
from screener.training.acts.corpus import CorpusCall, grouped
from screener.training.acts.fit import ACTS, CALLS, EPOCHS, ROWS, fit, lesson
from screener.training.acts.measure import (
    ALLOWED,
    NEVER,
    Change,
    MeasuredCall,
    MeasuredCell,
    Share,
    Table,
    area,
    beyond,
    share,
)
from screener.training.acts.net import exported
from screener.training.acts.variants import cut

STEPS = (0.5, 0.25, 0.125)
"""Shares of the hands, and of each hand's calls, that are learned from, beside all."""
HEADS = ["hands", "calls", "found at 0.5 %", "of two thirds of the turns", "of a third", "area"]


@dataclass(frozen=True, slots=True)
class Step:
    """One net of the curve: what it learns from, and the calls by unheard hands that it is judged on."""

    learned: tuple[CorpusCall, ...]
    tests: tuple[CorpusCall, ...]


def curve(calls: Sequence[CorpusCall], shipped: ActsModel, seed: int = 1, epochs: int = EPOCHS) -> Iterator[Table]:
    """Tables by hands and by calls, each judged on the same group of hands, by one net.

    A call is found when it stands higher at its end, whole or cut off, than one in two hundred protected ones.

    Args:
        calls: the corpus that the shipped model learned from.
        shipped: its first net has learned from all of them but that group: the last row.
        seed: of the nets that learn from fewer.
        epochs: likewise.
    """
    group = grouped(calls, GROUPS)[0]
    known = [call for call in calls if call.hand not in group]
    tests = tuple(call for call in calls if call.hand in group)
    hands = sorted({call.hand for call in known}, key=lambda hand: hand[::-1])
    some = [set(hands[: round(step * len(hands))]) for step in STEPS]
    by_hands = [Step(tuple(c for c in known if c.hand in few), tests) for few in some]
    by_calls = [Step(tuple(known[:: round(1 / step)]), tests) for step in STEPS]
    # the longest first, so that no core waits for another
    pairs = [step for pair in zip(by_hands, by_calls, strict=True) for step in pair]
    with ProcessPoolExecutor(PARALLEL, get_context("spawn")) as pool:
        rows = list(pool.map(partial(_learned, seed=seed, epochs=epochs), pairs))
    first = replace(shipped, nets=Nets.of(shipped.nets.apart()[:1]), left_out=shipped.left_out[:1])
    assert set(first.left_out[0]) == set(group), "the shipped model learned from other calls"
    last = _row(first, Step(tuple(known), tests))
    yield f"by hands, judged on {', '.join(sorted(group))}", HEADS, [*reversed(rows[::2]), last]
    yield "by calls of all hands", HEADS, [*reversed(rows[1::2]), last]


def _learned(step: Step, seed: int, epochs: int) -> list[MeasuredCell]:
    net = fit([made for call in step.learned if (made := lesson(call))], seed, epochs)
    return _row(ActsModel("curve", ROWS, ACTS, CALLS, Nets.of([exported(net)]), ((),), 1.0, 0.0, 0.0), step)


def _row(model: ActsModel, step: Step) -> list[MeasuredCell]:
    whole, *parts = (_told(model, step.tests, change) for change in (lambda call: call, cut(2 / 3), cut(1 / 3)))
    hands = len({call.hand for call in step.learned})
    return [hands, len(step.learned), _found(whole), *map(_found, parts), area(whole)]


def _told(model: ActsModel, calls: Sequence[CorpusCall], change: Change) -> list[MeasuredCall]:
    def stands(call: CorpusCall) -> float:
        return next((h.leaning for h in reversed(heard(model, change(call)))), NEVER)

    return [MeasuredCall(call, Verdict.UNDECIDED, None, stands(call), None, ()) for call in calls]


def _found(told: Sequence[MeasuredCall]) -> Share:
    return share(passed for t, passed in beyond(told, ALLOWED[1]) if t.call.is_harassment)
