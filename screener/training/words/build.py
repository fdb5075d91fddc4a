"""Fits the learned model and writes it with its data card."""

import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from screener.core.lexicon import Lexicon
from screener.training.words.examples import (
    KIND,
    Example,
    heard_badly,
    lexicon_sentences,
    own_sentences,
    public_sentences,
    share_of,
)
from screener.training.words.fit import Batch, batch, fit, quantised

VERSION = "4"
BITS = 18
BAR = 99.95
"""Percentile of harmless sentences that a window must pass before it weighs anything."""
NOISE = 0.15
NOISY_SHARE = 0.25
"""Share of the sentences that are also learned as a bad recogniser hears them."""
NOISY = 0.3
"""Weight of a harassing sentence that was heard badly."""
CARD = """\
# Data card of learned.bin, version {version}

What it is: logistic regression over hashed n-grams (1 to 3) of folded toneless syllables, each weighed by its
log-count ratio; {bits} bits, signed bytes, for {kind}. Written by
`python -m screener.training.words --data DIR` from seed {seed}.

| learned from | licence | how |
|---|---|---|
| the project's own sentence patterns (`screener/training/words/corpus`) and lexicon | GPL-3.0-or-later | all |
| COLD, training part (Deng et al., 2022) | Apache-2.0 | harmless; what says an insult of the lexicon as abuse |
| SWSR (Jiang et al., 2021) | MIT | likewise |
| CrossWOZ validation part (Zhu et al., 2020) | Apache-2.0 | harmless: every second call |
| KdConv development part (Zhou et al., 2020) | Apache-2.0 | harmless: every second call |

Not learned from: STC-3, TeleAntiFraud, ChineseHarm, COLD's test part, the scripted calls of `tests/data/calls`,
and the other half of CrossWOZ and KdConv (calls whose id has an odd CRC-32).

Sentences: {counts}.
Before a window weighs anything it must pass {bar} % of harmless sentences that its weights had not seen.

Limits: written Mandarin of 2010 to 2022, much of it from social media, and patterns written for it. It
knows nothing of dialects, nor of who is meant: that is the lexicon's to say.
"""


@dataclass(frozen=True, slots=True)
class Made:
    """What a build has made."""

    model: bytes
    card: str


def build(folder: Path, lexicon: Lexicon, seed: int = 1) -> Made:
    """Collect, fit, quantise.

    Args:
        folder: of the public sets (`NAME.jsonl.gz`).
        lexicon: the shipped one.
        seed: the same makes the same file.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    clean = [
        *own_sentences(chance),
        *lexicon_sentences(lexicon, chance),
        *public_sentences(folder, lexicon),
    ]
    clean = [e for e in clean if e.sounds]
    noisy = [heard_badly(e, NOISE, chance) for e in clean if chance.random() < NOISY_SHARE]
    examples = clean + [replace(e, weight=e.weight * (NOISY if e.harassing else 1.0)) for e in noisy if e.sounds]
    chance.shuffle(examples)
    data = batch(examples, BITS)
    bar = _bar(data, examples)
    weights, _ = fit(data, examples, BITS)
    table, unit = quantised(weights)
    head = {
        "version": VERSION,
        "kind": KIND.value,
        "bits": BITS,
        "scale": round(unit, 6),
        "offset": round(-bar, 4),
    }
    counts = ", ".join(f"{count} {name}" for name, count in share_of(clean).items())
    card = CARD.format(version=VERSION, bits=BITS, kind=KIND, seed=seed, counts=counts, bar=BAR)
    return Made(json.dumps(head).encode() + b"\n" + zlib.compress(table.tobytes(), 9), card)


def _bar(data: Batch, examples: Sequence[Example]) -> float:
    """What harmless sentences reach at most, of weights that have not seen them; without the bias."""
    seen = np.asarray(np.arange(data.size) % 2, np.float64)
    weights, _ = fit(data, examples, BITS, seen)
    unseen = np.array([not e.harassing for e in examples]) & (seen == 0)
    return max(0.0, float(np.percentile(data.logits(weights, 0.0)[unseen], BAR)))
