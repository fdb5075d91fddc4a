"""From nothing to a model folder: corpus, voices, training, graph, files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from screener.events import SAMPLE_RATE
from screener.training.speech import folder, graph, wordbank
from screener.training.speech.corpus import Segmenter, garbage, sentences
from screener.training.speech.data import make_all, plan
from screener.training.speech.fit import HEARD, fit
from screener.training.speech.provenance import Provenance
from screener.training.speech.synthesis import TRAINED
from screener.training.speech.throats import MADE, cabinet

FRAMES_AN_HOUR = 100 * 3600


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a build depends on; the same recipe gives the same model.

    Attributes:
        items: utterances to synthesise; each is heard in several distorted versions.
        epochs: passes over them.
        seed: of all chance.
        date: that the card says, `2026-11-24`.
        threads: processor cores for training. Another number gives other roundings, so almost the same model.
        banks: zips of words spoken by people, heard as often as the synthetic items; see `wordbank`.
    """

    date: str
    items: int = 8800
    epochs: int = 12
    seed: int = 1
    threads: int = 2
    banks: tuple[Path, ...] = ()


def build(recipe: Recipe, where: Path, progress: Callable[[str], None]) -> Provenance:
    """Make the model.

    Args:
        recipe: how.
        where: the model folder; its files are replaced at the end.
        progress: told a line now and then.
    """
    corpus = sentences()
    progress(f"{len(corpus)} sentences, {sum(len(s.text) for s in corpus)} syllables; speech at {SAMPLE_RATE} Hz")
    with cabinet(recipe.seed):
        examples = make_all(plan(corpus, recipe.items, recipe.seed), os.cpu_count() or 1)
    for bank in recipe.banks:
        examples += wordbank.utterances(wordbank.read(bank), HEARD * recipe.items, recipe.seed)
    hours = sum(len(e.features) for versions in examples for e in versions) / FRAMES_AN_HOUR
    progress(f"{hours:.1f} hours of speech")
    net = fit(examples, recipe.epochs, recipe.seed, threads=recipe.threads, progress=progress)
    segmenter = Segmenter(corpus)
    bigrams = graph.Bigrams.of([segmenter.cut(s) for s in corpus], garbage(corpus))
    states, words = graph.build(bigrams)
    progress(f"{len(words) - 1} words, {len(states)} states in the graph")
    folder.write(where, net, states, words, recipe.date)
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    return Provenance(hours, len({*TRAINED, *MADE}), len(corpus), len(words) - 1, millions, recipe.seed)
