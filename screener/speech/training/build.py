"""From nothing to a model folder: corpus, voices, training, graph, files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from screener.events import SAMPLE_RATE
from screener.speech.training import folder, graph
from screener.speech.training.corpus import Segmenter, garbage, sentences
from screener.speech.training.data import make_all, plan
from screener.speech.training.fit import fit
from screener.speech.training.net import Tdnn

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
    """

    date: str
    items: int = 5000
    epochs: int = 10
    seed: int = 1
    threads: int = 2


def build(recipe: Recipe, where: Path, progress: Callable[[str], None]) -> None:
    """Make the model.

    Args:
        recipe: how.
        where: the model folder; its files are replaced at the end.
        progress: told a line now and then.
    """
    corpus = sentences()
    progress(f"{len(corpus)} sentences, {sum(len(s.text) for s in corpus)} syllables; speech at {SAMPLE_RATE} Hz")
    examples = make_all(plan(corpus, recipe.items, recipe.seed), os.cpu_count() or 1)
    progress(f"{sum(len(e.features) for e in examples) / FRAMES_AN_HOUR:.1f} hours of synthetic speech")
    net = fit(examples, recipe.epochs, recipe.seed, threads=recipe.threads, progress=progress)
    write_folder(net, where, recipe.date, progress)


def write_folder(net: Tdnn, where: Path, date: str, progress: Callable[[str], None]) -> None:
    """The graph of the corpus and everything else that a folder holds, around a trained net."""
    corpus = sentences()
    segmenter = Segmenter(corpus)
    bigrams = graph.Bigrams.of([segmenter.cut(s) for s in corpus], garbage(corpus))
    states, words = graph.build(bigrams)
    progress(f"{len(words) - 1} words, {len(states)} states in the graph")
    folder.write(where, net, states, words, date)
