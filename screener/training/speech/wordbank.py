"""Words spoken by people, joined into utterances: an experiment that the shipped model does not take part in.

A bank is a zip of recordings named by what is said in them: characters (`电话.ogg`) or numbered pinyin
(`dian4.ogg`). Two speakers are not a population, so every utterance is played faster or slower, which moves pitch
and vocal tract together, before it goes through the telephone. The licence of a bank holds for a model made of it.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from screener.errors import ModelError
from screener.events import SAMPLE_RATE
from screener.speech.pinyin import syllables
from screener.training.speech.augment import between_pauses, telephone, to_pcm
from screener.training.speech.data import Example, Versions
from screener.training.speech.features import cepstra
from screener.training.speech.synthesis import Waveform, resample, trim
from screener.training.speech.tokens import encode

JOINED = (1, 6)
"""Words in an utterance, at least and fewer than."""
SPEED = (0.8, 1.25)
"""How much faster a voice is played."""
PAUSES = (0.0, 0.0, 0.03, 0.15)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word: its tokens, and its sound at 8 kHz without silence around."""

    tokens: tuple[int, ...]
    samples: Waveform


def read(bank: Path) -> list[SpokenWord]:
    """Every word of a bank whose name can be read as Mandarin.

    Raises:
        ModelError: it is no zip of recordings.
    """
    found = []
    try:
        with zipfile.ZipFile(bank) as archive:
            for name in sorted(archive.namelist()):
                tokens = _tokens(name)
                if tokens:
                    samples, rate = soundfile.read(io.BytesIO(archive.read(name)), dtype="float32", always_2d=True)
                    found.append(SpokenWord(tokens, trim(resample(samples[:, 0], rate))))
    except (OSError, zipfile.BadZipFile, soundfile.LibsndfileError) as error:
        raise ModelError(f"{bank}: {error}", "a word bank is a zip of recordings named by their words") from error
    return found


def _tokens(name: str) -> tuple[int, ...]:
    try:  # zips say in a flag whether names are UTF-8; these are, without the flag
        word = Path(name.encode("cp437").decode("utf-8")).stem
    except UnicodeError:
        word = Path(name).stem
    read_as = (word.rstrip("012345"),) if word.isascii() else syllables(word)
    try:
        return tuple(encode(read_as))
    except ValueError:
        return ()


def utterances(bank: Sequence[SpokenWord], count: int, seed: int) -> list[Versions]:
    """Words in random order, at a speed that no speaker has, through the telephone."""
    rng = np.random.default_rng(seed)
    made: list[Versions] = []
    for _ in range(count):
        words = [bank[int(i)] for i in rng.integers(len(bank), size=int(rng.integers(*JOINED)))]
        pause = np.zeros(int(rng.choice(PAUSES) * SAMPLE_RATE), np.float32)
        joined = np.concatenate([piece for word in words for piece in (word.samples, pause)])
        played = resample(joined, round(SAMPLE_RATE * rng.uniform(*SPEED)))
        tokens = tuple(token for word in words for token in word.tokens)
        heard = telephone(between_pauses(played, rng), rng)
        made.append((Example(cepstra(to_pcm(heard)), tokens),))
    return made
