"""The model of acts: small nets over syllables, each with a memory of the call; numpy only.

Each net looks up its syllables, looks at three, five and seven of them together (three convolutions), takes of
each channel the largest, the mean and a few means in which it weighs the places itself (attention), and folds the
utterance into the memory of the call (a gated recurrent unit, Cho et al., 2014). From the utterance and the
memory it reads the act, and what the call is. Several nets that were learned from different beginnings vote: the
mean of their log-odds. Trained in `screener.training.acts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Net:
    """The arrays of one net; shapes in brackets, `C` channels, `H` of the memory.

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

    def begin(self) -> Array:
        """The memory of nothing [H]."""
        return np.zeros(self.gate.shape[0], np.float32)

    def hear(self, memory: Array, said: Array) -> tuple[Array, Array, Array]:
        """Memory after an utterance [H], and its logits of acts [A] and of the call [K]."""
        size = self.gate.shape[0]
        new, old = said @ self.gate_in + self.gate_inb, memory @ self.gate + self.gateb
        reset = _sigmoid(new[:size] + old[:size])
        update = _sigmoid(new[size : 2 * size] + old[size : 2 * size])
        fresh = np.tanh(new[2 * size :] + reset * old[2 * size :])
        memory = (1 - update) * fresh + update * memory
        seen = np.concatenate((said, memory))
        return memory, seen @ self.act + self.actb, seen @ self.call + self.callb

    def utterance(self, rows: NDArray[np.intp], speaker: Speaker) -> Array:
        """An utterance by itself [H]."""
        size = len(rows)
        near = np.maximum(_windows(self.sounds[rows]) @ self.near + self.nearb, 0)
        both = near + np.maximum(_windows(near) @ self.far + self.farb, 0)
        seen = both + np.maximum(_windows(both) @ self.broad + self.broadb, 0)
        agent = float(speaker is Speaker.AGENT)
        about = np.array((agent, 1 - agent, np.log1p(size) / 3), np.float32)
        mean = seen.sum(0) / np.float32(2 * size**0.5)
        heeded = np.exp(np.clip(seen @ self.look + self.lookb, -STEEPEST, STEEPEST))
        glances = (heeded / heeded.sum(0)).T @ seen
        told = np.concatenate((seen.max(0), mean, glances.ravel(), about))
        return np.asarray(np.maximum(told @ self.fold + self.foldb, 0), np.float32)


@dataclass(frozen=True, slots=True)
class ActsModel:
    """Nets that vote: an `Understanding`.

    Attributes:
        version: names the weights.
        syllables: toneless pinyin; the first stands for row 2 of `Net.sounds`.
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
    nets: tuple[Net, ...]
    left_out: tuple[tuple[str, ...], ...]
    scale: float
    offset: float
    leaning: float

    def unheard(self, hand: str) -> "ActsModel":
        """The nets that never heard a hand, by themselves; all of them for a hand of which none did."""
        kept = [n for n, hands in enumerate(self.left_out) if hand in hands] or range(len(self.nets))
        return replace(
            self, nets=tuple(self.nets[n] for n in kept), left_out=tuple(self.left_out[n] for n in kept)
        )

    def begin(self) -> Memory:
        """What is remembered of a call in which nothing was said."""
        return tuple(net.begin() for net in self.nets)

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        """One utterance more; see `screener.core.dialogue_acts.Understanding`."""
        assert isinstance(memory, tuple)
        rows = rows_of(syllables, self.syllables)
        heard = [n.hear(past, n.utterance(rows, speaker)) for n, past in zip(self.nets, memory, strict=True)]
        theirs = np.array([act.speaker is speaker for act in self.acts])
        acts = _softmax(np.where(theirs, np.mean([logits for _, logits, _ in heard], 0), np.float32(-np.inf)))
        call = np.mean([_log_softmax(logits) for _, _, logits in heard], 0)
        likeliest = int(acts.argmax())
        harassing = [i for i, what in enumerate(self.calls) if isinstance(what, Kind)]
        rest = [i for i, what in enumerate(self.calls) if isinstance(what, Standing)]
        kind = self.calls[max(harassing, key=lambda i: float(call[i]))]
        assert isinstance(kind, Kind)
        leaning = float(np.logaddexp.reduce(call[harassing]) - np.logaddexp.reduce(call[rest]))
        outlook = {self.calls[i]: float(p) for i, p in zip(rest, _softmax(call[rest]), strict=True)}
        return tuple(new for new, _, _ in heard), Understood(
            self.acts[likeliest],
            float(acts[likeliest]),
            self.scale * leaning + self.offset,
            kind,
            {what: p for what, p in outlook.items() if isinstance(what, Standing)},
        )


def rows_of(syllables: Sequence[str], known: Mapping[str, int]) -> NDArray[np.intp]:
    """Rows of an utterance's syllables, at most `LONGEST`."""
    rows = [known.get(syllable, UNKNOWN) for syllable in syllables]
    if len(rows) > LONGEST:
        rows = rows[: LONGEST // 2] + rows[-(LONGEST // 2) :]
    return np.array(rows, np.intp)


def _windows(rows: Array) -> Array:
    """Each row between its neighbours [n, 3·width]; beyond the ends is nothing."""
    edge = np.zeros((1, rows.shape[1]), np.float32)
    padded = np.concatenate((edge, rows, edge))
    return np.concatenate((padded[:-2], padded[1:-1], padded[2:]), axis=1)


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1), np.float32)


def _softmax(x: Array) -> Array:
    grown = np.exp(x - x.max())
    return np.asarray(grown / grown.sum(), np.float32)


def _log_softmax(x: Array) -> Array:
    return np.asarray(x - np.logaddexp.reduce(x), np.float32)
