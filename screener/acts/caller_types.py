"""What type of caller it sounds like now: one layer over the newest words and what the acts' model hears.

Softmax regression over three views of the caller's newest utterances: which runs of syllables they hold (one to
three, and pairs around a third; weighed by rarity), how long they are, and the nets of `acts.bin`, which were
learned from thousands of calls: their memory, acts and channels. What is older is forgotten: who bargains now is
told how to bargain, whatever came before. Trained in `screener.training.cards`.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.acts.net import ActsModel, Array, rows_of
from screener.errors import SettingsError
from screener.events import Speaker

EASY = "easy"
"""The type of a caller for whom there is no card."""
GRAMS, LENGTHS, NETS = 6.0, 0.5, 0.05
"""What each view weighs before anything is learned."""
SIZES = 7
"""Figures of the view of lengths."""
REMEMBERED = 3
"""The caller's utterances that count, the newest: as many as the calls that are learned from have."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance by itself.

    Attributes:
        said: what each net of the model of acts makes of it [nets, memory].
        grams: its runs of syllables.
        length: its syllables.
    """

    speaker: Speaker
    said: Array
    grams: frozenset[str]
    length: int


Spoken = tuple[Utterance, ...]
"""What is remembered of a call: from the agent's words before the oldest remembered utterance of the caller."""


def heard(acts: ActsModel, spoken: Spoken, speaker: Speaker, syllables: Sequence[str]) -> Spoken:
    """The same with an utterance more; toneless pinyin, not empty."""
    said = acts.nets.utterance(rows_of(syllables, acts.syllables), speaker)
    spoken = (*spoken, Utterance(speaker, said, frozenset(grams(syllables)), len(syllables)))
    callers = [at for at, one in enumerate(spoken) if one.speaker is Speaker.CALLER]
    return spoken[callers[-REMEMBERED - 1] + 1 :] if len(callers) > REMEMBERED else spoken


def of_caller(spoken: Spoken) -> list[Utterance]:
    """What the caller said of it."""
    return [one for one in spoken if one.speaker is Speaker.CALLER]


def grams_of(spoken: Spoken) -> frozenset[str]:
    """Runs of syllables of the caller."""
    return frozenset().union(*(one.grams for one in of_caller(spoken)))


def grams(syllables: Sequence[str]) -> Iterable[str]:
    """Runs of one to three syllables, ends marked, and pairs around a third."""
    marked = ["^", *syllables, "$"]
    for size in (1, 2, 3):
        for at in range(len(marked) - size + 1):
            yield "_".join(marked[at : at + size])
    for at in range(len(marked) - 2):
        yield f"{marked[at]}..{marked[at + 2]}"


def measures(acts: ActsModel, spoken: Spoken) -> tuple[Array, Array]:
    """Lengths [`SIZES`] and what the nets hear, of a call in which the caller has spoken."""
    callers = of_caller(spoken)
    sizes = np.array([one.length for one in callers], np.float32)
    short, long = float(sizes.max() < 8), float(sizes.max() > 40)
    few = float(sizes.mean() < 6)
    logs = np.log1p(np.array([sizes.mean(), sizes[-1], sizes.max(), sizes.sum()], np.float32))
    lengths = np.array([*logs, few, short, long], np.float32)
    memory, does = acts.nets.begin(), []
    for one in spoken:
        memory, acting, call = acts.nets.hear(memory, one.said)
        if one.speaker is Speaker.CALLER:
            does.append(acting.mean(0))
    doing, channels = np.stack(does), np.stack([one.said.ravel() for one in callers])
    views = (memory.ravel(), doing.mean(0), doing.max(0), call.mean(0), channels.max(0), channels.mean(0))
    return lengths, np.concatenate(views).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LearnedCallerTypes:
    """Hears types: `screener.core.cards.CallerTypes`.

    Attributes:
        acts: the model of acts that it was learned over.
        names: of the types, in the order of the columns.
        rarity: of each gram that it knows, and its row.
        middle, spread: of lengths and nets in the training calls.
        weights: grams, then lengths, then nets, then one for all [rows, types].
    """

    acts: ActsModel
    names: tuple[str, ...]
    rarity: Mapping[str, tuple[int, float]]
    middle: Array
    spread: Array
    weights: Array

    def begin(self) -> object:
        """What is remembered of a call in which nothing was said."""
        return ()

    def hear(
        self, memory: object, speaker: Speaker, syllables: Sequence[str]
    ) -> tuple[object, Mapping[str, float]]:
        """See `screener.core.cards.CallerTypes`."""
        assert isinstance(memory, tuple)
        spoken = heard(self.acts, memory, speaker, syllables)
        return spoken, self.shares(spoken) if of_caller(spoken) else {}

    def shares(self, spoken: Spoken) -> dict[str, float]:
        """How likely each type is but the easy one."""
        known = [self.rarity[gram] for gram in grams_of(spoken) if gram in self.rarity]
        rows = np.array([row for row, _ in known], np.intp)
        rare = np.array([value for _, value in known], np.float32)
        size = float(np.linalg.norm(rare)) or 1.0
        dense = (np.concatenate(measures(self.acts, spoken)) - self.middle) / self.spread
        dense[:SIZES] *= LENGTHS
        dense[SIZES:] *= NETS
        logits = (GRAMS / size) * (rare @ self.weights[rows]) if len(rows) else 0.0
        logits = logits + np.append(dense, 1.0) @ self.weights[len(self.rarity) :]
        grown = np.exp(logits - logits.max())
        return {name: float(p) for name, p in zip(self.names, grown / grown.sum(), strict=True) if name != EASY}


def load_caller_types(path: Path, acts: ActsModel) -> LearnedCallerTypes:
    """Read a model.

    Raises:
        SettingsError: the file cannot be read, is not one, or was learned over another model of acts.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            units = file["units"]
            weights = np.asarray(file["weights"] * units, np.float32)
            rows = {
                gram: (n, float(r)) for n, (gram, r) in enumerate(zip(head["grams"], file["rare"], strict=True))
            }
            made = LearnedCallerTypes(acts, tuple(head["names"]), rows, file["middle"], file["spread"], weights)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SettingsError(f"{path}: not a model of types ({problem})", "take the shipped file") from problem
    if head["acts"] != acts.version or len(weights) != len(rows) + len(made.middle) + 1:
        raise SettingsError(
            f"{path}: learned over another model of acts", "run: python -m screener.training.cards fit"
        )
    return made


def save_caller_types(types: LearnedCallerTypes) -> bytes:
    """The file's bytes; every column of the weights in units of its own."""
    units = np.asarray(np.abs(types.weights).max(0) / 127, np.float32)
    head = {"acts": types.acts.version, "names": types.names, "grams": list(types.rarity)}
    out = io.BytesIO()
    np.savez_compressed(
        out,
        head=np.array(json.dumps(head, ensure_ascii=False)),
        units=units,
        weights=np.round(types.weights / units).astype(np.int8),
        rare=np.array([r for _, r in types.rarity.values()], np.float32),
        middle=types.middle,
        spread=types.spread,
    )
    return out.getvalue()
