"""What a second reading does: `python tests/bench/second_reading.py --second MODEL [--calls 20] [--noise 10]`.

Calls that a machine answers, by hands that none of the judging nets ever heard, spoken in Kokoro's voices through
a telephone, and heard by sherpa-onnx's streaming model as the first reader. Their flags wait for the second one,
the product's own with an offline model: a folder or an installed name, as in `[speech] second`. Three rows:

- *right*: harassing calls that the first reader has flagged, as they were heard;
- *wrong*: other calls that it has flagged, as they were heard;
- *misheard*: the other calls once more, with the first utterance heard as harassing words that nobody said.

A right flag ought to be confirmed, a wrong one taken back. Before that: how many toneless syllables each reader
gets wrong of what the callers say, sentence by sentence, and how long the second takes for one. With `--noise`
there is noise so many dB below the voice behind everything. The calls run on audio time: a busy machine changes
the times that are printed, and nothing else. Needs `make voices` and the folder `shared` beside the clone.
"""

import argparse
import queue
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.acts.net import ActsModel
from screener.core.actions import ReadAgain
from screener.core.evidence import Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.core.rereading import CLEARED, CONFIRMED, UNREAD
from screener.events import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE, Cue, Reread, Speaker, Transcript
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection as Section
from screener.settings.sections import Speech
from screener.speech.listener import Listener
from screener.speech.load import load_model
from screener.speech.models import find_model
from screener.speech.offline import load_reader
from screener.speech.pinyin import syllables
from screener.speech.recognizer import SpeechModel
from screener.speech.second import Recent, SecondReader
from tests.bench.entrances import PATIENCE
from tests.bench.kokoro_calls import drawn, in_kokoro
from tests.bench.line import packed
from tests.bench.people import QUIET_END, SHARED, SHERPA, VOICES, coded, distance, in_band
from tests.bench.site import machine
from tests.core.helpers import Line, offer
from tests.waiting import wait_for

SECONDS = 60.0
"""A flag waits so long here: what was read is counted, however busy the machine is."""
LIMIT = 2.0
"""The limit that a site would set."""
MISHEARD = ("今晚陪我睡觉好不好", "我要杀了你全家", "你这个婊子去死吧", "脱光衣服给我看看")

Heard = list[tuple[float, Transcript | Cue]]
"""When it was told, seconds from the first word's frame, and what."""


@dataclass(slots=True)
class Reading:
    """The second reader and how long it took, seconds."""

    reader: SecondReader
    took: list[float] = field(default_factory=list)

    def read(self, said: Sequence[Transcript], recent: Recent) -> tuple[Transcript, ...]:
        answers: queue.Queue[tuple[Transcript, ...]] = queue.Queue()
        begun = time.monotonic()
        self.reader.ask(said, recent, SECONDS, answers.put)
        found = answers.get()
        self.took.append(time.monotonic() - begun)
        return found


def heard(model: SpeechModel, pcm: bytes) -> Heard:
    """Everything that the first reader tells of a caller."""
    listener = Listener(Speaker.CALLER, model.open(Speaker.CALLER))
    told = [(at, item) for at, frame in frames(pcm) for item in listener.accept(frame, at)]
    return [*told, *((len(pcm) / 2 / SAMPLE_RATE, item) for item in listener.finish())]


def frames(pcm: bytes) -> Iterator[tuple[float, bytes]]:
    for number in range(len(pcm) // FRAME_BYTES):
        yield number * FRAME_SECONDS, pcm[number * FRAME_BYTES :][:FRAME_BYTES]


def misheard(told: Heard, text: str) -> Heard:
    """The same with the first utterance heard as something else, when it is over."""
    finals = (item.utterance for _, item in told if isinstance(item, Transcript) and item.final)
    wrong = next(finals, None)

    def other(item: Transcript | Cue) -> Transcript | Cue | None:
        if not isinstance(item, Transcript) or item.utterance != wrong:
            return item
        return replace(item, text=text, syllables=syllables(text)) if item.final else None

    return [(at, changed) for at, item in told if (changed := other(item)) is not None]


def flagged(told: Heard, pcm: bytes, judgement: Judgement, reading: Reading | None) -> tuple[bool, list[str]]:
    """Whether the caller is flagged in the end, and what came of every reading."""
    line = Line(Flow(second_seconds=SECONDS if reading else 0.0), judgement=judgement, offered=offer())
    begins = line.begin().wait(3).at
    recent, sound, asked = Recent(), frames(pcm), 0
    upcoming = next(sound, None)
    for at, item in [*told, (len(pcm) / 2 / SAMPLE_RATE + PATIENCE, None)]:
        line.wait(max(0.0, begins + at - line.at))
        while upcoming is not None and begins + upcoming[0] <= line.at:
            recent.feed(upcoming[1], begins + upcoming[0])
            upcoming = next(sound, None)
        if item is not None and line.up and line.listening:
            line.give(moved(item, begins))
        questions = line.of(ReadAgain)
        if reading is not None and len(questions) > asked and line.up:
            asked = len(questions)
            line.give(Reread(reading.read(questions[-1].said, recent), line.at))
    outcomes = [e.rule for e in line.evidence if e.rule in (CONFIRMED, CLEARED, UNREAD)]
    return any(d.verdict is Verdict.HARASSMENT for d in line.decisions), outcomes


def moved(item: Transcript | Cue, by: float) -> Transcript | Cue:
    if isinstance(item, Transcript):
        return replace(item, start=item.start + by, end=item.end + by)
    return replace(item, at=item.at + by)


def noisy(pcm: bytes, decibels: float | None, seed: int) -> bytes:
    """With noise of a telephone's band behind it, so much quieter than the voice."""
    if decibels is None:
        return pcm
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    loud = samples[np.abs(samples) > 0.05 * np.abs(samples).max()].std()
    noise = in_band(np.random.default_rng(seed).standard_normal(samples.size))
    return coded(packed(samples + noise / noise.std() * loud * 10 ** (-decibels / 20)))


def read_alike(sentences: Sequence[tuple[str, bytes]], first: SpeechModel, second: SpeechModel) -> None:
    """How well both read the same sentences."""
    said, wrong, took = 0, [0, 0], []
    for text, pcm in sentences:
        begun = time.monotonic()
        again = words(second, pcm)
        took.append(time.monotonic() - begun)
        meant = syllables(text)
        said += len(meant)
        wrong = [w + distance(heard, meant) for w, heard in zip(wrong, (words(first, pcm), again), strict=True)]
    p50, p95 = np.percentile(took, [50, 95])
    print(f"{len(sentences)} sentences, {said} syllables: wrong at the first reading {wrong[0] / said:.1%},")
    print(
        f"at the second {wrong[1] / said:.1%}; this takes p50 {p50:.2f} s, p95 {p95:.2f} s a sentence", flush=True
    )


def words(model: SpeechModel, pcm: bytes) -> tuple[str, ...]:
    """The syllables of the finals."""
    recognizer = model.open(Speaker.CALLER)
    told = [t for at, frame in frames(pcm + QUIET_END) for t in recognizer.accept(frame, at)]
    return tuple(s for t in [*told, *recognizer.finish()] if t.final for s in t.syllables)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--second", required=True, help="the model that reads again")
    options.add_argument("--calls", type=int, default=20)
    options.add_argument("--noise", type=float, help="so many dB below the voice; quiet without it")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    if not SHARED.is_dir() or not (VOICES / ".installed").exists():
        sys.exit(f"{SHARED} is absent, or `make voices` has not been run")
    judgement = load_judgement(Section(), Path(), syllables, None)
    calls, _, nets = drawn(chosen.seed, chosen.calls, cast("ActsModel", judgement.acts))
    judgement = replace(judgement, acts=nets)
    spoken = in_kokoro(calls, chosen.seed, [Speaker.CALLER])
    model = load_model(Speech(engine="sherpa", model=str(SHERPA)), Path())
    folder = find_model(chosen.second).folder
    clips = {
        t.text: c for s in spoken for t, c in zip(s.turns, s.sounds, strict=True) if t.speaker is Speaker.CALLER
    }
    sentences = [(text, noisy(pcm, chosen.noise, n)) for n, (text, pcm) in enumerate(clips.items())]
    print(f"{machine()}; second: {chosen.second}; noise: {'none' if chosen.noise is None else chosen.noise} dB")
    read_alike(sentences, model, load_reader(folder))
    reading = Reading(SecondReader(partial(load_reader, folder)))
    wait_for(lambda: reading.reader.ready, 120, "second reader")
    rows: dict[str, list[tuple[bool, list[str]]]] = {"right": [], "wrong": [], "misheard": []}
    harassing = sum(call.is_harassment for call in calls)
    for number, call in enumerate(spoken):
        pcm = noisy(call.alone(), chosen.noise, number)
        told = heard(model, pcm)
        tries = [("right" if call.is_harassment else "wrong", told)]
        if not call.is_harassment:
            tries.append(("misheard", misheard(told, MISHEARD[number % len(MISHEARD)])))
        for row, what in tries:
            if flagged(what, pcm, judgement, None)[0]:
                rows[row].append(flagged(what, pcm, judgement, reading))
    reading.reader.stop()
    print(f"{machine()}; {harassing} harassing calls and {len(calls) - harassing} others")
    print(f"{'flags':10}{'first':>7}{'confirmed':>11}{'taken back':>12}{'not read':>10}{'flagged at the end':>20}")
    for row, outcomes in rows.items():
        first = [came[0] if came else UNREAD for _, came in outcomes]
        widths = ((CONFIRMED, 11), (CLEARED, 12), (UNREAD, 10))
        told_so = "".join(f"{first.count(rule):{width}}" for rule, width in widths)
        print(f"{row:10}{len(outcomes):7}{told_so}{sum(still for still, _ in outcomes):20}")
    if reading.took:
        p50, p95 = np.percentile(reading.took, [50, 95])
        late = sum(took > LIMIT for took in reading.took)
        print(
            f"{len(reading.took)} readings: p50 {p50:.2f} s, p95 {p95:.2f} s; {late} took longer than {LIMIT:g} s"
        )


if __name__ == "__main__":
    main()
