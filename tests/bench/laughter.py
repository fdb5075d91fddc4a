"""How often laughter is heard where there is some, and where there is none.

Prints one line a kind of recording: how many recordings, seconds, findings, recordings with a finding. Reads the
data folder `shared` beside the clone; run as `python tests/bench/laughter.py`.
"""

import random
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pydub import AudioSegment

from screener.events import FRAME_BYTES, CueKind
from screener.media.acoustics import Ear
from screener.resources import audio_folder

SHARED = Path(__file__).resolve().parents[3] / "shared"
JOINED_WORDS = 400


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


def main() -> None:
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    totals: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0, 0])
    spent = heard = 0.0
    for kind, audio in recordings():
        ear, found = Ear(), 0
        begun = time.process_time()
        for start in range(0, len(audio) - FRAME_BYTES + 1, FRAME_BYTES):
            cues = ear.accept(audio[start : start + FRAME_BYTES], start / 16000)
            found += sum(c.kind is CueKind.LAUGHTER for c in cues)
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
