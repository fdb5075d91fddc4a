"""What type of caller it sounds like: one layer over the words of a call so far and what the model of acts hears.

Softmax regression over three views of the caller's utterances until now: which runs of syllables they hold (one to
three, and pairs around a third; weighed by rarity), how long they are, and the nets of `acts.bin`, which were
learned from thousands of calls: their memory, acts and channels. Trained in `screener.training.cards`.
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


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call so far.

    Attributes:
        nets: the memory of each net of the model of acts.
        grams: runs of syllables of the caller.
        lengths: syllables of each of the caller's utterances.
        acts, channels: of each of the caller's utterances, from the nets.
        call: what the nets say that the call is.
    """

    nets: tuple[Array, ...]
    grams: frozenset[str] = frozenset()
    lengths: tuple[int, ...] = ()
    acts: tuple[Array, ...] = ()
    channels: tuple[Array, ...] = ()
    call: Array | None = None


def begin(acts: ActsModel) -> Spoken:
    """A call in which nothing was said."""
    return Spoken(tuple(net.begin() for net in acts.nets))


def heard(acts: ActsModel, spoken: Spoken, speaker: Speaker, syllables: Sequence[str]) -> Spoken:
    """The same with an utterance more; toneless pinyin, not empty."""
    rows = rows_of(syllables, acts.syllables)
    said = [net.utterance(rows, speaker) for net in acts.nets]
    found = [net.hear(past, one) for net, past, one in zip(acts.nets, spoken.nets, said, strict=True)]
    nets = tuple(memory for memory, _, _ in found)
    call = np.mean([logits for _, _, logits in found], 0)
    if speaker is Speaker.AGENT:
        return Spoken(nets, spoken.grams, spoken.lengths, spoken.acts, spoken.channels, call)
    does = np.mean([logits for _, logits, _ in found], 0)
    return Spoken(
        nets,
        spoken.grams | frozenset(grams(syllables)),
        (*spoken.lengths, len(syllables)),
        (*spoken.acts, does),
        (*spoken.channels, np.concatenate(said)),
        call,
    )


def grams(syllables: Sequence[str]) -> Iterable[str]:
    """Runs of one to three syllables, ends marked, and pairs around a third."""
    marked = ["^", *syllables, "$"]
    for size in (1, 2, 3):
        for at in range(len(marked) - size + 1):
            yield "_".join(marked[at : at + size])
    for at in range(len(marked) - 2):
        yield f"{marked[at]}..{marked[at + 2]}"


def measures(spoken: Spoken) -> tuple[Array, Array]:
    """Lengths [`SIZES`] and what the nets hear, of a call in which the caller has spoken."""
    sizes = np.array(spoken.lengths, np.float32)
    short, long = float(sizes.max() < 8), float(sizes.max() > 40)
    few = float(sizes.mean() < 6)
    logs = np.log1p(np.array([sizes.mean(), sizes[-1], sizes.max(), sizes.sum()], np.float32))
    lengths = np.array([*logs, few, short, long], np.float32)
    assert spoken.call is not None
    acts, channels = np.stack(spoken.acts), np.stack(spoken.channels)
    views = (*spoken.nets, acts.mean(0), acts.max(0), spoken.call, channels.max(0), channels.mean(0))
    return lengths, np.concatenate(views).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LearnedTypes:
    """Hears types: `screener.core.cards.Types`.

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
        return begin(self.acts)

    def hear(
        self, memory: object, speaker: Speaker, syllables: Sequence[str]
    ) -> tuple[object, Mapping[str, float]]:
        """See `screener.core.cards.Types`."""
        assert isinstance(memory, Spoken)
        spoken = heard(self.acts, memory, speaker, syllables)
        return spoken, self.shares(spoken) if spoken.lengths else {}

    def shares(self, spoken: Spoken) -> dict[str, float]:
        """How likely each type is but the easy one."""
        known = [self.rarity[gram] for gram in spoken.grams if gram in self.rarity]
        rows = np.array([row for row, _ in known], np.intp)
        rare = np.array([value for _, value in known], np.float32)
        size = float(np.linalg.norm(rare)) or 1.0
        dense = (np.concatenate(measures(spoken)) - self.middle) / self.spread
        dense[:SIZES] *= LENGTHS
        dense[SIZES:] *= NETS
        logits = (GRAMS / size) * (rare @ self.weights[rows]) if len(rows) else 0.0
        logits = logits + np.append(dense, 1.0) @ self.weights[len(self.rarity) :]
        grown = np.exp(logits - logits.max())
        return {name: float(p) for name, p in zip(self.names, grown / grown.sum(), strict=True) if name != EASY}


def load_types(path: Path, acts: ActsModel) -> LearnedTypes:
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
            made = LearnedTypes(acts, tuple(head["names"]), rows, file["middle"], file["spread"], weights)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SettingsError(f"{path}: not a model of types ({problem})", "take the shipped file") from problem
    if head["acts"] != acts.version or len(weights) != len(rows) + len(made.middle) + 1:
        raise SettingsError(
            f"{path}: learned over another model of acts", "run: python -m screener.training.cards fit"
        )
    return made


def save_types(types: LearnedTypes) -> bytes:
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
