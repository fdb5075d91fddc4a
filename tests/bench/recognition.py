"""How fast recognition is, and how soon: the embedded model, and sherpa-onnx where a folder is given, in one run.

Prints for each: real-time factor of one stream, and of one that begins with silence, real-time streams that the
cores of this machine carry, memory per stream, and how long after the end of a phrase a partial has all of it
(p50, p90). Run as `python tests/bench/recognition.py [SHERPA_FOLDER]`. Every model is measured in a process of its
own.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from screener.errors import ScreenerError
from screener.events import FRAME_BYTES, SAMPLE_RATE, Speaker
from screener.media.recordings import Texts, level, speak, trim
from screener.speech.pinyin import numbered, syllables
from screener.speech.recognizer import SpeechModel

PHRASES = (
    "我要投诉你们公司",
    "帮我查一下话费余额",
    "你穿什么内衣",
    "陪我睡觉",
    "你猜我是谁",
    "我是孙悟空",
    "我要退款",
    "王八蛋",
)
VOICES = ("m1", "m3", "f2", "f4")
PAUSE = bytes(2 * SAMPLE_RATE)
STREAMS = 10
OPEN = 50


def phrase(text: str, voice: str) -> bytes:
    samples = level(trim(speak(numbered(text), Texts(f"cmn-latn-pinyin+{voice}", 190, 50, {}))))
    # `trim` leaves 0.12 s of silence at both ends; the phrase ends before it.
    return (samples * 32767).astype("<i2").tobytes()[: -2 * int(0.12 * SAMPLE_RATE)]


def run(model: SpeechModel, pcm: bytes) -> float:
    """Seconds of work for a recording fed as fast as it goes."""
    stream = model.open(Speaker.CALLER)
    begin = time.perf_counter()
    for at in range(0, len(pcm), FRAME_BYTES):
        stream.accept(pcm[at : at + FRAME_BYTES], at / 2 / SAMPLE_RATE)
    stream.finish()
    return time.perf_counter() - begin


def delay(model: SpeechModel, spoken: bytes, wanted: tuple[str, ...]) -> float | None:
    """Audio after the phrase's end plus work on the last frame until a partial has all of it, seconds."""
    stream = model.open(Speaker.CALLER)
    pcm = PAUSE + spoken + PAUSE
    end = len(PAUSE + spoken) / 2 / SAMPLE_RATE
    for at in range(0, len(pcm), FRAME_BYTES):
        begin = time.perf_counter()
        for transcript in stream.accept(pcm[at : at + FRAME_BYTES], at / 2 / SAMPLE_RATE):
            if transcript.syllables[-len(wanted) :] == wanted:
                return (at + FRAME_BYTES) / 2 / SAMPLE_RATE - end + time.perf_counter() - begin
    return None


def resident() -> float:
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(name: str, load: Callable[[], SpeechModel]) -> None:
    cores = len(os.sched_getaffinity(0))
    said = [(text, phrase(text, voice)) for text in PHRASES for voice in VOICES]
    pcm = b"".join(PAUSE + spoken for _, spoken in said)
    seconds = len(pcm) / 2 / SAMPLE_RATE
    before = resident()
    begin = time.perf_counter()
    model = load()
    loading = time.perf_counter() - begin
    run(model, pcm[: 10 * 2 * SAMPLE_RATE])
    loaded = resident() - before
    one = run(model, pcm) / seconds
    late = PAUSE * 3 + said[0][1]
    silent = run(model, late) / (len(late) / 2 / SAMPLE_RATE)
    begin = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda _: run(model, pcm), range(STREAMS)))
    carried = STREAMS * seconds / (time.perf_counter() - begin)
    base = resident()
    streams = [model.open(Speaker.CALLER) for _ in range(OPEN)]
    for stream in streams:
        for at in range(0, 4 * 2 * SAMPLE_RATE, FRAME_BYTES):
            stream.accept(pcm[at : at + FRAME_BYTES], at / 2 / SAMPLE_RATE)
    each = (resident() - base) / OPEN
    delays = [delay(model, spoken, syllables(text)) for text, spoken in said]
    known = sorted(d for d in delays if d is not None)
    print(
        f"{name}: {seconds:.0f} s of speech, {cores} cores, loads in {loading:.2f} s, {loaded:.0f} MB when loaded"
    )
    print(f"  real-time factor of one stream      {one:.4f}")
    print(f"  after six seconds of silence        {silent:.4f}")
    print(f"  real-time streams on {cores} cores        {carried:.0f}")
    print(f"  memory per stream                   {each:.2f} MB ({OPEN} open)")
    if len(known) > 1:
        tenths = statistics.quantiles(known, n=10)
        print(
            f"  phrase whole in a partial after     p50 {1000 * tenths[4]:.0f} ms, p90 {1000 * tenths[8]:.0f} ms"
        )
    print(f"  phrases whole in any partial        {len(known)} of {len(delays)}")


def embedded() -> None:
    from screener.speech.vosk import VoskModel

    measure("embedded", VoskModel)


def sherpa(folder: Path) -> None:
    from screener.speech.sherpa import SherpaModel

    measure("sherpa", lambda: SherpaModel(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="SHERPA_FOLDER")
    folder = parser.parse_args().folder
    tasks: list[tuple[Callable[..., None], tuple[Path, ...]]] = [(embedded, ())]
    if folder:
        tasks.append((sherpa, (folder,)))
    for task, arguments in tasks:
        process = multiprocessing.get_context("spawn").Process(target=task, args=arguments)
        process.start()
        process.join()
        if process.exitcode:
            raise ScreenerError(f"measuring {task.__name__} failed")


if __name__ == "__main__":
    main()
