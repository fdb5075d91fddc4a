"""Fits the learned model and writes it with its data card."""

import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.core.evidence import Kind
from screener.core.lexicon import Lexicon
from screener.learning.examples import (
    KINDS,
    Example,
    heard_badly,
    lexicon_sentences,
    own_sentences,
    public_sentences,
    share_of,
)
from screener.learning.fit import batch, fit, quantised

VERSION = "1"
BITS = 17
BAR = 99.95
"""Percentile of harmless sentences that a window must pass before it weighs anything."""
NOISE = 0.15
NOISY_HARMLESS = 0.2
"""Share of the harmless sentences that are also learned as a bad recogniser hears them; of the others all."""
CARD = """\
# Data card of learned.bin, version {version}

What it is: logistic regression over hashed n-grams (1 to 3) of folded toneless syllables, {bits} bits, one row of
signed bytes for each of {kinds}. Written by `python -m screener.learning --data DIR` from seed {seed}.

| learned from | licence | how |
|---|---|---|
| the project's own sentence patterns (`screener/learning/corpus`) and lexicon | GPL-3.0-or-later | all |
| COLD, training part (Deng et al., 2022) | Apache-2.0 | harmless; insulting as abuse |
| SWSR (Jiang et al., 2021) | MIT | likewise; sexual as lewd |
| STC-3 (NTCIR; Zeng et al.) | CC-BY-4.0 | harmless: every second call |
| CrossWOZ validation part (Zhu et al., 2020) | Apache-2.0 | harmless: every second call |
| TeleAntiFraud, normal calls | Apache-2.0 | harmless: every second call |
| KdConv development part (Zhou et al., 2020) | Apache-2.0 | harmless: every second call |

Not learned from: ChineseHarm, COLD's test part, the scripted calls of `tests/data/calls`, and the other half
of the sets above (calls whose id has an odd CRC-32).

Sentences: {counts}.
Before a window weighs anything it must pass {bar} % of harmless sentences that its weights had not seen.

Limits: written Mandarin of 2010 to 2022, much of it from social media, and a few pages of patterns. It knows
nothing of dialects, nor of who is meant: that is the lexicon's to say.
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
        *public_sentences(folder, lexicon, chance),
    ]
    clean = [e for e in clean if e.sounds]
    noisy = [heard_badly(e, NOISE, chance) for e in clean if e.kind or chance.random() < NOISY_HARMLESS]
    examples = clean + [e for e in noisy if e.sounds]
    chance.shuffle(examples)
    rows, scales, offsets = [], [], []
    for kind in KINDS:
        bar = _bar(examples, kind)
        weights, _ = fit(batch(examples, BITS), examples, kind, BITS)
        row, unit = quantised(weights)
        rows.append(row)
        scales.append(unit)
        offsets.append(-bar)
    head = {
        "version": VERSION,
        "kinds": [kind.value for kind in KINDS],
        "bits": BITS,
        "scales": [round(s, 6) for s in scales],
        "offsets": [round(o, 4) for o in offsets],
    }
    table = np.stack(rows, axis=1).astype(np.int8).tobytes()
    counts = ", ".join(f"{count} {name}" for name, count in share_of(clean).items())
    kinds = ", ".join(kind.value for kind in KINDS)
    card = CARD.format(version=VERSION, bits=BITS, kinds=kinds, seed=seed, counts=counts, bar=BAR)
    return Made(json.dumps(head).encode() + b"\n" + zlib.compress(table, 9), card)


def _bar(examples: Sequence[Example], kind: Kind) -> float:
    """What harmless sentences reach at most, of weights that have not seen them; without the bias."""
    halves = examples[::2], examples[1::2]
    reached = []
    for seen, unseen in (halves, halves[::-1]):
        weights, _ = fit(batch(seen, BITS), seen, kind, BITS)
        harmless = [e for e in unseen if e.kind is None]
        reached.append(float(np.percentile(batch(harmless, BITS).logits(weights, 0.0), BAR)))
    return max(0.0, *reached)
