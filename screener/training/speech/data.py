"""The training set: plan, synthesise in parallel, distort, and keep as features.

The plan is drawn first, from the seed alone; every item then has its own generator, so that the number of workers
changes nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from screener.events import SAMPLE_RATE
from screener.training.speech.augment import between_pauses, mix, telephone, to_pcm
from screener.training.speech.corpus import Sentence
from screener.training.speech.features import Features, cepstra
from screener.training.speech.scraps import any_scraps
from screener.training.speech.sounds import any_sound
from screener.training.speech.synthesis import TRAINED, SynthesisVoice, Waveform, gibberish, say
from screener.training.speech.throats import MADE
from screener.training.speech.tokens import encode

EMPTY_SHARE = 0.2
"""Items in which nobody speaks Mandarin."""
GIBBERISH_SHARE = 0.3
"""Of these, the ones in which somebody speaks something else."""
SCRAPS_SHARE = 0.3
"""Of these, the ones with laughter and breath made of scraps of speech."""
JOINED_SHARE = 0.45
"""Items of two or three sentences, with a pause or without one."""
MADE_SHARE = 0.45
"""Items in voices that espeak-ng does not ship."""
BABBLE_SHARE = 0.12
"""Items of syllables in random order: they teach the sounds without the sentences."""
VERSIONS = 4
"""Distorted versions of every synthesised item, each over another line."""
BABBLE_SYLLABLES = (3, 9)
BEHIND_SHARE = 0.15
"""Items with somebody else talking behind."""
BEHIND_DB = (-20.0, -8.0)
"""How loud that is against the speaker."""


@dataclass(frozen=True, slots=True)
class UtterancePlan:
    """One utterance to be made.

    Attributes:
        parts: sentences in order; empty where nobody speaks.
        voice: who says it.
        behind: what somebody else says meanwhile, and in which voice.
        seed: of its own chance.
    """

    parts: tuple[Sentence, ...]
    voice: SynthesisVoice
    behind: tuple[Sentence, SynthesisVoice] | None
    seed: int


@dataclass(frozen=True, slots=True)
class Example:
    """Features and the tokens that are heard in them."""

    features: Features
    tokens: tuple[int, ...]


Versions = tuple[Example, ...]
"""The same utterance over several lines, frame by frame."""


def plan(corpus: Sequence[Sentence], count: int, seed: int) -> list[UtterancePlan]:
    """Draw the items: every sentence comes up about equally often."""
    rng = np.random.default_rng(seed)
    syllables = sorted({(s.text[i], s.toned[i]) for s in corpus for i in range(len(s.text))})
    order: list[int] = []
    items = []

    def draw() -> Sentence:
        if not order:
            order.extend(int(i) for i in rng.permutation(len(corpus)))
        return corpus[order.pop()]

    for _ in range(count):
        parts: tuple[Sentence, ...]
        dice = rng.random()
        if dice < EMPTY_SHARE:
            parts = ()
        elif dice < EMPTY_SHARE + BABBLE_SHARE:
            chosen = rng.integers(len(syllables), size=int(rng.integers(*BABBLE_SYLLABLES)))
            text, toned = zip(*(syllables[int(i)] for i in chosen), strict=True)
            parts = (Sentence("".join(text), tuple(toned)),)
        elif dice < EMPTY_SHARE + BABBLE_SHARE + JOINED_SHARE:
            parts = tuple(draw() for _ in range(int(rng.integers(2, 4))))
        else:
            parts = (draw(),)
        behind = (draw(), _voice(rng)) if parts and rng.random() < BEHIND_SHARE else None
        items.append(UtterancePlan(parts, _voice(rng), behind, int(rng.integers(1 << 62))))
    return items


def _voice(rng: np.random.Generator) -> SynthesisVoice:
    """One of espeak-ng's in another throat, or a made one."""
    made = rng.random() < MADE_SHARE
    return SynthesisVoice.random(rng, MADE) if made else SynthesisVoice.random(rng, TRAINED).stretched(rng)


def make(item: UtterancePlan) -> Versions:
    """Synthesise an item and distort it, several times over."""
    rng = np.random.default_rng(item.seed)
    if item.parts:
        pieces = []
        for part in item.parts:
            pieces += [
                say(part, item.voice),
                np.zeros(int(rng.choice([0.02, 0.1, 0.3]) * SAMPLE_RATE), np.float32),
            ]
        clean = np.concatenate(pieces[:-1])
        if item.behind is not None:
            clean = mix(clean, say(*item.behind), rng.uniform(*BEHIND_DB))
    else:
        clean = _nothing_said(rng)
    clean = between_pauses(clean, rng)
    tokens = tuple(token for part in item.parts for token in encode(part.plain))
    return tuple(Example(cepstra(to_pcm(telephone(clean, rng))), tokens) for _ in range(VERSIONS))


def _nothing_said(rng: np.random.Generator) -> Waveform:
    """Anything but Mandarin."""
    dice = rng.random()
    if dice < GIBBERISH_SHARE:
        return gibberish(rng)
    return any_scraps(rng) if dice < GIBBERISH_SHARE + SCRAPS_SHARE else any_sound(rng)


def make_all(items: Sequence[UtterancePlan], workers: int) -> list[Versions]:
    """Make every item, in order."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(make, items, chunksize=32))
