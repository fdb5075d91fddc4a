"""How often laughter is heard where there is some, and where there is none.

Twice over, limits are fitted to one half of the clips and measured on the other: of all limits of a grid that
find no laughter in the other sounds of the first half, those that find most of its laughter, the strictest.
Then the shipped limits on everything. Reads the data folder `shared` beside the clone.

    python tests/bench/laughter.py
"""

import itertools
import random
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydub import AudioSegment

from screener.events import FRAME_BYTES, CueKind
from screener.resources import audio_folder
from screener.speech.acoustics import SHIPPED, Ear, Limits

SHARED = Path(__file__).resolve().parents[3] / "shared"
JOINED_WORDS = 400
FIT_CLIPS = 22
"""Of a half, as many are fitted to: its clips of sounds and a few of speech."""
GRID = [
    Limits(*four) for four in itertools.product((0.5, 0.58, 0.66), (0.15, 0.25), (14.0, 18.0), (0.55, 0.62, 0.7))
]


def pcm(segment: AudioSegment) -> bytes:
    return segment.set_frame_rate(8000).set_channels(1).set_sample_width(2).raw_data


def recordings() -> Iterator[tuple[str, bytes]]:
    for path in sorted((SHARED / "events").glob("*.flac")):
        yield path.name.split("_")[0], pcm(AudioSegment.from_file(path))
    for path in sorted((SHARED / "speech" / "human").glob("*.flac")):
        yield "human speech", pcm(AudioSegment.from_file(path))
    for path in sorted(audio_folder().glob("*.wav")):
        yield "prompts", pcm(AudioSegment.from_file(path))
    yield from joined_words()


def joined_words() -> Iterator[tuple[str, bytes]]:
    """Words of a human voice without pauses, twenty at a time: the steadiest rhythm that speech can have."""
    with (
        zipfile.ZipFile(SHARED / "speech" / "wordbank" / "words.zip") as bank,
        tempfile.TemporaryDirectory() as folder,
    ):
        names = sorted(n for n in bank.namelist() if n.endswith((".mp3", ".ogg", ".flac", ".wav", ".opus")))
        chosen = random.Random(1).sample(names, JOINED_WORDS)
        words = []
        for name in chosen:
            path = bank.extract(name, folder)
            words.append(pcm(AudioSegment.from_file(path)))
    for start in range(0, len(words), 20):
        yield "joined words", b"".join(words[start : start + 20])


def findings(audio: bytes, limits: Limits) -> int:
    ear = Ear(limits=limits)
    frames = range(0, len(audio) - FRAME_BYTES + 1, FRAME_BYTES)
    cues = (cue for start in frames for cue in ear.accept(audio[start : start + FRAME_BYTES], start / 16000))
    return sum(cue.kind is CueKind.LAUGHTER for cue in cues)


def shares(clips: Iterable[tuple[str, bytes]], limits: Limits) -> tuple[int, int, int, int]:
    """Clips with laughter that was found, of how many; clips without, in which some was found, of how many."""
    found: dict[bool, list[bool]] = {True: [], False: []}
    for kind, audio in clips:
        found[kind == "laugh"].append(findings(audio, limits) > 0)
    return sum(found[True]), len(found[True]), sum(found[False]), len(found[False])


def fitted(clips: list[tuple[str, bytes]]) -> Limits:
    def rank(limits: Limits) -> tuple[int, int, float, float]:
        hits, _, false, _ = shares(clips, limits)
        return -false, hits, limits.beat + limits.voice, limits.depth

    return max(GRID, key=rank)


def main() -> None:
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    everything = list(recordings())
    for first in (0, 1):
        limits = fitted(everything[first::2][:FIT_CLIPS])
        hits, laughs, false, others = shares(everything[1 - first :: 2], limits)
        print(f"half {1 - first}: laughter {hits}/{laughs}, others {false}/{others}, by {limits}")
    totals: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0, 0])
    spent = heard = 0.0
    for kind, audio in everything:
        begun = time.process_time()
        found = findings(audio, SHIPPED)
        spent += time.process_time() - begun
        heard += len(audio) / 16000
        row = totals[kind]
        totals[kind] = [row[0] + 1, row[1] + len(audio) / 16000, row[2] + found, row[3] + bool(found)]
    print(f"{'kind':14}{'recordings':>11}{'seconds':>9}{'findings':>9}{'recordings with one':>21}")
    for kind, (count, seconds, found, some) in totals.items():
        print(f"{kind:14}{count:11}{seconds:9.0f}{found:9}{some:21}")
    print(f"cost: {spent / heard:.4f} of a core for one stream")


if __name__ == "__main__":
    main()
