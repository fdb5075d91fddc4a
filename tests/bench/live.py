"""What the measurements share: a running `screener serve`, sentences whose end is known, and percentiles."""

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.demo.script import ScriptVoice
from screener.demo.synthesise import say
from tests.pbx.voices import SPEECH
from tests.server import free_port

ROOT = Path(__file__).parents[2]
HARASSING = "跟我睡", "跟你上床", "陪我上床", "陪我睡觉", "你穿什么内衣"
"""Each is decisive with its last word and not before (`tests/core/test_calls.py`)."""
REQUESTS = (
    "我的包裹", "我要挂失", "我的护照", "我要销户", "我的余额", "我的外卖", "我要转账", "我的宽带断了",
    "我的快递丢了", "我的密码忘了", "我要户口本", "我的电脑", "我的保险", "我的网络", "我要护照",
)  # fmt: skip
"""Likewise, after the greeting: each is clear at once, and the caller is passed on."""
VOICES = ("m2", "f2", "m3", "f5")


@dataclass(frozen=True, slots=True)
class Sentence:
    """16-bit samples at 8 kHz that begin and end with the words, and nothing else."""

    text: str
    pcm: bytes

    @property
    def end(self) -> float:
        """Seconds from the first sample to the end of the last word."""
        return len(self.pcm) / 16000


def sentences(texts: Sequence[str], count: int) -> list[Sentence]:
    """So many sentences in turn, in espeak-ng's voices, which the embedded model understands.

    Silence at both ends is cut (quieter than 40 dB below full scale), so the end is the last word's.
    """
    said = []
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        samples = say(ScriptVoice(VOICES[number // len(texts) % len(VOICES)], 200, 50, text))
        loud = np.flatnonzero(np.abs(samples) > 10 ** (-40 / 20))
        pcm = (np.clip(samples[loud[0] : loud[-1] + 1], -1, 1) * 32767).astype("<i2").tobytes()
        said.append(Sentence(text, pcm))
    return said


def in_office_hours() -> str:
    """A time zone where it is nine in the morning: at night and at noon the calendar speaks against a caller."""
    ahead = (9 - time.gmtime().tm_hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"  # these names count westwards


@contextlib.contextmanager
def serving(
    extra: str = "", root: Path = ROOT, flow: str = "", sip: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`screener serve` of a checkout on loopback as a process of its own; yields it and its SIP port."""
    with tempfile.TemporaryDirectory() as folder:
        port, config, log = free_port(), Path(folder, "screener.toml"), Path(folder, "log.txt")
        target = "sip:{}@127.0.0.1"
        config.write_text(
            f"[site]\ntimezone = '{in_office_hours()}'\n[sip]\nport = {port}\n{sip}"
            f"[targets]\nagents = '{target.format('agents')}'\n"
            f"analysis = '{target.format('analysis')}'\n[flow]\nqueue_on_pbx = true\n{flow}\n"
            f"[speech]\n{SPEECH}\n{extra}"
        )
        command = [sys.executable, "-m", "screener", "serve", "--config", str(config)]
        with log.open("wb") as out:
            environment = {**os.environ, "PYTHONPATH": str(root)}
            process = subprocess.Popen(command, stdout=out, stderr=out, cwd=root, env=environment)
        try:
            while "taking calls" not in log.read_text():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                time.sleep(0.05)
            yield process, port
        finally:
            process.terminate()
            process.wait()


def percentiles(name: str, values: Sequence[float], of: int) -> str:
    """One line: p50, p95, least and most, over how many of how many calls."""
    if not values:
        return f"{name}: no call of {of} came so far"
    p50, p95 = np.percentile(values, [50, 95])
    return (
        f"{name}: p50 {p50:.3f} s, p95 {p95:.3f} s, least {min(values):.3f}, most {max(values):.3f} "
        f"({len(values)} of {of} calls)"
    )


def in_pairs(name: str, taken: Mapping[str, Sequence[float | None]]) -> None:
    """Print what each side took for the same calls, over those that all of them moved."""
    calls = [call for call in zip(*taken.values(), strict=True) if None not in call]
    for place, side in enumerate(taken):
        missed = sum(value is None for value in taken[side])
        values = [seconds for call in calls if (seconds := call[place]) is not None]
        print(f"{side:8} {percentiles(name, values, len(taken[side]))}, {missed} not moved", flush=True)
