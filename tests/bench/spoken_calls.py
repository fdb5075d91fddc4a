"""Scripted calls spoken by people, through G.711 and SIP, recognised by sherpa-onnx and judged live.

Callers and agents of tests/data/calls speak with the words of a bank of recordings, joined with short pauses: one
voice by its words (longest match, what is missing from the other), one by single syllables. Four at a time they
come through both entrances of a `screener serve` on loopback (tests/bench/entrances.py): to a machine, and beside
an agent. Beside it the same calls as perfect text; `--words` tells what was said and heard in each call that came
out otherwise. `--snr 20` and `--loss 5` put noise and losses on the line. Reads the data folder `shared` beside
the clone.

    python tests/bench/spoken_calls.py --calls 40
"""

import argparse
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from pydub import AudioSegment
from pypinyin import Style, lazy_pinyin

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.evaluation.labelled import LabelledCall, read_labelled
from screener.events import FRAME_BYTES, SAMPLE_RATE, Speaker
from screener.media.recordings import resample
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from tests.bench.entrances import BESIDE, IN_PATH, SECOND, Spoken, through
from tests.bench.line import add_options, chosen_line
from tests.bench.people import SHARED, SHERPA
from tests.bench.site import machine

ROOT = Path(__file__).resolve().parents[2]
HARASSING = ("lewd", "abuse", "threat", "prank")
HARMLESS = ("genuine", "complaint", "vulnerable")
AT_ONCE = 4
LONGEST_WORD = 4
MOST_SYLLABLES = 45
"""A call with more is left out: it would only take longer."""
BETWEEN_WORDS, BETWEEN_TURNS = 0.04, 1.2
QUIET = 10 ** (-38 / 20)
LOUD = 0.08
"""RMS of a word, of full scale."""


class Bank:
    """Recordings by what is said in them."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        # UTF-8 without the flag that says so
        self._names = {Path(n.encode("cp437").decode("utf-8")).stem: n for n in self._zip.namelist()}
        self._sounds: dict[str, np.ndarray] = {}

    def __contains__(self, word: str) -> bool:
        return word in self._names

    def sound(self, word: str) -> np.ndarray:
        """A word, read once: each takes a process of ffmpeg."""
        if word not in self._sounds:
            self._sounds[word] = self._read(word)
        return self._sounds[word]

    def _read(self, word: str) -> np.ndarray:
        clip = AudioSegment.from_file(io.BytesIO(self._zip.read(self._names[word]))).set_channels(1)
        sound = resample(np.array(clip.get_array_of_samples()) / clip.max_possible_amplitude, clip.frame_rate)
        loud = np.flatnonzero(np.abs(sound) > QUIET)
        sound = sound[loud[0] : loud[-1] + 1] if loud.size else sound
        return sound * LOUD / max(float(np.sqrt(np.mean(sound**2))), 1e-6)


class Voice:
    """Says sentences; `words` may be missing for one who only has syllables."""

    def __init__(self, syllables: Bank, words: Bank | None) -> None:
        self._syllables, self._words = syllables, words

    def say(self, text: str) -> np.ndarray | None:
        """16-bit samples at 8 kHz; None where a syllable is missing."""
        pieces: list[np.ndarray] = []
        for bank, word in self._pieces(text):
            if not bank:
                return None
            pieces += [bank.sound(word), np.zeros(round(BETWEEN_WORDS * SAMPLE_RATE))]
        joined = np.concatenate(pieces) if pieces else np.zeros(0)
        return (np.clip(joined, -1, 1) * 32767).astype("<i2")

    def _pieces(self, text: str) -> Iterator[tuple[Bank | None, str]]:
        text = "".join(c for c in text if c.isalnum())
        toned = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)
        at = 0
        while at < len(text):
            word = next((w for w in self._ahead(text, at) if self._words and w in self._words), "")
            if word:
                yield self._words, word
            else:
                sound = toned[at] if len(toned) == len(text) else ""
                tones = (sound, *(sound[:-1] + tone for tone in "12345"))
                known = next((t for t in tones if sound and t in self._syllables), "")
                yield (self._syllables if known else None), known
            at += len(word) or 1

    @staticmethod
    def _ahead(text: str, at: int) -> Sequence[str]:
        return [text[at : at + n] for n in range(LONGEST_WORD, 0, -1) if at + n <= len(text)]


def spoken(call: LabelledCall, voice: Voice, where: str) -> Spoken | None:
    """The turns that are said; None where the bank does not have them, or there are too many."""
    turns = [t for t in call.call.turns if where == BESIDE or t.speaker is Speaker.CALLER]
    own = [t.text for t in turns if t.speaker is Speaker.CALLER]
    if not own or sum(map(len, own)) > MOST_SYLLABLES:
        return None
    said = [voice.say(turn.text) for turn in turns]
    sounds = [s.tobytes() + bytes(-2 * s.size % FRAME_BYTES) for s in said if s is not None]
    if len(sounds) < len(turns):
        return None
    harassing = call.label in HARASSING
    return Spoken(call.call.id, call.label, harassing, tuple(turns), tuple(sounds), BETWEEN_TURNS)


def some(calls: Sequence[LabelledCall], voice: Voice, where: str, most: int) -> Iterable[Spoken]:
    """So many of each side, in turn from each label, so that none fills the list."""
    for side in (HARASSING, HARMLESS):
        by_label = [[c for c in calls if c.label == label] for label in side]
        mixed = (c for n in range(max(map(len, by_label))) for c in (b[n] for b in by_label if n < len(b)))
        yield from islice(filter(None, (spoken(c, voice, where) for c in mixed)), most)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=40, help="at most so many of each side, voice and entrance")
    options.add_argument("--entrance", choices=(IN_PATH, BESIDE), action="append", help="only that one")
    options.add_argument("--words", action="store_true", help="of calls that came out otherwise than as text")
    add_options(options)
    chosen = options.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    bank = SHARED / "speech" / "wordbank"
    known, words = Bank(bank / "syllables.zip"), Bank(bank / "words.zip")
    scripted = [c for c in read_labelled([ROOT / "tests" / "data" / "calls"]) if not c.slice]
    for name, voice in {"words": Voice(known, words), "syllables": Voice(known, None)}.items():
        calls = {
            where: list(some(scripted, voice, where, chosen.calls))
            for where in chosen.entrance or (IN_PATH, BESIDE)
        }
        every = [s for spoken in calls.values() for s in spoken]
        line = chosen_line(chosen, [pcm for s in every for pcm in s.sounds])
        seconds = sum(len(s.track(Speaker.CALLER)) for s in every) / SECOND
        print(f"{machine()}; by {name}: {len(every)} calls, {seconds:.0f} s, {AT_ONCE} at a time", flush=True)
        print(f"line: {line}", flush=True)
        through(
            calls,
            load_judgement(JudgementSection(), Path(), syllables, None),
            speech=f"engine = 'sherpa'\nmodel = '{SHERPA}'",
            rest="",
            at_once=AT_ONCE,
            words=chosen.words,
            line=line,
        )


if __name__ == "__main__":
    main()
