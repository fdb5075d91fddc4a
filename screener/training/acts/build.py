"""Builds the model: a committee of nets, each of which has never heard some of the hands.

The hands are dealt into groups. For each group some nets learn from all the others; together they are the model.
What a net says of the hands that it never heard sets the bar, and lets anybody measure on the shipped model,
without learning anything again, how strangers' calls are judged (`screener.training.acts.measure`).
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from screener.acts.file import parse, serialize
from screener.acts.net import ActsModel, Array, Nets
from screener.core.dialogue_acts import Understood
from screener.core.judgement import Weights
from screener.training.acts.corpus import CorpusCall, grouped
from screener.training.acts.fit import ACTS, CALLS, EPOCHS, ROWS, Lesson, fit, lesson
from screener.training.acts.net import exported

GROUPS, VOTES = 4, 2
"""Groups of hands; nets for each, from beginnings of their own."""
PARALLEL = 2
"""Nets that learn at once, each on one core."""
ALLOWED = 0.005
"""Share of protected calls by unheard hands that may pass the bar at any of their turns."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a net is learned from: the lessons, the seed of everything random."""

    lessons: tuple[Lesson, ...]
    seed: int
    epochs: int


def build(
    calls: Sequence[CorpusCall],
    version: str,
    seed: int = 1,
    groups: int = GROUPS,
    votes: int = VOTES,
    epochs: int = EPOCHS,
) -> dict[str, bytes]:
    """The files of a model that has learned from these calls; the same calls and seed make the same bytes."""
    lessons = {call.id: made for call in calls if (made := lesson(call))}
    left_out = [group for group in grouped(calls, groups) for _ in range(votes)]
    plans = [
        Plan(tuple(lessons[c.id] for c in calls if c.hand not in group and c.id in lessons), seed + n, epochs)
        for n, group in enumerate(left_out)
    ]
    with ProcessPoolExecutor(PARALLEL, get_context("spawn")) as pool:
        nets = Nets.of(list(pool.map(_learned, plans)))
    weights = Weights()
    raw = ActsModel(
        version=version,
        syllables=ROWS,
        acts=ACTS,
        calls=CALLS,
        nets=nets,
        left_out=tuple(left_out),
        scale=1.0,
        offset=0.0,
        leaning=weights.prior,
    )
    rounded = parse(serialize(raw))  # what is measured is what is shipped
    scale, offset = calibrated(rounded, calls, weights)
    model = replace(rounded, scale=round(scale, 4), offset=round(offset, 4))
    return {"acts.bin": serialize(model), "acts.md": _card(model, calls, seed).encode()}


def _learned(plan: Plan) -> dict[str, Array]:
    return exported(fit(plan.lessons, plan.seed, plan.epochs))


def calibrated(model: ActsModel, calls: Sequence[CorpusCall], weights: Weights) -> tuple[float, float]:
    """Scale and offset: calls by unheard hands begin at the prior, and the bar is where the threshold is."""
    told = [(c, [h.leaning for h in heard(model.unheard(c.hand), c)]) for c in calls]
    begun = float(np.mean([leanings[0] for _, leanings in told if leanings]))
    passed = bar(np.array([max(leanings) for c, leanings in told if leanings and c.is_protected]), ALLOWED)
    scale = (weights.threshold - weights.prior) / (passed - begun)
    return scale, weights.threshold - scale * passed


def heard(model: ActsModel, call: CorpusCall) -> list[Understood]:
    """What a model makes of each turn of a call."""
    memory, found = model.begin(), []
    for turn in call.turns:
        if turn.syllables:
            memory, understood = model.hear(memory, turn.speaker, turn.syllables)
            found.append(understood)
    return found


def bar(protected: NDArray[np.float64], allowed: float) -> float:
    """What at most that share of protected calls pass."""
    ordered = np.sort(protected)[::-1]
    return float(ordered[int(allowed * len(ordered))])


CARD = """\
# Data card of acts.bin, version {version}

What it is: {nets} small nets (convolutions and attention over toneless syllables, a gated recurrent unit over the
call, {weights:,} weights each, signed bytes) that hear what caller and agent do and how the call stands. Made by
`python -m screener.training.acts fit` from seed {seed}; the same machine makes the same bytes.

Learned from: {calls:,} whole calls by {hands} independent hands (`screener/training/acts/corpus`, the
project's own, GPL-3.0-or-later): {labels}.
Every call is written; none is a recording of a person. Nothing else was learned from, but for how sherpa-onnx
mishears (`confused.toml`), as which calls are disturbed while they are learned.

Each net never heard a part of the hands; what it says of them sets the bar: at most {allowed:.1%} of protected
calls by unheard hands may pass it at any of their turns.

| net | hands that it never heard |
|---|---|
{left_out}

Limits: written Mandarin as a recogniser would print it, non-graphic; real callers are ruder, recognisers err in
other ways. Measure with `screener evaluate --hands`, and on your own log with `screener sample`.
"""


def _card(model: ActsModel, calls: Sequence[CorpusCall], seed: int) -> str:
    labels = Counter(call.label for call in calls)
    return CARD.format(
        version=model.version,
        nets=len(model.nets),
        weights=sum(array.size for array in model.nets.apart()[0].values()),
        seed=seed,
        calls=len(calls),
        hands=len({c.hand for c in calls}),
        labels=", ".join(f"{count} {label}" for label, count in labels.most_common()),
        allowed=ALLOWED,
        left_out="\n".join(f"| {n} | {', '.join(hands)} |" for n, hands in enumerate(model.left_out, start=1)),
    )
