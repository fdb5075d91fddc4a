"""Where a monitored leg's time goes: `python tests/bench/leg.py [--seconds 120]`.

One leg of people who speak 40 % of the time, heard by sherpa-onnx: milliseconds of processor time for each second
of the leg, stage by stage, and what 200 legs would need of the processors. The time is the thread's own, so other
programs do not count but for the caches that they fill. Reads the data folder `shared` beside the clone.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.events import FRAME_BYTES, FRAME_SECONDS, Speaker
from screener.speech import gate, listener, sherpa, upsample, wire
from screener.speech.voice import BATCH_FRAMES, Voice
from tests.bench.hundred import SHARED, people, talk
from tests.bench.secure import media

LEGS = 200


class Watch:
    """Time of stages, one within another: what is spent in an inner one is not the outer one's."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._inner = [0.0]

    def over(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, watched."""

        def watched(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            began = time.thread_time()
            try:
                return work(*args, **named)
            finally:
                took = time.thread_time() - began
                self.spent[stage] += took - self._inner.pop()
                self.calls[stage] += 1
                self._inner[-1] += took

        return watched

    def method(self, owner: type, name: str, stage: str) -> None:
        """Watch a method of a class from now on."""
        setattr(owner, name, self.over(stage, getattr(owner, name)))


def watched() -> Watch:
    """Every stage of the recogniser's side."""
    watch = Watch()
    watch.method(gate.VoiceGate, "accept", "voice gate")
    watch.method(upsample.Upsampler, "accept", "upsampling")
    watch.method(listener.Ear, "accept", "sounds (callers only)")
    watch.method(sherpa.SherpaDecoder, "_decode", "recogniser")
    watch.method(sherpa.SherpaDecoder, "_heard", "reading its result")
    return watch


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=float, default=120.0)
    seconds = options.parse_args().seconds
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine {load}, {os.cpu_count()} processors", flush=True)
    said = people()
    model = sherpa.SherpaModel(SHARED / "models" / "sherpa-kws-zh", 0.45)
    found: dict[Speaker, Counter[str]] = {}
    watch = watched()
    for speaker in (Speaker.CALLER, *Speaker):  # the first one warms up
        watch.spent.clear()
        pcm = talk(said, 0, round(seconds / 10) + 1)[: round(seconds / FRAME_SECONDS) * FRAME_BYTES]
        heard, voice = listener.Listener(speaker, model.open(speaker)), Voice("call", speaker, 3.0)
        send, receive, hear = (
            watch.over(stage, work)
            for stage, work in (
                ("to the process", lambda voice: [wire.audio(1, at, p).serialize() for at, p in voice.take()]),
                ("in the process", lambda packet: [wire.audio_of(r.content) for r in wire.parse(packet)]),
                ("agreement, gaps, numbers", heard.accept),
            )
        )
        for number in range(len(pcm) // FRAME_BYTES):
            voice.feed(pcm[number * FRAME_BYTES :][:FRAME_BYTES], number * FRAME_SECONDS)
            if len(voice.frames) >= BATCH_FRAMES:
                for packet in send(voice):
                    for at, piece in receive(packet):
                        hear(piece, at)
        found[speaker] = Counter(watch.spent)
    moving = media(None, seconds) / 1e6
    total = {speaker: moving + sum(spent.values()) / seconds for speaker, spent in found.items()}
    print(f"{'stage':28} {'caller':>8} {'agent':>8}   ms of processor a second of the leg")
    print(f"{'RTP in, out, decoding':28} {moving * 1000:8.2f} {moving * 1000:8.2f}   media thread")
    for stage, _ in found[Speaker.CALLER].most_common():
        row = [found[speaker][stage] / seconds * 1000 for speaker in (Speaker.CALLER, Speaker.AGENT)]
        print(f"{stage:28} {row[0]:8.2f} {row[1]:8.2f}")
    row = [total[speaker] * 1000 for speaker in (Speaker.CALLER, Speaker.AGENT)]
    print(f"{'all':28} {row[0]:8.2f} {row[1]:8.2f}   {LEGS} legs: {sum(row) / 2000 * LEGS:.2f} processors")


if __name__ == "__main__":
    main()
