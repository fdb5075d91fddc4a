"""The model of acts: small nets over syllables, each with a memory of the call; numpy only.

Each net looks up its syllables, looks at three, five and seven of them together (three convolutions), takes of
each channel the largest, the mean and a few means in which it weighs the places itself (attention), and folds the
utterance into the memory of the call (a gated recurrent unit, Cho et al., 2014). From the utterance and the
memory it reads the act, and what the call is. Several nets that were learned from different beginnings vote: the
mean of their log-odds. All of them hear at once, as one stack of arrays. Trained in `screener.training.acts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from screener.core.dialogue_acts import Act, Memory, Understood
from screener.core.evidence import Kind, Standing
from screener.events import Speaker

Array = NDArray[np.float32]
UNKNOWN = 1
"""Row of a syllable that nobody taught; row 0 is silence."""
STEEPEST = 8.0
"""Nats that a place of an utterance is heeded more or less than by nature, at most."""
LONGEST = 40
"""Syllables of an utterance that are looked at: of a longer one the first and the last half of these."""


@dataclass(frozen=True)
class Nets:
    """The arrays of nets of one shape, which hear together: every array has the nets `N` as its first axis.

    Shapes of one net in brackets, `C` channels, `H` of the memory.

    Attributes:
        sounds: a vector for each syllable [syllables, E].
        near, nearb: the first convolution [3·E, C], [C]. `far`, `farb` and `broad`, `broadb`: the second
            and the third [3·C, C], [C].
        look, lookb: how much each of G glances heeds a place [C, G], [G].
        fold, foldb: an utterance's vector [(2 + G)·C + 3, H], [H].
        gate_in, gate_inb, gate, gateb: of the unit, for reset, update and new [H, 3·H], [3·H], twice.
        act, actb: to the acts [2·H, A], [A]. `call`, `callb`: to what the call is [2·H, K], [K].
    """

    sounds: Array
    near: Array
    nearb: Array
    far: Array
    farb: Array
    broad: Array
    broadb: Array
    look: Array
    lookb: Array
    fold: Array
    foldb: Array
    gate_in: Array
    gate_inb: Array
    gate: Array
    gateb: Array
    act: Array
    actb: Array
    call: Array
    callb: Array

    @classmethod
    def of(cls, nets: Sequence[Mapping[str, Array]]) -> "Nets":
        """Nets side by side, each as its arrays by name.

        They lie in one block, for which the kernel makes huge pages (numpy asks for them from 4 MB on): every
        utterance reads every weight once, and looking up small pages took a fourth of that time.
        """
        shapes = {f.name: (len(nets), *nets[0][f.name].shape) for f in fields(cls)}
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
        parts = np.split(np.empty(ends[-1], np.float32), ends[:-1])
        places = {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts, strict=True)}
        return cls(**{name: np.stack([net[name] for net in nets], out=at) for name, at in places.items()})

    def apart(self) -> list[dict[str, Array]]:
        """The arrays of each by name, as `of` takes them."""
        return [{f.name: getattr(self, f.name)[n] for f in fields(self)} for n in range(len(self))]

    def __len__(self) -> int:
        return len(self.sounds)

    def begin(self) -> Array:
        """The memory of nothing [N, H]."""
        return np.zeros((len(self), self.gate.shape[1]), np.float32)

    def hear(self, memory: Array, said: Array) -> tuple[Array, Array, Array]:
        """Memory after an utterance [N, H], and its logits of acts [N, A] and of the call [N, K]."""
        size = self.gate.shape[1]
        new, old = _each(said, self.gate_in) + self.gate_inb, _each(memory, self.gate) + self.gateb
        gates = _sigmoid(new[:, : 2 * size] + old[:, : 2 * size])
        reset, update = gates[:, :size], gates[:, size:]
        fresh = np.tanh(new[:, 2 * size :] + reset * old[:, 2 * size :])
        memory = fresh + update * (memory - fresh)
        seen = np.concatenate((said, memory), axis=1)
        return memory, _each(seen, self.act) + self.actb, _each(seen, self.call) + self.callb

    def utterance(self, rows: NDArray[np.intp], speaker: Speaker) -> Array:
        """An utterance by itself [N, H]."""
        size = len(rows)
        near = np.maximum(_windows(self.sounds[:, rows]) @ self.near + self.nearb[:, None], 0)
        both = near + np.maximum(_windows(near) @ self.far + self.farb[:, None], 0)
        seen = both + np.maximum(_windows(both) @ self.broad + self.broadb[:, None], 0)
        agent = float(speaker is Speaker.AGENT)
        about = np.array((agent, 1 - agent, np.log1p(size) / 3), np.float32)
        mean = seen.sum(1) / np.float32(2 * size**0.5)
        heeded = np.exp(np.clip(seen @ self.look + self.lookb[:, None], -STEEPEST, STEEPEST))
        glances = (heeded / heeded.sum(1, keepdims=True)).transpose(0, 2, 1) @ seen
        nets = len(self)
        views = (seen.max(1), mean, glances.reshape(nets, -1), np.broadcast_to(about, (nets, len(about))))
        told = np.concatenate(views, axis=1)
        return np.asarray(np.maximum(_each(told, self.fold) + self.foldb, 0), np.float32)


@dataclass(frozen=True)
class ActsModel:
    """Nets that vote: an `Understanding`.

    Attributes:
        version: names the weights.
        syllables: toneless pinyin; the first stands for row 2 of `Nets.sounds`.
        acts: what the acts' logits stand for, in order.
        calls: likewise of the call: kinds of harassment, then standings.
        nets: at least one.
        left_out: for each net the hands, writers of the corpus, whose calls it never heard.
        scale, offset: what the nets give, times and plus these, begins at the prior of `weights.toml` and has the
            bar that protected calls stay under at its threshold.
        leaning: log-odds before anything is said.
    """

    version: str
    syllables: Mapping[str, int]
    acts: tuple[Act, ...]
    calls: tuple[Kind | Standing, ...]
    nets: Nets
    left_out: tuple[tuple[str, ...], ...]
    scale: float
    offset: float
    leaning: float

    def unheard(self, hand: str) -> "ActsModel":
        """The nets that never heard a hand, by themselves; all of them for a hand of which none did."""
        return self._unheard.get(hand, self)

    def begin(self) -> Memory:
        """What is remembered of a call in which nothing was said."""
        return self.nets.begin()

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        """One utterance more; see `screener.core.dialogue_acts.Understanding`."""
        assert isinstance(memory, np.ndarray)
        said = self.nets.utterance(rows_of(syllables, self.syllables), speaker)
        memory, does, stands = self.nets.hear(memory, said)
        acts = _softmax(np.where(self._theirs[speaker], does.mean(0), np.float32(-np.inf)))
        call = (stands - np.logaddexp.reduce(stands, axis=1, keepdims=True)).mean(0)
        harassing, rest = call[: len(self._kinds)], call[len(self._kinds) :]
        likeliest = int(acts.argmax())
        leaning = float(np.logaddexp.reduce(harassing) - np.logaddexp.reduce(rest))
        return memory, Understood(
            self.acts[likeliest],
            float(acts[likeliest]),
            self.scale * leaning + self.offset,
            self._kinds[int(harassing.argmax())],
            dict(zip(self._standings, _softmax(rest).tolist(), strict=True)),
        )

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        return tuple(what for what in self.calls if isinstance(what, Kind))

    @cached_property
    def _standings(self) -> tuple[Standing, ...]:
        return tuple(what for what in self.calls if isinstance(what, Standing))

    @cached_property
    def _theirs(self) -> Mapping[Speaker, NDArray[np.bool_]]:
        """Whether an act is one of caller or agent."""
        return {speaker: np.array([act.speaker is speaker for act in self.acts]) for speaker in Speaker}

    @cached_property
    def _unheard(self) -> Mapping[str, "ActsModel"]:
        """For each hand that was left out the nets without it; hands of a group share theirs."""
        kept = {
            hand: tuple(n for n, hands in enumerate(self.left_out) if hand in hands)
            for hand in chain.from_iterable(self.left_out)
        }
        nets = self.nets.apart()
        parts = {
            which: replace(
                self, nets=Nets.of([nets[n] for n in which]), left_out=tuple(self.left_out[n] for n in which)
            )
            for which in set(kept.values())
        }
        return {hand: parts[which] for hand, which in kept.items()}


def rows_of(syllables: Sequence[str], known: Mapping[str, int]) -> NDArray[np.intp]:
    """Rows of an utterance's syllables, at most `LONGEST`."""
    rows = [known.get(syllable, UNKNOWN) for syllable in syllables]
    if len(rows) > LONGEST:
        rows = rows[: LONGEST // 2] + rows[-(LONGEST // 2) :]
    return np.array(rows, np.intp)


def _windows(rows: Array) -> Array:
    """Each row between its neighbours [N, n, 3·width]; beyond the ends is nothing."""
    nets, size, width = rows.shape
    between = np.zeros((nets, size, 3, width), np.float32)
    between[:, 1:, 0] = rows[:, :-1]
    between[:, :, 1] = rows
    between[:, :-1, 2] = rows[:, 1:]
    return between.reshape(nets, size, 3 * width)


def _each(rows: Array, weights: Array) -> Array:
    """A row for each net [N, in] through its weights [N, in, out]."""
    return (rows[:, None] @ weights)[:, 0]


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1), np.float32)


def _softmax(x: Array) -> Array:
    grown = np.exp(x - x.max())
    return np.asarray(grown / grown.sum(), np.float32)
