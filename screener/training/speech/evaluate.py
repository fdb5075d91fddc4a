"""How well a model hears: measured on its own folder, through the product's own stream with its gates.

Text is compared as toneless pinyin, the form in which the product judges it.
"""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from screener.errors import ModelError
from screener.events import FRAME_BYTES, SAMPLE_RATE, Speaker
from screener.intervals import wilson
from screener.resources import PACKAGE, config_folder
from screener.speech.pinyin import syllables
from screener.speech.vosk import VoskModel
from screener.training.speech.augment import from_pcm, g711, level, lose, noise, to_pcm
from screener.training.speech.corpus import Sentence, read_sentence, sentences
from screener.training.speech.synthesis import HELD_OUT, SynthesisVoice, Waveform, resample, say

PHRASE = range(2, 11)
"""Syllables of a phrase."""
HARASSING = ("lewd", "abuse", "prank", "threat")
CARRIERS = ("{}你听见没有", "我跟你说{}", "哎{}行不行", "然后呢{}", "我说{}啊")
"""Sentences around key phrases that are not in the corpus."""

PHRASES_A_VOICE = 80
KEYS_A_VOICE = 125

Distort = Callable[[Waveform, np.random.Generator], Waveform]
CONDITIONS: dict[str, Distort] = {
    "clean": lambda s, _: level(s, -22),
    "20 dB": lambda s, rng: g711(level(noise(s, 20, 0, rng), -22), alaw=True),
    "10 dB": lambda s, rng: g711(level(noise(s, 10, 0, rng), -22), alaw=True),
    "3 % loss": lambda s, rng: lose(g711(level(s, -22), alaw=True), 0.03, rng),
}
"""All but the first through G.711."""
AIMED = "20 dB"
"""Measured on all that is said, the others on every fourth."""


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of the table: so many of so many, with the share of syllables wrong where it is known."""

    what: str
    hits: int
    of: int
    syllable_error: float | None = None

    def __str__(self) -> str:
        low, high = wilson(self.hits, self.of)
        share = f"{100 * self.hits / self.of:5.1f} % ({100 * low:.1f}–{100 * high:.1f})" if self.of else "–"
        wrong = "" if self.syllable_error is None else f", syllables wrong {100 * self.syllable_error:.1f} %"
        return f"{self.what:<42} {self.hits:4d} of {self.of:4d} {share}{wrong}"


def hear(model: VoskModel, pcm: bytes) -> tuple[str, ...]:
    """The syllables of everything that the product's stream makes of a recording, utterances end to end."""
    stream = model.open(Speaker.CALLER)
    heard: list[str] = []
    for begin in range(0, len(pcm), FRAME_BYTES):
        for transcript in stream.accept(pcm[begin : begin + FRAME_BYTES], begin / 2 / SAMPLE_RATE):
            heard += transcript.syllables if transcript.final else ()
    for transcript in stream.finish():
        heard += transcript.syllables if transcript.final else ()
    return tuple(heard)


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein's: the fewest syllables to change, add or drop."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def contains(heard: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether a phrase is in it without a gap."""
    return any(tuple(heard[i : i + len(phrase)]) == tuple(phrase) for i in range(len(heard) - len(phrase) + 1))


def held_out_voices(model: VoskModel, voices: Sequence[str] = HELD_OUT, seed: int = 7) -> Iterable[ScoreRow]:
    """Phrases of the corpus, and key phrases within sentences that are not in it, in voices not trained on.

    Args:
        model: to be measured.
        voices: variants of espeak-ng. Choose between models on others than those that you report.
        seed: of what they say, how fast and how high.
    """
    rng = np.random.default_rng(seed)
    corpus = [s for s in sentences() if len(s.text) in PHRASE]
    known: list[tuple[str, Sentence, Sentence | None]] = [
        (voice, _pick(rng, corpus), None) for voice in voices for _ in range(PHRASES_A_VOICE)
    ]
    keys = [k for k in map(read_sentence, key_phrases(("decisive",))) if k is not None and len(k.text) >= 3]
    unseen: list[tuple[str, Sentence, Sentence | None]] = []
    for voice in voices:
        for _ in range(KEYS_A_VOICE):
            phrase = _pick(rng, keys)
            carried = read_sentence(CARRIERS[int(rng.integers(len(CARRIERS)))].format(phrase.text))
            if carried is not None:
                unseen.append((voice, carried, phrase))
    said = [
        (sentence, key, say(sentence, SynthesisVoice.random(rng, (voice,))))
        for voice, sentence, key in known + unseen
    ]
    for name, distort in CONDITIONS.items():
        exact = phrases = errors = total = found = keys_said = 0
        for sentence, key, samples in said if name == AIMED else said[::4]:
            padded = np.concatenate([_pause(), samples, _pause()])
            heard = hear(model, to_pcm(distort(padded, rng)))
            if key is not None:
                found, keys_said = found + contains(heard, key.plain), keys_said + 1
                continue
            exact, phrases = exact + (heard == sentence.plain), phrases + 1
            errors += distance(heard, sentence.plain)
            total += len(sentence.plain)
        yield ScoreRow(f"phrases exact, {name}", exact, phrases, errors / total)
        yield ScoreRow(f"key phrases in unseen sentences, {name}", found, keys_said)


def demo_calls(model: VoskModel, runs: int = 5, seed: int = 7) -> Iterable[ScoreRow]:
    """Sentences of the demo that are heard whole in its own recordings, as they are and with noise."""
    rng = np.random.default_rng(seed)
    script = tomllib.loads((PACKAGE / "demo" / "calls.toml").read_text("utf-8"))
    for call in script["call"]:
        path = PACKAGE / "demo" / "audio" / f"{call['name']}.wav"
        parts = [syllables(says["text"]) for says in call["says"]]
        if not parts or not path.exists():
            continue
        samples = from_pcm(pcm_of(path))
        for name, snr in (("as recorded", None), ("15 dB noise", 15.0)):
            heard = [hear(model, to_pcm(noise(samples, snr, 0, rng) if snr else samples)) for _ in range(runs)]
            hits = sum(contains(h, part) for h in heard for part in parts)
            whole = tuple(s for part in parts for s in part)
            wrong = sum(distance(h, whole) for h in heard) / (runs * len(whole))
            yield ScoreRow(f"demo {call['name']}, {name}", hits, runs * len(parts), wrong)


def people(model: VoskModel, folder: Path) -> ScoreRow:
    """Clips of people with their transcripts: sentences heard whole, and syllables."""
    exact = errors = total = count = 0
    for line in (folder / "transcripts.tsv").read_text("utf-8").splitlines():
        name, _, text = line.partition("\t")
        said = syllables(text)
        heard = hear(model, pcm_of(folder / name))
        exact, count = exact + (heard == said), count + 1
        errors, total = errors + distance(heard, said), total + len(said)
    return ScoreRow("clips of people, whole", exact, count, errors / total)


def key_phrases(strengths: Sequence[str]) -> list[str]:
    """Phrases of harassment in the lexicon, without those that have a gap."""
    data = tomllib.loads((config_folder() / "lexicon.toml").read_text("utf-8"))
    groups = [g for g in data["group"] if g["kind"] in HARASSING and g["strength"] in strengths]
    return [phrase for group in groups for phrase in group["phrases"] if "…" not in phrase]


def pcm_of(path: Path) -> bytes:
    """The samples of a recording at 8 kHz: its first channel.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ModelError(f"{path}: {error}", "name a recording in WAV, FLAC or Ogg") from error
    return to_pcm(samples[:, 0] if rate == SAMPLE_RATE else resample(samples[:, 0], rate))


def _pause() -> Waveform:
    return np.zeros(SAMPLE_RATE // 2, np.float32)


def _pick(rng: np.random.Generator, choices: Sequence[Sentence]) -> Sentence:
    return choices[int(rng.integers(len(choices)))]
