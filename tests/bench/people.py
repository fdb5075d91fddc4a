"""How well people are understood on a telephone: `python tests/bench/people.py [--clips 30] [--model NAME]`.

Clips of people (AISHELL's read sentences; other clips), and, where `make voices` has been run, scripted callers in
Kokoro's voices. Each goes through a telephone (8 kHz, 300 to 3,400 Hz, G.711), then: as it is; with a crowd that
talks behind it at 20 and at 10 dB; with 1 and 5 % of its packets lost, in bursts, concealed by the product's own
stream. Printed: toneless syllables that are wrong, of those said, and seconds of a core a second of audio. Reads
the data folder `shared` beside the clone.
"""

import argparse
import audioop
import csv
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.evaluation.labelled import read_labelled
from screener.events import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE, Speaker
from screener.media.g711 import Law
from screener.media.rtp import HEADER
from screener.media.stream import AudioStream
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.models import find_model
from screener.speech.pinyin import syllables
from tests.bench.site import machine

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
VOICES = ROOT / ".voices"
BAND = 300.0, 3400.0
TIMBRES = (
    "zf_xiaobei",
    "zf_xiaoni",
    "zf_xiaoxiao",
    "zf_xiaoyi",
    "zm_yunjian",
    "zm_yunxi",
    "zm_yunxia",
    "zm_yunyang",
)
BLENDS = tuple(f"{a}+{b}" for a, b in zip(TIMBRES[:4], TIMBRES[4:], strict=True))
BURST = 2.0
"""Packets that are lost in a row, on average."""
QUIET_END = bytes(SAMPLE_RATE * 2)


@dataclass(frozen=True, slots=True)
class Clip:
    """Samples at 8 kHz through the band of a telephone, and what is said."""

    pcm: bytes
    text: str


def read(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ar", str(SAMPLE_RATE), "-ac", "1", "-f", "s16le", "-"]
    pcm = subprocess.run(command, capture_output=True, check=True).stdout
    return packed(in_band(np.frombuffer(pcm, "<i2").astype(np.float64)))


def in_band(samples: np.ndarray) -> np.ndarray:
    """What a telephone passes."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    spectrum[(hertz < BAND[0]) | (hertz > BAND[1])] = 0.0
    return np.fft.irfft(spectrum, samples.size)


def packed(samples: np.ndarray) -> bytes:
    pcm = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    return pcm + bytes(-len(pcm) % FRAME_BYTES)


def recorded(folder: Path, most: int) -> Iterator[Clip]:
    with (folder / "transcripts.tsv").open(encoding="utf-8") as rows:
        found = [(folder / name, text) for name, text, *_ in csv.reader(rows, delimiter="\t")]
    found = [(path, text) for path, text in found if path.is_file()]
    for path, text in found[:: max(1, len(found) // most)][:most]:
        yield Clip(read(path), text)


def spoken(most: int) -> Iterator[Clip]:
    """Scripted callers' sentences in Kokoro's voices."""
    said = {t.text for call in read_labelled([ROOT / "tests" / "data" / "calls"]) for t in call.call.turns}
    texts = random.Random(1).sample(sorted(text for text in said if 5 <= len(text) <= 25), most)
    voices = (*TIMBRES, *BLENDS)
    yield from in_voices([(voices[number % len(voices)], text) for number, text in enumerate(texts)])


def in_voices(said: Sequence[tuple[str, str]]) -> Iterator[Clip]:
    """Sentences, each in one of Kokoro's voices, made once and kept; needs `make voices`."""
    wanted = []
    for voice, text in said:
        name = hashlib.sha256(f"{voice} {text}".encode()).hexdigest()[:16]
        wanted.append((voice, VOICES / f"{name}.wav", text))
    lines = dict.fromkeys(f"{voice}\t{path}\t{text}\n" for voice, path, text in wanted if not path.exists())
    if lines:
        command = [str(VOICES / "bin" / "python"), str(ROOT / "tests" / "bench" / "kokoro.py")]
        subprocess.run(command, input="".join(lines), text=True, check=True, stderr=subprocess.DEVNULL)
    yield from (Clip(read(path), text) for _, path, text in wanted)


# What a telephone line does to a clip.


def coded(pcm: bytes) -> bytes:
    return audioop.alaw2lin(audioop.lin2alaw(pcm, 2), 2)


def crowd(clips: list[Clip], decibels: float) -> Callable[[bytes], bytes]:
    """Others talk at once, so much quieter than the one who is meant."""
    others = [np.frombuffer(clip.pcm, "<i2").astype(np.float64) for clip in clips[:8]]
    longest = max(other.size for other in others)
    noise = np.sum([np.resize(other, longest) / max(other.std(), 1.0) for other in others], axis=0)
    noise /= noise.std()

    def disturb(pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.float64)
        loud = samples[np.abs(samples) > 0.05 * np.abs(samples).max()].std()
        return coded(packed(samples + np.resize(noise[::-1], samples.size) * loud * 10 ** (-decibels / 20)))

    return disturb


def lossy(share: float) -> Callable[[bytes], bytes]:
    """Packets are lost in bursts; the product's stream conceals them."""

    def disturb(pcm: bytes) -> bytes:
        chance = random.Random(len(pcm))
        heard: list[bytes] = []
        stream = AudioStream(lambda _event: None, Law.PCMA, 8, None)
        stream.listener = lambda frame, _at: heard.append(frame)
        lost = False
        for number in range(len(pcm) // FRAME_BYTES):
            lost = chance.random() < (1 - 1 / BURST if lost else share / BURST / (1 - share))
            if not lost:
                head = HEADER.pack(0x80, 8, number & 0xFFFF, number * FRAME_SAMPLES, 7)
                stream.receive(head + audioop.lin2alaw(pcm[number * 320 : number * 320 + 320], 2))
            stream.tick()
        return b"".join(heard)

    return disturb


def distance(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            old, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, old + (x != y))
    return row[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clips", type=int, default=30, help="of each kind, at most")
    options.add_argument("--model", action="append", default=[], help="an installed model or a folder, too")
    chosen = options.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    kinds = {
        "AISHELL": list(recorded(SHARED / "speech" / "aishell", chosen.clips)),
        "other people": list(recorded(SHARED / "speech" / "human", chosen.clips)),
    }
    if (VOICES / ".installed").exists():
        kinds["Kokoro"] = list(spoken(chosen.clips))
    else:
        print("Kokoro's voices are absent: make voices")
    names = [str(SHARED / "models" / "sherpa-kws-zh"), "embedded", *chosen.model]
    models = {}
    for name in names:
        found = find_model(name)
        models[Path(name).name] = load_model(Speech(engine=found.engine or "vosk", model=name), Path())
    print(f"{machine()}; wrong of the syllables said, and seconds of a core a second of audio")
    print(f"{'':14}{'':>9}" + "".join(f"{name[:24]:>26}" for name in models))
    for kind, clips in kinds.items():
        lines: dict[str, Callable[[bytes], bytes]] = {
            "clean": coded, "20 dB": crowd(clips, 20), "10 dB": crowd(clips, 10), "1 % loss": lossy(0.01),
            "5 % loss": lossy(0.05),
        }  # fmt: skip
        for line, disturb in lines.items():
            disturbed = [(disturb(clip.pcm) + QUIET_END, clip.text) for clip in clips]
            row = f"{kind:14}{line:>9}"
            for model in models.values():
                wrong = said = 0
                seconds, began = 0.0, time.process_time()
                for pcm, text in disturbed:
                    recognizer = model.open(Speaker.CALLER)
                    told = [
                        t
                        for at in range(0, len(pcm), 1600)
                        for t in recognizer.accept(pcm[at : at + 1600], at / 2 / SAMPLE_RATE)
                    ]
                    told += recognizer.finish()
                    heard = tuple(s for t in told if t.final for s in t.syllables)
                    wrong += distance(heard, syllables(text))
                    said += len(syllables(text))
                    seconds += len(pcm) / 2 / SAMPLE_RATE
                row += f"{wrong / said:16.1%}{(time.process_time() - began) / seconds:10.4f}"
            print(f"{row}  ({len(clips)} clips)", flush=True)


if __name__ == "__main__":
    main()
