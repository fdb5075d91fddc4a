"""How well people are understood on a telephone: `python tests/bench/people.py [--clips 8] [--model NAME]`.

Clips of people (AISHELL's read sentences; other clips), and, where `make voices` has been run, scripted callers in
Kokoro's voices. Each goes through a telephone (8 kHz, 300 to 3,400 Hz, G.711), then: as it is; with a crowd that
talks behind it at 20 and at 10 dB; with 1 and 5 % of its packets lost, in bursts, concealed by the product's own
stream; or on the one line that `--snr` and `--loss` say. Printed, of sherpa-onnx's model and of those that are
named (`--model embedded`): toneless syllables that are wrong, of those said, and seconds of a core a second of
audio. What Kokoro has said once is kept. Reads the data folder `shared` beside the clone.
"""

import argparse
import audioop
import csv
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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
from screener.speech.recognizer import SpeechModel
from tests.bench.line import PhoneLine, add_options, chosen_line, crowd, packed
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
SHERPA = SHARED / "models" / "sherpa-kws-zh"
KINDS = ("aishell", "human", "kokoro")
LINES = ((None, 0.0), (20.0, 0.0), (10.0, 0.0), (None, 1.0), (None, 5.0))
"""dB of a voice above the crowd, and per cent of the packets that are lost."""
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


def heard_on(line: PhoneLine, pcm: bytes) -> bytes:
    """What the product hears of a voice and a pause after it: its own stream conceals what is lost."""
    frames: list[bytes] = []
    stream = AudioStream(lambda _event: None, Law.PCMA, 8, None)
    stream.listener = lambda frame, _at: frames.append(frame)
    pcm = line.noisy(pcm) + QUIET_END
    for number, lost in zip(range(len(pcm) // FRAME_BYTES), line.lost(str(len(pcm))), strict=False):
        if not lost:
            head = HEADER.pack(0x80, 8, number & 0xFFFF, number * FRAME_SAMPLES, 7)
            stream.receive(head + audioop.lin2alaw(pcm[number * FRAME_BYTES :][:FRAME_BYTES], 2))
        stream.tick()
    return b"".join(frames)


def distance(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            old, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, old + (x != y))
    return row[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clips", type=int, default=8, help="of each kind, at most")
    options.add_argument("--kind", choices=KINDS, action="append", help="only that one")
    options.add_argument("--model", action="append", default=[], help="an installed model or a folder, too")
    add_options(options)
    chosen = options.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    models = {}
    for name in (str(SHERPA), *chosen.model):
        shape = find_model(name).shape
        engine = (shape and shape.engine) or "vosk"
        models[Path(name).name] = load_model(Speech(engine=engine, model=name), Path())
    print(f"{machine()}; wrong of the syllables said, and seconds of a core a second of audio")
    print(f"{'':8}{'':>15}" + "".join(f"{name[:24]:>26}" for name in models), flush=True)
    for kind in chosen.kind or KINDS:
        clips = list(clips_of(kind, chosen.clips))
        voices = [clip.pcm for clip in clips]
        if not clips:
            print(f"{kind:8} is absent: make voices")
        elif chosen.snr is not None or chosen.loss:
            measure(kind, chosen_line(chosen, voices), clips, models)
        else:
            for snr, loss in LINES:
                measure(kind, PhoneLine(snr, loss, crowd(voices)), clips, models)


def clips_of(kind: str, most: int) -> Iterator[Clip]:
    """Nothing of Kokoro's where its voices are absent."""
    if kind != "kokoro":
        yield from recorded(SHARED / "speech" / kind, most)
    elif (VOICES / ".installed").exists():
        yield from spoken(most)


def measure(kind: str, line: PhoneLine, clips: Sequence[Clip], models: Mapping[str, SpeechModel]) -> None:
    """Print a row."""
    disturbed = [(heard_on(line, clip.pcm), clip.text) for clip in clips]
    row = f"{kind:8}{line!s:>15}"
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
