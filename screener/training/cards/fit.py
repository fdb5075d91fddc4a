"""Learns the types: softmax regression by Adam (Kingma and Ba, 2015), numpy only, minutes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from screener.acts.caller_types import (
    EASY,
    GRAMS,
    LENGTHS,
    NETS,
    REMEMBERED,
    SIZES,
    LearnedCallerTypes,
    Spoken,
    grams_of,
    heard,
    measures,
)
from screener.acts.net import ActsModel, Array
from screener.events import Speaker
from screener.speech.pinyin import syllables
from screener.training.cards.written import WrittenCall

SEEN = 2
"""Calls that must hold a gram."""
STEPS, RATE, DECAY = 300, 0.03, 3e-4


@dataclass(frozen=True, slots=True)
class TurnSample:
    """A call after one of the caller's turns; all samples of a call weigh one together."""

    kind: str
    spoken: Spoken
    weight: float


def samples(found: Sequence[WrittenCall], acts: ActsModel) -> list[list[TurnSample]]:
    """Each call after turns of the caller: an easy one after every one, any other from where its type is known on.

    Of the others as many turns as are remembered. All calls of a type weigh one.
    """
    made = []
    sizes = Counter(call.kind for call in found)
    for call in found:
        spoken: Spoken = ()
        after: list[Spoken] = []
        for who, words in call.turns:
            if sounds := syllables(words):
                spoken = heard(acts, spoken, Speaker.AGENT if who == "A" else Speaker.CALLER, sounds)
                after += [spoken] if who == "C" else []
        if call.kind != EASY:
            after = after[call.known - 1 :][:REMEMBERED]
        made.append([TurnSample(call.kind, one, 1 / len(after) / sizes[call.kind]) for one in after])
    return made


def fit(found: Sequence[WrittenCall], ordinary: Sequence[WrittenCall], acts: ActsModel) -> LearnedCallerTypes:
    """Learn from calls; the same calls give the same model.

    Args:
        found: beginnings of calls by callers of each type, easy ones too.
        ordinary: whole calls by easy callers: what is said in the middle of a call and at its end needs no card.
        acts: the model of acts that it is learned over.
    """
    begun = samples(found, acts)
    given = list(chain(*begun, *samples(ordinary, acts)))
    names = tuple(sorted({call.kind for call in found}))
    held = Counter(chain(*(frozenset(chain(*(grams_of(s.spoken) for s in call))) for call in begun)))
    known = sorted(gram for gram, number in held.items() if number >= SEEN)
    calls = len(found)
    rarity = {gram: (row, float(np.log(calls / held[gram]))) for row, gram in enumerate(known)}
    dense = np.stack([np.concatenate(measures(acts, s.spoken)) for s in given])
    middle = np.asarray(dense.mean(0), np.float32)
    spread = np.asarray(dense.std(0) + 0.01, np.float32)
    rows = _rows(given, rarity, (dense - middle) / spread)
    wanted = np.eye(len(names), dtype=np.float32)[[names.index(s.kind) for s in given]]
    weight = np.array([s.weight for s in given], np.float32)
    return LearnedCallerTypes(acts, names, rarity, middle, spread, _learned(rows, wanted, weight / weight.sum()))


def _rows(given: Sequence[TurnSample], rarity: dict[str, tuple[int, float]], dense: Array) -> Array:
    grams = np.zeros((len(given), len(rarity)), np.float32)
    for at, sample in enumerate(given):
        for gram in grams_of(sample.spoken):
            if gram in rarity:
                row, rare = rarity[gram]
                grams[at, row] = rare
    grams *= GRAMS / np.maximum(np.linalg.norm(grams, axis=1, keepdims=True), 1e-6)
    ones = np.ones((len(given), 1), np.float32)
    return np.concatenate((grams, dense[:, :SIZES] * LENGTHS, dense[:, SIZES:] * NETS, ones), 1).astype(np.float32)


def _learned(rows: Array, wanted: Array, weight: Array) -> Array:
    weights = np.zeros((rows.shape[1], wanted.shape[1]), np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        logits = rows @ weights
        grown = np.exp(logits - logits.max(1, keepdims=True))
        off = (grown / grown.sum(1, keepdims=True) - wanted) * weight[:, None]
        slope = rows.T @ off + DECAY * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        rate = RATE if step < 0.7 * STEPS else 0.3 * RATE
        weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-6)
    return weights
