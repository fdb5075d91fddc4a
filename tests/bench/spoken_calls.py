"""Scripted calls spoken by people, through G.711 and SIP, recognised by sherpa-onnx and judged live.

The callers of tests/data/calls speak with the words of a bank of recordings, joined with short pauses: one voice
by its words (longest match, what is missing from the other), one by single syllables. Four at a time they call a
`screener serve` on loopback, hear the greeting out, say their turns, and wait; the REFER says where they went.
Beside it the same calls as perfect text, through the same session. Reads the data folder `shared` beside the
clone.

    python tests/bench/spoken_calls.py --calls 40
"""

import argparse
import contextlib
import io
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pydub import AudioSegment
from pypinyin import Style, lazy_pinyin

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.core.flow import Flow
from screener.evaluation.labelled import LabelledCall, read_labelled
from screener.events import SAMPLE_RATE, Speaker
from screener.media.recordings import resample
from screener.resources import audio_folder
from screener.sip.message import respond
from tests.bench.site import machine, site
from tests.core.helpers import Line
from tests.pbx.voices import samples
from tests.sip.caller import Caller, in_background

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
HARASSING = ("lewd", "abuse", "threat", "prank")
HARMLESS = ("genuine", "complaint", "vulnerable")
AT_ONCE = 4
LONGEST_WORD = 4
MOST_SYLLABLES = 45
"""A call with more is left out: it would only take longer."""
BETWEEN_WORDS, BETWEEN_TURNS = 0.04, 1.2
PATIENCE = 12.0
QUIET = 10 ** (-38 / 20)
LOUD = 0.08
"""RMS of a word, of full scale."""


class Bank:
    """Recordings by what is said in them."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        # UTF-8 without the flag that says so
        self._names = {Path(n.encode("cp437").decode("utf-8")).stem: n for n in self._zip.namelist()}

    def __contains__(self, word: str) -> bool:
        return word in self._names

    def sound(self, word: str) -> np.ndarray:
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


def spoken(call: LabelledCall, voice: Voice) -> bytes | None:
    """The caller's turns with pauses; None where the bank does not have them."""
    said = [t.text for t in call.call.turns if t.speaker is Speaker.CALLER]
    if not said or sum(map(len, said)) > MOST_SYLLABLES:
        return None
    turns = [voice.say(text) for text in said]
    pause = bytes(2 * round(BETWEEN_TURNS * SAMPLE_RATE))
    return pause.join(t.tobytes() for t in turns if t is not None) if all(t is not None for t in turns) else None


def moved_to(port: int, number: int, pcm: bytes, patience: float = PATIENCE) -> tuple[str, float]:
    """Where a caller who says this is moved to, empty when nowhere, and how long after the greeting (seconds)."""
    greeting = len(samples(audio_folder() / "greeting.wav"))
    caller = Caller(port, number=f"1390000{number:04d}")
    try:
        caller.call()
        talk = bytes(greeting) + pcm + bytes(round(2 * SAMPLE_RATE * patience))
        greeted = time.monotonic() + greeting / (2 * SAMPLE_RATE)
        speech = in_background(lambda: speak(caller, talk))
        caller.sip.settimeout(len(talk) / (2 * SAMPLE_RATE))
        try:
            refer = caller.wait_request("REFER")
        except TimeoutError:
            return "", 0.0
        after = time.monotonic() - greeted
        caller.moved(refer)
        with contextlib.suppress(TimeoutError):
            caller.send(respond(caller.wait_request("BYE"), 200))
    finally:
        caller.close()
    speech.join()
    return refer.headers.get("Refer-To").partition("sip:")[2].partition("@")[0], after


def speak(caller: Caller, pcm: bytes) -> None:
    """Say it, as far as the call goes."""
    with contextlib.suppress(OSError):  # the call is over
        caller.speak(pcm)


def as_text(call: LabelledCall) -> bool:
    """Whether the same call, perfectly heard, is treated."""
    line = Line(Flow()).begin().wait(3)
    for turn in call.call.turns:
        if turn.speaker is Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(BETWEEN_TURNS)
    line.wait(PATIENCE)
    return bool(line.treated)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=40, help="at most so many of each side and voice")
    limit = options.parse_args().calls
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    bank = SHARED / "speech" / "wordbank"
    syllables, words = Bank(bank / "syllables.zip"), Bank(bank / "words.zip")
    voices = {"words": Voice(syllables, words), "syllables": Voice(syllables, None)}
    scripted = [c for c in read_labelled([ROOT / "tests" / "data" / "calls"]) if not c.slice]
    chosen: list[tuple[str, LabelledCall, bytes]] = []
    for name, voice in voices.items():
        for side in (HARASSING, HARMLESS):
            # In turn from each label, so that none fills the list.
            by_label = [[c for c in scripted if c.label == label] for label in side]
            mixed = [c for n in range(max(map(len, by_label))) for c in (b[n] for b in by_label if n < len(b))]
            made = ((name, c, pcm) for c in mixed if (pcm := spoken(c, voice)))
            chosen += [made_call for made_call, _ in zip(made, range(limit), strict=False)]
    seconds = sum(len(pcm) for _, _, pcm in chosen) / (2 * SAMPLE_RATE)
    print(f"{machine()}; {len(chosen)} calls, {seconds:.0f} s of speech, {AT_ONCE} at a time")
    model = SHARED / "models" / "sherpa-kws-zh"
    with (
        site(
            flow="queue_on_pbx = true",
            speech=f"engine = 'sherpa'\nmodel = '{model}'",
            rest="analysis = 'sip:analysis@127.0.0.1:5070'",
        ) as running,
        ThreadPoolExecutor(AT_ONCE) as callers,
    ):
        asked = [callers.submit(moved_to, running.port, n, pcm) for n, (_, _, pcm) in enumerate(chosen)]
        where = [a.result()[0] for a in asked]
    counts: dict[tuple[str, str], Counter[str]] = {}
    for (name, call, _), target in zip(chosen, where, strict=True):
        row = counts.setdefault((name, call.label), Counter())
        row.update(["calls", target or "nowhere"])
        row["as text"] += as_text(call)
        if call.label in HARMLESS and target == "analysis":
            print(f"FALSE FLAG {name} {call.call.id}")
    print(
        f"{'voice':12}{'label':12}{'calls':>6}{'flagged':>9}{'to agents':>11}{'nowhere':>9}{'flagged as text':>17}"
    )
    for (name, label), row in counts.items():
        figures = f"{row['calls']:6}{row['analysis']:9}{row['agents']:11}{row['nowhere']:9}{row['as text']:17}"
        print(f"{name:12}{label:12}{figures}")


if __name__ == "__main__":
    main()
